//! A part of a page that only an open vault shows; the page itself says that the vault is locked.

use leptos::prelude::*;

use crate::vault::Vault;

/// Shows its children while the vault is open. When it locks they leave the document, and with them everything that was opened.
#[component]
pub fn WhenOpen(
    /// What stands there otherwise.
    #[prop(into)]
    otherwise: ViewFn,
    /// What needs the open vault; made anew after each unlocking.
    children: ChildrenFn,
) -> impl IntoView {
    let vault = Vault::current();
    // Each touch prolongs the state; the part is made anew only when it opens or locks.
    let open = Memo::new(move |_| vault.is_open());
    move || if open.get() { children() } else { otherwise.run() }
}
