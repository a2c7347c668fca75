//! `PUT /account/password`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::ChangePassword;
use iota_core::id::Digest;
use sqlx::{Postgres, Transaction};
use tower_sessions::Session;

use crate::app_state::AppState;
use crate::auth::{FreshWebSession, begin_attempt, lock_account, renew, require_password};
use crate::client_address::Network;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::packs::RecordKind;
use crate::records::{AccountRecord, seal_verifier};
use crate::store::account::{self, Account, LockedAccount};
use crate::store::{attempt, web_session};
use crate::visitor::Visitor;

/// Replaces what the login is checked by, for whoever gives the old password once more: an open session alone does not do. All other sessions end; the one that asks goes on under a new id.
///
/// # Errors
/// `unauthenticated` when the session has ended meanwhile, `bad_credentials`, `too_many_requests`, `unavailable`, `no_space`.
pub async fn replace(
    State(state): State<AppState>,
    FreshWebSession(web): FreshWebSession,
    network: Network,
    visitor: Visitor,
    session: Session,
    Json(change): Json<ChangePassword>,
) -> ApiResult<StatusCode> {
    let counted = begin_attempt(&state, &web.login, network).await?;
    require_password(&state, &web.login, &change.current).await?;
    attempt::succeeded(state.pool(), counted).await?;
    let mut transaction = state.pool().begin().await?;
    let locked = lock_account(&mut transaction, &web, &state).await?;
    let account = set_login(&state, transaction, locked, &change.auth_secret).await?;
    renew(&session, &web, account.session_epoch, &visitor, &state).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an account that the transaction has locked a new login secret, ends its sessions and commits. Returns it as it is then.
///
/// # Errors
/// `unavailable`, `no_space`.
pub async fn set_login(
    state: &AppState,
    mut transaction: Transaction<'static, Postgres>,
    locked: LockedAccount,
    auth_secret: &Digest,
) -> ApiResult<Account> {
    let mut account = locked.account;
    let record = AccountRecord {
        account: account.account,
        version: locked.record_version + 1,
        created_ms: locked.created_ms,
        administrator: account.administrator,
        identity: account.identity,
        verifier: state.host_key().verifier(account.account, auth_secret),
        login: account.login.clone(),
        recovered_ms: locked.recovered_ms,
    };
    let verifier = seal_verifier(state.host_key(), account.account, &record.verifier)?;
    account.session_epoch = account::set_login(&mut transaction, account.account_no, &verifier, &record).await?;
    web_session::end_all(&mut transaction, account.account_no).await?;
    let decisions = vec![(RecordKind::Account, record.seal(state.host_key())?)];
    state.decide(transaction, account.account, decisions).await?;
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
        for _ in 0..2 {
            let current = std::mem::replace(&mut ada.auth_secret, Digest([9; 32]));
            let change = ChangePassword { current, auth_secret: ada.auth_secret };
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
    async fn an_open_session_does_not_do_and_guesses_count_like_those_of_a_login() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let change = |current| ChangePassword { current, auth_secret: Digest([9; 32]) };
        for guess in 0..5 {
            let wrong = ada.browser.put("/account/password", &change(Digest([guess; 32]))).await;
            assert_eq!(wrong.code(), code::BAD_CREDENTIALS);
        }
        let held = ada.browser.put("/account/password", &change(ada.auth_secret)).await;
        assert_eq!(held.code(), code::TOO_MANY_REQUESTS);
        ada.browser.get("/session").await.ok();
        server.clock.advance_ms(61_000);
        ada.sign_in(&server.stranger()).await.ok();
    }

    #[tokio::test]
    async fn an_old_proof_does_not_do() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        server.clock.advance_ms(FRESH_MS);
        let change = ChangePassword { current: ada.auth_secret, auth_secret: Digest([9; 32]) };
        assert_eq!(ada.browser.put("/account/password", &change).await.code(), code::REAUTHENTICATE);
        ada.sign_in(&server.stranger()).await.ok();
    }
}
