//! "Are we protected?", answered in one sentence: the worst exception and its age, then what is not at risk.

use std::cmp::Reverse;

use iota_core::id::SetId;

use crate::fleet::{Condition, Machine};
use crate::words::{Moment, span};

/// The answer, out of four.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// "Yes.", "Mostly." or "Not now."; "We cannot tell." is said where nothing is known.
    pub word: &'static str,
    /// Its part of a class name.
    pub tone: &'static str,
    /// The machine that the sentence is about.
    pub about: Option<SetId>,
    /// The sentence without the machine.
    pub line: String,
    /// What is not at risk, and how the others are.
    pub more: String,
}

/// The answer for these machines at a time, milliseconds since 1970. None without machines that count.
pub(super) fn answer(machines: &[Machine], now_ms: u64) -> Option<Answer> {
    let mut all: Vec<(Condition, &Machine)> = machines
        .iter()
        .map(|machine| (Condition::of(machine, now_ms), machine))
        .filter(|(condition, _)| *condition != Condition::Revoked)
        .collect();
    // Of one state what has lasted longest first.
    all.sort_by_key(|(condition, machine)| (condition.rank(), Reverse(condition.lasted_ms()), machine.number));
    let (worst, machine) = all.first()?;
    if *worst == Condition::Protected {
        return Some(yes(&all, now_ms));
    }
    let (word, tone) = match worst {
        Condition::Altered => ("Not now.", "bad"),
        _ if all.iter().any(|(condition, machine)| keeps(condition, machine)) => ("Mostly.", "warn"),
        _ => ("Not now.", "bad"),
    };
    let line = match worst {
        Condition::Altered => "has a history that does not fit.".to_owned(),
        Condition::Unchecked => "cannot be checked.".to_owned(),
        Condition::Missed(ms) => format!("has completed no backup for {}.", span(ms / 1000)),
        Condition::Failed(ms) => format!("has failed to back up for {}.", span(ms / 1000)),
        Condition::Silent(ms) => format!("has been silent for {}.", span(ms / 1000)),
        Condition::Paused { resting, .. } => {
            let is = if resting.is_none() { "is " } else { "" };
            let until = worst.until().map(|until| format!(" {until}")).unwrap_or_default();
            format!("{is}{}{until}.", uncapitalized(&worst.words()))
        }
        Condition::Waiting => "has stored nothing yet.".to_owned(),
        Condition::First => "has not completed its first backup.".to_owned(),
        _ => "is protected, with gaps.".to_owned(),
    };
    let safe = match worst {
        Condition::Altered => "Do not rely on what this server shows until you know why.",
        Condition::Unchecked => "The server does not show what proves its state; its page says more.",
        Condition::Missed(_) => "Nothing that it stored before is at risk.",
        Condition::Failed(_) => "It tries again by itself, and nothing that it stored before is at risk.",
        Condition::Silent(_) => "Nothing that it stored before is at risk; what changed there since is not stored.",
        Condition::Paused { .. } => "What changes meanwhile waits, and nothing that it stored before is at risk.",
        Condition::First => "What is there already can be restored.",
        Condition::Waiting => "It was let in; its first point in time is not there yet.",
        _ => "What could not be read is listed with the machine; all else is stored.",
    };
    let more = match others_in_words(&all[1..]) {
        Some(others) => format!("{safe} {others}"),
        None => safe.to_owned(),
    };
    Some(Answer { word, tone, about: Some(machine.set), line, more })
}

/// What is said when all of them are protected: up to when, by the one whose last backup is the oldest.
fn yes(all: &[(Condition, &Machine)], now_ms: u64) -> Answer {
    let at = all.iter().filter_map(|(_, machine)| machine.complete_ms()).min().map_or_else(String::new, |ms| {
        let (then, now) = (Moment::local(ms), Moment::local(now_ms));
        if then.same_day(&now) { format!(" at {}", then.clock()) } else { format!(" on {}", then.date_clock()) }
    });
    let line = match all.len() {
        1 => format!("Your machine, up to its last backup{at}"),
        2 => format!("Both machines, up to their last backup, the older one{at}"),
        count => format!("All {} machines, up to their last backup, the oldest{at}", small(count)),
    };
    // A name is known with an open vault only, as is what machines say.
    let (limit, more) = if all.iter().all(|(_, machine)| machine.name.is_some()) {
        (".", "What your rules include is stored up to then, and can be restored.")
    } else {
        (", as far as this server sees.", "What machines say of themselves is sealed: unlock the vault to see it.")
    };
    let line = line + limit;
    Answer { word: "Yes.", tone: "ok", about: None, line, more: more.to_owned() }
}

/// Whether a complete backup of a machine is there, and neither too old nor known to be the last for now.
fn keeps(condition: &Condition, machine: &Machine) -> bool {
    match condition {
        Condition::Protected | Condition::Gaps(_) => true,
        Condition::Silent(_) | Condition::Paused { .. } => machine.complete_ms().is_some(),
        _ => false,
    }
}

/// As it stands within a sentence.
fn uncapitalized(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// How the others are, as in "Three of the other five are protected up to their last backup."
fn others_in_words(others: &[(Condition, &Machine)]) -> Option<String> {
    let protected = others.iter().filter(|(condition, _)| *condition == Condition::Protected).count();
    Some(match (others.len(), protected) {
        (0, _) => return None,
        (1, 1) => "The other one is protected up to its last backup.".into(),
        (1, _) => "The other one is not fully protected either.".into(),
        (all, protected) if all == protected => {
            format!("The other {} are protected up to their last backup.", small(all))
        }
        (_, 0) => "The others are not fully protected either.".into(),
        (all, 1) => format!("One of the other {} is protected up to its last backup.", small(all)),
        (all, protected) => {
            let number = small(protected);
            let begin: String =
                number.chars().take(1).flat_map(char::to_uppercase).chain(number.chars().skip(1)).collect();
            format!("{begin} of the other {} are protected up to their last backup.", small(all))
        }
    })
}

/// A small number as a word.
fn small(number: usize) -> String {
    const WORDS: [&str; 13] =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    WORDS.get(number).map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use iota_core::api::alerts::Watch;
    use iota_core::live::Resting;
    use iota_core::vault::{Doing, HeadView, MachineWord};

    use super::*;

    const NOW_MS: u64 = 100 * 86_400_000;
    const DAY_MS: u64 = 86_400_000;

    fn machine(number: u8, days_ago: u64, change: impl FnOnce(&mut HeadView)) -> Machine {
        let then_ms = NOW_MS - days_ago * DAY_MS;
        let watch = Watch { since_ms: then_ms, missed: days_ago >= 3, limit_hours: None, public_name: String::new() };
        let mut machine = Machine { watch: Some(watch), ..Machine::protected_at(number, then_ms) };
        machine.head.as_mut().map(change).unwrap();
        machine
    }

    fn fine(number: u8) -> Machine {
        machine(number, 0, |_| ())
    }

    #[test]
    fn all_is_well_up_to_the_oldest_of_the_last_backups() {
        let older = machine(2, 0, |head| head.received_ms -= 1);
        let at =
            |ms| Machine { watch: None, head: older.head.map(|head| HeadView { received_ms: ms, ..head }), ..fine(2) };
        let told = answer(&[fine(1), at(NOW_MS - DAY_MS / 2)], NOW_MS).unwrap();
        assert_eq!((told.word, told.about), ("Yes.", None));
        assert_eq!(
            told.line,
            "Both machines, up to their last backup, the older one on 10\u{a0}Apr 1970, 12:00, as far as this server sees."
        );
        assert_eq!(told.more, "What machines say of themselves is sealed: unlock the vault to see it.");
        let named = Machine { name: Some("attic".into()), ..at(NOW_MS) };
        let told = answer(std::slice::from_ref(&named), NOW_MS).unwrap();
        assert_eq!(told.line, "Your machine, up to its last backup at 00:00.");
        assert_eq!(told.more, "What your rules include is stored up to then, and can be restored.");
        let told = answer(&[fine(1), named, at(NOW_MS)], NOW_MS + 60_000).unwrap();
        assert_eq!(
            told.line,
            "All three machines, up to their last backup, the oldest at 00:00, as far as this server sees."
        );
        assert_eq!(answer(&[], NOW_MS), None);
    }

    /// A machine that says this, and was heard of so many days ago.
    fn saying(number: u8, doing: Doing, days_ago: u64) -> Machine {
        let word = MachineWord { set: SetId([number; 16]), received_ms: NOW_MS, doing, gap_count: 0 };
        Machine { word: Some(word), contact_ms: Some(NOW_MS - days_ago * DAY_MS), ..fine(number) }
    }

    #[test]
    fn a_silent_a_failing_and_a_paused_machine_are_exceptions() {
        let of = |machine: Machine| answer(&[fine(1), machine], NOW_MS).unwrap();
        let silent = of(saying(2, Doing::Works, 3));
        assert_eq!((silent.word, silent.about), ("Mostly.", Some(SetId([2; 16]))));
        assert_eq!(silent.line, "has been silent for 3\u{a0}days.");
        assert_eq!(
            silent.more,
            "Nothing that it stored before is at risk; what changed there since is not stored. The other one is protected up to its last backup."
        );
        let fails = Doing::Fails { since_ms: NOW_MS - 7_200_000, reason: String::new() };
        assert_eq!(of(saying(2, fails.clone(), 0)).line, "has failed to back up for 2\u{a0}h.");
        let rests = |resting| Doing::Rests { since_ms: NOW_MS, until_ms: Some(NOW_MS + 60_000), resting };
        assert_eq!(of(saying(2, rests(None), 0)).line, "is paused until 11\u{a0}Apr 1970, 00:01.");
        let battery = of(saying(2, rests(Some(Resting::OnBattery)), 0));
        assert_eq!(battery.line, "rests on battery at most until 11\u{a0}Apr 1970, 00:01.");
        // Alone, what is silent or rests has a backup that is not too old; what fails has none to come.
        let alone = |doing, days_ago| answer(&[saying(2, doing, days_ago)], NOW_MS).unwrap().word;
        assert_eq!(
            (alone(Doing::Works, 3), alone(rests(None), 0), alone(fails, 0)),
            ("Mostly.", "Mostly.", "Not now.")
        );
        let nothing = Machine { head: None, watch: None, ..saying(2, Doing::Works, 3) };
        assert_eq!(answer(&[nothing], NOW_MS).unwrap().word, "Not now.");
        // The one that is silent for longer is named.
        let two = [saying(1, Doing::Works, 2), saying(2, Doing::Works, 3)];
        let told = answer(&two, NOW_MS).unwrap();
        assert_eq!((told.about, told.more.ends_with("is not fully protected either.")), (Some(SetId([2; 16])), true));
    }

    #[test]
    fn the_one_that_is_missed_longest_is_named_and_the_rest_counted() {
        let told = answer(&[fine(1), machine(2, 3, |_| ()), machine(3, 9, |_| ()), fine(4)], NOW_MS).unwrap();
        assert_eq!((told.word, told.about), ("Mostly.", Some(SetId([3; 16]))));
        assert_eq!(told.line, "has completed no backup for 9\u{a0}days.");
        assert_eq!(
            told.more,
            "Nothing that it stored before is at risk. Two of the other three are protected up to their last backup."
        );
    }

    #[test]
    fn gaps_are_mostly_and_a_first_backup_alone_is_not_yet() {
        let gaps = machine(1, 0, |head| head.gaps = true);
        assert_eq!(answer(&[gaps], NOW_MS).unwrap().word, "Mostly.");
        let first = machine(1, 0, |head| head.partial = true);
        let told = answer(std::slice::from_ref(&first), NOW_MS).unwrap();
        assert_eq!((told.word, told.tone), ("Not now.", "bad"));
        assert_eq!(answer(&[first, fine(2)], NOW_MS).unwrap().word, "Mostly.");
    }

    #[test]
    fn a_machine_whose_key_was_taken_away_does_not_count() {
        let mut gone = machine(2, 40, |_| ());
        gone.revoked = true;
        assert_eq!(answer(&[fine(1), gone.clone()], NOW_MS).unwrap().word, "Yes.");
        assert_eq!(answer(&[gone], NOW_MS), None);
    }
}
