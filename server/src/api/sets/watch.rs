//! `PUT /sets/{set}/watch`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::alerts::{ChangeWatch, MAX_PUBLIC_NAME_CHARS, is_public_name};
use iota_core::id::SetId;

use super::{no_set, require_limit};
use crate::app_state::AppState;
use crate::auth::FreshWebSession;
use crate::error::{ApiError, ApiResult};
use crate::extract::{InPath, Json};
use crate::packs::RecordKind;
use crate::records::seal_watch;
use crate::store::{backup_set, watch};

/// Notes when a backup of a set is missed, and what mails call its machine. The same again is fine.
///
/// # Errors
/// `not_found`, `bad_request` for a limit beyond a year or a name that could not stand in a mail, `no_space`.
pub async fn replace(
    State(state): State<AppState>,
    FreshWebSession(session): FreshWebSession,
    InPath(set): InPath<SetId>,
    Json(change): Json<ChangeWatch>,
) -> ApiResult<StatusCode> {
    require_limit(change.limit_hours.unwrap_or(0))?;
    if !is_public_name(&change.public_name) {
        return Err(ApiError::bad_request(format!(
            "a public name has at most {MAX_PUBLIC_NAME_CHARS} letters, digits, spaces between them, and marks as in - . ' ( )"
        )));
    }
    let mut transaction = state.pool().begin().await?;
    let locked = backup_set::lock(&mut transaction, set).await?;
    let locked = locked.filter(|locked| locked.account_no == session.account_no).ok_or_else(no_set)?;
    if watch::set(&mut transaction, locked.set_no, &change).await? {
        let record = seal_watch(state.host_key(), session.account, set, &change)?;
        state.decide(transaction, session.account, vec![(RecordKind::Watch, record)]).await?;
    }
    state.events().publish_set(session.account_no, set);
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use iota_core::api::alerts::MAX_LIMIT_HOURS;
    use iota_core::api::json::{SetInfo, code};

    use super::*;
    use crate::test_support::{TestAccount, TestMachine, TestServer};

    #[tokio::test]
    async fn an_owner_decides_and_nobody_else() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let machine = TestMachine::enrol(&server, &ada).await;
        let path = format!("/sets/{}/watch", machine.set);
        let change = ChangeWatch { limit_hours: Some(5), public_name: "Büro (2)".into() };
        for _ in 0..2 {
            ada.browser.put(&path, &change).await.ok();
        }
        let shown = ada.browser.get("/sets").await.json::<Vec<SetInfo>>().remove(0).watch.unwrap();
        assert_eq!((shown.limit_hours, shown.public_name), (change.limit_hours, change.public_name.clone()));
        assert_eq!((shown.since_ms, shown.missed), (server.state.now_ms(), false));
        for bad in [
            ChangeWatch { limit_hours: Some(MAX_LIMIT_HOURS + 1), ..change.clone() },
            ChangeWatch { public_name: "a\r\nBcc: eve@example.org".into(), ..change.clone() },
            ChangeWatch { public_name: "a".repeat(MAX_PUBLIC_NAME_CHARS + 1), ..change.clone() },
        ] {
            assert_eq!(ada.browser.put(&path, &bad).await.code(), code::BAD_REQUEST, "{bad:?}");
        }
        assert_eq!(bob.browser.put(&path, &change).await.code(), code::NOT_FOUND);
    }
}
