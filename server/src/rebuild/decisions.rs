//! Every decision that stands in the packs, by what it is about.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use iota_core::api::alerts::{ChangeAlerts, ChangeWatch};
use iota_core::certificate::SignedCertificate;
use iota_core::id::{AccountId, Digest, ServerId, SetId};
use iota_core::pack::{CommitRecord, ThinningRecord};
use iota_core::retention::{self, SignedDecision, UnprovedDecisions};

use super::{RebuildError, Report};
use crate::host_key::HostKey;
use crate::packs::{PackError, PackReader, Place, Record, RecordKind, Walk};
use crate::records::{
    AccountRecord, SecondFactorRecord, decode_closed, decode_decision, open_alerts, open_slots, open_watch,
};

/// An account and where its record stands.
pub(super) struct FoundAccount {
    place: Place,
    pub(super) record: AccountRecord,
}

/// A slot list as it lies in the database.
pub(super) struct FoundSlots {
    pub(super) version: u32,
    pub(super) sealed: Vec<u8>,
}

/// A certificate and where its record stands.
#[derive(Clone, Debug)]
pub(super) struct FoundCertificate {
    pub(super) place: Place,
    pub(super) signed: SignedCertificate,
}

/// A commit and where its record stands.
#[derive(Clone, Debug)]
pub(super) struct FoundCommit {
    pub(super) place: Place,
    pub(super) record: CommitRecord,
}

/// Everything that was decided, as far as it can be read.
#[derive(Default)]
pub(super) struct Decisions {
    pub(super) server: Option<ServerId>,
    accounts: BTreeMap<AccountId, FoundAccount>,
    pub(super) slots: BTreeMap<AccountId, FoundSlots>,
    pub(super) second_factors: BTreeMap<AccountId, SecondFactorRecord>,
    certificates: BTreeMap<(AccountId, SetId), Vec<FoundCertificate>>,
    pub(super) labels: HashMap<(AccountId, SetId), Vec<u8>>,
    pub(super) alerts: HashMap<AccountId, ChangeAlerts>,
    pub(super) watches: HashMap<(AccountId, SetId), ChangeWatch>,
    /// With their times of receipt, by version.
    decided: BTreeMap<(AccountId, u64), (u64, SignedDecision)>,
    pub(super) thinned: HashMap<(AccountId, SetId), BTreeSet<u64>>,
    commits: HashMap<(AccountId, SetId), Vec<FoundCommit>>,
    /// Accounts that records say are no more.
    closed: BTreeSet<AccountId>,
    /// Records of accounts that do not open.
    pub(super) unopened: usize,
    /// Bodies and parts of reference lists, by their ids.
    pub(super) places: HashMap<(RecordKind, Digest), Place>,
}

impl Decisions {
    /// Reads them in the order in which they were written. What cannot be read is reported.
    pub(super) fn read(
        walks: &[Walk],
        reader: &PackReader,
        key: &HostKey,
        report: &mut Report,
    ) -> Result<Self, RebuildError> {
        let mut decisions = Self::default();
        for walk in walks {
            decisions.note_server(walk)?;
            for entry in &walk.records {
                let place = walk.place(entry);
                match entry.head.kind {
                    RecordKind::Object => {}
                    kind @ (RecordKind::Body | RecordKind::References) => {
                        decisions.places.insert((kind, Digest(entry.head.id)), place);
                    }
                    _ => match reader.read(place) {
                        Ok(record) => decisions.note(place, &record, key, report),
                        Err(error @ PackError::Damaged { .. }) => report.problem(error.to_string()),
                        Err(error) => return Err(error.into()),
                    },
                }
            }
        }
        Ok(decisions)
    }

    fn note_server(&mut self, walk: &Walk) -> Result<(), RebuildError> {
        let Some(header) = &walk.header else { return Ok(()) };
        if *self.server.get_or_insert(header.server) == header.server {
            Ok(())
        } else {
            Err(RebuildError::Foreign(walk.number))
        }
    }

    fn note(&mut self, place: Place, record: &Record, key: &HostKey, report: &mut Report) {
        let noted = match record.kind {
            RecordKind::Account => self.note_account(place, record, key),
            RecordKind::Slots => self.note_slots(record, key),
            RecordKind::SecondFactor => self.note_second_factor(record, key),
            RecordKind::Certificate => self.note_certificate(place, record),
            RecordKind::Label => self.note_label(record),
            RecordKind::Alerts => self.note_alerts(record, key),
            RecordKind::Watch => self.note_watch(record, key),
            RecordKind::Decision => self.note_decision(record),
            RecordKind::Thinning => self.note_thinning(record),
            RecordKind::Closed => self.note_closed(record),
            RecordKind::Commit => self.note_commit(place, record),
            RecordKind::Object | RecordKind::Body | RecordKind::References => Ok(()),
        };
        if let Err(reason) = noted {
            report.problem(format!("the {} record {place} cannot be used: {reason}", record.kind.as_str()));
        }
    }

    fn note_account(&mut self, place: Place, record: &Record, key: &HostKey) -> Result<(), String> {
        let account = AccountRecord::open(key, record.owner, &record.payload).map_err(|error| {
            self.unopened += 1;
            error.to_string()
        })?;
        let known = self.accounts.get(&record.owner).map_or(0, |known| known.record.version);
        if account.version >= known {
            self.accounts.insert(record.owner, FoundAccount { place, record: account });
        }
        Ok(())
    }

    fn note_slots(&mut self, record: &Record, key: &HostKey) -> Result<(), String> {
        let signed = open_slots(key, record.owner, &record.payload).map_err(|error| error.to_string())?;
        let version = signed.list.version;
        if self.slots.get(&record.owner).is_none_or(|known| known.version <= version) {
            self.slots.insert(record.owner, FoundSlots { version, sealed: record.payload.to_vec() });
        }
        Ok(())
    }

    fn note_second_factor(&mut self, record: &Record, key: &HostKey) -> Result<(), String> {
        let found = SecondFactorRecord::open(key, record.owner, &record.payload).map_err(|error| error.to_string())?;
        if self.second_factors.get(&record.owner).is_none_or(|known| known.version <= found.version) {
            self.second_factors.insert(record.owner, found);
        }
        Ok(())
    }

    fn note_certificate(&mut self, place: Place, record: &Record) -> Result<(), String> {
        let signed = SignedCertificate::decode(&record.payload).map_err(|error| error.to_string())?;
        let key = (record.owner, signed.certificate.set);
        self.certificates.entry(key).or_default().push(FoundCertificate { place, signed });
        Ok(())
    }

    fn note_label(&mut self, record: &Record) -> Result<(), String> {
        let (set, label) = record.payload.split_first_chunk().ok_or("it is too short")?;
        self.labels.insert((record.owner, SetId(*set)), label.to_vec());
        Ok(())
    }

    fn note_alerts(&mut self, record: &Record, key: &HostKey) -> Result<(), String> {
        let alerts = open_alerts(key, record.owner, &record.payload).map_err(|error| error.to_string())?;
        self.alerts.insert(record.owner, alerts);
        Ok(())
    }

    fn note_watch(&mut self, record: &Record, key: &HostKey) -> Result<(), String> {
        let (set, watch) = open_watch(key, record.owner, &record.payload).map_err(|error| error.to_string())?;
        self.watches.insert((record.owner, set), watch);
        Ok(())
    }

    fn note_decision(&mut self, record: &Record) -> Result<(), String> {
        let (received_ms, signed) = decode_decision(&record.payload).map_err(|error| error.to_string())?;
        self.decided.insert((record.owner, signed.decision.version), (received_ms, signed));
        Ok(())
    }

    fn note_thinning(&mut self, record: &Record) -> Result<(), String> {
        let found = ThinningRecord::decode(&record.payload).map_err(|error| error.to_string())?;
        self.thinned.entry((record.owner, found.set)).or_default().extend(found.seqs);
        Ok(())
    }

    fn note_closed(&mut self, record: &Record) -> Result<(), String> {
        decode_closed(&record.payload).map_err(|error| error.to_string())?;
        self.closed.insert(record.owner);
        Ok(())
    }

    fn note_commit(&mut self, place: Place, record: &Record) -> Result<(), String> {
        let found = CommitRecord::decode(&record.payload).map_err(|error| error.to_string())?;
        let header = &found.header.header;
        self.commits.entry((record.owner, header.set)).or_default().push(FoundCommit { place, record: found });
        Ok(())
    }

    /// Accounts that are no more: a record says so, and their own decision stands. A record whose transaction failed is no reason to
    /// forget an account that was brought back after it.
    pub(super) fn closed(&self) -> BTreeSet<AccountId> {
        let stands = |account: &AccountId| self.decided_by(*account).1.closing().is_some();
        self.closed.iter().copied().filter(stands).collect()
    }

    /// The accounts that were not closed, those that were made last first: of two with one login only that one was acknowledged.
    pub(super) fn accounts(&self) -> Vec<&FoundAccount> {
        let closed = self.closed();
        let is_there = |found: &&FoundAccount| !closed.contains(&found.record.account);
        let mut accounts: Vec<_> = self.accounts.values().filter(is_there).collect();
        accounts.sort_unstable_by_key(|found| std::cmp::Reverse(found.place));
        accounts
    }

    /// The sets of an account with their certificates, as far as the account signed them.
    pub(super) fn sets_of(&self, account: AccountId) -> Vec<(SetId, Vec<FoundCertificate>)> {
        let Some(identity) = self.accounts.get(&account).map(|found| found.record.identity) else { return Vec::new() };
        let range = (account, SetId::ZERO)..=(account, SetId([0xff; SetId::BYTES]));
        let sets = self.certificates.range(range).map(|(&(_, set), found)| {
            let holds = |found: &&FoundCertificate| {
                found.signed.certificate.account == account && found.signed.verify(&identity).is_ok()
            };
            (set, found.iter().filter(holds).cloned().collect())
        });
        sets.collect()
    }

    /// What an account decided about its snapshots, from the first decision on, as far as it signed them and none is missing.
    pub(super) fn decided_by(&self, account: AccountId) -> (Vec<(u64, SignedDecision)>, retention::Decisions) {
        let Some(identity) = self.accounts.get(&account).map(|found| found.record.identity) else {
            return Default::default();
        };
        let found: Vec<_> =
            self.decided.range((account, 0)..=(account, u64::MAX)).map(|(_, found)| found.clone()).collect();
        let signed: Vec<_> = found.iter().map(|(_, signed)| signed.clone()).collect();
        match retention::Decisions::verify(account, &identity, &signed) {
            Ok(decisions) => (found, decisions),
            Err(UnprovedDecisions(version)) => {
                let whole = version as usize - 1;
                let decisions = retention::Decisions::verify(account, &identity, &signed[..whole]).unwrap_or_default();
                (found[..whole].to_vec(), decisions)
            }
        }
    }

    /// The commits of a set, in the order in which they were written.
    pub(super) fn commits_of(&self, account: AccountId, set: SetId) -> Vec<&FoundCommit> {
        self.commits.get(&(account, set)).into_iter().flatten().collect()
    }
}
