//! The first thing that the keyboard reaches.

use leptos::prelude::*;

/// Jumps over the header to the element `main`.
#[component]
pub fn SkipLink() -> impl IntoView {
    view! {
        <a class="skip-link" href="#main">
            "Skip to the content"
        </a>
    }
    .into_any()
}
