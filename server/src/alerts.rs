//! Missed backups: a round every two minutes notes which machines have completed no backup for too long, tells pages that are
//! open, and sends mails. And warnings about an account, which go out by the same way.
//!
//! ```text
//! over? ─► note the end, a mail ─► late? ─► note it ─► not mailed yet? ─► a mail ─► COMMIT ─► pages hear ─► mails that are due go out
//! ```
//! What was noted and what is to be mailed is one transaction: a round that was interrupted did nothing, and of two at once
//! each set is one's. A mail goes out at least once, and almost always exactly once: it is deleted when the mail server has
//! taken it.

mod deliver;
mod texts;

use std::time::Duration;

use iota_core::api::json::DRILL_EVERY_MS;
use sqlx::PgConnection;

pub use self::deliver::deliver;
pub use self::texts::test as test_text;
use crate::app_state::AppState;
use crate::error::{ApiError, ApiResult};
use crate::mail::parse_address;
use crate::rounds::{self, Rounds};
use crate::store::account;
use crate::store::alerts::{self, Warned};
use crate::store::mail::{self, NewMail, Text};
use crate::store::watch;

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(120);

/// Makes rounds from now on.
pub fn begin(state: AppState) -> Rounds {
    rounds::begin("alerts", (Duration::ZERO, PAUSE), state, |state| async move {
        let noted = note(&state).await.and(remind(&state).await);
        deliver(&state).await.and(noted)
    })
}

/// Notes which backups are missed and which are not any more, and writes the mails.
///
/// # Errors
/// `unavailable`, `internal`: nothing was noted then.
pub async fn note(state: &AppState) -> ApiResult<()> {
    let now_ms = state.now_ms();
    let mut transaction = state.pool().begin().await?;
    let mut told = Vec::new();
    let mut mails = Vec::new();
    for ended in watch::end(&mut transaction, now_ms).await? {
        // Who was not told of the beginning needs no mail of the end.
        let unsent = mail::take_back(&mut transaction, ended.set_no).await?;
        if ended.worth_a_mail && !unsent {
            mails.push((ended.set_no, false));
        }
        told.push(ended.told);
    }
    told.extend(watch::raise(&mut transaction, now_ms).await?);
    if state.mailer().is_some() {
        let missed = watch::take_unmailed(&mut transaction).await?;
        mails.extend(missed.into_iter().map(|set_no| (set_no, true)));
        for (set_no, missed) in mails {
            let subject = watch::subject(&mut transaction, set_no).await?;
            let Some(subject) = subject.filter(|subject| subject.asked) else { continue };
            let (subject_line, body) = if missed { texts::missed(&subject, now_ms) } else { texts::over(&subject) };
            let text = Text { message_id: message_id(state)?, subject: subject_line, body };
            let new = NewMail { account_no: subject.account_no, set_no: Some(set_no), warned: None, text };
            mail::insert(&mut transaction, &new, now_ms).await?;
        }
    }
    transaction.commit().await?;
    for one in told {
        state.events().publish_set(one.account_no, one.set);
    }
    Ok(())
}

/// Writes a mail to each account that asked for mails and has not proved for half a year that it can open its vault; one for each time
/// that this comes due.
///
/// # Errors
/// `unavailable`, `internal`: nothing was written then.
pub async fn remind(state: &AppState) -> ApiResult<()> {
    if state.mailer().is_none() {
        return Ok(());
    }
    let now_ms = state.now_ms();
    let mut transaction = state.pool().begin().await?;
    for account_no in account::take_undrilled(&mut transaction, now_ms.saturating_sub(DRILL_EVERY_MS)).await? {
        let (subject, body) = texts::drill();
        let text = Text { message_id: message_id(state)?, subject, body };
        let new = NewMail { account_no, set_no: None, warned: None, text };
        mail::insert(&mut transaction, &new, now_ms).await?;
    }
    Ok(transaction.commit().await?)
}

/// Puts a mail on its way that snapshots of a set were deleted, and until when that can be taken back, unless its account switched mails
/// off. It goes out with the transaction.
///
/// # Errors
/// `unavailable`, `internal`.
pub async fn tell_deletion(state: &AppState, connection: &mut PgConnection, set_no: i64, due_ms: u64) -> ApiResult<()> {
    let Some(subject) = watch::subject(connection, set_no).await? else { return Ok(()) };
    let about = (subject.account_no, Some(set_no));
    warn(state, connection, about, |asked| texts::deleted(&subject, due_ms, asked)).await
}

/// Something that happened to an account itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountNews {
    /// It is to go; milliseconds since 1970.
    Closing(u64),
    /// It keeps less; from when on that is carried out, milliseconds since 1970.
    KeepsLess(u64),
    /// Its login was set by proof of the vault; until when nothing is deleted, milliseconds since 1970.
    Recovered(u64),
}

/// Puts a mail on its way about an account itself, unless it switched mails off. It goes out with the transaction.
///
/// # Errors
/// `unavailable`, `internal`.
pub async fn tell_account(
    state: &AppState,
    connection: &mut PgConnection,
    account_no: i64,
    news: AccountNews,
) -> ApiResult<()> {
    warn(state, connection, (account_no, None), |asked| texts::account(news, asked)).await
}

/// Where a warning about an account would go now. `None` when none would be sent: not every login is an address to which mails can go.
///
/// # Errors
/// `unavailable`, `internal`.
pub async fn warned(state: &AppState, connection: &mut PgConnection, account_no: i64) -> ApiResult<Option<Warned>> {
    if state.mailer().is_none() {
        return Ok(None);
    }
    let warned = alerts::warned(connection, account_no).await?;
    Ok(warned.filter(|warned| parse_address(&warned.address).is_some()))
}

/// Puts a mail on its way to where warnings about an account went before, when they do not go there any more. It goes out with the
/// transaction.
///
/// # Errors
/// `unavailable`, `internal`.
pub async fn tell_moved(
    state: &AppState,
    connection: &mut PgConnection,
    account_no: i64,
    before: Option<Warned>,
) -> ApiResult<()> {
    let after = warned(state, connection, account_no).await?.map(|warned| warned.address);
    let Some(before) = before.filter(|before| Some(&before.address) != after.as_ref()) else { return Ok(()) };
    let (subject, body) = texts::moved(after.is_some(), state.now_ms());
    let text = Text { message_id: message_id(state)?, subject, body };
    let new = NewMail { account_no, set_no: None, warned: Some(before.address), text };
    Ok(mail::insert(connection, &new, state.now_ms()).await?)
}

/// Puts a warning on its way about an account, and about a set if one is named, to where its warnings go now. Whoever is warned of
/// cannot send it elsewhere later.
async fn warn(
    state: &AppState,
    connection: &mut PgConnection,
    (account_no, set_no): (i64, Option<i64>),
    words: impl FnOnce(bool) -> (String, String),
) -> ApiResult<()> {
    let Some(Warned { address, asked }) = warned(state, connection, account_no).await? else { return Ok(()) };
    let (subject, body) = words(asked);
    let text = Text { message_id: message_id(state)?, subject, body };
    let new = NewMail { account_no, set_no, warned: Some(address), text };
    Ok(mail::insert(connection, &new, state.now_ms()).await?)
}

/// An id that no other mail has.
///
/// # Errors
/// `unavailable`.
pub fn message_id(state: &AppState) -> Result<[u8; 16], ApiError> {
    state.random()
}

#[cfg(test)]
mod tests;
