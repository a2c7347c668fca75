//! The drill: whether the words on the paper still open the vault.

use iota_core::api::json::Drilled;
use iota_core::vault::{Drill, Problem};
use leptos::ev;
use leptos::prelude::*;

use crate::clock::Clock;
use crate::components::busy_button::BusyButton;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::secret_field::{SecretField, SecretInput, SecretWay};
use crate::drills::{follow_drills, is_due, note_drill};
use crate::vault::Vault;
use crate::words::Moment;

/// What lies somewhere for years, and is to be tried.
const WAYS: [(SecretWay, &str); 3] = [
    (SecretWay::Words, "Type the words"),
    (SecretWay::File, "Try a file"),
    (SecretWay::Shares, "Try sheets of trusted people"),
];

#[component]
pub(super) fn DrillCard() -> impl IntoView {
    let vault = Vault::current();
    let begun = RwSignal::new(false);
    let input = SecretInput::new(SecretWay::Words);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let drilled = follow_drills();
    let opened = RwSignal::new(false);
    let now = Clock::current().slow();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let Some(secret) = input.take() else { return };
        problem.set(None);
        opened.set(false);
        busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = vault.ask(Drill { secret }).await;
            busy.set(false);
            match answer {
                Ok(true) => {
                    input.clear();
                    begun.set(false);
                    opened.set(true);
                    match note_drill().await {
                        Ok(noted) => drilled.set(Some(noted)),
                        Err(error) => problem.set(Some(error)),
                    }
                }
                Ok(false) => {
                    input.error.set(Some("That does not open the vault. Compare it with the page once more.".into()))
                }
                Err(error) => {
                    if !input.refuse(&error) {
                        problem.set(Some(error));
                    }
                }
            }
        });
    };
    let success = move || {
        opened.get().then(|| {
            view! {
                <div class="notice notice--ok" role="status">
                    <Icon name="circle-check" />
                    <div>
                        <b>"Tried just now: it opens the vault."</b>
                    </div>
                </div>
            }
        })
    };
    let due = Memo::new(move |_| drilled.get().map(|drilled| (drilled, is_due(drilled, now.get()))));
    let last = move || due.get().map(|(drilled, due)| view! { <p class="small">{last_words(drilled, due)}</p> });
    view! {
        <section class="card" aria-labelledby="drill">
            <h2 class="card__title" id="drill">
                "Try your paper"
            </h2>
            <p class="small ink-2">
                "Type all twelve words from the page, or choose the kit that you saved. This browser tries whether they open the vault, and keeps nothing."
            </p>
            {last}
            {success}
            {move || problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            {move || {
                if begun.get() {
                    let others = move || {
                        let others = WAYS.into_iter().filter(|(way, _)| *way != input.way.get());
                        others
                            .map(|(way, label)| {
                                view! {
                                    <button class="link-button small" type="button" on:click=move |_| input.choose(way)>
                                        {label}
                                    </button>
                                }
                            })
                            .collect::<Vec<_>>()
                    };
                    view! {
                        <form class="stack" on:submit=submit>
                            <SecretField input id="drill-secret" />
                            <div class="row row--between">
                                <div class="row">{others}</div>
                                <BusyButton busy label="Try it" working="Trying…" class="button--primary" />
                            </div>
                        </form>
                    }
                        .into_any()
                } else {
                    view! {
                        <div class="row">
                            <button class="button" type="button" on:click=move |_| begun.set(true)>
                                <Icon name="book-check" />
                                "Begin"
                            </button>
                        </div>
                    }
                        .into_any()
                }
            }}
        </section>
    }
    .into_any()
}

/// When it was proven that the vault opens, and when that is to be proven again.
fn last_words(drilled: Drilled, due: bool) -> String {
    let last = Moment::local(drilled.last_ms).date();
    if due {
        format!("Last proven on {last}: it is time to try it again.")
    } else {
        format!("Last proven on {last}, next on {}.", Moment::local(drilled.due_ms()).date())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_to_try_again_is_said() {
        let drilled = Drilled { last_ms: 1_790_000_000_000 };
        assert_eq!(last_words(drilled, false), "Last proven on 21\u{a0}Sep 2026, next on 22\u{a0}Mar 2027.");
        assert_eq!(last_words(drilled, true), "Last proven on 21\u{a0}Sep 2026: it is time to try it again.");
    }
}
