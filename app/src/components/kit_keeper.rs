//! Has a person keep new secrets: first the kit on paper and the key file on a disk, then two words typed back.

use std::sync::Arc;

use iota_core::vault::{NewKey, Problem, ProblemKind, SavedFile};
use leptos::ev;
use leptos::prelude::*;

use crate::browser;
use crate::components::busy_button::BusyButton;
use crate::components::field::TextField;
use crate::components::icon::Icon;
use crate::components::kit_sheet::KitSheet;
use crate::components::problem_notice::{ProblemNotice, sentence};

/// Asks for two words of a new kit until they are right.
#[component]
pub fn KitKeeper(
    /// What was made.
    secrets: Arc<NewKey>,
    /// Whose it is.
    login: String,
    /// Takes the two words.
    confirm: Callback<[String; 2]>,
    /// Whether they are being looked at.
    #[prop(into)]
    busy: Signal<bool>,
    /// What was wrong with them.
    #[prop(into)]
    problem: Signal<Option<Problem>>,
    /// Gives up what was made.
    start_over: Callback<()>,
) -> impl IntoView {
    let NewKey { kit, key_file, ask_back } = &*secrets;
    let (kit, key_file, ask_back) = (kit.clone(), key_file.clone(), *ask_back);
    let typing = RwSignal::new(false);
    let saved = RwSignal::new(key_file.is_none());
    let text = kit.text.clone();
    let save_kit = move |_| browser::save_text("iotabackup-recovery-kit.txt", &text);
    view! {
        <div class="split kit-keeper">
            <div class="stack">
                {move || {
                    if typing.get() {
                        view! { <TypeBack ask_back confirm busy problem again=Callback::new(move |()| typing.set(false)) /> }
                            .into_any()
                    } else {
                        view! { <Keep key_file=key_file.clone() saved go_on=Callback::new(move |()| typing.set(true)) /> }
                            .into_any()
                    }
                }}
            </div>
            <div class="stack">
                <KitSheet kit login veiled=typing />
                <div class="button-group">
                    {move || {
                        (!typing.get())
                            .then(|| {
                                view! {
                                    <button class="button" type="button" on:click=|_| browser::print()>
                                        <Icon name="printer" />
                                        "Print"
                                    </button>
                                }
                            })
                    }}
                    <button class="button" type="button" on:click=save_kit>
                        <Icon name="download" />
                        "Save as text"
                    </button>
                    <button class="button button--quiet" type="button" on:click=move |_| start_over.run(())>
                        <Icon name="refresh-cw" />
                        "Start over"
                    </button>
                </div>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Keep(key_file: Option<SavedFile>, saved: RwSignal<bool>, go_on: Callback<()>) -> impl IntoView {
    let refused = RwSignal::new(false);
    let file = key_file.map(|file| view! { <KeyFileCard file saved /> });
    let press = move |_| {
        if saved.get_untracked() {
            go_on.run(());
        } else {
            refused.set(true);
        }
    };
    view! {
        <section class="card" aria-labelledby="keep-title">
            <div class="card__head">
                <h2 class="card__title" id="keep-title">
                    "Put the kit on paper"
                </h2>
            </div>
            <p class="ink-2">
                "Print this page, or write the twelve words down by hand. The letters below them, and the QR code of these, are needed when this server is gone. They are worthless without the words."
            </p>
            <p class="ink-2">
                "If you save it as text, print it later and delete the file. It is shown this once."
            </p>
        </section>
        {file}
        {move || {
            (refused.get() && !saved.get())
                .then(|| {
                    view! {
                        <div class="notice notice--warn" role="status">
                            <Icon name="triangle-alert" />
                            <div>
                                <b>"Save the key file first."</b>
                                <p>"It is shown this once."</p>
                            </div>
                        </div>
                    }
                })
        }}
        <div class="row">
            <button class="button button--primary button--big" type="button" on:click=press>
                "I have it on paper"
            </button>
        </div>
    }
    .into_any()
}

/// A new key file, to be saved now.
#[component]
pub fn KeyFileCard(
    /// The file.
    file: SavedFile,
    /// Becomes true once it was saved.
    saved: RwSignal<bool>,
) -> impl IntoView {
    let name = file.name.clone();
    let save = move |_| {
        browser::save_text(&file.name, &file.text);
        saved.set(true);
    };
    view! {
        <section class="card" aria-labelledby="key-file-title">
            <div class="card__head">
                <h2 class="card__title" id="key-file-title">
                    "Save the key file"
                </h2>
                <span class="card__note">{name}</span>
            </div>
            <p class="ink-2">
                "Keep it on a USB stick or in a safe, not beside your backups. Who has it can open the vault. It is shown this once."
            </p>
            <div class="row">
                <button class="button" type="button" on:click=save>
                    <Icon name="download" />
                    "Save the key file"
                </button>
                <span class="small ink-2" role="status">
                    {move || saved.get().then_some("Saved by this browser. Look whether it is there.")}
                </span>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn TypeBack(
    ask_back: [usize; 2],
    confirm: Callback<[String; 2]>,
    busy: Signal<bool>,
    problem: Signal<Option<Problem>>,
    again: Callback<()>,
) -> impl IntoView {
    let words = [RwSignal::new(String::new()), RwSignal::new(String::new())];
    let [first, second] = ask_back;
    // The vault names the word that is another one.
    let wrong = move |number: usize| {
        Signal::derive(move || {
            problem.with(|problem| {
                let problem = problem.as_ref().filter(|problem| problem.kind == ProblemKind::WrongSecret)?;
                problem.message.starts_with(&format!("word {number} ")).then(|| sentence(&problem.message))
            })
        })
    };
    let other = move || problem.get().filter(|problem| problem.kind != ProblemKind::WrongSecret);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            confirm.run(words.map(|word| word.get_untracked()));
        }
    };
    view! {
        <section class="card" aria-labelledby="confirm-title">
            <div class="card__head">
                <h2 class="card__title" id="confirm-title">
                    "Confirm the paper"
                </h2>
            </div>
            <p class="ink-2">
                "Take the page and type these two words. It proves that the page is readable and in your hands."
            </p>
            <form class="stack" on:submit=submit>
                <div class="duo">
                    <TextField
                        id="kit-word-1"
                        label=format!("Word {first}")
                        value=words[0]
                        error=wrong(first)
                        big=true
                        mono=true
                        focus=true
                    />
                    <TextField
                        id="kit-word-2"
                        label=format!("Word {second}")
                        value=words[1]
                        error=wrong(second)
                        big=true
                        mono=true
                    />
                </div>
                {move || other().map(|problem| view! { <ProblemNotice problem /> })}
                <div class="row row--between">
                    <button class="button" type="button" on:click=move |_| again.run(())>
                        "Show the kit again"
                    </button>
                    <BusyButton busy label="Confirm" working="Confirming…" class="button--primary" />
                </div>
            </form>
        </section>
    }
    .into_any()
}
