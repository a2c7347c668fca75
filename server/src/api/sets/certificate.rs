//! `PUT /sets/{set}/certificate`: from here on nobody writes the set, until a machine joins it again.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::{Revoke, code};
use iota_core::id::SetId;

use super::no_set;
use crate::api::enrolments::{read_certificate, require_next};
use crate::app_state::AppState;
use crate::auth::FreshWebSession;
use crate::error::{ApiError, ApiResult};
use crate::extract::{InPath, Json};
use crate::packs::RecordKind;
use crate::store::{backup_set, device, upload};

/// Accepts a certificate that revokes. The same again is fine.
///
/// # Errors
/// `not_found`, `bad_request` for a certificate that does not revoke, `bad_credentials` when the account has not signed it,
/// `conflict` when the set has moved on.
pub async fn replace(
    State(state): State<AppState>,
    FreshWebSession(session): FreshWebSession,
    InPath(set): InPath<SetId>,
    Json(revoke): Json<Revoke>,
) -> ApiResult<StatusCode> {
    let locked = backup_set::find_of(&mut *state.pool().acquire().await?, session.account_no, set).await?;
    locked.ok_or_else(no_set)?;
    let signed = read_certificate(&revoke.certificate.0, &session, &state).await?;
    if signed.certificate.set != set || !signed.certificate.is_revocation() {
        let message = "this takes a certificate of this set that revokes; a machine joins by `POST /enrolments`";
        return Err(ApiError::bad_request(message));
    }
    let mut transaction = state.pool().begin().await?;
    let locked = backup_set::lock(&mut transaction, set).await?.ok_or_else(no_set)?;
    let known = device::certificates(&mut transaction, locked.set_no).await?;
    if known.last() == Some(&signed) {
        return Ok(StatusCode::NO_CONTENT);
    }
    require_next(&mut transaction, &signed.certificate, &locked).await?;
    upload::end_all(&mut transaction, locked.set_no).await?;
    if !device::insert(&mut transaction, locked.set_no, &signed, state.now_ms()).await? {
        return Err(ApiError::new(code::CONFLICT, "the backup set has moved on meanwhile: load it again"));
    }
    state.decide(transaction, session.account, vec![(RecordKind::Certificate, revoke.certificate.0)]).await?;
    state.events().publish_set(session.account_no, set);
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::http::Method;
    use iota_core::api::json::{Bytes, SetInfo};
    use iota_core::certificate::{Certificate, SignedCertificate};
    use iota_core::chain::SkipChain;
    use iota_core::id::{AgreementKey, EnrolId, VerifyingKey};

    use super::*;
    use crate::auth::FRESH_MS;
    use crate::test_support::{Answer, TestAccount, TestLog, TestMachine, TestServer, object, revocation};

    async fn revoke(account: &TestAccount, set: SetId, certificate: &Certificate) -> Answer {
        let signed =
            SignedCertificate { certificate: certificate.clone(), signature: account.sign(&certificate.encode()) };
        account.browser.put(&format!("/sets/{set}/certificate"), &Revoke { certificate: Bytes(signed.encode()) }).await
    }

    #[tokio::test]
    async fn a_revoked_machine_stops_at_once_and_another_goes_on() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let machine = TestMachine::enrol(&server, &ada).await;
        let mut log = TestLog::new(machine, ada.account, 0, BTreeSet::new());
        log.base(&[object(1, 300)]).await;
        let upload = log.begin().await;
        let set = log.machine.set;
        let certificate = revocation(&ada, &log.machine, 2, &log.chain);
        for _ in 0..2 {
            revoke(&ada, set, &certificate).await.ok();
        }
        let head = log.machine.browser.get("/agent/head").await;
        assert_eq!(head.code(), code::DEVICE_REPLACED);
        assert_eq!(log.put(upload, &[object(2, 300)]).await.code(), code::DEVICE_REPLACED);
        assert_eq!(log.machine.try_session(&server).await.code(), code::DEVICE_REPLACED);
        let open: i64 =
            sqlx::query_scalar("SELECT count(*) FROM upload WHERE open").fetch_one(server.pool()).await.unwrap();
        assert_eq!(open, 0);
        let info = ada.browser.get("/sets").await.json::<Vec<SetInfo>>().remove(0);
        let newest = SignedCertificate::decode(&info.certificates[1].0).unwrap();
        assert!(newest.certificate.is_revocation() && info.certificates.len() == 2);

        let next = TestMachine::enrol_in(&server, &ada, set, 3, log.chain.clone()).await;
        let mut log = TestLog::new(next, ada.account, log.received_ms, log.live);
        log.base(&[object(1, 300), object(3, 300)]).await;
        log.machine.browser.get("/agent/head").await.ok();
    }

    #[tokio::test]
    async fn a_revocation_may_be_revoked_again_under_any_name() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let machine = TestMachine::enrol(&server, &ada).await;
        let certificate = revocation(&ada, &machine, 2, &machine.chain);
        assert_eq!(certificate.device, machine.device, "it may name the machine that it revokes");
        revoke(&ada, machine.set, &certificate).await.ok();
        revoke(&ada, machine.set, &revocation(&ada, &machine, 3, &machine.chain)).await.ok();
        assert_eq!(machine.try_session(&server).await.code(), code::DEVICE_REPLACED);
    }

    #[tokio::test]
    async fn certificates_that_do_not_hold_change_nothing() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let machine = TestMachine::enrol(&server, &ada).await;
        let other = TestMachine::enrol(&server, &ada).await;
        let good = revocation(&ada, &machine, 2, &machine.chain);
        let later = SkipChain::from_hashes(1, &[iota_core::id::HeaderHash([1; 32])]).unwrap();
        let defects = [
            (Certificate { account: bob.account, ..good.clone() }, code::BAD_REQUEST),
            (Certificate { set: other.set, ..good.clone() }, code::BAD_REQUEST),
            (
                Certificate { signing_key: other.signing_key(), agreement_key: AgreementKey([9; 32]), ..good.clone() },
                code::BAD_REQUEST,
            ),
            (Certificate { key_epoch: 1, ..good.clone() }, code::CONFLICT),
            (Certificate { key_epoch: 3, ..good.clone() }, code::CONFLICT),
            (Certificate { first_seq: 2, skip_chain: later.hashes(), ..good.clone() }, code::CONFLICT),
        ];
        for (number, (certificate, wanted)) in defects.iter().enumerate() {
            assert_eq!(revoke(&ada, machine.set, certificate).await.code(), *wanted, "defect {number}");
        }
        assert_eq!(revoke(&bob, machine.set, &good).await.code(), code::NOT_FOUND);
        let forged = SignedCertificate { certificate: good.clone(), signature: bob.sign(&good.encode()) };
        let path = format!("/sets/{}/certificate", machine.set);
        let answer = ada.browser.put(&path, &Revoke { certificate: Bytes(forged.encode()) }).await;
        assert_eq!(answer.code(), code::BAD_CREDENTIALS);
        machine.browser.get("/agent/head").await.ok();
        server.clock.advance_ms(FRESH_MS);
        assert_eq!(revoke(&ada, machine.set, &good).await.code(), code::REAUTHENTICATE);
    }

    #[tokio::test]
    async fn nothing_is_revoked_by_an_enrolment() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let machine = TestMachine::enrol(&server, &ada).await;
        let certificate = revocation(&ada, &machine, 2, &machine.chain);
        let answer = machine.meet(&server, &ada, EnrolId([1; 8]), certificate).await;
        assert_eq!(answer.code(), code::BAD_REQUEST);
        let mut hello = machine.hello();
        hello.signing_key = VerifyingKey::ZERO;
        let answer = server.stranger().put("/enrolments/0202020202020202/hello", &hello).await;
        assert_eq!(answer.code(), code::BAD_REQUEST);
        machine.browser.send(Method::GET, "/agent/head", None, vec![]).await.ok();
    }
}
