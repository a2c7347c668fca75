//! The account itself is deleted, or brought back.

use iota_core::vault::Wish;
use leptos::prelude::*;

use crate::components::busy_button::BusyButton;
use crate::components::closing_notice::follow_retention;
use crate::components::deletion_terms::{WhoIsTold, undo_until};
use crate::components::dialog::Dialog;
use crate::components::field::TextField;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::toast::Toasts;
use crate::components::when_open::WhenOpen;
use crate::deciding::Deciding;
use crate::viewer::Viewer;
use crate::words::Moment;

#[component]
pub(super) fn AccountCard() -> impl IntoView {
    let retention = follow_retention();
    let closes_ms = Memo::new(move |_| retention.with(|retention| retention.as_ref()?.closes_ms));
    let closing = Memo::new(move |_| closes_ms.get().is_some());
    view! {
        <section class="card" id="account" aria-labelledby="account-title">
            <h2 class="card__title" id="account-title">
                "This account"
            </h2>
            {move || match closes_ms.get() {
                None => {
                    view! {
                        <p class="small ink-2">
                            "Deleting it ends the backups of all machines, and takes away everything that they stored."
                        </p>
                    }
                        .into_any()
                }
                Some(closes_ms) => {
                    view! {
                        <p role="status">
                            {format!("It is deleted on {}. Until then machines go on, and it can be brought back.", Moment::local(closes_ms).full())}
                        </p>
                    }
                        .into_any()
                }
            }}
            <WhenOpen otherwise=|| {
                view! { <p class="small ink-2">"Unlock to delete it or to bring it back: the vault signs that."</p> }
            }>{move || if closing.get() { view! { <BringBack /> }.into_any() } else { view! { <Deletion /> }.into_any() }}</WhenOpen>
        </section>
    }
    .into_any()
}

#[component]
fn BringBack() -> impl IntoView {
    let (deciding, toasts) = (Deciding::begin(), Toasts::current());
    Effect::new(move || deciding.load());
    let closing = Memo::new(move |_| deciding.view.with(|view| view.as_ref()?.closing));
    let press = Callback::new(move |()| {
        if let Some(closing) = closing.get_untracked() {
            deciding.decide(Wish::Undo(closing.version), move || toasts.say("The account stays"));
        }
    });
    let disabled = Signal::derive(move || closing.get().is_none());
    view! {
        {move || deciding.problem.get().map(|problem| view! { <ProblemNotice problem /> })}
        <div>
            <BusyButton busy=deciding.busy disabled label="Bring it back" working="Bringing back…" on_press=press />
        </div>
    }
    .into_any()
}

#[component]
fn Deletion() -> impl IntoView {
    let shown = RwSignal::new(false);
    view! {
        <div>
            <button class="button button--small button--danger" type="button" on:click=move |_| shown.set(true)>
                <Icon name="x" />
                "Delete this account…"
            </button>
        </div>
        <Dialog open=shown labelled="close-title">
            <Question shown />
        </Dialog>
    }
    .into_any()
}

#[component]
fn Question(shown: RwSignal<bool>) -> impl IntoView {
    let (deciding, toasts) = (Deciding::begin(), Toasts::current());
    let login = Viewer::current().session.map(|session| session.login).unwrap_or_default();
    let expected = StoredValue::new(login.clone());
    let typed = RwSignal::new(String::new());
    let wrong = Signal::derive(move || {
        typed.with(|typed| expected.with_value(|login| typed.trim().to_lowercase() != login.to_lowercase()))
    });
    let close = Callback::new(move |()| {
        deciding.decide(Wish::Close, move || {
            shown.set(false);
            toasts.say("The account is to be deleted");
        });
    });
    view! {
        <div class="dialog__body stack">
            <div class="stack stack--tight">
                <h2 id="close-title">"Delete this account?"</h2>
                <p class="ink-2">
                    {format!(
                        "Until {} nothing changes: machines go on, and one click here brings it back. Then all machines are turned away, and \
                         everything that they stored is gone for good.",
                        undo_until(),
                    )}
                </p>
                <WhoIsTold />
            </div>
            <TextField id="close-login" label=format!("Type {login} to go on") value=typed />
            {move || deciding.problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            <div class="row row--between">
                <button class="button" type="button" on:click=move |_| shown.set(false)>
                    "Keep it"
                </button>
                <BusyButton busy=deciding.busy disabled=wrong label="Delete it" working="Deleting…" class="button--danger" on_press=close />
            </div>
        </div>
    }
    .into_any()
}
