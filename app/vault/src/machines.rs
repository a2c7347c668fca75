//! The account's machines: names opened, logs verified.

use std::rc::Rc;

use iota_core::api::json::{Bytes, ChangeLabel, Revoke, SetInfo};
use iota_core::certificate::{Certificate, SignedCertificate};
use iota_core::commit::Flags;
use iota_core::id::{AgreementKey, DeviceId, SetId, VerifyingKey};
use iota_core::retention::Decisions;
use iota_core::vault::{HeadView, MachineView, Problem, ProblemKind, Rename, RevokeMachine};
use iota_crypto::label;
use iota_crypto::secret::{random_bytes, system_random};

use crate::api;
use crate::enrolment::continuation;
use crate::history::History;
use crate::keys::OpenVault;
use crate::platform::Platform;
use crate::problem::{Result, failed, missing};
use crate::retention;
use crate::show;
use crate::witness::Witness;

/// Longest name, in characters.
const MAX_NAME_CHARS: usize = 64;

/// Answers [`iota_core::vault::ListMachines`]. What is wrong with one machine is told with it, and hides no other.
///
/// # Errors
/// When the server or the witness cannot be read.
pub async fn list(platform: &impl Platform, open: &OpenVault) -> Result<Vec<MachineView>> {
    // What is answered to a later question is not older.
    let mut witness = Witness::load(platform, open.account).await?;
    let sets = api::sets(platform).await?;
    let before = witness.clone();
    let mut views = Vec::with_capacity(sets.len());
    for info in &sets {
        let verified = History::verify(platform, open, info, &mut witness).await;
        open.require_open()?;
        views.push(match verified {
            Ok(history) => view(open, info, Ok(&open.keep_history(history))),
            Err(problem) if problem.kind == ProblemKind::Unreachable => return Err(problem),
            Err(problem) => view(open, info, Err(problem)),
        });
    }
    let gone: Vec<SetId> = before.sets().filter(|&set| sets.iter().all(|info| info.set != set)).collect();
    if !gone.is_empty() {
        let decisions = match retention::decisions(platform, open).await {
            Ok(decisions) => decisions,
            Err(problem) if problem.kind == ProblemKind::Unreachable => return Err(problem),
            // What does not hold explains nothing.
            Err(_) => Decisions::default(),
        };
        let is_missed =
            |set: &SetId| before.seen(*set).is_none_or(|seen| seen.seq == 0 || !decisions.deleted(*set, 1, seen.seq));
        views.extend(gone.into_iter().filter(is_missed).map(vanished));
    }
    if witness != before {
        note(witness.save(platform, open.account).await);
    }
    Ok(views)
}

/// A machine that was seen before and that the server no longer lists.
fn vanished(set: SetId) -> MachineView {
    MachineView {
        set,
        name: "A machine that is not shown".into(),
        revoked: false,
        head: None,
        contact_ms: None,
        created_ms: 0,
        live_bytes: 0,
        upload: None,
        alarm: Some(not_listed()),
        first_visit: false,
    }
}

fn not_listed() -> Problem {
    Problem::new(
        ProblemKind::Altered,
        "the server no longer lists a machine whose backups were seen here before; unless you deleted all of it, somebody with access to the server did",
    )
}

/// The verified history of one set, asked for again.
///
/// # Errors
/// When there is no such set, or the server shows another or an older history.
pub async fn history(platform: &impl Platform, open: &OpenVault, set: SetId) -> Result<Rc<History>> {
    let mut witness = Witness::load(platform, open.account).await?;
    let sets = api::sets(platform).await?;
    let unknown = || if witness.seen(set).is_some() { not_listed() } else { missing("machine") };
    let info = sets.iter().find(|info| info.set == set).ok_or_else(unknown)?;
    let before = witness.clone();
    let history = History::verify(platform, open, info, &mut witness).await?;
    open.require_open()?;
    if witness != before {
        note(witness.save(platform, open.account).await);
    }
    Ok(open.keep_history(history))
}

/// A browser that keeps nothing (a private window) says "first visit" each time; that is its honest answer.
fn note(saved: Result<()>) {
    drop(saved);
}

fn view(open: &OpenVault, info: &SetInfo, history: std::result::Result<&History, Problem>) -> MachineView {
    let (history, alarm) = match history {
        Ok(history) => (Some(history), None),
        Err(problem) => (None, Some(problem)),
    };
    let head = history.and_then(|history| history.head.as_ref()).zip(info.head.as_ref());
    MachineView {
        set: info.set,
        name: name(open, info.set, &info.label),
        revoked: history.is_some_and(|history| history.certificates.newest().is_revocation()),
        head: head.map(|(signed, head)| HeadView {
            seq: signed.header.seq,
            received_ms: head.received_ms,
            device_time_ms: signed.header.device_time_ms,
            partial: signed.header.flags.contains(Flags::PARTIAL),
            gaps: signed.header.flags.contains(Flags::GAPS),
        }),
        contact_ms: info.contact_ms,
        created_ms: info.created_ms,
        live_bytes: info.live_bytes,
        upload: info.upload,
        alarm,
        first_visit: history.is_some_and(|history| history.first_visit),
    }
}

/// What a machine is called, as far as that can be read.
pub fn name(open: &OpenVault, set: SetId, label: &Bytes) -> String {
    let opened =
        open.keys().ok().and_then(|keys| label::open(&keys.master.label_key(open.account), set, &label.0).ok());
    let name = opened.map(|name| show::text(name.as_bytes())).unwrap_or_default();
    if name.is_empty() { "Unnamed machine".into() } else { name }
}

/// Seals a name for a set.
///
/// # Errors
/// When it is empty or too long.
pub fn seal_name(open: &OpenVault, set: SetId, name: &str) -> Result<Bytes> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.len() > label::MAX_LABEL_BYTES {
        return Err(failed(format!("a name has 1 to {MAX_NAME_CHARS} characters")));
    }
    let key = open.keys()?.master.label_key(open.account);
    Ok(Bytes(label::seal(&key, set, name, &mut system_random())))
}

/// Answers [`Rename`].
///
/// # Errors
/// As [`seal_name`], and what the server refuses.
pub async fn rename(platform: &impl Platform, open: &OpenVault, question: &Rename) -> Result<()> {
    let change = ChangeLabel { label: seal_name(open, question.set, &question.name)? };
    api::send(platform, "PUT", &format!("/sets/{}/label", question.set), &change).await
}

/// Answers [`RevokeMachine`]: signs a certificate of nobody, which ends the machine's.
///
/// # Errors
/// When the server shows another or an older history, or refuses.
pub async fn revoke(platform: &impl Platform, open: &OpenVault, question: &RevokeMachine) -> Result<()> {
    let history = history(platform, open, question.set).await?;
    if history.certificates.newest().is_revocation() {
        return Ok(());
    }
    let next = continuation(platform, &history).await?;
    let certificate = Certificate {
        account: open.account,
        set: question.set,
        device: DeviceId(random_bytes(&mut system_random())),
        key_epoch: next.key_epoch,
        signing_key: VerifyingKey::ZERO,
        agreement_key: AgreementKey::ZERO,
        issued_ms: platform.now_ms(),
        first_seq: next.first_seq,
        skip_chain: next.skip_chain,
    };
    let signed = sign(open, certificate)?;
    let revoke = Revoke { certificate: Bytes(signed.encode()) };
    api::send::<()>(platform, "PUT", &format!("/sets/{}/certificate", question.set), &revoke).await?;
    Witness::note_certificate(platform, open.account, question.set, next.key_epoch).await;
    Ok(())
}

/// Signs a certificate as the account.
///
/// # Errors
/// A problem once the vault was locked.
pub fn sign(open: &OpenVault, certificate: Certificate) -> Result<SignedCertificate> {
    let signature = open.signing()?.sign(&certificate.encode());
    Ok(SignedCertificate { certificate, signature })
}
