//! Every address that leads nowhere.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

use crate::components::site_footer::SiteFooter;
use crate::components::site_header::SiteHeader;
use crate::components::skip_link::SkipLink;

/// Says so, and leads home. The server answers 404.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <Title text="Not found · IotaBackup" />
        <SkipLink />
        <SiteHeader />
        <main class="page" id="main">
            <section class="answer">
                <p class="answer__question">"404"</p>
                <h1 class="answer__line">"There is no page at this address."</h1>
                <p class="answer__more">
                    "It may have moved, or the link was cut short. " <A href="/">"Go to the start page"</A> "."
                </p>
            </section>
        </main>
        <SiteFooter />
    }
    .into_any()
}
