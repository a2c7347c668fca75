//! `/settings`: signing in, sessions, machines, alerts, invitations, and what this browser does.

mod account;
mod alerts;
mod invitations;
mod machines;
mod password;
mod second_factor;
mod sessions;
mod this_browser;

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::app_shell::{AppShell, Place};
use crate::session;
use crate::vault::Vault;
use crate::viewer::Viewer;

use account::AccountCard;
use alerts::AlertsCard;
use invitations::InvitationsCard;
use machines::MachinesCard;
use password::PasswordCard;
use second_factor::SecondFactorCard;
use sessions::SessionsCard;
use this_browser::ThisBrowserCard;

/// One card for each matter.
#[component]
pub fn SettingsPage() -> impl IntoView {
    view! {
        <Title text="Settings · IotaBackup" />
        <AppShell current=Place::Settings>
            <Settings />
        </AppShell>
    }
    .into_any()
}

#[component]
fn Settings() -> impl IntoView {
    let vault = Vault::current();
    let session = Viewer::current().session;
    let login = session.as_ref().map(|session| session.login.clone()).unwrap_or_default();
    let administrator = session.is_some_and(|session| session.administrator);
    view! {
        <header class="page-head">
            <div>
                <h1 class="page-head__title">"Settings"</h1>
                <p class="page-head__lead">{login}</p>
            </div>
            <div class="button-group">
                <button class="button" type="button" on:click=move |_| session::sign_out(vault)>
                    "Sign out"
                </button>
            </div>
        </header>
        <div class="settings">
            <MachinesCard />
            <SessionsCard />
            <div class="duo">
                <PasswordCard />
                <div class="stack">
                    <AlertsCard />
                    <SecondFactorCard />
                    <ThisBrowserCard />
                    {administrator.then(|| view! { <InvitationsCard /> })}
                    <AccountCard />
                </div>
            </div>
        </div>
    }
    .into_any()
}
