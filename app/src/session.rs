//! Beginning and ending to be signed in.

use iota_core::api::json::SessionInfo;
use iota_core::vault::Lock;
use leptos::prelude::*;

use crate::browser;
use crate::client;
use crate::vault::Vault;
use crate::viewer::Viewer;

/// Somebody has signed in on this page: those that follow show it. The vault stays as it is.
pub fn begin(viewer: RwSignal<Viewer>, session: SessionInfo) {
    viewer.update(|viewer| viewer.session = Some(session));
}

/// Locks the vault, signs out, forgets what this browser kept of the account, and leaves for the start page.
pub fn sign_out(vault: Vault) {
    leptos::task::spawn_local(async move {
        let _ = vault.ask(Lock {}).await;
        // Without an answer the session ends by itself; the page must not stay open for it.
        let _ = client::order("POST", "/logout").await;
        browser::forget_stored();
        browser::leave_for("/");
    });
}
