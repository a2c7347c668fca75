//! `GET /account/alerts`.

use axum::extract::State;
use iota_core::api::alerts::{Alerts, ChangeAlerts};

use crate::app_state::AppState;
use crate::auth::WebSession;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::alerts;

/// Where mails go and when, and whether this server sends any.
///
/// # Errors
/// `unavailable`.
pub async fn show(State(state): State<AppState>, session: WebSession) -> ApiResult<Json<Alerts>> {
    let found = alerts::find(&mut *state.pool().acquire().await?, session.account_no).await?;
    let ChangeAlerts { address, mails, limit_hours } = found;
    Ok(Json(Alerts { address, mails, limit_hours, can_mail: state.mailer().is_some() }))
}
