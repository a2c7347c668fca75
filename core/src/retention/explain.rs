//! What a reader makes of a list of snapshots: whether what is not in it went by the account's word.
//!
//! A header signs when the commit before it was received, so the times of the listed commits, and of the last one of each gap, are the
//! machines' word. Receipts never fall. A gap within one bucket, between two listed commits of that bucket, holds neither its first nor
//! its last: the rule explains it. A deletion explains what it names, and the first and the last of that may have been a bucket's. Any
//! other gap has taken what should have stayed. What this cannot see is a commit with a doubtful clock inside a gap that is
//! explained.

use super::{Decisions, Point, Policy, Rule, is_doubtful};
use crate::id::SetId;

/// A commit that is listed, or that a deletion begins or ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The commit, with the time of receipt that the next one signed.
    pub point: Point,
    /// When the commit before was received, as this one signed it.
    pub prev_received_ms: u64,
}

/// Commits that are missing and that no rule lets go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first of them.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// When the last was received.
    pub received_ms: u64,
}

/// The gaps among `shown`, ascending, that nothing the account ever decided explains at `now_ms`, by the reader's clock. `shown` are all
/// listed commits of `set`, and the first and last of each deletion of its commits that stands.
pub fn unexplained(decisions: &Decisions, set: SetId, shown: &[Shown], now_ms: u64) -> Vec<Gap> {
    let mut gaps = Vec::new();
    // The nearest commit below that has a bucket.
    let mut before: Option<Point> = None;
    let mut last_seq = 0;
    for (index, upper) in shown.iter().enumerate() {
        if upper.point.seq > last_seq + 1 {
            let gap = Gap { first: last_seq + 1, last: upper.point.seq - 1, received_ms: upper.prev_received_ms };
            let after = shown[index..].iter().map(|shown| shown.point).find(|point| !is_doubtful(point));
            let went = |(policy, until_ms): (Policy, u64)| policy.lets_go(gap.received_ms, before.zip(after), until_ms);
            if !decisions.deleted(set, gap.first, gap.last) && !decisions.each_until(now_ms).any(went) {
                gaps.push(gap);
            }
        }
        last_seq = upper.point.seq;
        if !is_doubtful(&upper.point) {
            before = Some(upper.point);
        }
    }
    gaps
}

impl Policy {
    /// Whether by `now_ms` it lets go what was received at `received_ms`, between two commits that have a bucket.
    fn lets_go(&self, received_ms: u64, ends: Option<(Point, Point)>, now_ms: u64) -> bool {
        match self.rule(received_ms, now_ms) {
            Rule::Recent => false,
            Rule::Past => true,
            rule @ Rule::Ends(..) => ends.is_some_and(|(before, after)| {
                [before, after].iter().all(|end| self.rule(end.received_ms, now_ms) == rule)
            }),
        }
    }
}
