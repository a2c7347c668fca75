//! Making the database again from the packs alone: accounts and logins, sets and machines, commits, references, objects.
//!
//! ```text
//! walk every pack ─► decisions: accounts, slot lists, certificates, names, commits
//!   ─► for each set the log that its newest commit leads to ─► rows of objects ─► references, commit by commit
//! ```
//! All of it is one transaction: a rebuild that was interrupted left nothing, and is run again.

mod decisions;
mod history;
mod objects;
mod replay;
mod report;

use std::collections::BTreeMap;
use std::path::Path;

use iota_core::certificate::SignedCertificate;
use iota_core::id::{AccountId, SetId};
use iota_core::retention::UNDO_MS;
use sqlx::{PgConnection, PgPool};
use thiserror::Error;

use self::decisions::Decisions;
use self::history::History;
pub use self::report::Report;
use crate::auth::step_of;
use crate::host_key::{HostKey, HostKeyError};
use crate::packs::{self, PackError, PackReader, Walk};
use crate::records::{SecondFactorRecord, seal_secret};
use crate::store::account::{self, NewAccount};
use crate::store::{
    StoreError, alerts, backup_set, closing, commit, decision, deletion, device, domain, reference, second_factor,
    server, watch,
};

/// The database could not be made again. It is as it was.
#[derive(Debug, Error)]
pub enum RebuildError {
    /// There is something in the database.
    #[error("the database is not empty: move DATA/postgres away, or name an empty database, then run this again")]
    NotEmpty,
    /// There is nothing to make it from.
    #[error("there are no packs in {0}: put back the folder `packs` of the server, then run this again")]
    NoPacks(String),
    /// Packs of several servers.
    #[error("pack {0:x} belongs to another server than the ones before: move it away, then run this again")]
    Foreign(u64),
    /// Records of accounts, and none opens.
    #[error(
        "none of the {0} records of accounts opens: `host.key` is not the one that they were sealed with; put back the copy \
         that you keep of it, then run this again"
    )]
    OtherKey(usize),
    /// The packs.
    #[error(transparent)]
    Packs(#[from] PackError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The host key.
    #[error(transparent)]
    HostKey(#[from] HostKeyError),
}

impl From<sqlx::Error> for RebuildError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Fills an empty database, whose tables are there, from the packs in `root`.
///
/// # Errors
/// [`RebuildError`].
pub async fn rebuild(pool: &PgPool, root: &Path, key: &HostKey, now_ms: u64) -> Result<Report, RebuildError> {
    if server::find(pool).await?.is_some() || account::exists_any(pool).await? {
        return Err(RebuildError::NotEmpty);
    }
    let mut report = Report::default();
    let walks = walk_all(root, &mut report)?;
    let reader = PackReader::open(root);
    let decisions = Decisions::read(&walks, &reader, key, &mut report)?;
    let server_id = decisions.server.ok_or_else(|| RebuildError::NoPacks(root.display().to_string()))?;
    if decisions.accounts().is_empty() && decisions.unopened > 0 {
        return Err(RebuildError::OtherKey(decisions.unopened));
    }

    let mut transaction = pool.begin().await?;
    let domains = enter_accounts(&mut transaction, &decisions, key, now_ms, &mut report).await?;
    objects::enter(&mut transaction, &walks, &domains, &decisions.closed(), &mut report).await?;
    for (account, domain) in &domains {
        enter_sets(&mut transaction, &decisions, *account, domain, &reader, &mut report).await?;
        enter_deletions(&mut transaction, &decisions, *account, domain.account_no, now_ms).await?;
    }
    // A server starts only on a database that has its id.
    server::insert(&mut *transaction, server_id, now_ms).await?;
    transaction.commit().await?;
    Ok(report)
}

/// Rows of an account.
struct Domain {
    account_no: i64,
    domain_no: i64,
}

fn walk_all(root: &Path, report: &mut Report) -> Result<Vec<Walk>, RebuildError> {
    let mut walks = Vec::new();
    for number in packs::list(root)?.numbers {
        let quick = packs::walk(root, number, false)?;
        // Without an index nobody has said that what its heads describe was ever synced.
        let walk = if quick.is_indexed() { quick } else { packs::walk(root, number, true)? };
        report.note_walk(&walk);
        walks.push(walk);
    }
    Ok(walks)
}

async fn enter_accounts(
    connection: &mut PgConnection,
    decisions: &Decisions,
    key: &HostKey,
    now_ms: u64,
    report: &mut Report,
) -> Result<BTreeMap<AccountId, Domain>, RebuildError> {
    let mut domains = BTreeMap::new();
    for found in decisions.accounts() {
        let Some(slots) = decisions.slots.get(&found.record.account) else {
            report.problem(format!("account {} has no slot list and is left out", found.record.account));
            continue;
        };
        let new = NewAccount::from_record(&found.record, key, slots.sealed.clone(), slots.version)?;
        // Taken: by an account that was made later with the same login, so this one was never acknowledged.
        let Some(account_no) = account::insert(connection, &new).await? else { continue };
        if let Some(record) = decisions.second_factors.get(&found.record.account) {
            enter_second_factor(connection, account_no, record, key, now_ms).await?;
        }
        if let Some(decided) = decisions.alerts.get(&found.record.account) {
            alerts::set(connection, account_no, decided).await?;
        }
        for (received_ms, signed) in decisions.decided_by(found.record.account).0 {
            decision::insert(connection, account_no, &signed, received_ms).await?;
        }
        let domain_no = domain::private_of(connection, account_no).await?;
        domains.insert(found.record.account, Domain { account_no, domain_no });
        report.accounts += 1;
    }
    Ok(domains)
}

/// Codes up to now count as used: which were is not in the packs.
async fn enter_second_factor(
    connection: &mut PgConnection,
    account_no: i64,
    record: &SecondFactorRecord,
    key: &HostKey,
    now_ms: u64,
) -> Result<(), RebuildError> {
    second_factor::lock(connection, account_no, now_ms).await?;
    let secret = record.factor.as_ref().map(|(secret, _)| seal_secret(key, record.account, secret)).transpose()?;
    let codes = record.factor.as_ref().map_or(&[][..], |(_, codes)| codes);
    let step = step_of(now_ms);
    second_factor::set(connection, account_no, secret.as_deref(), codes, step, record.version).await?;
    Ok(())
}

async fn enter_sets(
    connection: &mut PgConnection,
    decisions: &Decisions,
    account: AccountId,
    domain: &Domain,
    reader: &PackReader,
    report: &mut Report,
) -> Result<(), RebuildError> {
    for (set, certificates) in decisions.sets_of(account) {
        let commits = decisions.commits_of(account, set);
        let history = History::of(&certificates, &commits);
        let Some(first) = history.certificates.first() else {
            let count = commits.len();
            report.problem(format!("the first certificate of set {set} is lost, and its {count} commits are left out"));
            continue;
        };
        let label = decisions.labels.get(&(account, set)).map_or(&[][..], |label| label);
        let created_ms = first.certificate.issued_ms;
        let set_no = backup_set::insert(connection, set, domain.account_no, label, created_ms).await?;
        let set_no = set_no.ok_or(StoreError::Damaged("set"))?;
        if let Some(decided) = decisions.watches.get(&(account, set)) {
            watch::set(connection, set_no, decided).await?;
        }
        enter_machines(connection, set, set_no, &history.certificates, report).await?;
        let lost = history.lost.len();
        if lost > 0 {
            let seqs: Vec<u64> = history.lost.iter().map(|lost| lost.seq).collect();
            report.problem(format!("{lost} commits of set {set} are in no pack: {seqs:?}"));
        }
        replay::Replay { set, set_no, domain_no: domain.domain_no, reader, decisions }
            .run(connection, &history, report)
            .await?;
        if let Some(seqs) = decisions.thinned.get(&(account, set)) {
            let_go(connection, set_no, seqs.iter().copied().collect()).await?;
        }
        report.sets += 1;
    }
    Ok(())
}

/// What the logs say that went snapshots used goes with them.
async fn let_go(connection: &mut PgConnection, set_no: i64, seqs: Vec<u64>) -> Result<(), RebuildError> {
    commit::let_go(connection, set_no, &seqs).await?;
    while let Some((below, above)) = commit::uncleared(connection, set_no).await? {
        reference::forget_between(connection, set_no, below, above, i64::MAX as u64).await?;
        commit::note_cleared(connection, set_no, below, above, i64::MAX as u64).await?;
    }
    Ok(())
}

/// Deletions, also of the account, that can be taken back or were not carried out to their end.
async fn enter_deletions(
    connection: &mut PgConnection,
    decisions: &Decisions,
    account: AccountId,
    account_no: i64,
    now_ms: u64,
) -> Result<(), RebuildError> {
    let (received, decided) = decisions.decided_by(account);
    // Packs from before the owner took it back may be all that is left: there is time to do it again.
    let due_ms = |version: u64| {
        let received_ms = received.get(version as usize - 1).map_or(0, |(received_ms, _)| *received_ms);
        received_ms.max(now_ms) + UNDO_MS
    };
    if let Some((version, _)) = decided.closing() {
        closing::set(connection, account_no, version, due_ms(version)).await?;
    }
    for (version, deletion, _) in decided.standing() {
        let Some(set_no) = backup_set::find_of(connection, account_no, deletion.set).await? else { continue };
        let left = commit::kept_within(connection, set_no, (deletion.first, deletion.last), 1).await?;
        if !left.is_empty() {
            deletion::insert(connection, (account_no, version), set_no, &deletion, due_ms(version)).await?;
        }
    }
    Ok(())
}

async fn enter_machines(
    connection: &mut PgConnection,
    set: SetId,
    set_no: i64,
    certificates: &[SignedCertificate],
    report: &mut Report,
) -> Result<(), RebuildError> {
    for signed in certificates {
        if !device::insert(connection, set_no, signed, signed.certificate.issued_ms).await? {
            report
                .problem(format!("machine {} stands in two sets; in {set} it is left out", signed.certificate.device));
        }
    }
    Ok(())
}
