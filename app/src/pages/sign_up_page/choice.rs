//! Second step: what opens the vault beside the recovery kit, and what one can lose then.

use iota_core::vault::{KeyChoice, SuggestPassphrase};
use leptos::ev;
use leptos::prelude::*;

use super::{Draft, Stage};
use crate::components::busy_button::BusyButton;
use crate::components::icon::Icon;
use crate::components::new_password::{NewPassword, NewPasswordField};
use crate::components::problem_notice::ProblemNotice;
use crate::components::survive::{Survive, Ways};
use crate::vault::Vault;

#[component]
pub(super) fn ChooseKey(draft: Draft) -> impl IntoView {
    let vault = Vault::current();
    let password = RwSignal::new(true);
    let passphrase = RwSignal::new(false);
    let file = RwSignal::new(false);
    let own = NewPassword::new(draft.login);
    let ways = Signal::derive(move || {
        let memory = password.get() || passphrase.get();
        Ways { memory, paper: true, file: file.get(), ..Ways::default() }
    });
    let enough = move || ways.get().is_enough();
    let refused = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if draft.busy.get_untracked() {
            return;
        }
        refused.set(!ways.get_untracked().is_enough());
        if refused.get_untracked() || (passphrase.get_untracked() && !own.check()) {
            return;
        }
        let passphrase = passphrase.get_untracked().then(|| own.text.get_untracked());
        draft.prepare(
            vault,
            KeyChoice { password: password.get_untracked(), passphrase, key_file: file.get_untracked() },
        );
    };
    view! {
        <div class="split">
            <form class="card" aria-labelledby="ways" on:submit=submit>
                <div class="card__head">
                    <h2 class="card__title" id="ways">
                        "Ways to open the vault"
                    </h2>
                    <span class="card__note">"each one alone is enough"</span>
                </div>
                <div class="slots">
                    <div class="slot slot--always">
                        <span class="slot__glyph">
                            <Icon name="printer" />
                        </span>
                        <span>
                            <b>"Recovery kit " <span class="badge badge--accent">"always"</span></b>
                            <p>"Twelve words and a QR code on one printed page. You get it in the next step."</p>
                        </span>
                    </div>
                    <Choice
                        id="with-password"
                        icon="rectangle-ellipsis"
                        title="The password for signing in"
                        text="One password for both. It never leaves this browser; but who guesses it can open everything."
                        chosen=password
                    />
                    <Choice
                        id="with-passphrase"
                        icon="key-round"
                        title="A passphrase of its own"
                        text="Typed when you open files, and for nothing else."
                        chosen=passphrase
                    />
                    {move || passphrase.get().then(|| view! { <OwnPassphrase own /> })}
                    <Choice
                        id="with-file"
                        icon="file-key"
                        title="Key file"
                        text="A small file for a USB stick or a safe. Who has it can open the vault."
                        chosen=file
                    />
                </div>
                {move || {
                    (refused.get() && !enough())
                        .then(|| {
                            view! {
                                <div class="notice notice--warn" role="status">
                                    <Icon name="triangle-alert" />
                                    <div>
                                        <b>"Choose one more way."</b>
                                        <p>"With the paper alone, one lost page would lose everything."</p>
                                    </div>
                                </div>
                            }
                        })
                }}
                {move || draft.problem.get().map(|problem| view! { <ProblemNotice problem /> })}
                <div class="row row--between">
                    <button class="button" type="button" on:click=move |_| draft.stage.set(Stage::Who)>
                        "Back"
                    </button>
                    <BusyButton
                        busy=draft.busy
                        label="Make the keys"
                        working="Making the keys…"
                        class="button--primary button--big"
                    />
                </div>
            </form>
            <section class="card" aria-labelledby="lose">
                <div class="card__head">
                    <h2 class="card__title" id="lose">
                        "What you can lose"
                    </h2>
                    <span class="card__note">"with the ways chosen"</span>
                </div>
                <Survive ways />
            </section>
        </div>
    }
    .into_any()
}

#[component]
fn Choice(
    id: &'static str,
    icon: &'static str,
    title: &'static str,
    text: &'static str,
    chosen: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <label class="slot" for=id>
            <span class="slot__glyph">
                <Icon name=icon />
            </span>
            <span>
                <b>{title}</b>
                <p>{text}</p>
            </span>
            <input
                class="check"
                id=id
                type="checkbox"
                prop:checked=move || chosen.get()
                on:change=move |event| chosen.set(event_target_checked(&event))
            />
        </label>
    }
    .into_any()
}

/// A passphrase of one's own, or one that is made.
#[component]
fn OwnPassphrase(own: NewPassword) -> impl IntoView {
    let vault = Vault::current();
    let suggested = RwSignal::new(None::<String>);
    let suggest = move |_| {
        leptos::task::spawn_local(async move {
            if let Ok(words) = vault.ask(SuggestPassphrase {}).await {
                own.text.set(words.clone());
                suggested.set(Some(words));
            }
        });
    };
    view! {
        <div class="slot-more">
            <NewPasswordField id="passphrase" label="Passphrase" password=own />
            <div class="row">
                <button class="button button--small" type="button" on:click=suggest>
                    <Icon name="refresh-cw" />
                    "Make one for me"
                </button>
                <span class="mono" role="status">
                    {move || suggested.get().filter(|words| own.text.get() == *words)}
                </span>
            </div>
        </div>
    }
    .into_any()
}
