//! A link to one of the documents.

use leptos::prelude::*;

/// Documents are pages that come without a script. In a tab of their own they leave this one as it is, with its open vault.
#[component]
pub fn DocumentLink(
    /// As in `/docs/traits`.
    #[prop(into)]
    href: String,
    /// How it looks.
    #[prop(optional)]
    class: Option<&'static str>,
    /// Its words.
    children: Children,
) -> impl IntoView {
    view! {
        <a class=class href=href target="_blank" rel="external noopener">
            {children()}
            <span class="visually-hidden">" (in a new tab)"</span>
        </a>
    }
    .into_any()
}
