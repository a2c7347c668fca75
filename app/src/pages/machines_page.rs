//! `/machines`: the machines of the account.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

use crate::components::app_shell::{AppShell, Place};
use crate::components::deleted_sets::DeletedSets;
use crate::components::fleet_list::FleetList;
use crate::components::gate::LockedNotice;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::skeleton::Skeleton;
use crate::components::when_open::WhenOpen;
use crate::fleet::Fleet;
use crate::vault::Vault;
use crate::words::{Moment, many};

/// All machines, or how to add the first.
#[component]
pub fn MachinesPage() -> impl IntoView {
    let fleet = Fleet::current();
    let vault = Vault::current();
    Effect::new(move || fleet.want());
    let count = Memo::new(move |_| fleet.machines().map(|machines| machines.len()));
    let locked = Memo::new(move |_| !vault.is_open() && count.get().is_some_and(|count| count > 0));
    view! {
        <Title text="Machines · IotaBackup" />
        <AppShell current=Place::Machines>
            <header class="page-head">
                <div>
                    <h1 class="page-head__title">"Machines"</h1>
                    <p class="page-head__lead">{move || lead(count.get(), fleet.measured_ms().get())}</p>
                </div>
                {move || {
                    count
                        .get()
                        .is_some_and(|count| count > 0)
                        .then(|| view! { <div class="button-group"><AddLink /></div> })
                }}
            </header>
            {move || locked.get().then(|| view! { <LockedNotice /> })}
            <WhenOpen otherwise=|| ()>
                <DeletedSets />
            </WhenOpen>
            {move || {
                let retry = Callback::new(move |()| fleet.again());
                fleet.problem().get().map(|problem| view! { <ProblemNotice problem retry /> })
            }}
            {move || match count.get() {
                None => {
                    view! {
                        <section class="card">
                            <Skeleton lines=4 />
                        </section>
                    }
                        .into_any()
                }
                Some(0) => view! { <NoMachines /> }.into_any(),
                Some(_) => {
                    view! {
                        <section class="card card--flush" aria-label="Machines, least protected first">
                            <FleetList />
                        </section>
                    }
                        .into_any()
                }
            }}
        </AppShell>
    }
    .into_any()
}

fn lead(count: Option<usize>, measured_ms: u64) -> Option<String> {
    let count = count.filter(|count| *count > 0)?;
    let measured = Moment::local(measured_ms).clock_seconds();
    Some(format!("{}, least protected first. Measured at {measured}.", many(count as u64, "machine", "machines")))
}

#[component]
fn AddLink() -> impl IntoView {
    view! {
        <A href="/machines/add" attr:class="button button--primary">
            <Icon name="plus" />
            "Add a machine"
        </A>
    }
    .into_any()
}

#[component]
fn NoMachines() -> impl IntoView {
    view! {
        <section class="card">
            <div class="empty">
                <Icon name="laptop" />
                <h2>"No machines yet"</h2>
                <p>"Add the first one. It takes one line and about two minutes."</p>
                <AddLink />
            </div>
        </section>
    }
    .into_any()
}
