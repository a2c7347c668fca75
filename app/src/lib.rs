//! The pages of IotaBackup, rendered on the server and hydrated in the browser.
//!
//! A screen's URL stands in [`App`], its view in `pages/`, its looks in `style/pages/`. Pages ask the public API like every other client and hold
//! no keys.

pub mod components;
pub mod pages;
#[cfg(feature = "ssr")]
pub mod shell;
pub mod sprites;
pub mod viewer;

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::path;

use pages::home_page::HomePage;
use pages::not_found_page::NotFoundPage;
use pages::sign_in_page::SignInPage;
use sprites::Sprites;
use viewer::Viewer;

/// Every page and its URL.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    if use_context::<Sprites>().is_none() {
        provide_context(Sprites::of_document());
    }
    if use_context::<Viewer>().is_none() {
        provide_context(Viewer::of_document());
    }
    Effect::new(mark_hydrated);
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/") view=HomePage />
                <Route path=path!("/sign-in") view=SignInPage />
            </Routes>
        </Router>
    }
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
