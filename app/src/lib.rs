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
pub mod deciding;
#[cfg(feature = "ssr")]
pub mod docs;
pub mod downloads;
pub mod drills;
pub mod fleet;
pub mod install_line;
pub mod live;
pub mod look;
pub mod pages;
pub mod parts;
pub mod passkey;
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
use pages::docs_page::{DocsPage, DocumentPage};
use pages::not_found_page::NotFoundPage;
use pages::sign_in_page::SignInPage;
use parts::{AccountPart, MachinePart};
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
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/") view=AccountPart::Home />
                <Route path=path!("/sign-in") view=SignInPage />
                <Route path=path!("/sign-up") view=AccountPart::SignUp />
                <Route path=path!("/forgot") view=AccountPart::Forgot />
                <Route path=path!("/keys") view=AccountPart::Keys />
                <Route path=path!("/settings") view=AccountPart::Settings />
                <Route path=path!("/machines") view=AccountPart::Machines />
                <Route path=path!("/machines/add") view=AccountPart::AddMachine />
                <Route path=path!("/machines/:set") view=MachinePart::Machine />
                <Route path=path!("/machines/:set/timeline") view=MachinePart::Timeline />
                <Route path=path!("/machines/:set/rules") view=MachinePart::Rules />
                <Route path=path!("/machines/:set/browse") view=MachinePart::Browse />
                <Route path=path!("/machines/:set/search") view=MachinePart::Search />
                <Route path=path!("/machines/:set/compare") view=MachinePart::Compare />
                <Route path=path!("/machines/:set/file") view=MachinePart::File />
                <Route path=path!("/download") view=AccountPart::Download />
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
    // The page's own part may have to come first.
    wasm_bindgen_futures::spawn_local(async {
        leptos::mount::hydrate_from_async(document().body().expect("a document has a body"), App).await.forget();
        mark_hydrated();
    });
}

/// Says on the root element that the page is alive.
#[cfg(feature = "hydrate")]
fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        // It fails for malformed names alone.
        let _ = root.set_attribute("data-hydrated", "");
    }
}
