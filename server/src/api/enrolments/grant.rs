//! `PUT /enrolments/{id}/grant`: the owner answers. From here on the machine of the certificate writes the set.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::{EnrolGrant, EnrolHello, code};
use iota_core::certificate::{Certificate, SignedCertificate};
use iota_core::id::{EnrolId, SetId};
use sqlx::PgConnection;

use crate::app_state::AppState;
use crate::auth::{FreshWebSession, WebSession};
use crate::error::{ApiError, ApiResult};
use crate::extract::{InPath, Json};
use crate::packs::RecordKind;
use crate::store::{account, backup_set, device, enrolment, upload};

/// Longest sealed keys of a machine.
const MAX_SEALED_BYTES: usize = 4096;
/// Longest sealed name: 256 bytes and what seals them.
const MAX_LABEL_BYTES: usize = 512;

/// Accepts the certificate, once; the same again is fine.
///
/// # Errors
/// `not_found` when the account has no such relay open or no such set; `conflict` when the machine has not spoken, the code
/// is used, or the set has moved on; `bad_credentials` when the account has not signed it.
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
        Some(before) if before == text => return Ok(StatusCode::NO_CONTENT),
        Some(_) => return Err(super::already()),
        None => require_hello(&signed.certificate, super::from_text(relay.hello)?)?,
    }
    enter(&mut transaction, &signed, &grant, &session, &state).await?;
    enrolment::set_answer(&mut transaction, enrol_id, &text).await?;
    let label = [&signed.certificate.set.0[..], &grant.label.0].concat();
    let records = vec![(RecordKind::Certificate, grant.certificate.0), (RecordKind::Label, label)];
    state.decide(session.account, records).await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What can be told without the set.
async fn check(grant: &EnrolGrant, session: &WebSession, state: &AppState) -> ApiResult<SignedCertificate> {
    if grant.sealed.0.len() > MAX_SEALED_BYTES || grant.label.0.len() > MAX_LABEL_BYTES {
        return Err(ApiError::bad_request(format!(
            "the sealed keys may have {MAX_SEALED_BYTES} bytes and the sealed name {MAX_LABEL_BYTES}"
        )));
    }
    let signed = SignedCertificate::decode(&grant.certificate.0)
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
async fn require_next(
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
