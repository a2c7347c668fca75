//! The frame of the pages behind the sign-in: brand, vault, navigation, person.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;

use crate::browser;
use crate::components::brand::Brand;
use crate::components::document_link::DocumentLink;
use crate::components::icon::Icon;
use crate::components::problem_notice::sign_in_address;
use crate::components::skip_link::SkipLink;
use crate::components::vault_badge::VaultBadge;
use crate::session;
use crate::vault::Vault;
use crate::viewer::Viewer;

/// Where a page belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The start page.
    Home,
    /// Machines, and what lies below.
    Machines,
    /// Ways to open the vault.
    Keys,
    /// Settings.
    Settings,
    /// Programs to fetch.
    Download,
    /// Documentation.
    Docs,
    /// None of these.
    Other,
}

/// A place as the navigation names it: address, icon, word, word where there is little room.
type Entry = (Place, &'static str, &'static str, &'static str, &'static str);

const MAIN: [Entry; 2] =
    [(Place::Home, "/", "house", "Home", "Home"), (Place::Machines, "/machines", "laptop", "Machines", "Machines")];
const ACCOUNT: [Entry; 2] = [
    (Place::Keys, "/keys", "key-round", "Keep your key", "Your key"),
    (Place::Settings, "/settings", "settings", "Settings", "Settings"),
];
const MORE: [Entry; 2] = [
    (Place::Download, "/download", "download", "Download", "Download"),
    (Place::Docs, "/docs", "scroll-text", "Docs", "Docs"),
];

/// The page around `children`. Who is not signed in is led to sign in.
#[component]
pub fn AppShell(
    /// Where the page belongs.
    current: Place,
    /// The page.
    children: Children,
) -> impl IntoView {
    let session = Viewer::current().session;
    let content = if session.is_some() { children() } else { view! { <SignInFirst /> }.into_any() };
    Effect::new(|| {
        // After a change of pages the keyboard goes on at the new one; the first page keeps what the browser gave it.
        if browser::arrived() && !browser::has_focus_within("main") {
            browser::focus("main");
        }
    });
    view! {
        <SkipLink />
        <div class="shell">
            <header class="topbar">
                <Brand />
                <VaultBadge small=true />
            </header>
            <header class="sidebar">
                <div class="sidebar__inner">
                    <Brand />
                    <VaultBadge />
                    <nav class="stack stack--tight" aria-label="Main">
                        <div class="nav">{MAIN.map(|entry| view! { <NavItem entry current /> }).collect_view()}</div>
                        <div class="nav">
                            <span class="nav__label">"Your account"</span>
                            {ACCOUNT.map(|entry| view! { <NavItem entry current /> }).collect_view()}
                        </div>
                        <div class="nav">
                            <span class="nav__label">"More"</span>
                            {MORE.map(|entry| view! { <NavItem entry current /> }).collect_view()}
                        </div>
                    </nav>
                    <div class="sidebar__foot">
                        {session.map(|session| view! { <Person login=session.login administrator=session.administrator /> })}
                    </div>
                </div>
            </header>
            <main class="page" id="main" tabindex="-1">
                {content}
            </main>
            <nav class="tabbar" aria-label="Main">
                {[MAIN[0], MAIN[1], ACCOUNT[0], ACCOUNT[1], MORE[1]].map(|entry| view! { <TabItem entry current /> }).collect_view()}
            </nav>
        </div>
    }
    .into_any()
}

#[component]
fn NavItem(entry: Entry, current: Place) -> impl IntoView {
    let (place, address, icon, label, _) = entry;
    view! { <PlaceLink class="nav__item" place address icon label current /> }
}

#[component]
fn TabItem(entry: Entry, current: Place) -> impl IntoView {
    let (place, address, icon, _, label) = entry;
    view! { <PlaceLink class="tabbar__item" place address icon label current /> }
}

#[component]
fn PlaceLink(
    class: &'static str,
    place: Place,
    address: &'static str,
    icon: &'static str,
    label: &'static str,
    current: Place,
) -> impl IntoView {
    if place == Place::Docs {
        return view! {
            <DocumentLink class href=address>
                <Icon name=icon />
                {label}
            </DocumentLink>
        }
        .into_any();
    }
    view! {
        <a class=class href=address aria-current=(place == current).then_some("page")>
            <Icon name=icon />
            {label}
        </a>
    }
    .into_any()
}

#[component]
fn Person(login: String, administrator: bool) -> impl IntoView {
    let vault = Vault::current();
    let face: String = login.chars().take(2).flat_map(char::to_uppercase).collect();
    view! {
        <div class="person">
            <span class="person__face" aria-hidden="true">
                {face}
            </span>
            <span class="person__name">
                <span class="person__login">{login}</span>
                <small>{if administrator { "Administrator" } else { "Signed in" }}</small>
            </span>
        </div>
        <button class="button button--quiet button--small" type="button" on:click=move |_| session::sign_out(vault)>
            "Sign out"
        </button>
    }
    .into_any()
}

#[component]
fn SignInFirst() -> impl IntoView {
    let navigate = use_navigate();
    Effect::new(move || {
        navigate(&sign_in_address(), NavigateOptions { replace: true, ..NavigateOptions::default() });
    });
    view! {
        <header class="page-head">
            <div>
                <h1 class="page-head__title">"Sign in first"</h1>
                <p class="page-head__lead">"This page belongs to an account."</p>
            </div>
        </header>
        <p>
            <A href="/sign-in" attr:class="button button--primary">
                "Sign in"
            </A>
        </p>
    }
    .into_any()
}
