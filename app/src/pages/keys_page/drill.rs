//! The drill: whether the words on the paper still open the vault.

use iota_core::vault::{Drill, Problem};
use leptos::ev;
use leptos::prelude::*;

use crate::browser;
use crate::components::busy_button::BusyButton;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::secret_field::{SecretField, SecretInput, SecretWay};
use crate::vault::Vault;
use crate::words::{Moment, now_ms};

/// Name under which the browser keeps when the last drill went well.
const DRILLED: &str = "iota-drilled";

#[component]
pub(super) fn DrillCard() -> impl IntoView {
    let vault = Vault::current();
    let begun = RwSignal::new(false);
    let input = SecretInput::new(SecretWay::Words);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let last_ms = RwSignal::new(None::<u64>);
    Effect::new(move || last_ms.set(browser::stored(DRILLED).and_then(|ms| ms.parse().ok())));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let Some(secret) = input.take() else { return };
        problem.set(None);
        busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = vault.ask(Drill { secret }).await;
            busy.set(false);
            match answer {
                Ok(true) => {
                    input.clear();
                    begun.set(false);
                    browser::store(DRILLED, Some(&now_ms().to_string()));
                    last_ms.set(Some(now_ms()));
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
    let last = move || {
        last_ms.get().map(|ms| {
            view! {
                <div class="notice notice--ok" role="status">
                    <Icon name="circle-check" />
                    <div>
                        <b>{format!("Tried on {}: it opens the vault.", Moment::local(ms).date())}</b>
                        <p>"Twice a year is a good habit."</p>
                    </div>
                </div>
            }
        })
    };
    view! {
        <section class="card" aria-labelledby="drill">
            <h2 class="card__title" id="drill">
                "Try your paper"
            </h2>
            <p class="small ink-2">
                "Type all twelve words from the page, or choose the kit that you saved. This browser tries whether they open the vault, and keeps nothing."
            </p>
            {last}
            {move || {
                if begun.get() {
                    let other = move |_| {
                        input.choose(if input.way.get_untracked() == SecretWay::Words { SecretWay::File } else { SecretWay::Words });
                    };
                    view! {
                        <form class="stack" on:submit=submit>
                            <SecretField input id="drill-secret" />
                            {move || problem.get().map(|problem| view! { <ProblemNotice problem /> })}
                            <div class="row row--between">
                                <button class="link-button small" type="button" on:click=other>
                                    {move || if input.way.get() == SecretWay::Words { "Try a file" } else { "Type the words" }}
                                </button>
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
