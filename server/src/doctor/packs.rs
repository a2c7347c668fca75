//! Whether every place that the database names is in its pack, and what else is wrong with packs.
//!
//! A running server goes on writing: rows are read before their pack is walked, so that whatever a row names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use iota_core::id::{Cid, ServerId};
use iota_core::pack::RecordHead;
use sqlx::{PgConnection, PgPool};
use tokio::task::spawn_blocking;

use super::Findings;
use crate::packs::{self, PackError, Place, RecordKind, Walk};
use crate::recent::RecentError;
use crate::store::chunk::PlacedChunk;
use crate::store::commit::CommitPlace;
use crate::store::{StoreError, chunk, commit};

/// What the packs together have.
#[derive(Default)]
struct Totals {
    packs: u64,
    records: u64,
    torn_bytes: u64,
}

pub(super) async fn examine(
    pool: &PgPool,
    root: &Path,
    numbers: &[u64],
    server: Option<ServerId>,
    full: bool,
    findings: &mut Findings,
) -> Result<(), RecentError> {
    let mut connection = pool.acquire().await.map_err(StoreError::from)?;
    let mut totals = Totals::default();
    for &number in numbers {
        let chunks = chunk::placed_in(&mut connection, number).await?;
        let commits = commit::places_in(&mut connection, number).await?;
        let walked = walk(root, number, full).await?;
        totals.packs += 1;
        totals.records += walked.records.len() as u64;
        totals.torn_bytes += walked.torn_bytes;
        let pack = Pack { walk: &walked, heads: heads_of(&walked), full };
        pack.note_faults(server, findings);
        pack.check_commits(&commits, findings);
        pack.check_chunks(&mut connection, &chunks, findings).await?;
    }
    note_missing(&mut connection, numbers, findings).await?;
    let Totals { packs, records, torn_bytes } = totals;
    let how = if full { "every byte of them was read" } else { "their indexes were read" };
    findings.ok(format!("{packs} packs with {records} records; {how}"));
    if torn_bytes > 0 {
        findings
            .ok(format!("{torn_bytes} bytes at the ends of packs were never acknowledged, and are left as they are"));
    }
    Ok(())
}

async fn walk(root: &Path, number: u64, verify: bool) -> Result<Walk, PackError> {
    let root = root.to_owned();
    spawn_blocking(move || packs::walk(&root, number, verify)).await.map_err(|_| PackError::Closed)?
}

fn heads_of(walk: &Walk) -> BTreeMap<Place, RecordHead> {
    walk.records.iter().map(|entry| (walk.place(entry), entry.head)).collect()
}

/// Packs that rows name and that are not there.
async fn note_missing(
    connection: &mut PgConnection,
    numbers: &[u64],
    findings: &mut Findings,
) -> Result<(), RecentError> {
    let mut named: BTreeSet<u64> = chunk::packs(connection).await?;
    named.extend(commit::packs(connection).await?);
    // Pack 0 stands for what a rebuild did not find.
    for missing in named.into_iter().filter(|&number| number > 0 && !numbers.contains(&number)) {
        findings.problem(format!("pack {missing:x} is gone: put it back from a copy of this data directory"));
    }
    Ok(())
}

/// A pack that was walked.
struct Pack<'a> {
    walk: &'a Walk,
    heads: BTreeMap<Place, RecordHead>,
    full: bool,
}

impl Pack<'_> {
    fn note_faults(&self, server: Option<ServerId>, findings: &mut Findings) {
        let path = self.walk.path.display();
        if let (Some(header), Some(server)) = (&self.walk.header, server)
            && header.server != server
        {
            findings.problem(format!("{path} belongs to another server: move it away"));
        }
        for fault in &self.walk.faults {
            let what = fault.record.map_or("bytes", |head| head.kind.as_str());
            findings.problem(format!("{path} is damaged: {what} at {}: {}", fault.position, fault.reason));
        }
    }

    fn check_commits(&self, commits: &[CommitPlace], findings: &mut Findings) {
        for commit in commits {
            let kind = self.heads.get(&commit.place).map(|head| head.kind);
            if !matches!(kind, Some(RecordKind::Commit | RecordKind::Body)) {
                let CommitPlace { set, seq, place } = commit;
                findings.problem(format!("commit {seq} of set {set} is not at {place}; it cannot be restored from"));
            }
        }
    }

    /// Objects that are not where rows say are marked, and marks are taken off what a full look found to be whole.
    async fn check_chunks(
        &self,
        connection: &mut PgConnection,
        chunks: &[PlacedChunk],
        findings: &mut Findings,
    ) -> Result<(), RecentError> {
        let mut lost = 0;
        for chunk in chunks {
            let whole = self.heads.get(&chunk.place).is_some_and(|head| is_it(head, chunk.cid));
            if !whole && !chunk.damaged {
                lost += 1;
                chunk::mark_damaged(connection, chunk.place).await?;
            } else if whole && chunk.damaged && self.full {
                chunk::mark_whole(connection, chunk.place).await?;
            }
        }
        if lost > 0 {
            let path = self.walk.path.display();
            findings.problem(format!(
                "{lost} objects are not whole in {path}: they are marked, and machines that still have them send them again"
            ));
        }
        Ok(())
    }
}

fn is_it(head: &RecordHead, cid: Cid) -> bool {
    head.kind == RecordKind::Object && head.id == cid.0
}
