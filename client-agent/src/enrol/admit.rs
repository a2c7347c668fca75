//! The owner's side: which set the machine writes, from which commit on, and the certificate that says so.

use super::{EnrolError, Result, machine::ASK_TIMES};
use crate::{
    owner::Owner,
    remote::{Archive, http::WebSession},
    witness::Witness,
};
use iota_core::{
    api::json::{Bytes, EnrolGrant, EnrolHello, SetInfo},
    certificate::{Certificate, SignedCertificate},
    chain::skip_of,
    commit::SignedHeader,
    history::{Certificates, HistoryError},
    id::{DeviceId, HeaderHash, ServerId, SetId},
};
use iota_crypto::{
    chunker::Profile,
    enrol::{EnrolCode, MachineFacts, MachineKeys},
    keys::FIRST_EPOCH,
    label,
    secret::{random_bytes, system_random},
};
use std::time::Duration;

/// Which set a machine gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A new one.
    New,
    /// An existing one, which it continues in a new key epoch. `known` is a commit of it that is known from elsewhere
    /// (the ratchet of the machine itself): it must be in the history.
    TakeOver {
        /// The set.
        set: SetId,
        /// Seq and hash.
        known: Option<(u64, HeaderHash)>,
    },
}

/// Who lets a machine in: the owner, signed in a moment ago.
pub struct Doorkeeper<'a> {
    /// The open vault.
    pub owner: &'a Owner,
    /// The fresh web session.
    pub session: &'a WebSession,
    /// The server.
    pub server_id: ServerId,
    /// What was seen of the account's sets.
    pub witness: &'a mut Witness,
}

/// Where a set goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Continuation {
    set: SetId,
    key_epoch: u32,
    first_seq: u64,
    skip_chain: Vec<HeaderHash>,
    /// The sealed name that it has.
    label: Option<Bytes>,
}

/// Waits until the machine of `code` has spoken.
///
/// # Errors
/// [`EnrolError::NoHello`] after 15 minutes.
pub fn wait_for_hello(session: &WebSession, code: &EnrolCode) -> Result<EnrolHello> {
    for _ in 0..ASK_TIMES {
        if let Some(hello) = session.hello(code.enrol_id)? {
            return Ok(hello);
        }
        session.http().sleep(Duration::from_secs(1));
    }
    Err(EnrolError::NoHello)
}

impl Doorkeeper<'_> {
    /// Lets the machine that said `hello` in. `name` replaces the name that it asks for, and that of a set that is taken
    /// over. Returns what the machine said of itself.
    ///
    /// # Errors
    /// [`EnrolError`]; nothing was granted then.
    pub fn admit(
        &mut self,
        code: &EnrolCode,
        hello: &EnrolHello,
        name: Option<&str>,
        wanted: &Wanted,
        now_ms: u64,
    ) -> Result<(Certificate, MachineFacts)> {
        let facts = code.open_hello(hello)?;
        let next = self.continuation(wanted)?;
        let label = match (name, &next.label) {
            (None, Some(label)) => label.clone(),
            (name, _) => self.label(next.set, name.unwrap_or(&facts.name)),
        };
        let certificate = self.certify(hello, next, now_ms);
        let sealed = code.seal_grant(&certificate, &self.keys(&certificate.certificate), &mut system_random())?;
        let grant = EnrolGrant { certificate: Bytes(certificate.encode()), sealed: Bytes(sealed), label };
        self.session.put_grant(code.enrol_id, &grant)?;
        Ok((certificate.certificate, facts))
    }

    fn label(&self, set: SetId, name: &str) -> Bytes {
        let key = self.owner.master.label_key(self.owner.account);
        Bytes(label::seal(&key, set, name, &mut system_random()))
    }

    fn certify(&self, hello: &EnrolHello, next: Continuation, now_ms: u64) -> SignedCertificate {
        let certificate = Certificate {
            account: self.owner.account,
            set: next.set,
            device: DeviceId(random_bytes(&mut system_random())),
            key_epoch: next.key_epoch,
            signing_key: hello.signing_key,
            agreement_key: hello.agreement_key,
            issued_ms: now_ms,
            first_seq: next.first_seq,
            skip_chain: next.skip_chain,
        };
        let signature = self.owner.master.identity(self.owner.account).sign(&certificate.encode());
        SignedCertificate { certificate, signature }
    }

    fn keys(&self, certificate: &Certificate) -> MachineKeys {
        let (account, master) = (self.owner.account, &self.owner.master);
        MachineKeys {
            account,
            identity: self.owner.identity,
            server_id: self.server_id,
            dedup_epoch: FIRST_EPOCH,
            dedup: master.dedup_key(account, FIRST_EPOCH),
            chunker: master.chunker_secret(account, FIRST_EPOCH),
            chunker_profile: Profile::Aes.code(),
            log_root: master.log_root(account, certificate.set, certificate.key_epoch),
            live: master.live_key(account, certificate.set, certificate.key_epoch),
        }
    }

    fn continuation(&mut self, wanted: &Wanted) -> Result<Continuation> {
        let Wanted::TakeOver { set, known } = *wanted else {
            let set = SetId(random_bytes(&mut system_random()));
            return Ok(Continuation { set, key_epoch: 1, first_seq: 1, skip_chain: vec![], label: None });
        };
        let sets = self.owner.archive.sets()?;
        let info = sets.into_iter().find(|info| info.set == set);
        let info = info.ok_or(EnrolError::UnknownSet(set))?;
        let seen = self.witness.seen(set);
        let commits: Vec<_> = seen.map(|seen| (seen.seq, seen.hash)).into_iter().chain(known).collect();
        let (next, certificates) =
            continue_set(self.owner, &*self.owner.archive, info, seen.map_or(0, |seen| seen.certificates), &commits)?;
        if let Some(&hash) = next.skip_chain.first() {
            self.witness.remember(set, next.first_seq - 1, hash, certificates);
            self.witness.save()?;
        }
        Ok(next)
    }
}

/// Checks what the server shows of a set, and says where it goes on: certificates, the head's signature, the path from
/// the head down its skip links, and that all `seen` commits are in that history.
fn continue_set(
    owner: &Owner,
    archive: &dyn Archive,
    info: SetInfo,
    seen_certificates: u32,
    seen: &[(u64, HeaderHash)],
) -> Result<(Continuation, u32)> {
    let signed = info.certificates.iter().map(|bytes| SignedCertificate::decode(&bytes.0));
    let signed = signed.collect::<std::result::Result<Vec<_>, _>>()?;
    let certificates = Certificates::verify(owner.account, info.set, &owner.identity, &signed)?;
    let count = certificates.newest().key_epoch;
    if count < seen_certificates {
        return Err(HistoryError::Certificate(seen_certificates).into());
    }
    let mut head = (0, HeaderHash::ZERO);
    if let Some(info) = &info.head {
        let signed = SignedHeader::decode(&info.header.0)?;
        certificates.verify_head(&signed, info.seq)?;
        head = (info.seq, signed.header.hash());
    }
    let (head_seq, _) = head;
    for &(seq, hash) in seen.iter().filter(|(seq, _)| *seq > 0) {
        if seq > head_seq {
            return Err(HistoryError::Rollback(seq).into());
        }
        certificates.verify_continues(&archive.path(info.set, head_seq, seq)?, head, (seq, hash))?;
    }
    let skip_chain = if head_seq == 0 { vec![] } else { skip_chain(&certificates, archive, info.set, head)? };
    // The machine before may have been let in and never have written: then the new one begins where it would have.
    let first_seq = head_seq + 1;
    if first_seq < certificates.newest().first_seq {
        return Err(HistoryError::Rollback(certificates.newest().first_seq - 1).into());
    }
    let next = Continuation { set: info.set, key_epoch: count + 1, first_seq, skip_chain, label: Some(info.label) };
    Ok((next, count))
}

/// Hashes on the skip path of the head, head first, each verified: the path to its lowest commit goes along it.
fn skip_chain(
    certificates: &Certificates,
    archive: &dyn Archive,
    set: SetId,
    head: (u64, HeaderHash),
) -> Result<Vec<HeaderHash>> {
    let mut seqs = vec![head.0];
    while let Some(&seq) = seqs.last()
        && skip_of(seq) != 0
    {
        seqs.push(skip_of(seq));
    }
    let lowest = seqs.last().copied().unwrap_or(head.0);
    let path: Vec<SignedHeader> = archive.path(set, head.0, lowest)?;
    certificates.verify_path(&path, head, lowest)?;
    if !path.iter().map(|signed| signed.header.seq).eq(seqs) {
        return Err(HistoryError::OtherCommits.into());
    }
    Ok(path.iter().map(|signed| signed.header.hash()).collect())
}
