//! Retention: once an hour snapshots go that their account's policy does not keep, deletions become final, and what nothing uses
//! any more is marked.
//!
//! ```text
//! each set that committed lately ─► what time do its clocks agree on? ─► old snapshots, a page at a time ─► what goes ─► record ─► COMMIT
//! deletions that are due by the clocks of most accounts ─► final ─► the same
//! accounts that are due by them ─► record ─► COMMIT: nobody signs in ─► references, commits, sets, some at a time ─► the account
//!   ─► references that only went snapshots had, some at a time ─► once a day: chunks without references are marked ─► the sweep is sealed
//! ```
//! Each arrow's end is a state that the next round goes on from. The rules are [`iota_core::retention`]'s.

mod carry_out;
mod clear;
mod close;
mod sweep;
mod thin;

use std::collections::BTreeMap;
use std::time::Duration;

use iota_core::retention::agreed_ms;

use crate::app_state::AppState;
use crate::error::ApiResult;
use crate::rounds::{self, Rounds};
use crate::store::backup_set::{self, RecentSet};
use crate::store::commit;

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(3600);
/// After the start.
const AFTER_START: Duration = Duration::from_secs(30);
const DAY_MS: u64 = 24 * 3_600_000;
/// Commits of one day that are asked what time it is, the newest; more would be a flood.
const MAX_POINTS: usize = 20_000;
/// Commits that one transaction looks at, and lets go at most.
const PAGE_COMMITS: usize = 4096;

/// Makes rounds, the first a while after the start: it holds rows of sets, and what is missed at the start is to be told at once.
pub fn begin(state: AppState) -> Rounds {
    rounds::begin("retention", (AFTER_START, PAUSE), state, |state| async move { round(&state).await })
}

/// One round. A set that fails holds no other one up.
///
/// # Errors
/// `unavailable`, `internal`, `no_space`, of the last that failed: what was done is done.
pub async fn round(state: &AppState) -> ApiResult<()> {
    let mut times_ms = Vec::new();
    let mut outcome = Ok(());
    for set in backup_set::list_recent(state.pool(), state.now_ms().saturating_sub(DAY_MS)).await? {
        let agreed_ms = agreed_of(state, &set).await?;
        if let Some(agreed_ms) = agreed_ms {
            outcome = thin::thin(state, &set, agreed_ms).await.and(outcome);
        }
        times_ms.push((set.account_no, agreed_ms));
    }
    let agreed_ms = most_accounts_agree(&times_ms);
    outcome = carry_out::carry_out(state, agreed_ms).await.and(outcome);
    outcome = close::close(state, agreed_ms).await.and(outcome);
    outcome = clear::clear(state).await.and(outcome);
    sweep::sweep_daily(state).await.and(outcome)
}

/// By what time a set is thinned; `None` when not at all.
async fn agreed_of(state: &AppState, set: &RecentSet) -> ApiResult<Option<u64>> {
    let now_ms = state.now_ms();
    let mut connection = state.pool().acquire().await?;
    let from_ms = now_ms.saturating_sub(DAY_MS);
    let newest = commit::newest_points(&mut connection, set.set_no, from_ms, MAX_POINTS).await?;
    Ok(agreed_ms(&newest, now_ms))
}

/// The time on which most accounts agree, from each set's with its account: who has many machines has one vote.
fn most_accounts_agree(sets: &[(i64, Option<u64>)]) -> Option<u64> {
    let mut votes = BTreeMap::<i64, Vec<Option<u64>>>::new();
    for &(account_no, agreed_ms) in sets {
        votes.entry(account_no).or_default().push(agreed_ms);
    }
    most_agree(votes.into_values().map(most_agree).collect())
}

/// The time on which most of an account's sets agree, or most accounts: the median, the lower of two. A set whose clocks disagree stands
/// for none.
fn most_agree(mut times_ms: Vec<Option<u64>>) -> Option<u64> {
    times_ms.sort_unstable();
    let middle = times_ms.len().checked_sub(1)? / 2;
    times_ms[middle]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_have_to_agree() {
        assert_eq!(most_agree(vec![]), None);
        assert_eq!(most_agree(vec![Some(5)]), Some(5));
        assert_eq!(most_agree(vec![Some(5), None]), None);
        assert_eq!(most_agree(vec![Some(9), None, Some(5)]), Some(5));
        assert_eq!(most_agree(vec![None, Some(9), None]), None);
    }

    #[test]
    fn an_account_with_many_machines_has_one_vote() {
        let honest = [(1, Some(5)), (2, Some(6))];
        let crowd = |agreed_ms| (0..9).map(move |_| (3, agreed_ms)).chain(honest).collect::<Vec<_>>();
        assert_eq!(most_accounts_agree(&crowd(Some(1000))), Some(6));
        assert_eq!(most_accounts_agree(&crowd(None)), Some(5));
        assert_eq!(most_accounts_agree(&[(1, Some(5)), (1, None), (2, None)]), None);
        assert_eq!(most_accounts_agree(&[]), None);
    }
}
