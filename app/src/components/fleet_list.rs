//! The machines of the account, least protected first.

use std::cmp::Reverse;

use iota_core::vault::Doing;
use leptos::prelude::*;
use leptos_router::components::A;

use crate::clock::Clock;
use crate::components::ago::Ago;
use crate::components::icon::Icon;
use crate::components::machine_frame::MachineName;
use crate::components::mark::Mark;
use crate::components::strip::Strip;
use crate::fleet::{Condition, Fleet, Machine};
use crate::spot;
use crate::words::{Moment, bytes, span};

/// A row for each machine; the whole row is one link.
#[component]
pub fn FleetList() -> impl IntoView {
    let fleet = Fleet::current();
    let now = Clock::current().slow();
    let sorted = Memo::new(move |_| {
        let now = now.get();
        sorted_machines(fleet.machines().unwrap_or_default(), now)
    });
    view! {
        <div class="fleet">
            <div class="fleet__head" aria-hidden="true">
                <span>"Machine"</span>
                <span>"State"</span>
                <span>"Last 30 days"</span>
                <span>"Last point"</span>
                <span class="fleet__num--end">"Stored"</span>
                <span></span>
            </div>
            <ul>{move || sorted.get().into_iter().map(|machine| row(machine, now)).collect::<Vec<_>>()}</ul>
        </div>
    }
    .into_any()
}

/// Least protected first; of one state, the one whose last complete backup is the oldest.
fn sorted_machines(mut machines: Vec<Machine>, now_ms: u64) -> Vec<Machine> {
    machines
        .sort_by_key(|machine| (Condition::of(machine, now_ms).rank(), machine.complete_ms(), Reverse(machine.number)));
    machines
}

fn row(machine: Machine, now: Memo<u64>) -> AnyView {
    let condition = Condition::of(&machine, now.get());
    let set = machine.set;
    let known_by = machine.name.is_none().then(|| machine.public_title());
    let last = machine.head.map(|head| view! { <Ago ms=head.device_time_ms /> });
    let reason = reason(&condition, &machine, now.get());
    let class = format!("state state--{}", condition.tone());
    view! {
        <li class="fleet__row">
            <span class="fleet__name">
                <Mark set />
                <span>
                    <A href=spot::machine(set)>
                        <MachineName set />
                    </A>
                    <small>
                        <bdi>{known_by}</bdi>
                    </small>
                </span>
            </span>
            <span class="fleet__state">
                <span class=class>
                    <Icon name=condition.icon() />
                    {condition.words()}
                </span>
                <small>{reason}</small>
            </span>
            <span class="fleet__strip">
                <Strip machine=machine.clone() now_ms=now.get() />
            </span>
            <span class="fleet__num">{last.map_or_else(|| "–".into_any(), IntoAny::into_any)}</span>
            <span class="fleet__num fleet__num--end">{bytes(machine.live_bytes)}</span>
            <Icon name="chevron-right" />
        </li>
    }
    .into_any()
}

/// What stands under the state: what is known beside it, in a few words.
fn reason(condition: &Condition, machine: &Machine, now_ms: u64) -> String {
    if let (Condition::Failed(_), Some(Doing::Fails { reason, .. })) =
        (condition, machine.word.as_ref().map(|word| &word.doing))
        && !reason.is_empty()
    {
        return reason.clone();
    }
    if let Some(upload) = machine.upload {
        return format!("sending, {} arrived", bytes(upload.received_bytes));
    }
    let contact = machine.contact_ms.map(|ms| format!("contact {} ago", span(now_ms.saturating_sub(ms) / 1000)));
    match condition {
        Condition::Altered => "do not rely on what this server shows".into(),
        Condition::Unchecked => "the server does not show what proves it".into(),
        Condition::Missed(_) => contact.unwrap_or_else(|| "no contact so far".into()),
        Condition::Silent(_) => {
            machine.contact_ms.map(|ms| format!("last contact {}", Moment::local(ms).date_clock())).unwrap_or_default()
        }
        Condition::Paused { .. } => condition.until().or(contact).unwrap_or_default(),
        Condition::Revoked => "what it stored stays".into(),
        _ => contact.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use iota_core::api::alerts::Watch;

    use super::*;

    const HOUR_MS: u64 = 3_600_000;
    const NOW_MS: u64 = 1000 * HOUR_MS;

    /// A machine whose last complete backup is so many hours ago; none: it never stored anything.
    fn machine(number: u8, hours: Option<u64>, missed: bool) -> Machine {
        let complete_ms = NOW_MS - hours.unwrap_or_default() * HOUR_MS;
        let watch = Watch { since_ms: complete_ms, missed, limit_hours: None, public_name: String::new() };
        let machine = Machine::protected_at(number, complete_ms);
        Machine { head: hours.and(machine.head), contact_ms: None, watch: Some(watch), ..machine }
    }

    #[test]
    fn of_one_state_the_one_that_completed_no_backup_for_longest_comes_first() {
        let machines = vec![
            machine(1, Some(2), false),
            machine(2, Some(73), true),
            machine(3, Some(9 * 24), true),
            machine(4, None, true),
            machine(5, Some(5), false),
            machine(6, None, false),
        ];
        let order: Vec<_> = sorted_machines(machines, NOW_MS).iter().map(|machine| machine.number).collect();
        assert_eq!(order, [4, 3, 2, 6, 5, 1]);
    }
}
