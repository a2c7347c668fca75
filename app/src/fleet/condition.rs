//! How well a machine is protected.

use iota_core::vault::{Problem, ProblemKind};

use super::Machine;
use crate::words;

/// How well a machine is protected, least first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Its history is not what was written.
    Altered,
    /// The vault could not check what the server says of it.
    Unchecked,
    /// It has completed no backup for so long, milliseconds, which the server measured to be beyond its limit.
    Missed(u64),
    /// It was let in, and has stored nothing yet.
    Waiting,
    /// Its first full backup goes on; what is there can be restored.
    First,
    /// Something that its rules include is missing.
    Gaps,
    /// All of it is there.
    Protected,
    /// Its key was taken away; what it stored stays.
    Revoked,
}

impl Condition {
    /// The condition of a machine at a time, milliseconds since 1970.
    pub fn of(machine: &Machine, now_ms: u64) -> Self {
        let altered = |problem: &Problem| problem.kind == ProblemKind::Altered;
        if machine.alarm.as_ref().is_some_and(altered) {
            return Self::Altered;
        }
        if machine.alarm.is_some() {
            return Self::Unchecked;
        }
        if machine.revoked {
            return Self::Revoked;
        }
        if let Some(watch) = machine.watch.as_ref().filter(|watch| watch.missed) {
            return Self::Missed(now_ms.saturating_sub(watch.since_ms));
        }
        match machine.head {
            None => Self::Waiting,
            Some(head) if head.partial => Self::First,
            Some(head) if head.gaps => Self::Gaps,
            Some(_) => Self::Protected,
        }
    }

    /// Least protected first, whatever the time: machines of one state have one rank.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Altered => 0,
            Self::Unchecked => 1,
            Self::Missed(_) => 2,
            Self::Waiting => 3,
            Self::First => 4,
            Self::Gaps => 5,
            Self::Protected => 6,
            Self::Revoked => 7,
        }
    }

    /// Its part of a class name.
    pub fn tone(&self) -> &'static str {
        match self {
            Self::Altered | Self::Missed(_) => "bad",
            Self::Waiting | Self::First => "busy",
            Self::Gaps | Self::Unchecked => "warn",
            Self::Protected => "ok",
            Self::Revoked => "locked",
        }
    }

    /// Its icon.
    pub fn icon(&self) -> &'static str {
        match self {
            Self::Altered => "octagon-alert",
            Self::Unchecked => "circle-alert",
            Self::Missed(_) => "circle-x",
            Self::Waiting => "circle-dashed",
            Self::First => "loader",
            Self::Gaps => "circle-alert",
            Self::Protected => "circle-check",
            Self::Revoked => "circle-slash",
        }
    }

    /// It in a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Altered => "Stopped: history does not fit".into(),
            Self::Unchecked => "Cannot be checked".into(),
            Self::Missed(ms) => format!("Missed: no complete backup for {}", words::span(ms / 1000)),
            Self::Waiting => "Waiting for its first backup".into(),
            Self::First => "First backup under way".into(),
            Self::Gaps => "Protected, with gaps".into(),
            Self::Protected => "Protected".into(),
            Self::Revoked => "Key taken away".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use iota_core::api::alerts::Watch;
    use iota_core::id::SetId;
    use iota_core::vault::HeadView;

    use super::*;

    const NOW_MS: u64 = 100 * 86_400_000;

    fn machine(change: impl FnOnce(&mut Machine)) -> Condition {
        let head = HeadView { seq: 3, received_ms: NOW_MS, device_time_ms: NOW_MS, partial: false, gaps: false };
        let mut machine = Machine {
            set: SetId([1; 16]),
            number: 1,
            name: None,
            revoked: false,
            head: Some(head),
            contact_ms: Some(NOW_MS),
            created_ms: 0,
            live_bytes: 0,
            watch: None,
            upload: None,
            days: vec![],
            alarm: None,
            first_visit: false,
        };
        change(&mut machine);
        Condition::of(&machine, NOW_MS)
    }

    fn head(change: impl FnOnce(&mut HeadView)) -> Condition {
        machine(|machine| machine.head.as_mut().map(change).unwrap())
    }

    #[test]
    fn the_worst_that_is_known_counts() {
        let alarm = || Some(Problem::new(ProblemKind::Altered, "an older state"));
        let refused = || Some(Problem::new(ProblemKind::Refused, "no path"));
        assert_eq!(machine(|machine| (machine.alarm, machine.revoked) = (refused(), true)), Condition::Unchecked);
        assert_eq!(machine(|_| ()), Condition::Protected);
        assert_eq!(head(|head| head.gaps = true), Condition::Gaps);
        assert_eq!(head(|head| (head.gaps, head.partial) = (true, true)), Condition::First);
        assert_eq!(machine(|machine| machine.head = None), Condition::Waiting);
        assert_eq!(machine(|machine| (machine.revoked, machine.head) = (true, None)), Condition::Revoked);
        assert_eq!(machine(|machine| (machine.alarm, machine.revoked) = (alarm(), true)), Condition::Altered);
    }

    #[test]
    fn a_machine_is_missed_when_the_server_measured_it() {
        let watch =
            |missed| Some(Watch { since_ms: NOW_MS - 5, missed, limit_hours: None, public_name: String::new() });
        assert_eq!(machine(|machine| machine.watch = watch(true)), Condition::Missed(5));
        assert_eq!(machine(|machine| machine.watch = watch(false)), Condition::Protected);
        let first = |machine: &mut Machine| (machine.head, machine.watch) = (None, watch(true));
        assert_eq!(machine(first), Condition::Missed(5));
        assert_eq!(machine(|machine| (machine.revoked, machine.watch) = (true, watch(true))), Condition::Revoked);
    }

    #[test]
    fn the_least_protected_comes_first() {
        let mut all =
            [Condition::Revoked, Condition::Protected, Condition::Missed(1), Condition::Altered, Condition::Gaps];
        all.sort_by_key(Condition::rank);
        assert_eq!(
            all,
            [Condition::Altered, Condition::Missed(1), Condition::Gaps, Condition::Protected, Condition::Revoked]
        );
    }
}
