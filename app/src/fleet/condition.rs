//! How well a machine is protected.

use iota_core::live::Resting;
use iota_core::vault::{Doing, Problem, ProblemKind};

use super::Machine;
use crate::words::{self, Moment, many};

const DAY_MS: u64 = 86_400_000;
/// A machine that is there every day is there after a day, and half of one for who has no exact hour.
const DAILY_MS: u64 = DAY_MS + DAY_MS / 2;
/// However long a machine was away before, to be away for longer is worth a word.
const MOST_AWAY_DAYS: u64 = 14;

/// How well a machine is protected, least first.
///
/// What is known to be wrong comes before what is not known, and that before what ends by itself: a machine that failed is there and
/// says so; of one that is silent the last word may still hold; one that rests goes on by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Its history is not what was written.
    Altered,
    /// The vault could not check what the server says of it.
    Unchecked,
    /// It has completed no backup for so long, milliseconds, which the server measured to be beyond its limit.
    Missed(u64),
    /// Its last run failed, as it says; no run has ended well for so long, milliseconds.
    Failed(u64),
    /// Nothing was heard of it for so long, milliseconds, which is longer than it is usually away.
    Silent(u64),
    /// It rests, as it says.
    Paused {
        /// For how long so far, milliseconds.
        for_ms: u64,
        /// Until when, milliseconds since 1970.
        until_ms: Option<u64>,
        /// Why; nothing when somebody asked for it.
        resting: Option<Resting>,
    },
    /// It was let in, and has stored nothing yet.
    Waiting,
    /// Its first full backup is not complete; what is there can be restored.
    First,
    /// Something that its rules include is missing: how much, as far as that is known.
    Gaps(Option<u64>),
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
        let doing = doing(machine, now_ms);
        if doing == Some(&Doing::Unproven) {
            return Self::Unchecked;
        }
        if let Some(watch) = machine.watch.as_ref().filter(|watch| watch.missed) {
            return Self::Missed(now_ms.saturating_sub(watch.since_ms));
        }
        if let Some(Doing::Fails { since_ms, .. }) = doing {
            return Self::Failed(now_ms.saturating_sub(*since_ms));
        }
        if let Some(ms) = silent_ms(machine, now_ms) {
            return Self::Silent(ms);
        }
        if let Some(&Doing::Rests { since_ms, until_ms, resting }) = doing {
            return Self::Paused { for_ms: now_ms.saturating_sub(since_ms), until_ms, resting };
        }
        match machine.head {
            None => Self::Waiting,
            Some(head) if head.partial => Self::First,
            Some(head) if head.gaps => {
                let word = machine.word.as_ref().filter(|word| word.gap_count > 0);
                Self::Gaps(word.map(|word| word.gap_count))
            }
            Some(_) => Self::Protected,
        }
    }

    /// Least protected first, whatever the time: machines of one state have one rank.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Altered => 0,
            Self::Unchecked => 1,
            Self::Missed(_) => 2,
            Self::Failed(_) => 3,
            Self::Silent(_) => 4,
            Self::Paused { .. } => 5,
            Self::Waiting => 6,
            Self::First => 7,
            Self::Gaps(_) => 8,
            Self::Protected => 9,
            Self::Revoked => 10,
        }
    }

    /// For how long it has been so, milliseconds, where that tells machines of one state apart.
    pub fn lasted_ms(&self) -> u64 {
        match self {
            Self::Missed(ms) | Self::Failed(ms) | Self::Silent(ms) | Self::Paused { for_ms: ms, .. } => *ms,
            _ => 0,
        }
    }

    /// Until when it rests at most, as in `until 30 Oct 2026, 09:58`.
    pub fn until(&self) -> Option<String> {
        let Self::Paused { until_ms: Some(ms), resting, .. } = self else { return None };
        let until = if resting.is_none() { "until" } else { "at most until" };
        Some(format!("{until} {}", Moment::local(*ms).date_clock()))
    }

    /// Its part of a class name.
    pub fn tone(&self) -> &'static str {
        match self {
            Self::Altered | Self::Missed(_) | Self::Failed(_) => "bad",
            Self::Waiting | Self::First => "busy",
            Self::Gaps(_) | Self::Unchecked | Self::Silent(_) | Self::Paused { .. } => "warn",
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
            Self::Failed(_) => "triangle-alert",
            Self::Silent(_) => "wifi-off",
            Self::Paused { .. } => "hourglass",
            Self::Waiting => "circle-dashed",
            Self::First => "loader",
            Self::Gaps(_) => "circle-alert",
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
            Self::Failed(ms) => format!("Failing for {}", words::span(ms / 1000)),
            Self::Silent(ms) => format!("Silent for {}", words::span(ms / 1000)),
            Self::Paused { resting: None, .. } => "Paused".into(),
            Self::Paused { resting: Some(Resting::OnBattery), .. } => "Rests on battery".into(),
            Self::Paused { resting: Some(Resting::OnMetered), .. } => "Rests, network metered".into(),
            Self::Waiting => "Waiting for its first backup".into(),
            Self::First => "First backup not complete".into(),
            Self::Gaps(Some(count)) => format!("Protected, with {}", many(*count, "gap", "gaps")),
            Self::Gaps(None) => "Protected, with gaps".into(),
            Self::Protected => "Protected".into(),
            Self::Revoked => "Key taken away".into(),
        }
    }
}

/// What a machine said that it is at, as far as that can still hold: a run that failed before the newest commit has been made up for,
/// and a pause ends by itself.
fn doing(machine: &Machine, now_ms: u64) -> Option<&Doing> {
    let word = machine.word.as_ref()?;
    let holds = match &word.doing {
        Doing::Works | Doing::Unproven => true,
        Doing::Fails { .. } => machine.head.is_none_or(|head| head.received_ms <= word.received_ms),
        Doing::Rests { until_ms, .. } => until_ms.is_none_or(|until_ms| until_ms > now_ms),
    };
    holds.then_some(&word.doing)
}

/// For how long nothing was heard of a machine, if that is longer than usual. Where its owner set a limit for it, that alone counts: who
/// says that a machine may be away for a month does not wonder after two days. Of one that is never to be missed it is told all the same.
fn silent_ms(machine: &Machine, now_ms: u64) -> Option<u64> {
    let contact_ms = machine
        .contact_ms
        .filter(|_| machine.watch.as_ref().is_none_or(|watch| matches!(watch.limit_hours, None | Some(0))))?;
    let away_ms = now_ms.saturating_sub(contact_ms);
    (away_ms > DAILY_MS + usually_away_ms(machine)).then_some(away_ms)
}

/// How long a machine is usually away, milliseconds: the longest row of whole days without it that came twice among those that are shown, and
/// two weeks at most.
fn usually_away_ms(machine: &Machine) -> u64 {
    let days = || machine.days.iter().map(|info| info.day);
    let mut away: Vec<u64> =
        days().zip(days().skip(1)).map(|(day, next)| next.saturating_sub(day.saturating_add(1))).collect();
    away.sort_unstable_by(|one, other| other.cmp(one));
    away.get(1).copied().unwrap_or_default().min(MOST_AWAY_DAYS) * DAY_MS
}

#[cfg(test)]
mod tests {
    use iota_core::api::alerts::Watch;
    use iota_core::api::json::DayInfo;
    use iota_core::id::SetId;
    use iota_core::vault::{HeadView, MachineWord};

    use super::*;

    const NOW_MS: u64 = 100 * 86_400_000;
    const HOUR_MS: u64 = 3_600_000;

    fn machine(change: impl FnOnce(&mut Machine)) -> Condition {
        let mut machine = Machine::protected_at(1, NOW_MS);
        change(&mut machine);
        Condition::of(&machine, NOW_MS)
    }

    fn head(change: impl FnOnce(&mut HeadView)) -> Condition {
        machine(|machine| machine.head.as_mut().map(change).unwrap())
    }

    fn watch(missed: bool, limit_hours: Option<u32>) -> Option<Watch> {
        Some(Watch { since_ms: NOW_MS - 5, missed, limit_hours, public_name: String::new() })
    }

    fn word(received_ms: u64, doing: Doing) -> Option<MachineWord> {
        Some(MachineWord { set: SetId([1; 16]), received_ms, doing, gap_count: 0 })
    }

    #[test]
    fn the_worst_that_is_known_counts() {
        let alarm = || Some(Problem::new(ProblemKind::Altered, "an older state"));
        let refused = || Some(Problem::new(ProblemKind::Refused, "no path"));
        assert_eq!(machine(|machine| (machine.alarm, machine.revoked) = (refused(), true)), Condition::Unchecked);
        assert_eq!(machine(|_| ()), Condition::Protected);
        assert_eq!(head(|head| head.gaps = true), Condition::Gaps(None));
        assert_eq!(head(|head| (head.gaps, head.partial) = (true, true)), Condition::First);
        assert_eq!(machine(|machine| machine.head = None), Condition::Waiting);
        assert_eq!(machine(|machine| (machine.revoked, machine.head) = (true, None)), Condition::Revoked);
        assert_eq!(machine(|machine| (machine.alarm, machine.revoked) = (alarm(), true)), Condition::Altered);
    }

    #[test]
    fn a_machine_is_missed_when_the_server_measured_it() {
        assert_eq!(machine(|machine| machine.watch = watch(true, None)), Condition::Missed(5));
        assert_eq!(machine(|machine| machine.watch = watch(false, None)), Condition::Protected);
        let first = |machine: &mut Machine| (machine.head, machine.watch) = (None, watch(true, None));
        assert_eq!(machine(first), Condition::Missed(5));
        let revoked = |machine: &mut Machine| (machine.revoked, machine.watch) = (true, watch(true, None));
        assert_eq!(machine(revoked), Condition::Revoked);
        let silent = |machine: &mut Machine| (machine.contact_ms, machine.watch) = (Some(0), watch(true, None));
        assert_eq!(machine(silent), Condition::Missed(5), "what was measured counts before what is not known");
    }

    #[test]
    fn a_machine_is_silent_when_it_is_away_for_longer_than_usual() {
        let away = |hours: u64, days: &[u64]| {
            machine(|machine| {
                machine.contact_ms = Some(NOW_MS - hours * HOUR_MS);
                machine.days = days.iter().map(|&day| DayInfo { day, commits: 1, gaps: false }).collect();
            })
        };
        let silent = |hours: u64| Condition::Silent(hours * HOUR_MS);
        assert_eq!(away(36, &[97, 98]), Condition::Protected);
        assert_eq!(away(37, &[97, 98]), silent(37));
        // A machine that sleeps over weekends is not missed on Monday morning, and is on Wednesday.
        let weekdays = [70, 71, 72, 75, 76, 79, 82, 83, 86, 90, 93, 97];
        assert_eq!(away(4 * 24, &weekdays), Condition::Protected);
        assert_eq!(away(5 * 24, &weekdays), silent(120));
        // That it was away for long once is no habit.
        assert_eq!(away(37, &[70, 71, 95, 96, 97, 98]), silent(37));
        assert_eq!(away(37, &[]), silent(37));
        // It may be away as long as its owner says, and one that was never heard of waits.
        let limited = |machine: &mut Machine| (machine.contact_ms, machine.watch) = (Some(0), watch(false, Some(720)));
        assert_eq!(machine(limited), Condition::Protected);
        let never = |machine: &mut Machine| (machine.contact_ms, machine.watch) = (Some(0), watch(false, Some(0)));
        assert_eq!(machine(never), Condition::Silent(NOW_MS), "no mail is wanted, but it is not well");
        // Two long absences are no leave for a third.
        assert_eq!(away(15 * 24, &[10, 45, 80, 84]), Condition::Protected);
        assert_eq!(away(16 * 24, &[10, 45, 80, 84]), silent(16 * 24));
        assert_eq!(machine(|machine| (machine.contact_ms, machine.head) = (None, None)), Condition::Waiting);
        assert_eq!(machine(|machine| (machine.contact_ms, machine.head) = (Some(0), None)), Condition::Silent(NOW_MS));
        assert_eq!(silent(49).words(), "Silent for 2\u{a0}days");
    }

    #[test]
    fn a_run_that_failed_counts_until_a_commit_comes_after_it() {
        let fails = |received_ms| {
            let doing = Doing::Fails { since_ms: NOW_MS - HOUR_MS, reason: "no space".into() };
            machine(|machine| machine.word = word(received_ms, doing))
        };
        assert_eq!(fails(NOW_MS), Condition::Failed(HOUR_MS));
        assert_eq!(fails(NOW_MS - 1), Condition::Protected);
        assert_eq!(fails(NOW_MS).words(), "Failing for 1\u{a0}h");
        assert_eq!(machine(|machine| machine.word = word(NOW_MS, Doing::Works)), Condition::Protected);
        assert_eq!(machine(|machine| machine.word = word(0, Doing::Unproven)), Condition::Unchecked);
    }

    #[test]
    fn a_pause_counts_until_it_ends() {
        let rests = |until_ms, resting| {
            let doing = Doing::Rests { since_ms: NOW_MS - HOUR_MS, until_ms, resting };
            machine(|machine| machine.word = word(0, doing))
        };
        let paused = |until_ms, resting| Condition::Paused { for_ms: HOUR_MS, until_ms, resting };
        assert_eq!(rests(Some(NOW_MS + 1), None), paused(Some(NOW_MS + 1), None));
        assert_eq!(rests(None, None), paused(None, None));
        assert_eq!(rests(Some(NOW_MS), None), Condition::Protected);
        let said = |until_ms, resting| (rests(until_ms, resting).words(), rests(until_ms, resting).until());
        let until = |words: &str| Some(words.to_owned());
        assert_eq!(said(Some(NOW_MS + 1), None), ("Paused".into(), until("until 11\u{a0}Apr 1970, 00:00")));
        let battery = ("Rests on battery".into(), until("at most until 11\u{a0}Apr 1970, 01:00"));
        assert_eq!(said(Some(NOW_MS + HOUR_MS), Some(Resting::OnBattery)), battery);
        assert_eq!(said(None, None), ("Paused".into(), None));
        // One that nothing is heard of is silent, whatever it said before.
        let doing = Doing::Rests { since_ms: 0, until_ms: Some(NOW_MS + 1), resting: None };
        let silent = machine(|machine| (machine.word, machine.contact_ms) = (word(0, doing), Some(0)));
        assert_eq!(silent, Condition::Silent(NOW_MS));
    }

    #[test]
    fn gaps_are_counted_when_the_machine_says_how_many() {
        let gaps = machine(|machine| {
            machine.head.as_mut().unwrap().gaps = true;
            machine.word = word(1, Doing::Works).map(|word| MachineWord { gap_count: 3, ..word });
        });
        assert_eq!((gaps.words().as_str(), &gaps), ("Protected, with 3\u{a0}gaps", &Condition::Gaps(Some(3))));
    }

    #[test]
    fn the_least_protected_comes_first() {
        let paused = || Condition::Paused { for_ms: 1, until_ms: None, resting: None };
        let wanted = || {
            [
                Condition::Altered,
                Condition::Unchecked,
                Condition::Missed(1),
                Condition::Failed(1),
                Condition::Silent(1),
                paused(),
                Condition::Waiting,
                Condition::First,
                Condition::Gaps(None),
                Condition::Protected,
                Condition::Revoked,
            ]
        };
        let mut all = wanted();
        all.reverse();
        all.sort_by_key(Condition::rank);
        assert_eq!(all, wanted());
    }
}
