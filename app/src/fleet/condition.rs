//! How well a machine is protected.

use iota_core::vault::{Problem, ProblemKind};

use super::Machine;
use crate::words;

/// A machine is silent when nothing was heard of it for so long, milliseconds.
const SILENT_AFTER_MS: u64 = 2 * 86_400_000;

/// How well a machine is protected, least first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Its history is not what was written.
    Altered,
    /// The vault could not check what the server says of it.
    Unchecked,
    /// Nothing was heard of it for so long, milliseconds.
    Silent(u64),
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
        let heard = [machine.contact_ms, machine.head.map(|head| head.received_ms), Some(machine.created_ms)];
        let silent_ms = now_ms.saturating_sub(heard.into_iter().flatten().max().unwrap_or_default());
        match machine.head {
            _ if silent_ms >= SILENT_AFTER_MS => Self::Silent(silent_ms),
            None => Self::Waiting,
            Some(head) if head.partial => Self::First,
            Some(head) if head.gaps => Self::Gaps,
            Some(_) => Self::Protected,
        }
    }

    /// Its part of a class name.
    pub fn tone(&self) -> &'static str {
        match self {
            Self::Altered | Self::Silent(_) => "bad",
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
            Self::Silent(_) => "wifi-off",
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
            Self::Silent(ms) => format!("Silent for {}", words::span(ms / 1000)),
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
    fn a_machine_is_silent_after_two_days_without_a_word() {
        let two_days = |machine: &mut Machine| {
            machine.contact_ms = Some(NOW_MS - SILENT_AFTER_MS);
            machine.head.as_mut().unwrap().received_ms = NOW_MS - SILENT_AFTER_MS - 1;
        };
        assert_eq!(machine(two_days), Condition::Silent(SILENT_AFTER_MS));
        assert_eq!(machine(|machine| machine.head.as_mut().unwrap().received_ms = 0), Condition::Protected);
    }

    #[test]
    fn the_least_protected_comes_first() {
        let mut all =
            [Condition::Revoked, Condition::Protected, Condition::Silent(1), Condition::Altered, Condition::Gaps];
        all.sort();
        assert_eq!(
            all,
            [Condition::Altered, Condition::Silent(1), Condition::Gaps, Condition::Protected, Condition::Revoked]
        );
    }
}
