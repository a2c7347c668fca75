//! Snapshots that the policy does not keep.

use iota_core::id::{AccountId, SetId};
use iota_core::pack::{RecordKind, ThinningRecord};
use iota_core::retention::{Point, Verdict, evaluate, in_force, is_doubtful};
use sqlx::{Postgres, Transaction};

use super::PAGE_COMMITS;
use crate::app_state::AppState;
use crate::error::ApiResult;
use crate::store::backup_set::{self, RecentSet};
use crate::store::{commit, decision};

/// Lets go what the policy of the account does not keep of a set at `agreed_ms`, nor one that counted until lately.
///
/// Pages overlap by the last two snapshots of the one before: with its neighbours each is judged as among all.
pub(super) async fn thin(state: &AppState, set: &RecentSet, agreed_ms: u64) -> ApiResult<()> {
    let mut carried: Vec<Point> = Vec::new();
    let mut after = 0;
    loop {
        let _place = state.take_set(set.set_no).await?;
        let mut transaction = state.pool().begin().await?;
        let head = backup_set::lock_head(&mut transaction, set.set_no).await?.seq;
        let policy = in_force(decision::policies_of(&mut transaction, set.account_no).await?, agreed_ms).policy;
        let until_ms = policy.all_kept_from_ms(agreed_ms);
        let page = commit::points_after(&mut transaction, set.set_no, after, until_ms, PAGE_COMMITS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        // A doubtful one never goes, and is no bucket's end.
        carried.extend(page.into_iter().filter(|point| !is_doubtful(point)));
        let verdicts = evaluate(&policy, &carried, head, agreed_ms);
        let judged = || carried.iter().zip(&verdicts);
        let gone = judged().filter(|(_, verdict)| **verdict == Verdict::Goes).map(|(point, _)| point.seq).collect();
        let kept: Vec<Point> =
            judged().filter(|(_, verdict)| **verdict != Verdict::Goes).map(|(point, _)| *point).collect();
        carried = kept[kept.len().saturating_sub(2)..].to_vec();
        let_go(state, transaction, (set.account, set.set, set.set_no), gone).await?;
    }
}

/// Makes it durable that commits of a set that is locked are no snapshots any more.
pub(super) async fn let_go(
    state: &AppState,
    mut transaction: Transaction<'static, Postgres>,
    (account, set, set_no): (AccountId, SetId, i64),
    seqs: Vec<u64>,
) -> ApiResult<()> {
    if seqs.is_empty() {
        return Ok(());
    }
    commit::let_go(&mut transaction, set_no, &seqs).await?;
    tracing::info!(%set, snapshots = seqs.len(), "snapshots went, as their account decided");
    let record = ThinningRecord { set, thinned_ms: state.now_ms(), seqs };
    state.decide(transaction, account, vec![(RecordKind::Thinning, record.encode())]).await
}
