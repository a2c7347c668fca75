//! `PUT /enrolments/{id}/grant`: the owner answers. From here on the machine of the certificate writes the set.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::{EnrolGrant, EnrolHello, Event, code};
use iota_core::certificate::{Certificate, SignedCertificate};
use iota_core::id::{EnrolId, SetId};
use sqlx::PgConnection;

use crate::api::sets::MAX_LABEL_BYTES;
use crate::app_state::AppState;
use crate::auth::{FreshWebSession, WebSession};
use crate::error::{ApiError, ApiResult};
use crate::extract::{InPath, Json};
use crate::packs::RecordKind;
use crate::store::{account, backup_set, device, enrolment, upload};

/// Longest sealed keys of a machine.
const MAX_SEALED_BYTES: usize = 4096;

/// Accepts the certificate, once; the same again is fine.
///
/// # Errors
/// `not_found` when the account has no such relay open or no such set; `conflict` when the machine has not spoken, the code
/// is used, or the set has moved on; `bad_credentials` when the account has not signed it; `bad_code` when it was refused.
pub async fn put(
    State(state): State<AppState>,
    FreshWebSession(session): FreshWebSession,
    InPath(enrol_id): InPath<EnrolId>,
    Json(grant): Json<EnrolGrant>,
) -> ApiResult<StatusCode> {
    let signed = check(&grant, &session, &state).await?;
    let text = super::to_text(&grant)?;
    let mut transaction = state.pool().begin().await?;
    let relay = enrolment::lock(&mut transaction, enrol_id, state.now_ms()).await?;
    let relay = relay.filter(|relay| relay.account_no == session.account_no).ok_or_else(super::unknown)?;
    match relay.answer {
        None if relay.refused => return Err(super::refused()),
        Some(before) if before == text => return Ok(StatusCode::NO_CONTENT),
        Some(_) => return Err(super::already()),
        None => require_hello(&signed.certificate, super::from_text(relay.hello)?)?,
    }
    enter(&mut transaction, &signed, &grant, &session, &state).await?;
    enrolment::set_answer(&mut transaction, enrol_id, &text).await?;
    let label = [&signed.certificate.set.0[..], &grant.label.0].concat();
    let records = vec![(RecordKind::Certificate, grant.certificate.0), (RecordKind::Label, label)];
    state.decide(transaction, session.account, records).await?;
    state.events().publish(session.account_no, Event::Enrolment { enrol_id });
    state.events().publish_set(session.account_no, signed.certificate.set);
    Ok(StatusCode::NO_CONTENT)
}

/// What can be told without the set.
async fn check(grant: &EnrolGrant, session: &WebSession, state: &AppState) -> ApiResult<SignedCertificate> {
    if grant.sealed.0.len() > MAX_SEALED_BYTES || grant.label.0.len() > MAX_LABEL_BYTES {
        return Err(ApiError::bad_request(format!(
            "the sealed keys may have {MAX_SEALED_BYTES} bytes and the sealed name {MAX_LABEL_BYTES}"
        )));
    }
    let signed = read_certificate(&grant.certificate.0, session, state).await?;
    if signed.certificate.is_revocation() {
        return Err(ApiError::bad_request(
            "a certificate that revokes lets nobody in: use `PUT /sets/{set}/certificate`",
        ));
    }
    Ok(signed)
}

/// A certificate that the account of a session has signed for itself.
///
/// # Errors
/// `bad_request`, `bad_credentials`.
pub async fn read_certificate(bytes: &[u8], session: &WebSession, state: &AppState) -> ApiResult<SignedCertificate> {
    let signed = SignedCertificate::decode(bytes)
        .map_err(|error| ApiError::bad_request(format!("the certificate cannot be read: {error}")))?;
    let account = account::find_by_no(state.pool(), session.account_no).await?;
    let account = account.ok_or_else(|| ApiError::not_found("account"))?;
    signed.verify(&account.identity).map_err(|_| {
        ApiError::new(
            code::BAD_CREDENTIALS,
            "the certificate is not signed by this account: unlock the vault and try again",
        )
    })?;
    if signed.certificate.account != session.account {
        return Err(ApiError::bad_request("the certificate is for another account"));
    }
    Ok(signed)
}

/// The certificate is for the machine that spoke.
fn require_hello(certificate: &Certificate, hello: Option<EnrolHello>) -> ApiResult<()> {
    let hello = hello
        .ok_or_else(|| ApiError::new(code::CONFLICT, "the machine has not spoken yet: run `iota enroll` on it"))?;
    if certificate.signing_key == hello.signing_key && certificate.agreement_key == hello.agreement_key {
        return Ok(());
    }
    Err(ApiError::bad_request("the certificate is not for the machine that used this code"))
}

/// Enters the machine as the newest of a new or an existing set, and ends what the one before had begun.
async fn enter(
    connection: &mut PgConnection,
    signed: &SignedCertificate,
    grant: &EnrolGrant,
    session: &WebSession,
    state: &AppState,
) -> ApiResult<()> {
    let certificate = &signed.certificate;
    let set_no = match backup_set::lock(connection, certificate.set).await? {
        Some(set) if set.account_no == session.account_no => {
            require_next(connection, certificate, &set).await?;
            backup_set::set_label(connection, set.set_no, &grant.label.0).await?;
            upload::end_all(connection, set.set_no).await?;
            set.set_no
        }
        Some(_) => return Err(no_set(certificate.set)),
        None => new_set(connection, certificate, grant, session, state).await?,
    };
    if device::insert(connection, set_no, signed, state.now_ms()).await? {
        return Ok(());
    }
    Err(ApiError::new(code::CONFLICT, "this machine has been enrolled already: run `iota enroll` on it again"))
}

async fn new_set(
    connection: &mut PgConnection,
    certificate: &Certificate,
    grant: &EnrolGrant,
    session: &WebSession,
    state: &AppState,
) -> ApiResult<i64> {
    if certificate.key_epoch != 1 || certificate.first_seq != 1 {
        return Err(no_set(certificate.set));
    }
    let (set, now_ms) = (certificate.set, state.now_ms());
    let set_no = backup_set::insert(connection, set, session.account_no, &grant.label.0, now_ms).await?;
    set_no.ok_or_else(moved_on)
}

/// The certificate continues the set from exactly where it stands.
///
/// # Errors
/// `conflict`.
pub async fn require_next(
    connection: &mut PgConnection,
    certificate: &Certificate,
    set: &backup_set::LockedSet,
) -> ApiResult<()> {
    let chain = backup_set::skip_chain(connection, set.set_no, set.head_seq).await?;
    let next_epoch = set.key_epoch.checked_add(1) == Some(certificate.key_epoch);
    if next_epoch && certificate.head().as_ref() == Some(&chain) { Ok(()) } else { Err(moved_on()) }
}

fn moved_on() -> ApiError {
    ApiError::new(code::CONFLICT, "the backup set has moved on meanwhile: load it again and sign a new certificate")
}

fn no_set(set: SetId) -> ApiError {
    ApiError::not_found(&format!("backup set as {set}"))
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::{Bytes, CreateEnrolment};
    use iota_core::chain::SkipChain;
    use iota_core::id::{AgreementKey, DeviceId, HeaderHash};

    use super::*;
    use crate::store::enrolment::LIFE_MS;
    use crate::test_support::{TestAccount, TestMachine, TestServer, grant};

    /// Gives a set commits that nobody made: only their hashes matter here.
    async fn grow(server: &TestServer, set: SetId, commits: u64) -> SkipChain {
        let mut chain = SkipChain::default();
        for seq in 1..=commits {
            let hash = HeaderHash(*blake3::hash(&seq.to_le_bytes()).as_bytes());
            chain.push(hash);
            let inserted = sqlx::query(
                "INSERT INTO commit SELECT set_no, $2, $3, 1, NULL, 1, 1, 1, 1, 1, 1, 1, 0 FROM backup_set WHERE set_id = $1",
            );
            inserted.bind(&set.0[..]).bind(seq as i64).bind(&hash.0[..]).execute(server.pool()).await.unwrap();
        }
        let head = sqlx::query("UPDATE backup_set SET head_seq = $2, head_hash = $3 WHERE set_id = $1");
        head.bind(&set.0[..]).bind(commits as i64).bind(&chain.head().1.0[..]).execute(server.pool()).await.unwrap();
        chain
    }

    struct Relay {
        id: EnrolId,
        machine: TestMachine,
    }

    impl Relay {
        /// A machine that has spoken and waits for its grant.
        async fn open(server: &TestServer, account: &TestAccount, machine: TestMachine) -> Self {
            let relay = Self { id: EnrolId(server.state.random().unwrap()), machine };
            account.browser.post("/enrolments", &CreateEnrolment { enrol_id: relay.id }).await.ok();
            server.stranger().put(&relay.path("hello"), &relay.machine.hello()).await.ok();
            relay
        }

        fn path(&self, what: &str) -> String {
            format!("/enrolments/{}/{what}", self.id)
        }
    }

    fn draft(server: &TestServer) -> TestMachine {
        TestMachine::draft(server, SetId(server.state.random().unwrap()), 1, SkipChain::default())
    }

    #[tokio::test]
    async fn a_machine_joins() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let relay = Relay::open(&server, &ada, draft(&server)).await;
        let heard: Option<EnrolHello> = ada.browser.get(&relay.path("hello")).await.json();
        assert_eq!(heard, Some(relay.machine.hello()));
        assert_eq!(server.stranger().get(&relay.path("grant")).await.json::<Option<EnrolGrant>>(), None);
        let granted = grant(&ada, relay.machine.certificate(&ada));
        for _ in 0..2 {
            ada.browser.put(&relay.path("grant"), &granted).await.ok();
        }
        assert_eq!(server.stranger().get(&relay.path("grant")).await.json::<Option<EnrolGrant>>(), Some(granted));
        relay.machine.session(&server).await;
        let other = grant(&ada, draft(&server).certificate(&ada));
        assert_eq!(ada.browser.put(&relay.path("grant"), &other).await.code(), code::CONFLICT);
    }

    #[tokio::test]
    async fn a_relay_ends_and_serves_one_machine_and_one_owner() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let relay = Relay::open(&server, &ada, draft(&server)).await;
        let (hello, given) = (relay.path("hello"), relay.path("grant"));
        let second = server.stranger().put(&hello, &draft(&server).hello()).await;
        assert_eq!(second.code(), code::CONFLICT);
        server.stranger().put(&hello, &relay.machine.hello()).await.ok();
        assert_eq!(bob.browser.get(&hello).await.code(), code::NOT_FOUND);
        let stolen = grant(&bob, relay.machine.certificate(&bob));
        assert_eq!(bob.browser.put(&given, &stolen).await.code(), code::NOT_FOUND);
        let taken = bob.browser.post("/enrolments", &CreateEnrolment { enrol_id: relay.id }).await;
        assert_eq!(taken.code(), code::CONFLICT);
        server.clock.advance_ms(LIFE_MS);
        ada.sign_in(&ada.browser).await.ok();
        let late = grant(&ada, relay.machine.certificate(&ada));
        assert_eq!(ada.browser.put(&given, &late).await.code(), code::NOT_FOUND);
        assert_eq!(server.stranger().get(&given).await.code(), code::NOT_FOUND);
        assert_eq!(server.stranger().put(&hello, &relay.machine.hello()).await.code(), code::NOT_FOUND);
    }

    #[tokio::test]
    async fn nobody_is_granted_before_it_has_spoken() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let machine = draft(&server);
        let path = format!("/enrolments/{}/grant", EnrolId([1; 8]));
        ada.browser.post("/enrolments", &CreateEnrolment { enrol_id: EnrolId([1; 8]) }).await.ok();
        let early = ada.browser.put(&path, &grant(&ada, machine.certificate(&ada))).await;
        assert_eq!(early.code(), code::CONFLICT);
    }

    #[tokio::test]
    async fn a_set_is_taken_over_from_exactly_where_it_stands() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let old = TestMachine::enrol(&server, &ada).await;
        let chain = grow(&server, old.set, 13).await;
        let upload = "INSERT INTO upload SELECT '\\x01010101010101010101010101010101', set_no, device_no, 1, 1, 1, true FROM device";
        sqlx::query(upload).execute(server.pool()).await.unwrap();

        let new = TestMachine::draft(&server, old.set, 2, chain.clone());
        let relay = Relay::open(&server, &ada, new).await;
        let good = relay.machine.certificate(&ada);
        let mut swapped = good.clone();
        swapped.skip_chain.swap(1, 2);
        let shorter = SkipChain::from_hashes(12, &chain.hashes()[1..]).unwrap();
        let before = Certificate { first_seq: 13, skip_chain: shorter.hashes(), ..good.clone() };
        let defects = [
            Certificate { key_epoch: 1, ..good.clone() },
            Certificate { key_epoch: 3, ..good.clone() },
            Certificate { first_seq: 1, skip_chain: vec![], ..good.clone() },
            before,
            swapped,
        ];
        for (number, certificate) in defects.into_iter().enumerate() {
            let refused = ada.browser.put(&relay.path("grant"), &grant(&ada, certificate)).await;
            assert_eq!(refused.code(), code::CONFLICT, "defect {number}");
        }
        old.session(&server).await;
        ada.browser.put(&relay.path("grant"), &grant(&ada, good)).await.ok();
        assert_eq!(old.try_session(&server).await.code(), code::DEVICE_REPLACED);
        relay.machine.session(&server).await;
        let open: i64 =
            sqlx::query_scalar("SELECT count(*) FROM upload WHERE open").fetch_one(server.pool()).await.unwrap();
        assert_eq!(open, 0);
    }

    #[tokio::test]
    async fn certificates_that_do_not_hold_change_nothing() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let theirs = TestMachine::enrol(&server, &bob).await;
        let relay = Relay::open(&server, &ada, draft(&server)).await;
        let good = relay.machine.certificate(&ada);
        let with = |certificate| grant(&ada, certificate);
        let later = SkipChain::from_hashes(1, &[HeaderHash([1; 32])]).unwrap();
        let defects = [
            (grant(&bob, good.clone()), code::BAD_CREDENTIALS),
            (EnrolGrant { certificate: Bytes(vec![0; 100]), ..with(good.clone()) }, code::BAD_REQUEST),
            (EnrolGrant { sealed: Bytes(vec![0; 5000]), ..with(good.clone()) }, code::BAD_REQUEST),
            (EnrolGrant { label: Bytes(vec![0; 513]), ..with(good.clone()) }, code::BAD_REQUEST),
            (with(Certificate { account: bob.account, ..good.clone() }), code::BAD_REQUEST),
            (with(Certificate { signing_key: theirs.signing_key(), ..good.clone() }), code::BAD_REQUEST),
            (with(Certificate { agreement_key: AgreementKey([8; 32]), ..good.clone() }), code::BAD_REQUEST),
            (with(Certificate { set: theirs.set, ..good.clone() }), code::NOT_FOUND),
            (with(Certificate { key_epoch: 2, ..good.clone() }), code::NOT_FOUND),
            (with(Certificate { first_seq: 2, skip_chain: later.hashes(), ..good.clone() }), code::NOT_FOUND),
            (with(Certificate { device: theirs.device, ..good.clone() }), code::CONFLICT),
        ];
        for (number, (request, wanted)) in defects.iter().enumerate() {
            assert_eq!(ada.browser.put(&relay.path("grant"), request).await.code(), *wanted, "defect {number}");
        }
        let sets: i64 = sqlx::query_scalar("SELECT count(*) FROM backup_set").fetch_one(server.pool()).await.unwrap();
        assert_eq!(sets, 1);
        assert_ne!(good.device, DeviceId::ZERO);
        ada.browser.put(&relay.path("grant"), &with(good)).await.ok();
    }
}
