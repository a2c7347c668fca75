//! `POST /recovery`: a new password, by proof of the vault.

use axum::extract::State;
use iota_core::api::json::{Recover, SessionInfo};
use iota_core::proof::new_login;
use iota_core::retention::UNDO_MS;
use tower_sessions::Session;

use crate::alerts::{self, AccountNews};
use crate::api::account::password::set_login;
use crate::app_state::AppState;
use crate::auth::{SignIn, begin_attempt, identity_of, login_of, not_proved, require_second, sign_in};
use crate::client_address::Network;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::{account, attempt, challenge};
use crate::visitor::Visitor;

/// Replaces what the login is checked by, ends every session of the account, and signs in. A second factor stays on, and is asked for;
/// an attempt without it has used up its challenge.
///
/// # Errors
/// `bad_credentials`, the same for an unknown login, another account's, a wrong signature and a challenge that has ended;
/// `second_factor`, `too_many_requests`.
pub async fn create(
    State(state): State<AppState>,
    network: Network,
    visitor: Visitor,
    session: Session,
    Json(request): Json<Recover>,
) -> ApiResult<Json<SessionInfo>> {
    state.take_stranger(network)?;
    let login = login_of(&request.login)?;
    let counted = begin_attempt(&state, &login, network).await?;
    let good = challenge::take(state.pool(), &request.challenge, &request.account.0, state.now_ms()).await?;
    let found = account::find_by_login(state.pool(), &login).await?.map(|(account, _)| account);
    let account = found.filter(|account| account.account == request.account);
    let secret = &request.auth_secret;
    let message = new_login(state.server_id(), request.account, request.challenge, &login, &secret.0);
    // A signature is checked for a login that nobody has, too: the time must not tell.
    let holds = identity_of(account.as_ref()).verify(&message, &request.signature).is_ok();
    let account = account.filter(|_| good && holds).ok_or_else(not_proved)?;
    let counted = require_second(&state, &account, request.second.as_deref(), counted).await?;

    let mut transaction = state.pool().begin().await?;
    let mut locked = account::lock(&mut transaction, account.account_no).await?.ok_or_else(not_proved)?;
    let now_ms = state.now_ms();
    locked.recovered_ms = Some(now_ms);
    let news = AccountNews::Recovered(now_ms + UNDO_MS);
    alerts::tell_account(&state, &mut transaction, account.account_no, news).await?;
    let account = set_login(&state, transaction, locked, secret).await?;
    attempt::succeeded(state.pool(), counted).await?;
    sign_in(&session, &account, SignIn { keep: false, visitor: &visitor }, &state).await?;
    Ok(Json(SessionInfo { account: account.account, login: account.login, administrator: account.administrator }))
}

#[cfg(test)]
mod tests {
    use iota_core::api::alerts::ChangeAlerts;
    use iota_core::api::json::{Bytes, NewSecondFactor, SecondFactorCode, code};
    use iota_core::api::retention::Decide;
    use iota_core::id::{Digest, ServerId, SetId, Signature};
    use iota_core::retention::{Decision, Deletion, Policy, SignedDecision, What};

    use super::*;
    use crate::test_support::{PostOffice, TestAccount, TestServer, authenticator_code};

    #[tokio::test]
    async fn whoever_opens_the_vault_sets_a_new_password() {
        let server = TestServer::start().await;
        let mut ada = TestAccount::first(&server).await;
        let (new, request) = (server.stranger(), ada.recovery(&server, Digest([9; 32])).await);
        let info: SessionInfo = new.post("/recovery", &request).await.json();
        assert_eq!(new.get("/session").await.json::<SessionInfo>(), info);
        assert_eq!(ada.browser.get("/session").await.code(), code::UNAUTHENTICATED);
        assert_eq!(server.stranger().post("/recovery", &request).await.code(), code::BAD_CREDENTIALS, "once");
        assert_eq!(ada.sign_in(&server.stranger()).await.code(), code::BAD_CREDENTIALS);
        ada.auth_secret = Digest([9; 32]);
        ada.sign_in(&server.stranger()).await.ok();
    }

    #[tokio::test]
    async fn its_owner_hears_of_it() {
        let post = PostOffice::open().await;
        let server = TestServer::start_with_mail(post.mailer()).await;
        let mut ada = TestAccount::first(&server).await;
        let recover = async |ada: &mut TestAccount| {
            ada.auth_secret = Digest([9; 32]);
            ada.browser.post("/recovery", &ada.recovery(&server, ada.auth_secret).await).await.ok();
            alerts::deliver(&server.state).await.unwrap();
            // That mails go elsewhere is told, too.
            let letters = post.take().into_iter().filter(|letter| !letter.text.contains("Subject: IotaBackup: mails "));
            letters.map(|letter| (letter.to, letter.text)).collect::<Vec<_>>()
        };
        let change = async |ada: &TestAccount, mails| {
            let change = ChangeAlerts { address: "alerts@example.org".into(), mails, limit_hours: 72 };
            ada.browser.put("/account/alerts", &change).await.ok();
        };
        let letters = recover(&mut ada).await;
        assert_eq!(letters.len(), 1, "nothing was decided about mails");
        assert_eq!(letters[0].0, ["ada@example.org"]);
        assert!(letters[0].1.contains("Subject: IotaBackup: a new password was set"), "{}", letters[0].1);
        change(&ada, true).await;
        let letters = recover(&mut ada).await;
        assert_eq!(letters.into_iter().map(|(to, _)| to).collect::<Vec<_>>(), [["alerts@example.org"]]);
        change(&ada, false).await;
        assert_eq!(recover(&mut ada).await, []);
    }

    #[tokio::test]
    async fn nothing_else_does() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let good = async || ada.recovery(&server, Digest([9; 32])).await;
        let for_another_server = {
            let request = good().await;
            let message = new_login(ServerId([8; 16]), ada.account, request.challenge, &ada.login, &[9; 32]);
            Recover { signature: ada.sign(&message), ..request }
        };
        let by_bob = {
            let request = good().await;
            let message = new_login(server.state.server_id(), ada.account, request.challenge, &ada.login, &[9; 32]);
            Recover { signature: bob.sign(&message), ..request }
        };
        let defects = [
            Recover { login: "eve@example.org".into(), ..good().await },
            Recover { login: bob.login.clone(), ..good().await },
            Recover { account: bob.account, ..good().await },
            Recover { auth_secret: Digest([8; 32]), ..good().await },
            Recover { challenge: ada.challenge(&server).await, ..good().await },
            Recover { signature: Signature([0; 64]), ..good().await },
            for_another_server,
            by_bob,
        ];
        let mut bodies = Vec::new();
        for (number, request) in defects.iter().enumerate() {
            let answer = server.stranger().post("/recovery", request).await;
            assert_eq!(answer.code(), code::BAD_CREDENTIALS, "defect {number}");
            bodies.push(answer.body);
            server.clock.advance_ms(15_000);
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1);
        let late = good().await;
        server.clock.advance_ms(challenge::LIFE_MS);
        assert_eq!(server.stranger().post("/recovery", &late).await.code(), code::BAD_CREDENTIALS);
        ada.browser.get("/session").await.ok();
        server.clock.advance_ms(60 * 60 * 1000);
        ada.sign_in(&server.stranger()).await.ok();
    }

    #[tokio::test]
    async fn a_second_factor_stays_on() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let (_, codes) = ada.turn_on_second_factor(&server).await;
        let request = ada.recovery(&server, Digest([9; 32])).await;
        assert_eq!(server.stranger().post("/recovery", &request).await.code(), code::SECOND_FACTOR);
        ada.browser.get("/session").await.ok();
        let request = Recover { second: Some(codes[0].clone()), ..ada.recovery(&server, Digest([9; 32])).await };
        server.stranger().post("/recovery", &request).await.ok();
        assert_eq!(ada.browser.get("/session").await.code(), code::UNAUTHENTICATED);
    }

    #[tokio::test]
    async fn failures_count_like_those_of_a_login() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        for _ in 0..5 {
            let request = Recover { signature: Signature([0; 64]), ..ada.recovery(&server, Digest([9; 32])).await };
            assert_eq!(server.stranger().post("/recovery", &request).await.code(), code::BAD_CREDENTIALS);
        }
        let request = ada.recovery(&server, Digest([9; 32])).await;
        assert_eq!(server.stranger().post("/recovery", &request).await.code(), code::TOO_MANY_REQUESTS);
    }

    #[tokio::test]
    async fn for_14_days_after_it_nothing_is_taken_away() {
        let server = TestServer::start().await;
        let mut ada = TestAccount::first(&server).await;
        let decide = async |ada: &TestAccount, version, what| {
            let decision = Decision { account: ada.account, version, decided_ms: server.state.now_ms(), what };
            let signed = SignedDecision { signature: ada.sign(&decision.encode()), decision };
            ada.browser.put("/account/retention", &Decide { decision: Bytes(signed.encode()) }).await.code()
        };
        assert_eq!(decide(&ada, 1, What::Close).await, "");
        ada.auth_secret = Digest([9; 32]);
        ada.browser.post("/recovery", &ada.recovery(&server, ada.auth_secret).await).await.ok();
        assert_eq!(decide(&ada, 2, What::Undo(1)).await, "");
        let shorter = What::Keep(Policy::new(7, 7, 366, None).unwrap());
        let longer = What::Keep(Policy::new(8, 31, 366, None).unwrap());
        let delete = What::Delete(Deletion { set: SetId([1; 16]), first: 1, last: 1 });
        for what in [What::Close, shorter, delete] {
            assert_eq!(decide(&ada, 3, what).await, code::FORBIDDEN, "{what:?}");
        }
        assert_eq!(decide(&ada, 3, longer).await, "");
        let waits = ada.browser.post("/account/second-factor", &()).await.json::<NewSecondFactor>();
        let shown = authenticator_code(&waits.secret, server.state.now_ms());
        let on = ada.browser.put("/account/second-factor", &SecondFactorCode { code: shown }).await;
        assert_eq!(on.code(), code::FORBIDDEN, "the owner could not set another password then");
        server.clock.advance_ms(UNDO_MS);
        ada.sign_in(&ada.browser).await.ok();
        assert_eq!(decide(&ada, 4, What::Close).await, "");
    }
}
