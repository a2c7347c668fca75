//! The rules as they are edited here, beside those that are in force on the machine.

use iota_core::id::SetId;
use iota_core::live::{Order, RuleView};
use iota_core::rules::{RuleCoverage, RuleFile, Share};
use iota_core::vault::{GiveOrder, Problem};
use leptos::prelude::*;

use crate::clock::Clock;
use crate::components::right_now::Word;
use crate::components::toast::Toasts;
use crate::vault::Vault;

/// A machine tells its rules for two minutes after it was asked.
const ASK_EVERY_MS: u64 = 60_000;

/// A copy is the same draft.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    set: SetId,
    word: Word,
    vault: Vault,
    toasts: Toasts,
    /// In force, as the machine said last.
    in_force: RwSignal<Option<RuleFile>>,
    file: RwSignal<RuleFile>,
    /// What the draft covers.
    coverage: RwSignal<Option<RuleCoverage>>,
    /// What is backed up by those in force.
    kept: RwSignal<Option<Share>>,
    /// Number of the order that asked for the draft's coverage.
    asked: RwSignal<Option<u64>>,
    saving: RwSignal<bool>,
    refused: RwSignal<Option<String>>,
    problem: RwSignal<Option<Problem>>,
}

impl Draft {
    /// Asks the machine, and takes in what it says while the page is there.
    pub fn follow(set: SetId, word: Word) -> Self {
        let draft = Self {
            set,
            word,
            vault: Vault::current(),
            toasts: Toasts::current(),
            in_force: RwSignal::new(None),
            file: RwSignal::default(),
            coverage: RwSignal::new(None),
            kept: RwSignal::new(None),
            asked: RwSignal::new(None),
            saving: RwSignal::new(false),
            refused: RwSignal::new(None),
            problem: RwSignal::new(None),
        };
        let listens = Memo::new(move |_| word.listens() == Some(true));
        let now = Clock::current().now();
        let turn = Memo::new(move |_| now.get() / ASK_EVERY_MS);
        Effect::new(move || {
            turn.track();
            if listens.get() {
                draft.ask();
            }
        });
        Effect::new(move || {
            if let Some(view) = word.rules() {
                draft.hear(view);
            }
        });
        let open = Memo::new(move |_| draft.vault.is_open());
        Effect::new(move || {
            if !open.get() {
                draft.forget();
            }
        });
        draft
    }

    /// The vault has locked: what it opened goes.
    fn forget(self) {
        self.in_force.set(None);
        self.file.set(RuleFile::default());
        self.coverage.set(None);
        self.kept.set(None);
        self.asked.set(None);
        self.saving.set(false);
        self.refused.set(None);
        self.problem.set(None);
    }

    fn hear(self, view: RuleView) {
        let before = self.in_force.get_untracked();
        let changed = before.as_ref().is_some_and(|before| *before != self.file.get_untracked());
        if before.as_ref() != Some(&view.rules) {
            if !changed {
                self.file.set(view.rules.clone());
            }
            self.in_force.set(Some(view.rules.clone()));
        }
        if let Some((number, coverage)) = view.coverage
            && self.asked.get_untracked() == Some(number)
        {
            if self.file.with_untracked(|file| *file == view.rules) {
                self.kept.set(Some(coverage.kept));
            }
            self.coverage.set(Some(coverage));
        }
        if self.saving.get_untracked() {
            if view.refused.is_some() {
                self.saving.set(false);
                self.refused.set(view.refused);
            } else if self.file.with_untracked(|file| *file == view.rules) {
                self.saving.set(false);
                self.kept.set(self.coverage.get_untracked().map(|coverage| coverage.kept));
                self.toasts.say("The machine has the new rules");
            }
        }
    }

    fn ask(self) {
        let in_force = self.in_force.get_untracked();
        let file = self.file.get_untracked();
        let draft = in_force.filter(|in_force| *in_force != file).map(|_| Box::new(file.clone()));
        self.give(Order::ShowRules { draft }, move |number| {
            // Another edit has asked again meanwhile.
            if self.file.with_untracked(|now| *now == file) {
                self.asked.set(Some(number));
            }
        });
    }

    fn give(self, order: Order, done: impl Fn(u64) + 'static) {
        leptos::task::spawn_local(async move {
            let answer = self.vault.ask(GiveOrder { set: self.set, order }).await;
            // Who asked may have gone.
            if self.problem.is_disposed() {
                return;
            }
            self.problem.set(None);
            match answer {
                Ok(number) => done(number),
                Err(problem) => {
                    self.saving.set(false);
                    self.problem.set(Some(problem));
                }
            }
        });
    }

    /// Changes the draft, and has the machine count what that covers.
    pub fn edit(self, change: impl FnOnce(&mut RuleFile)) {
        self.file.update(change);
        self.coverage.set(None);
        self.asked.set(None);
        self.refused.set(None);
        self.ask();
    }

    /// The draft.
    pub fn file(self) -> RwSignal<RuleFile> {
        self.file
    }

    /// The machine has told its rules.
    pub fn is_known(self) -> bool {
        self.in_force.with(Option::is_some)
    }

    /// Whether orders reach it; `None`: not known yet.
    pub fn listens(self) -> Option<bool> {
        self.word.listens()
    }

    /// Whether there is anything to save.
    pub fn is_changed(self) -> bool {
        self.in_force.with(|in_force| in_force.as_ref().is_some_and(|in_force| self.file.with(|file| file != in_force)))
    }

    /// What the draft covers, once it was counted.
    pub fn coverage(self) -> Option<RuleCoverage> {
        self.coverage.get()
    }

    /// What is backed up by the rules in force, and by the draft.
    pub fn difference(self) -> Option<(Share, Share)> {
        Some((self.kept.get()?, self.coverage.with(|coverage| coverage.as_ref().map(|coverage| coverage.kept))?))
    }

    /// Whether a save is under way.
    pub fn saving(self) -> Signal<bool> {
        self.saving.into()
    }

    /// Why the machine refused.
    pub fn refused(self) -> Option<String> {
        self.refused.get()
    }

    /// What went wrong here.
    pub fn problem(self) -> Option<Problem> {
        self.problem.get().or_else(|| self.word.problem())
    }

    /// Back to what is in force.
    pub fn discard(self) {
        if let Some(in_force) = self.in_force.get_untracked() {
            self.edit(|file| *file = in_force);
        }
    }

    /// Seals the draft and sends it.
    pub fn save(self) {
        self.refused.set(None);
        self.saving.set(true);
        let rules = Box::new(self.file.get_untracked());
        self.give(Order::SetRules { rules }, |_| ());
    }
}
