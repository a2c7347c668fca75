//! What only an open vault shows.

use leptos::prelude::*;

use crate::components::icon::Icon;
use crate::components::unlock_dialog::Unlocker;
use crate::vault::Vault;

/// Shows its children while the vault is open. When it locks they leave the document, and with them everything that was opened.
#[component]
pub fn Gate(
    /// The same page with sealed names.
    #[prop(into)]
    skeleton: ViewFn,
    /// What needs the open vault; made anew after each unlocking.
    children: ChildrenFn,
) -> impl IntoView {
    let vault = Vault::current();
    // Each touch prolongs the state; the page is made anew only when it opens or locks.
    let open = Memo::new(move |_| vault.is_open());
    move || {
        if open.get() {
            children()
        } else {
            view! {
                <LockedNotice />
                {skeleton.run()}
            }
            .into_any()
        }
    }
}

/// Says that the vault is locked, and opens it.
#[component]
pub fn LockedNotice() -> impl IntoView {
    let unlocker = Unlocker::current();
    view! {
        <div class="notice">
            <Icon name="lock" />
            <div>
                <b>"Your vault is locked, and backups go on."</b>
                <p>"Names, files, rules and live details are sealed. What follows is what this server itself can see."</p>
            </div>
            <button class="button button--small" type="button" on:click=move |_| unlocker.open()>
                "Unlock"
            </button>
        </div>
    }
    .into_any()
}
