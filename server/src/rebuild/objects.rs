//! Rows of objects, from the heads of their records.

use std::collections::{BTreeMap, BTreeSet};

use iota_core::id::{AccountId, Cid};
use sqlx::PgConnection;

use super::{Domain, RebuildError, Report};
use crate::packs::{Place, RecordKind, Walk};
use crate::store::chunk;

/// Enters every object of a known account; those of closed ones are nobody's. Where one stands twice, the later place counts.
pub(super) async fn enter(
    connection: &mut PgConnection,
    walks: &[Walk],
    domains: &BTreeMap<AccountId, Domain>,
    closed: &BTreeSet<AccountId>,
    report: &mut Report,
) -> Result<(), RebuildError> {
    for walk in walks {
        let mut found: BTreeMap<AccountId, BTreeMap<Cid, Place>> = BTreeMap::new();
        for (place, head) in walk.of_kind(RecordKind::Object) {
            found.entry(head.owner).or_default().insert(Cid(head.id), place);
        }
        for (owner, objects) in found.into_iter().filter(|(owner, _)| !closed.contains(owner)) {
            let Some(domain) = domains.get(&owner) else {
                let count = objects.len();
                report.problem(format!("{count} objects in pack {:x} belong to no known account", walk.number));
                continue;
            };
            let objects: Vec<(Cid, Place)> = objects.into_iter().collect();
            chunk::restore(connection, domain.domain_no, &objects).await?;
            report.objects += objects.len() as u64;
        }
    }
    Ok(())
}
