//! The top of the public pages.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::brand::Brand;
use crate::viewer::Viewer;

/// Brand and the way in.
#[component]
pub fn SiteHeader() -> impl IntoView {
    let signed_in = Viewer::current().session.is_some();
    let (address, label) = if signed_in { ("/machines", "Your machines") } else { ("/sign-in", "Sign in") };
    view! {
        <header class="site-header">
            <Brand />
            <nav aria-label="Account">
                <A href=address attr:class="button">
                    {label}
                </A>
            </nav>
        </header>
    }
    .into_any()
}
