//! One more passphrase.

use iota_core::vault::{AddPassphrase, SuggestPassphrase};
use leptos::ev;
use leptos::prelude::*;

use super::{Desk, Panel};
use crate::components::busy_button::BusyButton;
use crate::components::icon::Icon;
use crate::components::new_password::{NewPassword, NewPasswordField};
use crate::viewer::Viewer;

#[component]
pub(super) fn AddPassphraseCard(desk: Desk) -> impl IntoView {
    let login = RwSignal::new(Viewer::current().session.map(|session| session.login).unwrap_or_default());
    let own = NewPassword::new(login);
    let suggested = RwSignal::new(None::<String>);
    let suggest = move |_| {
        leptos::task::spawn_local(async move {
            if let Ok(words) = desk.vault.ask(SuggestPassphrase {}).await {
                own.text.set(words.clone());
                suggested.set(Some(words));
            }
        });
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if !desk.is_ready() || !own.check() {
            return;
        }
        desk.busy.set(true);
        leptos::task::spawn_local(async move {
            let add = || desk.vault.ask(AddPassphrase { passphrase: own.text.get_untracked() });
            let answer = desk.proof.run(add).await;
            if let Some(slots) = desk.end(answer) {
                desk.slots.set(Some(slots));
                desk.panel.set(Panel::None);
                desk.toasts.say("Added. It opens the vault from now on");
            }
        });
    };
    view! {
        <section class="card" aria-labelledby="add-passphrase">
            <h2 class="card__title" id="add-passphrase">
                "Add a passphrase"
            </h2>
            <form class="stack" on:submit=submit>
                <NewPasswordField id="new-passphrase" label="Passphrase" password=own focus=true />
                <div class="row">
                    <button class="button button--small" type="button" on:click=suggest>
                        <Icon name="refresh-cw" />
                        "Make one for me"
                    </button>
                    <span class="mono" role="status">
                        {move || suggested.get().filter(|words| own.text.get() == *words)}
                    </span>
                </div>
                <div class="row row--between">
                    <button class="button" type="button" on:click=move |_| desk.panel.set(Panel::None)>
                        "Cancel"
                    </button>
                    <BusyButton busy=desk.busy label="Add" working="Adding…" class="button--primary" />
                </div>
            </form>
        </section>
    }
    .into_any()
}
