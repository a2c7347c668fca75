//! The frame of pages that everybody may read: that of the account for who is signed in, else a plain one.

use leptos::prelude::*;

use crate::components::app_shell::{AppShell, Place};
use crate::components::site_footer::SiteFooter;
use crate::components::site_header::SiteHeader;
use crate::components::skip_link::SkipLink;
use crate::viewer::Viewer;

/// The page around `children`.
#[component]
pub fn PublicFrame(
    /// Where the page belongs.
    current: Place,
    /// The page.
    children: Children,
) -> impl IntoView {
    if Viewer::current().session.is_some() {
        return view! { <AppShell current>{children()}</AppShell> }.into_any();
    }
    view! {
        <SkipLink />
        <SiteHeader />
        <main class="page" id="main">
            {children()}
        </main>
        <SiteFooter />
    }
    .into_any()
}
