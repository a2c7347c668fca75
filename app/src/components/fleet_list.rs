//! The machines of the account, least protected first.

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
use crate::words::{bytes, span};

/// A row for each machine; the whole row is one link.
#[component]
pub fn FleetList() -> impl IntoView {
    let fleet = Fleet::current();
    let now = Clock::current().slow();
    let sorted = Memo::new(move |_| {
        let now = now.get();
        let mut machines = fleet.machines().unwrap_or_default();
        machines.sort_by_key(|machine| (Condition::of(machine, now), std::cmp::Reverse(machine.number)));
        machines
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
    if let Some(upload) = machine.upload {
        return format!("sending, {} arrived", bytes(upload.received_bytes));
    }
    let contact = machine.contact_ms.map(|ms| format!("contact {} ago", span(now_ms.saturating_sub(ms) / 1000)));
    match condition {
        Condition::Altered => "do not rely on what this server shows".into(),
        Condition::Unchecked => "the server does not show what proves it".into(),
        Condition::Missed(_) => contact.unwrap_or_else(|| "is it switched on and online?".into()),
        Condition::Revoked => "what it stored stays".into(),
        _ => contact.unwrap_or_default(),
    }
}
