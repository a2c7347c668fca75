//! `GET /account/alerts`.

use axum::extract::State;
use iota_core::api::alerts::{Alerts, ChangeAlerts};

use crate::alerts::warned;
use crate::app_state::AppState;
use crate::auth::WebSession;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::alerts;

/// Where mails go and when, whether this server sends any, and where it would warn now.
///
/// # Errors
/// `unavailable`.
pub async fn show(State(state): State<AppState>, session: WebSession) -> ApiResult<Json<Alerts>> {
    let mut connection = state.pool().acquire().await?;
    let ChangeAlerts { address, mails, limit_hours } = alerts::find(&mut connection, session.account_no).await?;
    let warned = warned(&state, &mut connection, session.account_no).await?.map(|warned| warned.address);
    Ok(Json(Alerts { address, mails, limit_hours, can_mail: state.mailer().is_some(), warned }))
}
