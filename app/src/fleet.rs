//! The account's machines, as this tab knows them: what the server says, and while the vault is open what the signed logs say.

mod condition;
mod machine;

pub use condition::Condition;
pub use machine::Machine;

use std::time::Duration;

use iota_core::api::json::{Event, SetInfo};
use iota_core::id::SetId;
use iota_core::vault::{ListMachines, MachineView, Problem};
use leptos::prelude::*;

use crate::client;
use crate::live::Live;
use crate::vault::Vault;
use crate::words::now_ms;

/// Events within this time are answered by one question.
const PATIENCE: Duration = Duration::from_millis(700);

/// The machines of the account. A copy is the same list.
#[derive(Clone, Copy)]
pub struct Fleet {
    vault: Vault,
    sets: RwSignal<Option<Vec<SetInfo>>>,
    views: RwSignal<Option<Vec<MachineView>>>,
    problem: RwSignal<Option<Problem>>,
    measured_ms: RwSignal<u64>,
    stage: StoredValue<Stage>,
}

/// Whether a question is under way.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// No page wants to know.
    #[default]
    Unwanted,
    Idle,
    /// It will be asked in a moment.
    Due,
}

impl Fleet {
    /// Makes it known to everything below. It asks once a page wants to know.
    pub fn provide(vault: Vault, live: Live) -> Self {
        let fleet = Self {
            vault,
            sets: RwSignal::new(None),
            views: RwSignal::new(None),
            problem: RwSignal::new(None),
            measured_ms: RwSignal::new(0),
            stage: StoredValue::default(),
        };
        provide_context(fleet);
        Effect::new(move || {
            if matches!(live.latest().get(), Some(Event::Set { .. } | Event::Resync)) {
                fleet.again();
            }
        });
        let open = Memo::new(move |_| vault.is_open());
        Effect::new(move || {
            if open.get() {
                fleet.again();
            } else {
                // Names are forgotten with the keys.
                fleet.views.set(None);
            }
        });
        fleet
    }

    /// The machines that this tab knows of.
    pub fn current() -> Self {
        expect_context()
    }

    /// A page wants to know. Call it from an effect.
    pub fn want(&self) {
        if self.stage.get_value() == Stage::Unwanted {
            self.stage.set_value(Stage::Idle);
            self.again();
        }
    }

    /// Asks again, soon.
    pub fn again(&self) {
        if self.stage.get_value() != Stage::Idle {
            return;
        }
        self.stage.set_value(Stage::Due);
        let fleet = *self;
        let first = self.sets.with_untracked(Option::is_none);
        let patience = if first { Duration::ZERO } else { PATIENCE };
        set_timeout(move || leptos::task::spawn_local(async move { fleet.ask().await }), patience);
    }

    /// All machines, in the order in which they were enrolled; none before the first answer.
    ///
    /// Once the vault has looked, they are what it verified, and not what the server says to the page.
    pub fn machines(&self) -> Option<Vec<Machine>> {
        let views = self.views.get();
        self.sets.with(|sets| {
            let sets = sets.as_ref()?;
            let numbered = sets.iter().enumerate().map(|(place, set)| Machine::new(place + 1, set));
            let Some(views) = views else { return Some(numbered.collect()) };
            let known: Vec<Machine> = numbered.collect();
            let verified = |(place, view)| Machine::verified(place + 1, view, &known);
            Some(views.iter().enumerate().map(verified).collect())
        })
    }

    /// One machine.
    pub fn machine(&self, set: SetId) -> Option<Machine> {
        self.machines()?.into_iter().find(|machine| machine.set == set)
    }

    /// Why the last question had no answer; what is shown is older then.
    pub fn problem(&self) -> Signal<Option<Problem>> {
        self.problem.into()
    }

    /// When the last answer came, milliseconds since 1970.
    pub fn measured_ms(&self) -> Signal<u64> {
        self.measured_ms.into()
    }

    async fn ask(self) {
        self.stage.set_value(Stage::Idle);
        match client::get::<Vec<SetInfo>>("/sets").await {
            Ok(mut sets) => {
                sets.sort_by_key(|set| (set.created_ms, set.set.to_string()));
                self.sets.set(Some(sets));
                self.measured_ms.set(now_ms());
                self.problem.set(None);
            }
            Err(problem) => return self.problem.set(Some(problem)),
        }
        if !self.vault.state().with_untracked(iota_core::vault::VaultState::is_open) {
            return;
        }
        match self.vault.ask(ListMachines {}).await {
            Ok(views) => {
                // It may have been locked meanwhile.
                if self.vault.state().with_untracked(iota_core::vault::VaultState::is_open) {
                    self.views.set(Some(views));
                }
            }
            Err(problem) if problem.kind == iota_core::vault::ProblemKind::Locked => {}
            Err(problem) => self.problem.set(Some(problem)),
        }
    }
}
