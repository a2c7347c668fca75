//! Below the machines: the drill when it is due, and three cards: what is proved, the key, and the space.

use iota_core::vault::{ListSlots, SlotView};
use leptos::prelude::*;
use leptos_router::components::A;

use super::proven::ProvenCard;
use crate::components::drill_notice::DrillNotice;
use crate::components::skeleton::Skeleton;
use crate::components::survive::{Survive, Ways};
use crate::fleet::{Fleet, Machine};
use crate::vault::Vault;
use crate::words::{bytes, many};

#[component]
pub(super) fn Cards() -> impl IntoView {
    view! {
        <DrillNotice />
        <div class="trio">
            <ProvenCard />
            <KeyCard />
            <SpaceCard />
        </div>
    }
    .into_any()
}

#[component]
fn KeyCard() -> impl IntoView {
    let vault = Vault::current();
    let slots = RwSignal::new(None::<Vec<SlotView>>);
    let failed = RwSignal::new(false);
    Effect::new(move || {
        leptos::task::spawn_local(async move {
            match vault.ask(ListSlots {}).await {
                Ok(list) => slots.set(Some(list)),
                Err(_) => failed.set(true),
            }
        });
    });
    let ways = Signal::derive(move || slots.with(|slots| slots.as_deref().map(Ways::of).unwrap_or_default()));
    let known = Memo::new(move |_| slots.with(Option::is_some));
    view! {
        <section class="card" aria-labelledby="key-title">
            <div class="card__head">
                <h2 class="card__title" id="key-title">
                    "Your key"
                </h2>
                <A href="/keys" attr:class="small">
                    "Keep your key"
                </A>
            </div>
            {move || match (known.get(), failed.get()) {
                (true, _) => view! { <Survive ways /> }.into_any(),
                (false, true) => {
                    view! { <p class="card__foot">"The ways to open the vault could not be read. Look at them under Keep your key."</p> }
                        .into_any()
                }
                (false, false) => view! { <Skeleton /> }.into_any(),
            }}
        </section>
    }
    .into_any()
}

#[component]
fn SpaceCard() -> impl IntoView {
    let fleet = Fleet::current();
    let used = Memo::new(move |_| {
        let machines = fleet.machines()?;
        Some((machines.iter().map(|machine: &Machine| machine.live_bytes).sum::<u64>(), machines.len() as u64))
    });
    view! {
        <section class="card" aria-labelledby="space-title">
            <div class="card__head">
                <h2 class="card__title" id="space-title">
                    "Space"
                </h2>
                <span class="card__note">"newest state of each machine"</span>
            </div>
            {move || match used.get() {
                Some((_, 0)) => view! { <p class="card__foot">"Nothing is stored yet."</p> }.into_any(),
                Some((sum, machines)) => {
                    view! {
                        <p class="card__figure">{bytes(sum)} <small>" stored"</small></p>
                        <p class="card__foot">
                            {format!(
                                "Sealed bytes that the newest states of {} use. What machines share is counted for each; older points in time come on top.",
                                many(machines, "machine", "machines"),
                            )}
                        </p>
                    }
                        .into_any()
                }
                None => view! { <Skeleton lines=2 /> }.into_any(),
            }}
        </section>
    }
    .into_any()
}
