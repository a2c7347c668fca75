//! `/`: for who is signed in, whether the machines are protected; for a visitor, what this server is.

mod answer;
mod cards;
mod dashboard;
mod needs_hand;
mod proven;
mod visitor;

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::app_shell::{AppShell, Place};
use crate::viewer::Viewer;

use dashboard::Dashboard;
use visitor::Visitor;

/// The start page.
#[component]
pub fn HomePage() -> impl IntoView {
    if Viewer::current().session.is_none() {
        return view! {
            <Title text="IotaBackup" />
            <Visitor />
        }
        .into_any();
    }
    view! {
        <Title text="Home · IotaBackup" />
        <AppShell current=Place::Home>
            <Dashboard />
        </AppShell>
    }
    .into_any()
}
