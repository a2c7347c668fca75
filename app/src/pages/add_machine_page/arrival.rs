//! The machine is in: its first backup arrives.

use iota_core::id::SetId;
use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::ago::Ago;
use crate::components::icon::Icon;
use crate::components::machine_frame::MachineName;
use crate::fleet::{Fleet, Machine};
use crate::spot;
use crate::words::bytes;

/// The last step.
#[component]
pub fn Arrival(
    /// The machine.
    set: SetId,
) -> impl IntoView {
    let fleet = Fleet::current();
    let machine = Memo::new(move |_| fleet.machine(set));
    let done = move || machine.with(|machine| machine.as_ref().is_some_and(|machine| machine.head.is_some()));
    view! {
        <li class="step step--done">
            <h2 class="step__title">"Pasted"</h2>
        </li>
        <li class="step step--done">
            <h2 class="step__title">
                <span>
                    <MachineName set />
                    " is in"
                </span>
            </h2>
        </li>
        <li class="step" class:step--done=done>
            <h2 class="step__title">"First backup"</h2>
            <div class="step__body">
                <p class="small" role="status">
                    {move || machine.get().map_or_else(|| "Waiting for a word of it…".into_any(), |machine| word(&machine))}
                </p>
                <div>
                    <A href=spot::machine(set) attr:class="button button--primary">
                        "Go to its page"
                        <Icon name="chevron-right" />
                    </A>
                </div>
            </div>
        </li>
    }
    .into_any()
}

fn word(machine: &Machine) -> AnyView {
    let upload = machine.upload.map(|upload| format!("{} arrived so far, sealed. ", bytes(upload.received_bytes)));
    let point = machine.head.map(|head| {
        let what = if head.partial { "A first part can be restored, stored " } else { "It is protected, up to " };
        view! { {what} <Ago ms=head.received_ms /> "." }
    });
    if upload.is_none() && point.is_none() {
        return view! {
            "It has its keys. Its service begins now where systemd runs it; elsewhere start " <code>"iota run"</code>
            " on it. What it uploads can be restored from the first minute."
        }
        .into_any();
    }
    view! { {upload} {point} }.into_any()
}
