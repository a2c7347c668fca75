//! Below the machines three cards: what is proved, the key, and the space.

use iota_core::vault::{ListSlots, SlotView};
use leptos::prelude::*;
use leptos_router::components::A;

use super::proven::ProvenCard;
use crate::components::skeleton::Skeleton;
use crate::components::survive::{Survive, Ways};
use crate::fleet::{Fleet, Machine};
use crate::vault::Vault;
use crate::words::{bytes, many};

/// The ways to open the vault, as far as they are known. A copy is the same.
#[derive(Clone, Copy)]
pub(super) struct Slots {
    list: RwSignal<Option<Vec<SlotView>>>,
    failed: RwSignal<bool>,
}

impl Slots {
    /// Asks for them once.
    pub(super) fn ask() -> Self {
        let vault = Vault::current();
        let slots = Self { list: RwSignal::new(None), failed: RwSignal::new(false) };
        Effect::new(move || {
            leptos::task::spawn_local(async move {
                // The page may have gone.
                match vault.ask(ListSlots {}).await {
                    Ok(list) => drop(slots.list.try_set(Some(list))),
                    Err(_) => drop(slots.failed.try_set(true)),
                }
            });
        });
        slots
    }

    /// What opens the vault; nothing before it is known.
    pub(super) fn ways(self) -> Option<Ways> {
        self.list.with(|list| list.as_deref().map(Ways::of))
    }
}

#[component]
pub(super) fn Cards(slots: Slots) -> impl IntoView {
    view! {
        <div class="trio">
            <ProvenCard />
            <KeyCard slots />
            <SpaceCard />
        </div>
    }
    .into_any()
}

#[component]
fn KeyCard(slots: Slots) -> impl IntoView {
    let ways = Signal::derive(move || slots.ways().unwrap_or_default());
    let known = Memo::new(move |_| slots.ways().is_some());
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
            {move || match (known.get(), slots.failed.get()) {
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
