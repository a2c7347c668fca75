//! The name of the product, with its mark.

use leptos::prelude::*;
use leptos_router::components::A;

/// Leads home.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <A href="/" attr:class="brand">
            <svg class="brand__mark" viewBox="0 0 30 30" aria-hidden="true">
                <rect class="brand__ground" width="30" height="30" rx="8.5" />
                <path
                    class="brand__ring"
                    d="M-1 22.5a8.5 8.5 0 0 1 8.5 8.5M-1 16.5A14.5 14.5 0 0 1 13.5 31M-1 10.5A20.5 20.5 0 0 1 19.5 31M-1 4.5A26.5 26.5 0 0 1 25.5 31"
                />
                <path class="brand__iota" d="M14.6 7.6v11.2c0 2.6 1.5 3.7 3.4 3.7 1 0 1.8-.3 2.5-.8" />
            </svg>
            <span>
                <b>"Iota"</b>
                "Backup"
            </span>
        </A>
    }
    .into_any()
}
