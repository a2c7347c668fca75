//! What needs a person, each with one thing to do; when nothing does, it is not there.

use iota_core::api::json::Drilled;
use iota_core::api::retention::{DueDeletion, Retention};
use iota_core::id::SetId;
use iota_core::vault::Doing;
use leptos::prelude::*;
use leptos_router::components::A;

use super::cards::Slots;
use crate::clock::Clock;
use crate::components::icon::Icon;
use crate::components::machine_frame::MachineName;
use crate::components::survive::Ways;
use crate::drills::{follow_drills, is_due};
use crate::fleet::{Condition, Fleet, Machine};
use crate::spot;
use crate::words::{Moment, many};

/// A machine that rests for longer may have been forgotten, milliseconds.
const LONG_PAUSE_MS: u64 = 86_400_000;

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Need {
    icon: &'static str,
    /// Part of a class name.
    tone: &'static str,
    /// The machine that it is about, which is named before the line.
    about: Option<SetId>,
    line: String,
    /// More about it; may be empty.
    more: String,
    /// What can be done, and where.
    action: (&'static str, String),
}

/// The list, below the machines.
#[component]
pub(super) fn NeedsHand(slots: Slots, retention: RwSignal<Option<Retention>>) -> impl IntoView {
    let (fleet, now, drilled) = (Fleet::current(), Clock::current().slow(), follow_drills());
    let needs = Memo::new(move |_| {
        let (now_ms, machines) = (now.get(), fleet.machines().unwrap_or_default());
        let mut needs = of_machines(&machines, now_ms);
        needs.extend(slots.ways().and_then(of_ways));
        needs.extend(drilled.get().and_then(|drilled| of_drill(drilled, now_ms)));
        let deletions = retention.with(|retention| retention.as_ref().map(|shown| shown.deletions.clone()));
        needs.extend(of_deletions(&deletions.unwrap_or_default(), &machines, now_ms));
        needs
    });
    move || {
        let needs = needs.get();
        (!needs.is_empty()).then(|| {
            view! {
                <section class="card card--flush" aria-labelledby="needs-hand">
                    <div class="card__head">
                        <h2 class="card__title" id="needs-hand">
                            "Needs a hand"
                        </h2>
                    </div>
                    <ul class="needs">{needs.into_iter().map(row).collect::<Vec<_>>()}</ul>
                </section>
            }
            .into_any()
        })
    }
}

fn row(need: Need) -> AnyView {
    let Need { icon, tone, about, line, more, action: (action, href) } = need;
    view! {
        <li class=format!("needs__row needs__row--{tone}")>
            <Icon name=icon />
            <div>
                <b>{about.map(|set| view! { <MachineName set /> ": " })} {line}</b>
                <small>{more}</small>
            </div>
            <A href=href attr:class="button button--small">
                {action}
            </A>
        </li>
    }
    .into_any()
}

/// Those machines that do not help themselves, least protected first.
fn of_machines(machines: &[Machine], now_ms: u64) -> Vec<Need> {
    let mut all: Vec<_> = machines.iter().map(|machine| (Condition::of(machine, now_ms), machine)).collect();
    all.sort_by_key(|(condition, machine)| {
        (condition.rank(), std::cmp::Reverse(condition.lasted_ms()), machine.number)
    });
    all.into_iter().filter_map(|(condition, machine)| of_machine(&condition, machine)).collect()
}

fn of_machine(condition: &Condition, machine: &Machine) -> Option<Need> {
    let heard = machine.contact_ms.map(|ms| format!("Last contact: {}.", Moment::local(ms).date_clock()));
    let (action, more) = match condition {
        Condition::Altered => ("See what does not fit", "Do not rely on what this server shows.".to_owned()),
        Condition::Unchecked => ("See why", "The server does not show what proves it.".to_owned()),
        Condition::Missed(_) | Condition::Silent(_) => ("See what to look at", heard.unwrap_or_default()),
        Condition::Failed(_) => ("See why", reason(machine)),
        Condition::Paused { for_ms, resting, .. } if *for_ms > LONG_PAUSE_MS => {
            let resume = if resting.is_none() { "Resume it" } else { "See what to look at" };
            (
                resume,
                condition.until().map(|until| format!("It goes on by itself {}.", after(&until))).unwrap_or_default(),
            )
        }
        Condition::Gaps(_) => ("Look at the gaps", String::new()),
        _ => return None,
    };
    let line = match condition {
        Condition::Paused { for_ms, .. } => format!("{} for {}", condition.words(), crate::words::span(for_ms / 1000)),
        _ => condition.words(),
    };
    let (icon, tone, about) = (condition.icon(), condition.tone(), Some(machine.set));
    Some(Need { icon, tone, about, line, more, action: (action, spot::machine(machine.set)) })
}

/// `until 14:30`, as it stands after "goes on".
fn after(until: &str) -> String {
    until.replacen("at most until", "not later than", 1).replacen("until", "after", 1)
}

/// Why its runs fail, as the machine says.
fn reason(machine: &Machine) -> String {
    match machine.word.as_ref().map(|word| &word.doing) {
        Some(Doing::Fails { reason, .. }) => reason.clone(),
        _ => String::new(),
    }
}

fn of_ways(ways: Ways) -> Option<Need> {
    Some(Need {
        icon: "key-round",
        tone: "warn",
        about: None,
        line: ways.lack()?.to_owned(),
        more: "Nobody can reset it for you.".to_owned(),
        action: ("Add another way", "/keys".to_owned()),
    })
}

fn of_drill(drilled: Drilled, now_ms: u64) -> Option<Need> {
    let last = Moment::local(drilled.last_ms).date();
    is_due(drilled, now_ms).then(|| Need {
        icon: "book-check",
        tone: "busy",
        about: None,
        line: "Can you still open it?".to_owned(),
        more: format!(
            "That the vault opens with what you keep was last proven on {last}. Trying it again takes two minutes."
        ),
        action: ("Try your paper", "/keys#drill".to_owned()),
    })
}

/// Deletions that can still be taken back, those of one machine together, the one that is final first before the others.
fn of_deletions(deletions: &[DueDeletion], machines: &[Machine], now_ms: u64) -> Vec<Need> {
    let mut standing: Vec<_> = deletions.iter().filter(|one| one.due_ms > now_ms).collect();
    standing.sort_by_key(|one| (one.due_ms, one.version));
    let mut sets: Vec<SetId> = Vec::new();
    standing.iter().for_each(|one| {
        if !sets.contains(&one.set) {
            sets.push(one.set)
        }
    });
    let need = |set: SetId| {
        let of_set: Vec<_> = standing.iter().filter(|one| one.set == set).collect();
        let until = Moment::local(of_set.first()?.due_ms).full();
        // One of which all is deleted is no longer shown.
        let is_shown = machines.iter().any(|machine| machine.set == set);
        let (line, more) = match of_set.len() {
            _ if !is_shown => {
                ("Everything of a machine is deleted".to_owned(), format!("It can be brought back until {until}."))
            }
            1 => ("A deletion can be taken back".to_owned(), format!("Until {until}.")),
            more => (
                format!("{} can be taken back", many(more as u64, "deletion", "deletions")),
                format!("The first until {until}."),
            ),
        };
        let href = if is_shown { spot::timeline(set) } else { "/machines".to_owned() };
        let about = is_shown.then_some(set);
        Some(Need { icon: "info", tone: "busy", about, line, more, action: ("Look at it", href) })
    };
    sets.into_iter().filter_map(need).collect()
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::DRILL_EVERY_MS;
    use iota_core::vault::{MachineWord, Problem, ProblemKind};

    use super::*;

    const NOW_MS: u64 = 100 * 86_400_000;
    const DAY_MS: u64 = 86_400_000;

    fn fine(number: u8) -> Machine {
        Machine::protected_at(number, NOW_MS)
    }

    fn saying(number: u8, doing: Doing) -> Machine {
        let word = MachineWord { set: SetId([number; 16]), received_ms: NOW_MS, doing, gap_count: 4 };
        Machine { word: Some(word), ..fine(number) }
    }

    fn rests(number: u8, since_ms: u64) -> Machine {
        saying(number, Doing::Rests { since_ms, until_ms: Some(NOW_MS + DAY_MS), resting: None })
    }

    #[test]
    fn machines_that_do_not_help_themselves_are_named_with_what_to_do() {
        let waits = Machine { head: None, ..fine(1) };
        let revoked = Machine { revoked: true, contact_ms: Some(0), ..fine(2) };
        let short = rests(3, NOW_MS - DAY_MS);
        assert_eq!(of_machines(&[fine(4), waits, revoked, short], NOW_MS), []);
        let fails = saying(5, Doing::Fails { since_ms: NOW_MS - 60_000, reason: "no space".into() });
        let silent = Machine { contact_ms: Some(NOW_MS - 3 * DAY_MS), ..fine(6) };
        let long = rests(7, NOW_MS - 2 * DAY_MS);
        let mut gaps = saying(8, Doing::Works);
        gaps.head.as_mut().unwrap().gaps = true;
        let altered = Machine { alarm: Some(Problem::new(ProblemKind::Altered, "older")), ..fine(9) };
        let needs = of_machines(&[gaps, long, silent, fails, altered], NOW_MS);
        let told: Vec<_> = needs
            .iter()
            .map(|need| {
                (
                    need.about.unwrap().0[0],
                    need.line.replace('\u{a0}', " "),
                    need.more.replace('\u{a0}', " "),
                    need.action.0,
                )
            })
            .collect();
        let wanted = [
            (9, "Stopped: history does not fit", "Do not rely on what this server shows.", "See what does not fit"),
            (5, "Failing for 1 min", "no space", "See why"),
            (6, "Silent for 3 days", "Last contact: 8 Apr 1970, 00:00.", "See what to look at"),
            (7, "Paused for 2 days", "It goes on by itself after 12 Apr 1970, 00:00.", "Resume it"),
            (8, "Protected, with 4 gaps", "", "Look at the gaps"),
        ];
        assert_eq!(told, wanted.map(|(set, line, more, action)| (set, line.to_owned(), more.to_owned(), action)));
        assert_eq!(needs[0].action.1, spot::machine(SetId([9; 16])));
    }

    #[test]
    fn keys_and_drills_are_there_only_while_something_is_to_be_done() {
        let paper = Ways { paper: true, ..Ways::default() };
        assert_eq!(of_ways(Ways { memory: true, ..paper }), None);
        assert_eq!(of_ways(paper).unwrap().action.1, "/keys");
        let drilled = Drilled { last_ms: NOW_MS };
        assert_eq!(of_drill(drilled, NOW_MS + DRILL_EVERY_MS - 1), None);
        assert!(of_drill(drilled, NOW_MS + DRILL_EVERY_MS).unwrap().more.contains("last proven on 11\u{a0}Apr 1970"));
    }

    #[test]
    fn deletions_stand_until_they_are_final_those_of_a_machine_together() {
        let one = |version, set: u8, due_ms| DueDeletion { version, set: SetId([set; 16]), first: 1, last: 1, due_ms };
        let all =
            [one(1, 1, NOW_MS), one(2, 1, NOW_MS + DAY_MS), one(3, 7, NOW_MS + 60_000), one(4, 1, NOW_MS + 2 * DAY_MS)];
        let needs = of_deletions(&all, &[fine(1)], NOW_MS);
        let told: Vec<_> =
            needs.iter().map(|need| (need.about, need.line.replace('\u{a0}', " "), need.action.1.clone())).collect();
        let machine = SetId([1; 16]);
        assert_eq!(
            told,
            [
                (None, "Everything of a machine is deleted".to_owned(), "/machines".to_owned()),
                (Some(machine), "2 deletions can be taken back".to_owned(), spot::timeline(machine)),
            ]
        );
        assert_eq!(needs[1].more.replace('\u{a0}', " "), "The first until Sun 12 Apr 1970, 00:00.");
        let single = of_deletions(&all[..2], &[fine(1)], NOW_MS);
        assert_eq!(single[0].line, "A deletion can be taken back");
        assert_eq!(of_deletions(&all, &[fine(1)], NOW_MS + 3 * DAY_MS), []);
    }
}
