//! `PUT /account/second-factor`.

use axum::extract::State;
use iota_core::api::json::{Event, RecoveryCodes, SecondFactorCode, code};
use iota_core::id::Digest;

use crate::app_state::AppState;
use crate::auth::{
    FreshWebSession, RECOVERY_BYTES, days_of_rest, lock_account, matching_step, recovery_text, wrong_code,
};
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::packs::RecordKind;
use crate::records::{MAX_RECOVERY_CODES, SecondFactorRecord, open_secret};
use crate::store::second_factor;

/// Turns the second factor on, by a first code of the secret that waits. The recovery codes are told this once.
///
/// # Errors
/// `unauthenticated` when the session has ended meanwhile, `second_factor` when the code is wrong, `conflict` when no secret waits,
/// `forbidden` soon after a recovery.
pub async fn replace(
    State(state): State<AppState>,
    FreshWebSession(session): FreshWebSession,
    Json(request): Json<SecondFactorCode>,
) -> ApiResult<Json<RecoveryCodes>> {
    let now_ms = state.now_ms();
    let mut transaction = state.pool().begin().await?;
    let locked = lock_account(&mut transaction, &session, &state).await?;
    // It would keep the owner from setting another password the same way.
    if let Some(days) = days_of_rest(&locked, now_ms) {
        return Err(ApiError::new(
            code::FORBIDDEN,
            format!(
                "a new password was set with a key of the vault, so no second factor is turned on for 14 days: {days} to go"
            ),
        ));
    }
    let factor = second_factor::lock(&mut transaction, session.account_no, now_ms).await?;
    let sealed = factor.pending.ok_or_else(|| {
        ApiError::new(code::CONFLICT, "no new second factor waits to be confirmed, or it waited too long: begin again")
    })?;
    let secret = open_secret(state.host_key(), session.account, &sealed)?;
    let step = matching_step(&secret, &request.code, factor.last_step, now_ms).ok_or_else(wrong_code)?;

    let (texts, hashes) = new_codes(&state, session.account)?;
    let version = factor.record_version + 1;
    second_factor::set(&mut transaction, session.account_no, Some(&sealed), &hashes, step, version).await?;
    let record = SecondFactorRecord { account: session.account, version, factor: Some((secret, hashes)) };
    let decisions = vec![(RecordKind::SecondFactor, record.seal(state.host_key())?)];
    state.decide(transaction, session.account, decisions).await?;
    state.events().publish(session.account_no, Event::Account);
    Ok(Json(RecoveryCodes { codes: texts }))
}

/// Recovery codes, and what is kept of them, ascending.
fn new_codes(state: &AppState, account: iota_core::id::AccountId) -> ApiResult<(Vec<String>, Vec<Digest>)> {
    let (mut texts, mut hashes) = (Vec::new(), Vec::new());
    for _ in 0..MAX_RECOVERY_CODES {
        let random = state.random::<RECOVERY_BYTES>()?;
        texts.push(recovery_text(&random));
        hashes.push(state.host_key().recovery_code(account, &random));
    }
    hashes.sort_unstable();
    Ok((texts, hashes))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use iota_core::api::json::{Login, NewSecondFactor, ProveAgain, SecondFactor};
    use iota_core::id::Digest;

    use super::*;
    use crate::auth::FRESH_MS;
    use crate::packs;
    use crate::store::attempt;
    use crate::test_support::{Answer, TestAccount, TestServer, authenticator_code};

    async fn state_of(account: &TestAccount) -> SecondFactor {
        account.browser.get("/account/second-factor").await.json()
    }

    async fn login(server: &TestServer, account: &TestAccount, second: Option<&str>) -> Answer {
        let login = Login {
            login: account.login.clone(),
            auth_secret: account.auth_secret,
            second: second.map(Into::into),
            keep: false,
        };
        server.stranger().post("/login", &login).await
    }

    async fn turn_off(account: &TestAccount, code: &str) -> Answer {
        let body = serde_json::to_vec(&SecondFactorCode { code: code.into() }).unwrap();
        account.browser.send(Method::DELETE, "/account/second-factor", Some("application/json"), body).await
    }

    #[tokio::test]
    async fn it_is_turned_on_asked_for_and_turned_off() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        assert_eq!(state_of(&ada).await, SecondFactor { on: false, codes_left: 0 });
        let early = ada.browser.put("/account/second-factor", &SecondFactorCode { code: "000000".into() }).await;
        assert_eq!(early.code(), code::CONFLICT);

        let forgotten: NewSecondFactor = ada.browser.post("/account/second-factor", &()).await.json();
        let new: NewSecondFactor = ada.browser.post("/account/second-factor", &()).await.json();
        assert!(new.uri.contains(&new.secret) && new.secret != forgotten.secret);
        login(&server, &ada, None).await.ok();
        let wrong = authenticator_code(&forgotten.secret, server.state.now_ms());
        let answer = ada.browser.put("/account/second-factor", &SecondFactorCode { code: wrong }).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, code::SECOND_FACTOR));

        let codes = ada.turn_on_with(&server, &new).await;
        assert_eq!(codes.len(), 10);
        assert_eq!(state_of(&ada).await, SecondFactor { on: true, codes_left: 10 });
        assert_eq!(ada.browser.post("/account/second-factor", &()).await.code(), code::CONFLICT);

        assert_eq!(login(&server, &ada, None).await.code(), code::SECOND_FACTOR);
        let first = authenticator_code(&new.secret, server.state.now_ms());
        assert_eq!(login(&server, &ada, Some(&first)).await.code(), code::SECOND_FACTOR, "it was used to confirm");
        server.clock.advance_ms(30_000);
        let second = authenticator_code(&new.secret, server.state.now_ms());
        login(&server, &ada, Some(&second)).await.ok();
        assert_eq!(login(&server, &ada, Some(&second)).await.code(), code::SECOND_FACTOR);

        let spoken = codes[0].to_lowercase().replace('-', " ");
        login(&server, &ada, Some(&spoken)).await.ok();
        assert_eq!(state_of(&ada).await.codes_left, 9);
        assert_eq!(login(&server, &ada, Some(&codes[0])).await.code(), code::SECOND_FACTOR);

        assert_eq!(turn_off(&ada, "123456").await.code(), code::SECOND_FACTOR);
        turn_off(&ada, &codes[1]).await.ok();
        turn_off(&ada, &codes[1]).await.ok();
        assert_eq!(state_of(&ada).await, SecondFactor { on: false, codes_left: 0 });
        server.clock.advance_ms(61_000);
        login(&server, &ada, None).await.ok();
    }

    #[tokio::test]
    async fn it_is_asked_for_only_once_the_password_was_right_and_guesses_count() {
        let server = TestServer::start().await;
        let mut ada = TestAccount::first(&server).await;
        ada.turn_on_second_factor(&server).await;
        for _ in 0..20 {
            assert_eq!(login(&server, &ada, None).await.code(), code::SECOND_FACTOR, "a missing code is no guess");
        }
        let right = std::mem::replace(&mut ada.auth_secret, Digest([1; 32]));
        assert_eq!(login(&server, &ada, None).await.code(), code::BAD_CREDENTIALS);
        assert_eq!(login(&server, &ada, Some("000000")).await.code(), code::BAD_CREDENTIALS);
        ada.auth_secret = right;
        for guess in ["000000", "AAAA-AAAA-AAAA-AAAA", "x"] {
            assert_eq!(login(&server, &ada, Some(guess)).await.code(), code::SECOND_FACTOR);
        }
        assert_eq!(login(&server, &ada, None).await.code(), code::TOO_MANY_REQUESTS);
    }

    #[tokio::test]
    async fn guesses_count_for_the_account_wherever_they_come_from() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let (_, codes) = ada.turn_on_second_factor(&server).await;
        for _ in 0..10 {
            assert_eq!(login(&server, &ada, Some("000000")).await.code(), code::SECOND_FACTOR);
            // As if each guess came from another network, after a while.
            let others = "DELETE FROM attempt WHERE bucket <> $1";
            let own = attempt::bucket(&[b"second factor", &ada.account.0]);
            sqlx::query(others).bind(&own[..]).execute(server.pool()).await.unwrap();
        }
        assert_eq!(login(&server, &ada, Some(&codes[0])).await.code(), code::TOO_MANY_REQUESTS);
        assert_eq!(login(&server, &ada, None).await.code(), code::SECOND_FACTOR, "the password alone still says so");
        server.clock.advance_ms(60 * 60 * 1000);
        login(&server, &ada, Some(&codes[0])).await.ok();
    }

    #[tokio::test]
    async fn a_proof_of_identity_needs_it_as_well() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let (_, codes) = ada.turn_on_second_factor(&server).await;
        let proof = |second: Option<&String>| ProveAgain { auth_secret: ada.auth_secret, second: second.cloned() };
        assert_eq!(ada.browser.post("/session/proof", &proof(None)).await.code(), code::SECOND_FACTOR);
        ada.browser.post("/session/proof", &proof(Some(&codes[0]))).await.ok();
        assert_eq!(ada.browser.post("/session/proof", &proof(Some(&codes[0]))).await.code(), code::SECOND_FACTOR);
        ada.owner(&server).await.get("/vault").await.ok();
    }

    #[tokio::test]
    async fn secrets_wait_for_a_while_and_lie_sealed() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let new: NewSecondFactor = ada.browser.post("/account/second-factor", &()).await.json();
        let pending: Vec<u8> =
            sqlx::query_scalar("SELECT pending FROM second_factor").fetch_one(server.pool()).await.unwrap();
        let plain = data_encoding::BASE32_NOPAD.decode(new.secret.as_bytes()).unwrap();
        assert!(!pending.windows(20).any(|window| window == plain));
        server.clock.advance_ms(second_factor::PENDING_MS);
        ada.sign_in(&ada.browser).await.ok();
        let code = authenticator_code(&new.secret, server.state.now_ms());
        let late = ada.browser.put("/account/second-factor", &SecondFactorCode { code }).await;
        assert_eq!(late.code(), code::CONFLICT);
        server.clock.advance_ms(FRESH_MS);
        assert_eq!(ada.browser.post("/account/second-factor", &()).await.code(), code::REAUTHENTICATE);
    }

    #[tokio::test]
    async fn the_packs_know_it() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let (secret, codes) = ada.turn_on_second_factor(&server).await;
        login(&server, &ada, Some(&codes[0])).await.ok();
        let walk = packs::walk(&server.data.path().join("packs"), 1, true).unwrap();
        let (place, _) = walk.of_kind(RecordKind::SecondFactor).last().unwrap();
        let payload = server.state.packs().read(place).await.unwrap().payload;
        let record = SecondFactorRecord::open(server.state.host_key(), ada.account, &payload).unwrap();
        let (kept, hashes) = record.factor.unwrap();
        assert_eq!((record.version, hashes.len()), (2, 9));
        assert_eq!(data_encoding::BASE32_NOPAD.encode(&kept[..]), secret);
    }
}
