//! "Are we protected?", answered in one sentence: the worst exception and its age, then what is not at risk.

use std::cmp::Reverse;

use iota_core::id::SetId;

use crate::fleet::{Condition, Machine};
use crate::words::span;

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
    // Missed for the longest time first.
    all.sort_by_key(|(condition, machine)| (rank(condition), machine.number));
    let (worst, machine) = all.first()?;
    let (worst, others) = (worst.clone(), &all[1..]);
    let kept = |condition: &Condition| matches!(condition, Condition::Protected | Condition::Gaps);
    let (word, tone) = match worst {
        Condition::Protected => ("Yes.", "ok"),
        Condition::Altered => ("Not now.", "bad"),
        _ if all.iter().any(|(condition, _)| kept(condition)) => ("Mostly.", "warn"),
        _ => ("Not now.", "bad"),
    };
    if worst == Condition::Protected {
        let line = match all.len() {
            1 => "Your machine, up to its last backup.".to_owned(),
            2 => "Both machines, up to their last backup.".to_owned(),
            count => format!("All {} machines, up to their last backup.", small(count)),
        };
        let more = "Everything that your rules include is stored, and can be restored.".to_owned();
        return Some(Answer { word, tone, about: None, line, more });
    }
    let line = match &worst {
        Condition::Altered => "has a history that does not fit.".to_owned(),
        Condition::Unchecked => "cannot be checked.".to_owned(),
        Condition::Missed(ms) => format!("has completed no backup for {}.", span(ms / 1000)),
        Condition::Waiting => "has stored nothing yet.".to_owned(),
        Condition::First => "is in its first backup.".to_owned(),
        _ => "is protected, with gaps.".to_owned(),
    };
    let safe = match worst {
        Condition::Altered => "Do not rely on what this server shows until you know why.",
        Condition::Unchecked => "The server does not show what proves its state; its page says more.",
        Condition::Missed(_) => "Nothing that it stored before is at risk.",
        Condition::First => "What is there already can be restored.",
        Condition::Waiting => "It was let in, and its first backup has not begun.",
        _ => "What could not be read is listed with the machine; all else is stored.",
    };
    let more = match others_in_words(others) {
        Some(others) => format!("{safe} {others}"),
        None => safe.to_owned(),
    };
    Some(Answer { word, tone, about: Some(machine.set), line, more })
}

/// Least protected first, and of the missed ones the longest.
fn rank(condition: &Condition) -> (u8, Reverse<u64>) {
    let missed_ms = if let Condition::Missed(ms) = condition { *ms } else { 0 };
    (condition.rank(), Reverse(missed_ms))
}

/// How the others are, as in "Three of the other five are protected up to their last backup."
fn others_in_words(others: &[(Condition, &Machine)]) -> Option<String> {
    let protected = others.iter().filter(|(condition, _)| *condition == Condition::Protected).count();
    Some(match (others.len(), protected) {
        (0, _) => return None,
        (1, 1) => "The other one is protected up to its last backup.".into(),
        (1, _) => "The other one needs a look as well.".into(),
        (all, protected) if all == protected => {
            format!("The other {} are protected up to their last backup.", small(all))
        }
        (_, 0) => "The others need a look as well.".into(),
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
    use iota_core::vault::HeadView;

    use super::*;

    const NOW_MS: u64 = 100 * 86_400_000;
    const DAY_MS: u64 = 86_400_000;

    fn machine(number: u8, days_ago: u64, change: impl FnOnce(&mut HeadView)) -> Machine {
        let then_ms = NOW_MS - days_ago * DAY_MS;
        let mut head = HeadView { seq: 1, received_ms: then_ms, device_time_ms: then_ms, partial: false, gaps: false };
        change(&mut head);
        Machine {
            set: SetId([number; 16]),
            number: number.into(),
            name: None,
            revoked: false,
            head: Some(head),
            contact_ms: Some(then_ms),
            created_ms: 0,
            watch: Some(Watch {
                since_ms: then_ms,
                missed: days_ago >= 3,
                limit_hours: None,
                public_name: String::new(),
            }),
            live_bytes: 0,
            upload: None,
            days: vec![],
            alarm: None,
            first_visit: false,
        }
    }

    fn fine(number: u8) -> Machine {
        machine(number, 0, |_| ())
    }

    #[test]
    fn all_is_well() {
        let told = answer(&[fine(1), fine(2)], NOW_MS).unwrap();
        assert_eq!((told.word, told.about), ("Yes.", None));
        assert_eq!(told.line, "Both machines, up to their last backup.");
        assert_eq!(answer(&[fine(1)], NOW_MS).unwrap().line, "Your machine, up to its last backup.");
        assert_eq!(answer(&[], NOW_MS), None);
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
