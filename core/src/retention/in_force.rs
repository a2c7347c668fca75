//! A policy that keeps less takes hold only after a while: until then what an earlier one kept stays, too.

use super::{Policy, UNDO_MS};

/// What is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce {
    /// It keeps what the newest policy keeps, and what others kept that counted until lately.
    pub policy: Policy,
    /// When nothing but the newest is left of it, if that is still to come, milliseconds since 1970.
    pub until_ms: Option<u64>,
}

/// What is carried out at `now_ms`. `decided` are all policies of an account with the time at which each was decided, in order. One that
/// was replaced goes on for [`UNDO_MS`]: who did not want that has so long to decide otherwise.
pub fn in_force(decided: impl IntoIterator<Item = (Policy, u64)>, now_ms: u64) -> InForce {
    let mut newest = Policy::default();
    let mut replaced = Vec::new();
    for (policy, decided_ms) in decided {
        replaced.push((std::mem::replace(&mut newest, policy), decided_ms.saturating_add(UNDO_MS)));
    }
    let lasting = |&(policy, until_ms): &(Policy, u64)| until_ms > now_ms && !newest.covers(&policy);
    replaced.retain(lasting);
    InForce {
        policy: replaced.iter().fold(newest, |all, (policy, _)| all.join(policy)),
        until_ms: replaced.iter().map(|(_, until_ms)| *until_ms).max(),
    }
}

impl Policy {
    /// Keeps whatever one of both keeps.
    fn join(&self, other: &Self) -> Self {
        Self {
            every_days: self.every_days.max(other.every_days),
            hourly_days: self.hourly_days.max(other.hourly_days),
            daily_days: self.daily_days.max(other.daily_days),
            weekly_days: self.weekly_days.zip(other.weekly_days).map(|(own, other)| own.max(other)),
        }
    }
}
