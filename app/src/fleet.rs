//! The account's machines, as this tab knows them: what the server says, and while the vault is open what the signed logs say.

mod condition;
mod machine;

pub use condition::Condition;
pub use machine::Machine;

use std::time::Duration;

use iota_core::api::json::{Event, SetInfo};
use iota_core::id::SetId;
use iota_core::vault::{ListMachines, MachineView, MachineWord, Problem, ReadWords};
use leptos::prelude::*;

use crate::client;
use crate::live::Live;
use crate::vault::Vault;
use crate::words::now_ms;

/// Events within this time are answered by one question.
const PATIENCE: Duration = Duration::from_millis(700);

/// A machine that somebody looks at says something each second; what all are at is asked once in this time, milliseconds.
const BETWEEN_WORDS_MS: u64 = 5_000;

/// The machines of the account. A copy is the same list.
#[derive(Clone, Copy)]
pub struct Fleet {
    vault: Vault,
    sets: RwSignal<Option<Vec<SetInfo>>>,
    views: RwSignal<Option<Vec<MachineView>>>,
    words: RwSignal<Vec<MachineWord>>,
    problem: RwSignal<Option<Problem>>,
    measured_ms: RwSignal<u64>,
    stage: StoredValue<Stage>,
    /// What machines say is asked in a moment.
    words_due: StoredValue<bool>,
    /// When it was asked last, milliseconds since 1970.
    words_asked_ms: StoredValue<u64>,
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
            words: RwSignal::new(Vec::new()),
            problem: RwSignal::new(None),
            measured_ms: RwSignal::new(0),
            stage: StoredValue::default(),
            words_due: StoredValue::default(),
            words_asked_ms: StoredValue::default(),
        };
        provide_context(fleet);
        Effect::new(move || match live.latest().get() {
            Some(Event::Set { .. } | Event::Resync) => fleet.again(),
            Some(Event::Live { .. }) => fleet.words_again(),
            _ => {}
        });
        let open = Memo::new(move |_| vault.is_open());
        Effect::new(move || {
            if open.get() {
                fleet.again();
            } else {
                // Names are forgotten with the keys, and what machines said.
                fleet.views.set(None);
                fleet.words.set(Vec::new());
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

    /// Asks again what machines say, soon.
    fn words_again(&self) {
        if self.stage.get_value() == Stage::Unwanted || self.words_due.get_value() {
            return;
        }
        self.words_due.set_value(true);
        let fleet = *self;
        let rest_ms = (self.words_asked_ms.get_value() + BETWEEN_WORDS_MS).saturating_sub(now_ms());
        let ask = move || {
            fleet.words_due.set_value(false);
            leptos::task::spawn_local(async move { fleet.ask_words().await });
        };
        // A clock that was put back does not make it wait for longer.
        set_timeout(ask, PATIENCE.max(Duration::from_millis(rest_ms.min(BETWEEN_WORDS_MS))));
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
            self.words.with(|words| {
                let verified = |(place, view)| Machine::verified(place + 1, view, &known, words);
                Some(views.iter().enumerate().map(verified).collect())
            })
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
        if !self.is_open() {
            return;
        }
        match self.vault.ask(ListMachines {}).await {
            Ok(views) => {
                // Nothing is said of a machine before what it says is known.
                self.ask_words().await;
                // It may have been locked meanwhile.
                if self.is_open() {
                    self.views.set(Some(views));
                }
            }
            Err(problem) if problem.kind == iota_core::vault::ProblemKind::Locked => {}
            Err(problem) => self.problem.set(Some(problem)),
        }
    }

    /// Without an answer what they said before counts: how old that is stands with it.
    async fn ask_words(self) {
        if !self.is_open() {
            return;
        }
        self.words_asked_ms.set_value(now_ms());
        if let Ok(words) = self.vault.ask(ReadWords {}).await
            && self.is_open()
        {
            // Of a machine that the server says nothing of the last word holds.
            self.words.update(|known| {
                known.retain(|before| words.iter().all(|word| word.set != before.set));
                known.extend(words);
            });
        }
    }

    fn is_open(&self) -> bool {
        self.vault.state().with_untracked(iota_core::vault::VaultState::is_open)
    }
}
