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

use dashboard::Dashboard;
use visitor::Visitor;

/// The start page of a visitor.
#[component]
pub fn VisitorPage() -> impl IntoView {
    view! {
        <Title text="IotaBackup" />
        <Visitor />
    }
    .into_any()
}

/// The start page of who is signed in.
#[component]
pub fn HomePage() -> impl IntoView {
    view! {
        <Title text="Home · IotaBackup" />
        <AppShell current=Place::Home>
            <Dashboard />
        </AppShell>
    }
    .into_any()
}
