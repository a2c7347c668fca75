//! A machine joins: a one-time code, what the machine says, and its keys.

use std::cell::Cell;

use iota_core::api::json::{Bytes, CreateEnrolment, EnrolGrant, EnrolHello};
use iota_core::certificate::Certificate;
use iota_core::chain::skip_of;
use iota_core::history::HistoryError;
use iota_core::id::{AgreementKey, DeviceId, EnrolId, HeaderHash, ServerId, SetId, VerifyingKey};
use iota_core::vault::{Admit, BeginEnrolment, EnrolmentView, HelloView, Problem, ProblemKind};
use iota_crypto::chunker::Profile;
use iota_crypto::enrol::{EnrolCode, MachineKeys};
use iota_crypto::keys::FIRST_EPOCH;
use iota_crypto::secret::{random_bytes, system_random};
use iota_crypto::words::fingerprint;

use crate::api;
use crate::history::History;
use crate::keys::OpenVault;
use crate::machines::{self, seal_name, sign};
use crate::platform::Platform;
use crate::problem::{Result, Tell, failed, missing};
use crate::show;

/// How long the server keeps a relay open.
const LIFE_MS: u64 = 15 * 60 * 1000;
/// Codes that are waited for at a time; older ones are forgotten.
const MAX_CODES: usize = 8;

/// The codes of this visit. They are gone when the vault locks.
#[derive(Default)]
pub struct Codes(Vec<Open>);

struct Open {
    code: EnrolCode,
    server_id: ServerId,
    /// The set that the machine continues.
    set: Option<SetId>,
    /// The keys whose words were shown: no others are let in.
    shown: Cell<Option<(VerifyingKey, AgreementKey)>>,
}

impl Open {
    /// # Errors
    /// [`ProblemKind::Altered`] unless these are the keys that were shown; the first are.
    fn require_same(&self, hello: &EnrolHello) -> Result<()> {
        let keys = (hello.signing_key, hello.agreement_key);
        if self.shown.get().is_some_and(|shown| shown != keys) {
            return Err(Problem::new(
                ProblemKind::Altered,
                "another machine answered to this code than the one whose words were shown; somebody else may have the code. \
                 Send it away and make a new one",
            ));
        }
        self.shown.set(Some(keys));
        Ok(())
    }
}

impl Codes {
    fn find(&self, enrol_id: EnrolId) -> Result<&Open> {
        let found = self.0.iter().find(|open| open.code.enrol_id == enrol_id);
        found.ok_or_else(|| failed("this code is not known here any more; make a new one"))
    }
}

/// Makes a code and opens its relay.
///
/// # Errors
/// What the server refuses.
pub async fn begin(platform: &impl Platform, question: &BeginEnrolment) -> Result<(EnrolmentView, PendingCode)> {
    let server = api::server(platform).await?;
    let code = EnrolCode::generate(server.key_pin.map(|pin| pin.0), &mut system_random());
    let enrol_id = code.enrol_id;
    let expires_ms = platform.now_ms() + LIFE_MS;
    api::send::<()>(platform, "POST", "/enrolments", &CreateEnrolment { enrol_id }).await?;
    let view = EnrolmentView { enrol_id, code: code.to_text().to_string(), expires_ms };
    Ok((view, PendingCode(Open { code, server_id: server.server_id, set: question.set, shown: Cell::new(None) })))
}

/// A code whose relay is open.
pub struct PendingCode(Open);

impl Codes {
    /// Waits for the machine of a code, too.
    pub fn keep(&mut self, PendingCode(open): PendingCode) {
        if self.0.len() >= MAX_CODES {
            self.0.remove(0);
        }
        self.0.push(open);
    }

    /// Stops waiting.
    pub fn forget(&mut self, enrol_id: EnrolId) {
        self.0.retain(|open| open.code.enrol_id != enrol_id);
    }

    /// What a machine said, if it proved that it has the code.
    ///
    /// # Errors
    /// [`iota_core::vault::ProblemKind::Altered`] when it has not.
    pub fn read(&self, enrol_id: EnrolId, hello: &EnrolHello) -> Result<HelloView> {
        let open = self.find(enrol_id)?;
        let facts = open.code.open_hello(hello).tell()?;
        open.require_same(hello)?;
        Ok(HelloView {
            name: show::text(facts.name.as_bytes()),
            system: show::text(facts.system.as_bytes()),
            disk_bytes: facts.disk_bytes,
            fingerprint: fingerprint(&hello.signing_key, &hello.agreement_key),
        })
    }
}

/// What the machine of a code said, once it has.
///
/// # Errors
/// What the server refuses.
pub async fn hear(platform: &impl Platform, enrol_id: EnrolId) -> Result<Option<EnrolHello>> {
    api::get(platform, &format!("/enrolments/{enrol_id}/hello")).await
}

/// Where a set goes on.
pub struct Continuation {
    /// The next key epoch.
    pub key_epoch: u32,
    /// Its first commit.
    pub first_seq: u64,
    /// Hashes on the skip path of the commit before.
    pub skip_chain: Vec<HeaderHash>,
}

/// Says where a verified history goes on: the path from the head to its lowest skip link is verified hash by hash.
///
/// # Errors
/// [`iota_core::vault::ProblemKind::Altered`] when it does not hold.
pub async fn continuation(platform: &impl Platform, history: &History) -> Result<Continuation> {
    let newest = history.certificates.newest();
    let (head_seq, _) = history.place();
    let first_seq = head_seq + 1;
    if first_seq < newest.first_seq {
        return Err(HistoryError::Rollback(newest.first_seq - 1)).tell();
    }
    let mut seqs = vec![head_seq];
    while let Some(&seq) = seqs.last()
        && skip_of(seq) != 0
    {
        seqs.push(skip_of(seq));
    }
    let mut skip_chain = Vec::new();
    if head_seq > 0 {
        let lowest = seqs.last().copied().unwrap_or(head_seq);
        let path = api::path(platform, history.set, head_seq, lowest).await?;
        history.certificates.verify_path(&path, history.place(), lowest).tell()?;
        if !path.iter().map(|signed| signed.header.seq).eq(seqs) {
            return Err(HistoryError::OtherCommits).tell();
        }
        skip_chain = path.iter().map(|signed| signed.header.hash()).collect();
    }
    Ok(Continuation { key_epoch: newest.key_epoch + 1, first_seq, skip_chain })
}

/// What [`admit`] needs of a code.
pub struct Admission {
    hello: EnrolHello,
    facts_name: String,
    server_id: ServerId,
    set: Option<SetId>,
}

impl Codes {
    /// Checks what the machine said once more.
    ///
    /// # Errors
    /// As [`Codes::read`].
    pub fn admission(&self, enrol_id: EnrolId, hello: EnrolHello) -> Result<Admission> {
        let open = self.find(enrol_id)?;
        let facts = open.code.open_hello(&hello).tell()?;
        open.require_same(&hello)?;
        Ok(Admission { hello, facts_name: facts.name, server_id: open.server_id, set: open.set })
    }

    /// Seals the keys of a machine.
    ///
    /// # Errors
    /// When the code is not known any more.
    pub fn seal(&self, enrol_id: EnrolId, grant: &Unsealed) -> Result<EnrolGrant> {
        let sealed =
            self.find(enrol_id)?.code.seal_grant(&grant.certificate, &grant.keys, &mut system_random()).tell()?;
        Ok(EnrolGrant {
            certificate: Bytes(grant.certificate.encode()),
            sealed: Bytes(sealed),
            label: grant.label.clone(),
        })
    }
}

/// A grant before it is sealed.
pub struct Unsealed {
    certificate: iota_core::certificate::SignedCertificate,
    keys: MachineKeys,
    label: Bytes,
}

/// Certifies the machine for a new set, or for the one that it continues.
///
/// # Errors
/// When the name does not do, or the set's history does not hold.
pub async fn admit(
    platform: &impl Platform,
    open: &OpenVault,
    question: &Admit,
    admission: &Admission,
) -> Result<Unsealed> {
    let (set, next, old_label) = match admission.set {
        None => (SetId(random_bytes(&mut system_random())), first(), None),
        Some(set) => {
            let history = machines::history(platform, open, set).await?;
            let label = api::sets(platform).await?.into_iter().find(|info| info.set == set).map(|info| info.label);
            (set, continuation(platform, &history).await?, label)
        }
    };
    let label = match (&question.name, old_label) {
        (None, Some(label)) => label,
        (name, _) => seal_name(open, set, name.as_deref().unwrap_or(&admission.facts_name))?,
    };
    let certificate = Certificate {
        account: open.account,
        set,
        device: DeviceId(random_bytes(&mut system_random())),
        key_epoch: next.key_epoch,
        signing_key: admission.hello.signing_key,
        agreement_key: admission.hello.agreement_key,
        issued_ms: platform.now_ms(),
        first_seq: next.first_seq,
        skip_chain: next.skip_chain,
    };
    let keys = keys(open, admission.server_id, &certificate)?;
    Ok(Unsealed { certificate: sign(open, certificate)?, keys, label })
}

fn first() -> Continuation {
    Continuation { key_epoch: 1, first_seq: 1, skip_chain: Vec::new() }
}

fn keys(open: &OpenVault, server_id: ServerId, certificate: &Certificate) -> Result<MachineKeys> {
    let account = open.account;
    let keys = open.keys()?;
    let master = &keys.master;
    Ok(MachineKeys {
        account,
        identity: open.identity,
        server_id,
        dedup_epoch: FIRST_EPOCH,
        dedup: master.dedup_key(account, FIRST_EPOCH),
        chunker: master.chunker_secret(account, FIRST_EPOCH),
        chunker_profile: Profile::Aes.code(),
        log_root: master.log_root(account, certificate.set, certificate.key_epoch),
        live: master.live_key(account, certificate.set, certificate.key_epoch),
    })
}

impl Unsealed {
    /// The certificate of the machine.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate.certificate
    }
}

/// Sends the grant: from here on the machine writes the set.
///
/// # Errors
/// What the server refuses.
pub async fn grant(platform: &impl Platform, enrol_id: EnrolId, grant: &EnrolGrant) -> Result<()> {
    api::send(platform, "PUT", &format!("/enrolments/{enrol_id}/grant"), grant).await
}

/// Sends the machine away.
///
/// # Errors
/// What the server refuses; a relay that is gone already is fine.
pub async fn refuse(platform: &impl Platform, enrol_id: EnrolId) -> Result<()> {
    match api::order(platform, "DELETE", &format!("/enrolments/{enrol_id}")).await {
        Err(problem) if problem.kind == iota_core::vault::ProblemKind::Missing => Ok(()),
        answer => answer,
    }
}

/// The machine has not spoken.
pub fn silent() -> iota_core::vault::Problem {
    missing("answer of a machine to this code")
}
