//! `PUT /sets/{set}/label`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::ChangeLabel;
use iota_core::id::SetId;

use super::{MAX_LABEL_BYTES, no_set};
use crate::app_state::AppState;
use crate::auth::WebSession;
use crate::error::{ApiError, ApiResult};
use crate::extract::{InPath, Json};
use crate::packs::RecordKind;
use crate::store::backup_set;

/// Gives a set another sealed name. The same again is fine.
///
/// # Errors
/// `not_found`, `bad_request` when the name is too long, `no_space`.
pub async fn replace(
    State(state): State<AppState>,
    session: WebSession,
    InPath(set): InPath<SetId>,
    Json(change): Json<ChangeLabel>,
) -> ApiResult<StatusCode> {
    if change.label.0.len() > MAX_LABEL_BYTES {
        return Err(ApiError::bad_request(format!("the sealed name may have {MAX_LABEL_BYTES} bytes")));
    }
    let mut transaction = state.pool().begin().await?;
    let locked = backup_set::lock(&mut transaction, set).await?;
    let locked = locked.filter(|locked| locked.account_no == session.account_no).ok_or_else(no_set)?;
    if backup_set::set_label(&mut transaction, locked.set_no, &change.label.0).await? {
        let record = [&set.0[..], &change.label.0].concat();
        state.decide(transaction, session.account, vec![(RecordKind::Label, record)]).await?;
    }
    state.events().publish_set(session.account_no, set);
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::{Bytes, SetInfo, code};

    use super::*;
    use crate::packs;
    use crate::test_support::{TestAccount, TestMachine, TestServer};

    #[tokio::test]
    async fn an_owner_renames_a_set() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let machine = TestMachine::enrol(&server, &ada).await;
        let (path, label) = (format!("/sets/{}/label", machine.set), Bytes(vec![7; MAX_LABEL_BYTES]));
        for _ in 0..2 {
            ada.browser.put(&path, &ChangeLabel { label: label.clone() }).await.ok();
        }
        assert_eq!(ada.browser.get("/sets").await.json::<Vec<SetInfo>>()[0].label, label);
        let walk = packs::walk(&server.data.path().join("packs"), 1, true).unwrap();
        assert_eq!(walk.of_kind(RecordKind::Label).count(), 2, "one of the enrolment, one of the change");
        let long = ChangeLabel { label: Bytes(vec![7; MAX_LABEL_BYTES + 1]) };
        assert_eq!(ada.browser.put(&path, &long).await.code(), code::BAD_REQUEST);
        let theirs = bob.browser.put(&path, &ChangeLabel { label }).await;
        assert_eq!(theirs.code(), code::NOT_FOUND);
    }
}
