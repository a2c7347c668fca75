//! The top of the public pages.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::brand::Brand;

/// Brand and the way in.
#[component]
pub fn SiteHeader() -> impl IntoView {
    view! {
        <header class="site-header">
            <Brand />
            <nav aria-label="Account">
                <A href="/sign-in" attr:class="button">
                    "Sign in"
                </A>
            </nav>
        </header>
    }
    .into_any()
}
