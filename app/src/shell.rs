//! The HTML document around the pages. Only the server renders it.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::App;
use crate::parts::Parts;
use crate::sprites::Sprites;
use crate::theme::Theme;
use crate::viewer::Viewer;

/// One file of the asset build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Absolute path on this server.
    pub url: String,
    /// Subresource integrity, as in `sha384-…` (W3C SRI).
    pub integrity: String,
}

/// What a page loads. Without assets it renders plain and without script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets {
    /// The one stylesheet.
    pub stylesheet: Asset,
    /// The module that loads the program below and starts it.
    pub script: Asset,
    /// The program, named so that the browser fetches it early.
    pub program: Asset,
    /// The script of the Worker that is the vault.
    pub vault: Asset,
    /// The icon of the tab.
    pub favicon: Asset,
    /// The parts of the program that come later.
    pub parts: Parts,
    /// Drawings that components refer to.
    pub sprites: Sprites,
    /// Whether the page comes alive; a still one loads no program.
    pub alive: bool,
}

/// Whether the page of an address comes alive. Documents do not need to.
pub fn comes_alive(path: &str) -> bool {
    path != "/docs" && !path.starts_with("/docs/")
}

/// Whether nothing is to be found at an address that has the form of a page's.
pub fn is_missing(path: &str) -> bool {
    path.strip_prefix("/docs/").is_some_and(|name| crate::docs::find(name).is_none())
}

/// The whole document, for somebody. What is known of them stands on the root element, where [`Viewer::of_document`] reads it.
pub fn shell(assets: Option<Assets>, viewer: Viewer) -> impl IntoView {
    let sprites = assets.as_ref().map(|assets| assets.sprites.clone()).unwrap_or_default();
    provide_context(sprites.clone());
    provide_context(viewer.clone());
    provide_context(assets.as_ref().map(|assets| assets.parts.clone()).unwrap_or_default());
    let Viewer { session, insecure } = viewer;
    let administrator = session.as_ref().is_some_and(|session| session.administrator);
    let (account, login) = session.map(|session| (session.account.to_string(), session.login)).unzip();
    let theme = use_context().map(Theme::word);
    let vault = assets.as_ref().map(|assets| assets.vault.url.clone());
    view! {
        <!DOCTYPE html>
        <html
            lang="en"
            data-icons=sprites.icons
            data-rings=sprites.rings
            data-vault=vault
            data-account=account
            data-login=login
            data-administrator=administrator.then_some("true")
            data-secure=insecure.then_some("false")
            data-theme=theme
        >
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                {assets.map(|assets| view! { <AssetLinks assets /> })}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Loads style, script and program. In place of Leptos' own component, which writes the nonce into `crossorigin`, where style sheets can read it.
#[component]
fn AssetLinks(
    /// The files to load.
    assets: Assets,
) -> impl IntoView {
    let Assets { stylesheet, script, program, favicon, alive, .. } = assets;
    let program = alive.then(|| view! { <ProgramLinks script program /> });
    view! {
        <link rel="icon" type="image/svg+xml" href=favicon.url />
        <link rel="stylesheet" href=stylesheet.url integrity=stylesheet.integrity />
        {program}
    }
}

#[component]
fn ProgramLinks(
    /// The module that starts the program.
    script: Asset,
    /// The program.
    program: Asset,
) -> impl IntoView {
    view! {
        <link rel="preload" r#as="fetch" r#type="application/wasm" href=program.url crossorigin="anonymous" />
        <script type="module" src=script.url integrity=script.integrity nonce=use_nonce()></script>
    }
}
