//! `PUT /account/password`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::ChangePassword;
use iota_core::id::Digest;
use tower_sessions::Session;

use crate::app_state::AppState;
use crate::auth::{FreshWebSession, renew};
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::packs::RecordKind;
use crate::records::{AccountRecord, seal_verifier};
use crate::store::account::{self, Account};
use crate::store::web_session;
use crate::visitor::Visitor;

/// Replaces what the login is checked by. All other sessions end; the one that asks goes on under a new id.
///
/// # Errors
/// `unavailable`, `no_space`.
pub async fn replace(
    State(state): State<AppState>,
    FreshWebSession(web): FreshWebSession,
    visitor: Visitor,
    session: Session,
    Json(change): Json<ChangePassword>,
) -> ApiResult<StatusCode> {
    let account = set_login(&state, web.account_no, &change.auth_secret).await?;
    renew(&session, &web, account.session_epoch, &visitor, &state).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an account a new login secret, and ends its sessions. Returns it as it is then.
///
/// # Errors
/// `not_found`, `unavailable`, `no_space`.
pub async fn set_login(state: &AppState, account_no: i64, auth_secret: &Digest) -> ApiResult<Account> {
    let mut transaction = state.pool().begin().await?;
    let locked = account::lock(&mut transaction, account_no).await?.ok_or_else(|| ApiError::not_found("account"))?;
    let mut account = locked.account;
    let record = AccountRecord {
        account: account.account,
        version: locked.record_version + 1,
        created_ms: locked.created_ms,
        administrator: account.administrator,
        identity: account.identity,
        verifier: state.host_key().verifier(account.account, auth_secret),
        login: account.login.clone(),
    };
    let verifier = seal_verifier(state.host_key(), account.account, &record.verifier)?;
    account.session_epoch = account::set_verifier(&mut transaction, account_no, &verifier, record.version).await?;
    web_session::end_all(&mut transaction, account_no).await?;
    state.decide(account.account, vec![(RecordKind::Account, record.seal(state.host_key())?)]).await?;
    transaction.commit().await?;
    Ok(account)
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::{Login, code};

    use super::*;
    use crate::auth::FRESH_MS;
    use crate::test_support::{TestAccount, TestServer};

    #[tokio::test]
    async fn a_new_password_ends_all_other_sessions() {
        let server = TestServer::start().await;
        let mut ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let (other, copy) = (server.stranger(), ada.browser.same());
        ada.sign_in(&other).await.ok();
        let old = Login { login: ada.login.clone(), auth_secret: ada.auth_secret, second: None, keep: false };
        ada.auth_secret = Digest([9; 32]);
        for _ in 0..2 {
            let change = ChangePassword { auth_secret: ada.auth_secret };
            ada.browser.put("/account/password", &change).await.ok();
            ada.browser.get("/session").await.ok();
        }
        for ended in [&other, &copy] {
            assert_eq!(ended.get("/session").await.code(), code::UNAUTHENTICATED);
        }
        bob.browser.get("/session").await.ok();
        assert_eq!(server.stranger().post("/login", &old).await.code(), code::BAD_CREDENTIALS);
        ada.sign_in(&server.stranger()).await.ok();
        ada.owner(&server).await.get("/vault").await.ok();
    }

    #[tokio::test]
    async fn an_old_proof_does_not_do() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        server.clock.advance_ms(FRESH_MS);
        let change = ChangePassword { auth_secret: Digest([9; 32]) };
        assert_eq!(ada.browser.put("/account/password", &change).await.code(), code::REAUTHENTICATE);
        ada.sign_in(&server.stranger()).await.ok();
    }
}
