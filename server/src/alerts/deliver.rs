//! Mails whose time has come go out.

use crate::app_state::AppState;
use crate::error::ApiResult;
use crate::store::mail;

/// Mails of one round; the next one goes on.
const MOST: usize = 100;

/// Sends the mails that are due, and drops those that are too old. What the mail server does not take is tried again later.
///
/// # Errors
/// `unavailable`, `internal`, when the database fails.
pub async fn deliver(state: &AppState) -> ApiResult<()> {
    let dropped = mail::drop_old(state.pool(), state.now_ms()).await?;
    if dropped > 0 {
        tracing::warn!(mails = dropped, "mails that could not be sent, or are wanted no more, were dropped");
    }
    let Some(mailer) = state.mailer() else { return Ok(()) };
    for _ in 0..MOST {
        let Some(due) = mail::take_due(state.pool(), state.now_ms()).await? else { return Ok(()) };
        match mailer.send(&due.address, &due.text, due.created_ms).await {
            Ok(()) => mail::delete(state.pool(), due.mail_no).await?,
            Err(error) => {
                tracing::warn!(%error, attempts = due.attempts, "a mail waits for its next attempt");
                if error.concerns_all() {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}
