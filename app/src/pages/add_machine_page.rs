//! `/machines/add`: a machine joins the account; with `?set=…` it continues the history of one that is there.

mod arrival;
mod enrolment;

use iota_core::id::SetId;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::components::app_shell::{AppShell, Place};
use crate::components::icon::Icon;
use crate::components::machine_frame::MachineName;
use crate::components::unlock_dialog::Unlocker;
use crate::fleet::Fleet;
use crate::vault::Vault;

use arrival::Arrival;
use enrolment::Enrolment;

/// Steps, and beside them what a machine can do.
#[component]
pub fn AddMachinePage() -> impl IntoView {
    let fleet = Fleet::current();
    Effect::new(move || fleet.want());
    let query = use_query_map();
    let continued = query.with_untracked(|query| query.get("set")).and_then(|set| set.parse::<SetId>().ok());
    view! {
        <Title text="Add a machine · IotaBackup" />
        <AppShell current=Place::Machines>
            <nav class="crumbs" aria-label="Path">
                <a href="/machines">"Machines"</a>
                <Icon name="chevron-right" />
                <span aria-current="page">"Add"</span>
            </nav>
            <header class="page-head">
                <div>
                    <h1 class="page-head__title">"Add a machine"</h1>
                    <p class="page-head__lead">
                        "One line to paste. It installs the agent and hands it exactly the keys that it needs."
                    </p>
                </div>
            </header>
            {continued.map(|set| view! { <Continues set /> })}
            <div class="split">
                <Steps continued />
                <Promises />
            </div>
        </AppShell>
    }
    .into_any()
}

#[component]
fn Continues(set: SetId) -> impl IntoView {
    view! {
        <div class="notice">
            <Icon name="history" />
            <div>
                <b>"It continues the history of " <MachineName set /> "."</b>
                <p>"The key of the machine that writes it now is taken away at the moment when you let the new one in. All points in time stay."</p>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Steps(continued: Option<SetId>) -> impl IntoView {
    let vault = Vault::current();
    let open = Memo::new(move |_| vault.is_open());
    let joined = RwSignal::new(None::<SetId>);
    view! {
        <section class="card" aria-label="Steps">
            <ol class="steps">
                <li class="step step--done">
                    <h2 class="step__title">"What kind of machine?"</h2>
                    <div class="step__body">
                        <div class="segmented" role="group" aria-label="System">
                            <label class="segmented__item">
                                <input type="radio" name="system" checked />
                                "Linux"
                            </label>
                        </div>
                        <p class="small">"There is an agent for Linux, for other systems there is none yet."</p>
                    </div>
                </li>
                {move || match (joined.get(), open.get()) {
                    (Some(set), _) => view! { <Arrival set /> }.into_any(),
                    (None, true) => view! { <Enrolment continued joined /> }.into_any(),
                    (None, false) => view! { <UnlockFirst /> }.into_any(),
                }}
            </ol>
        </section>
    }
    .into_any()
}

#[component]
fn UnlockFirst() -> impl IntoView {
    let unlocker = Unlocker::current();
    view! {
        <li class="step">
            <h2 class="step__title">"Unlock first"</h2>
            <div class="step__body">
                <p class="small">"The keys are handed over from this browser, so the vault must be open."</p>
                <div>
                    <button class="button button--primary" type="button" on:click=move |_| unlocker.open()>
                        <Icon name="lock-open" />
                        "Unlock"
                    </button>
                </div>
            </div>
        </li>
        <li class="step step--later">
            <h2 class="step__title">"Paste one line on it"</h2>
        </li>
        <li class="step step--later">
            <h2 class="step__title">"Is this your machine?"</h2>
        </li>
        <li class="step step--later">
            <h2 class="step__title">"First backup"</h2>
        </li>
    }
    .into_any()
}

#[component]
fn Promises() -> impl IntoView {
    let never = |title: &'static str, text: &'static str| {
        view! {
            <li class="survive__row survive__row--never">
                <Icon name="ban" />
                <span>
                    <b>{title}</b>
                    <small>{text}</small>
                </span>
            </li>
        }
        .into_any()
    };
    view! {
        <div class="stack">
            <section class="card" aria-labelledby="may">
                <h2 class="card__title" id="may">
                    "What a machine can do"
                </h2>
                <ul class="survive">
                    <li class="survive__row survive__row--yes">
                        <Icon name="check" />
                        <span>
                            <b>"Add its own backups"</b>
                            <small>"sealed on the machine, before they leave it"</small>
                        </span>
                    </li>
                    {never("Never: delete or shorten history", "the server takes no such order from a machine")}
                    {never("Never: read its own past", "a stolen machine cannot open old versions")}
                    {never("Never: see your other machines", "not their files, not their names")}
                </ul>
            </section>
            <section class="card card--sunken" aria-labelledby="after">
                <h2 class="card__title" id="after">
                    "Taking it away again"
                </h2>
                <p class="small ink-2">
                    "On the machine’s page its key is taken away at once. Its backups stay yours and stay restorable."
                </p>
            </section>
            <section class="card card--sunken" aria-labelledby="trust">
                <h2 class="card__title" id="trust">
                    "Said plainly"
                </h2>
                <p class="small ink-2">
                    "The line trusts this server once: what it sends runs on the machine. Whoever does not want that builds the agent from its source and runs iota enroll."
                </p>
            </section>
        </div>
    }
    .into_any()
}
