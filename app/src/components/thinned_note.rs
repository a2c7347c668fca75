//! What thinning leaves, said once where versions are listed: what lay between is not among them.

use iota_core::retention::Policy;
use iota_core::vault::ReadRetention;
use leptos::prelude::*;

use crate::components::kept_card;
use crate::vault::Vault;

/// The policy in a sentence, once it is known.
#[component]
pub fn ThinnedNote() -> impl IntoView {
    let vault = Vault::current();
    let policy = RwSignal::new(None::<Policy>);
    leptos::task::spawn_local(async move {
        let answer = vault.ask(ReadRetention {}).await;
        let told = answer.ok().and_then(|view| view.policy.parse().ok());
        // Who looked may have gone.
        policy.try_set(told);
    });
    move || {
        policy.get().map(|policy| {
            let words = format!("{} What lay between is not listed.", kept_card::words(&policy));
            view! { <p class="versions__kept">{words}</p> }
        })
    }
}
