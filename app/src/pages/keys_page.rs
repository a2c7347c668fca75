//! `/keys`: the ways to open the vault, what one can lose, and the drill.

mod add_passkey;
mod add_passphrase;
mod add_shares;
mod drill;
mod new_kit;
mod slots;

use std::sync::Arc;

use iota_core::api::json::Event;
use iota_core::vault::{
    ConfirmSlot, ListSlots, NewKey, PrepareKeyFile, PrepareKit, Problem, ProblemKind, SavedFile, SlotView,
};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::app_shell::{AppShell, Place};
use crate::components::kit_keeper::KeyFileCard;
use crate::components::problem_notice::ProblemNotice;
use crate::components::proof::Proof;
use crate::components::skeleton::Skeleton;
use crate::components::survive::{Survive, Ways};
use crate::components::toast::Toasts;
use crate::components::unlock_dialog::Unlocker;
use crate::live::Live;
use crate::vault::Vault;

use add_passphrase::AddPassphraseCard;
use add_shares::{AddSharesCard, SheetsPanel};
use drill::DrillCard;
use new_kit::NewKitPanel;
use slots::SlotsCard;

/// What the page works on. A copy is the same.
#[derive(Clone, Copy)]
struct Desk {
    vault: Vault,
    unlocker: Unlocker,
    proof: Proof,
    toasts: Toasts,
    slots: RwSignal<Option<Vec<SlotView>>>,
    panel: RwSignal<Panel>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
}

/// What is being done.
#[derive(Clone)]
enum Panel {
    None,
    Passphrase,
    KeyFile(SavedFile),
    Kit(Arc<NewKey>),
    People,
    Sheets(Arc<[SavedFile]>),
}

/// Slots as cards; each change needs the open vault and a fresh proof of identity.
#[component]
pub fn KeysPage() -> impl IntoView {
    view! {
        <Title text="Keep your key · IotaBackup" />
        <AppShell current=Place::Keys>
            <Keys />
        </AppShell>
    }
    .into_any()
}

#[component]
fn Keys() -> impl IntoView {
    let desk = Desk {
        vault: Vault::current(),
        unlocker: Unlocker::current(),
        proof: Proof::current(),
        toasts: Toasts::current(),
        slots: RwSignal::new(None),
        panel: RwSignal::new(Panel::None),
        busy: RwSignal::new(false),
        problem: RwSignal::new(None),
    };
    let live = Live::current().latest();
    Effect::new(move |begun: Option<()>| {
        let event = live.get();
        if begun.is_none() || matches!(event, Some(Event::Account | Event::Resync)) {
            desk.learn();
        }
    });
    let open = Memo::new(move |_| desk.vault.is_open());
    Effect::new(move || {
        // New secrets leave the page with the keys.
        if !open.get() {
            desk.panel.set(Panel::None);
        }
    });
    let retry = Callback::new(move |()| desk.learn());
    view! {
        <header class="page-head">
            <div>
                <h1 class="page-head__title">"Keep your key"</h1>
                <p class="page-head__lead">
                    "Only you can open your backups, so nobody can reset this for you. Keep at least two ways to open the vault, one of them on paper."
                </p>
            </div>
        </header>
        {move || desk.problem.get().map(|problem| view! { <ProblemNotice problem retry /> })}
        {move || match desk.panel.get() {
            Panel::Kit(secrets) => view! { <NewKitPanel desk secrets /> }.into_any(),
            Panel::Sheets(sheets) => view! { <SheetsPanel desk sheets /> }.into_any(),
            _ => view! { <Overview desk /> }.into_any(),
        }}
    }
    .into_any()
}

#[component]
fn Overview(desk: Desk) -> impl IntoView {
    let ways = Signal::derive(move || desk.slots.with(|slots| slots.as_deref().map(Ways::of).unwrap_or_default()));
    let known = Memo::new(move |_| desk.slots.with(Option::is_some));
    view! {
        <div class="split">
            <div class="stack">
                <SlotsCard desk />
                {move || match desk.panel.get() {
                    Panel::Passphrase => view! { <AddPassphraseCard desk /> }.into_any(),
                    Panel::KeyFile(file) => view! { <NewKeyFile desk file /> }.into_any(),
                    Panel::People => view! { <AddSharesCard desk /> }.into_any(),
                    Panel::None | Panel::Kit(_) | Panel::Sheets(_) => ().into_any(),
                }}
            </div>
            <div class="stack">
                <section class="card" aria-labelledby="lose">
                    <div class="card__head">
                        <h2 class="card__title" id="lose">
                            "What you can lose"
                        </h2>
                        <span class="card__note">"with the ways there are"</span>
                    </div>
                    {move || {
                        if known.get() { view! { <Survive ways /> }.into_any() } else { view! { <Skeleton /> }.into_any() }
                    }}
                </section>
                <DrillCard />
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn NewKeyFile(desk: Desk, file: SavedFile) -> impl IntoView {
    let saved = RwSignal::new(false);
    view! {
        <KeyFileCard file saved />
        <div class="row">
            <button
                class="button"
                type="button"
                aria-disabled=move || (!saved.get()).then_some("true")
                on:click=move |_| {
                    if saved.get_untracked() {
                        desk.confirm_slot("Added");
                    }
                }
            >
                "Done"
            </button>
            {move || (!saved.get()).then(|| view! { <span class="small ink-3">"Save it first: it is shown this once, and counts when you press Done."</span> })}
        </div>
    }
    .into_any()
}

impl Desk {
    /// Asks which ways there are.
    fn learn(self) {
        leptos::task::spawn_local(async move {
            match self.vault.ask(ListSlots {}).await {
                Ok(slots) => {
                    self.problem.set(None);
                    self.slots.set(Some(slots));
                }
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    /// Whether a change can begin; opens the dialog if the vault is locked.
    fn is_ready(self) -> bool {
        if self.busy.get_untracked() {
            return false;
        }
        let open = self.vault.state().with_untracked(|state| state.is_open());
        if !open {
            self.unlocker.open();
        }
        open
    }

    /// The end of a change; says what went wrong, but not that somebody has thought better of it.
    fn end<T>(self, answer: Result<T, Problem>) -> Option<T> {
        self.busy.set(false);
        match answer {
            Ok(value) => Some(value),
            Err(problem) => {
                self.problem.set((problem.kind != ProblemKind::Cancelled).then_some(problem));
                None
            }
        }
    }

    /// Adds what was made, now that it is kept.
    fn confirm_slot(self, said: &'static str) {
        if !self.is_ready() {
            return;
        }
        self.busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = self.proof.run(|| self.vault.ask(ConfirmSlot {})).await;
            if let Some(slots) = self.end(answer) {
                self.slots.set(Some(slots));
                self.panel.set(Panel::None);
                self.toasts.say(said);
            }
        });
    }

    fn make_key_file(self) {
        if !self.is_ready() {
            return;
        }
        self.busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = self.vault.ask(PrepareKeyFile {}).await;
            if let Some(file) = self.end(answer) {
                self.panel.set(Panel::KeyFile(file));
            }
        });
    }

    fn make_kit(self) {
        if !self.is_ready() {
            return;
        }
        self.busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = self.vault.ask(PrepareKit {}).await;
            if let Some(secrets) = self.end(answer) {
                self.panel.set(Panel::Kit(Arc::new(secrets)));
            }
        });
    }
}
