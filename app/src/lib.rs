//! The pages of IotaBackup, rendered on the server and hydrated in the browser.
//!
//! A screen's URL stands in [`App`], its view in `pages/`, its looks in `style/pages/`. Pages ask the public API like every other client and hold
//! no keys.

pub mod activity;
pub mod address;
pub mod browser;
pub mod client;
pub mod clock;
pub mod components;
#[cfg(feature = "ssr")]
pub mod docs;
pub mod downloads;
pub mod fleet;
pub mod install_line;
pub mod live;
pub mod pages;
pub mod session;
#[cfg(feature = "ssr")]
pub mod shell;
pub mod spot;
pub mod sprites;
pub mod theme;
pub mod time;
pub mod vault;
pub mod viewer;
pub mod words;

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::path;

use components::download_tray::DownloadTray;
use components::proof::{Proof, ProofDialog};
use components::shortcuts::Shortcuts;
use components::toast::{ToastArea, Toasts};
use components::unlock_dialog::{UnlockDialog, Unlocker};
use pages::add_machine_page::AddMachinePage;
use pages::browse_page::BrowsePage;
use pages::docs_page::{DocsPage, DocumentPage};
use pages::download_page::DownloadPage;
use pages::file_page::FilePage;
use pages::forgot_page::ForgotPage;
use pages::home_page::HomePage;
use pages::keys_page::KeysPage;
use pages::machine_page::MachinePage;
use pages::machines_page::MachinesPage;
use pages::not_found_page::NotFoundPage;
use pages::settings_page::SettingsPage;
use pages::sign_in_page::SignInPage;
use pages::sign_up_page::SignUpPage;
use pages::timeline_page::TimelinePage;
use sprites::Sprites;
use vault::Vault;
use viewer::Viewer;

/// Every page and its URL.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    if use_context::<Sprites>().is_none() {
        provide_context(Sprites::of_document());
    }
    use_context::<Viewer>().unwrap_or_else(Viewer::of_document).provide();
    provide_tab();
    Effect::new(mark_hydrated);
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/") view=HomePage />
                <Route path=path!("/sign-in") view=SignInPage />
                <Route path=path!("/sign-up") view=SignUpPage />
                <Route path=path!("/forgot") view=ForgotPage />
                <Route path=path!("/keys") view=KeysPage />
                <Route path=path!("/settings") view=SettingsPage />
                <Route path=path!("/machines") view=MachinesPage />
                <Route path=path!("/machines/add") view=AddMachinePage />
                <Route path=path!("/machines/:set") view=MachinePage />
                <Route path=path!("/machines/:set/timeline") view=TimelinePage />
                <Route path=path!("/machines/:set/browse") view=BrowsePage />
                <Route path=path!("/machines/:set/file") view=FilePage />
                <Route path=path!("/download") view=DownloadPage />
                <Route path=path!("/docs") view=DocsPage />
                <Route path=path!("/docs/:name") view=DocumentPage />
            </Routes>
            <Shortcuts />
            <UnlockDialog />
            <ProofDialog />
        </Router>
        <DownloadTray />
        <ToastArea />
    }
}

/// What belongs to the tab and outlives its pages.
fn provide_tab() {
    let vault = Vault::provide();
    downloads::Downloads::provide(vault);
    clock::Clock::provide();
    fleet::Fleet::provide(vault, live::Live::provide(Viewer::signal()));
    Unlocker::provide();
    Proof::provide();
    Toasts::provide();
    activity::watch(vault);
}

/// Takes over the page that the server rendered. The asset build calls it once the program is loaded.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
}

/// Says on the root element that the page is alive (effects run in the browser only).
fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        // It fails for malformed names alone.
        let _ = root.set_attribute("data-hydrated", "");
    }
}
