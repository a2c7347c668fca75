//! A search through the history, from its newest part backwards, a part at a time.

use iota_core::vault::{Problem, ProblemKind};
use leptos::prelude::*;

/// How far it is. A copy is the same search.
#[derive(Clone, Copy)]
pub struct SearchBack {
    /// Just past where the next part ends; none before the first.
    pub before: RwSignal<Option<u64>>,
    /// When the part that was read last begins, by the machine's clock, milliseconds since 1970.
    pub from_ms: RwSignal<Option<u64>>,
    /// Whether it goes on.
    pub stage: RwSignal<Stage>,
    /// Why it stopped, when nobody stopped it.
    pub problem: RwSignal<Option<Problem>>,
}

/// Whether a search goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It does.
    Searching,
    /// Somebody stopped it, there was enough, or a part could not be read.
    Stopped,
    /// There is nothing before.
    All,
}

/// A part that was read.
pub struct Part {
    /// Just past where the part before ends; none when there is none.
    pub before: Option<u64>,
    /// When it begins, by the machine's clock, milliseconds since 1970.
    pub from_ms: u64,
    /// So much was found that it need not go on by itself.
    pub enough: bool,
}

impl SearchBack {
    /// One that has read nothing.
    pub fn begin() -> Self {
        Self {
            before: RwSignal::new(None),
            from_ms: RwSignal::new(None),
            stage: RwSignal::new(Stage::Searching),
            problem: RwSignal::new(None),
        }
    }

    /// Searches on until all is read, there is enough, or somebody stops it. `ask` reads the part before a commit, `keep` keeps what is in it.
    pub fn run<P: 'static>(
        self,
        ask: impl AsyncFn(Option<u64>) -> Result<P, Problem> + 'static,
        keep: impl Fn(P) -> Part + 'static,
    ) {
        self.stage.set(Stage::Searching);
        self.problem.set(None);
        leptos::task::spawn_local(async move {
            // The view may go while an answer is awaited; then the search ends.
            while self.stage.try_get_untracked() == Some(Stage::Searching) {
                let answer = ask(self.before.get_untracked()).await;
                if self.stage.try_get_untracked().is_none() {
                    return;
                }
                match answer.map(&keep) {
                    Ok(Part { before, from_ms, enough }) => {
                        self.from_ms.set(Some(from_ms));
                        self.before.set(before);
                        if before.is_none() {
                            self.stage.set(Stage::All);
                        } else if enough {
                            self.stage.set(Stage::Stopped);
                        }
                    }
                    Err(problem) => {
                        if problem.kind != ProblemKind::Locked {
                            self.problem.set(Some(problem));
                        }
                        self.stage.set(Stage::Stopped);
                    }
                }
            }
        });
    }

    /// What stops it, or has it go on; nothing at its end, and where a problem is told.
    pub fn foot(self, go_on: impl Fn() + 'static) -> Option<AnyView> {
        match self.stage.get() {
            Stage::Searching => {
                let stop = move || self.stage.set(Stage::Stopped);
                Some(button("Searching…", "Stop searching", stop))
            }
            Stage::Stopped if self.problem.with(Option::is_none) => Some(button("", "Search further back", go_on)),
            Stage::Stopped | Stage::All => None,
        }
    }
}

/// A button at the foot of what was found, and what stands before it.
pub fn button(words: &'static str, label: &'static str, press: impl Fn() + 'static) -> AnyView {
    view! {
        <span class="small ink-2">{words}</span>
        <button class="button button--small" type="button" on:click=move |_| press()>
            {label}
        </button>
    }
    .into_any()
}
