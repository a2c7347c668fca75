//! `POST /account/second-factor`.

use axum::extract::State;
use data_encoding::BASE32_NOPAD;
use iota_core::api::json::{NewSecondFactor, code};
use zeroize::Zeroizing;

use crate::app_state::AppState;
use crate::auth::{FreshWebSession, second_factor_uri};
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::records::{Secret, seal_secret};
use crate::store::second_factor;

/// Makes a secret. It counts once a code of it has come, within a quarter of an hour; another one that waits is forgotten.
///
/// # Errors
/// `conflict` when the second factor is on.
pub async fn create(
    State(state): State<AppState>,
    FreshWebSession(session): FreshWebSession,
) -> ApiResult<Json<NewSecondFactor>> {
    let secret: Secret = Zeroizing::new(state.random()?);
    let now_ms = state.now_ms();
    let mut transaction = state.pool().begin().await?;
    if second_factor::lock(&mut transaction, session.account_no, now_ms).await?.secret.is_some() {
        return Err(ApiError::new(
            code::CONFLICT,
            "the second factor is on already: turn it off before you set up another one",
        ));
    }
    let sealed = seal_secret(state.host_key(), session.account, &secret)?;
    second_factor::set_pending(&mut transaction, session.account_no, &sealed, now_ms).await?;
    transaction.commit().await?;
    let uri = second_factor_uri(&secret, &session.login);
    Ok(Json(NewSecondFactor { secret: BASE32_NOPAD.encode(&secret[..]), uri: uri.to_string() }))
}
