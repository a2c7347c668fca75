//! Lines to type or to copy.

use leptos::prelude::*;

/// Commands, one or more lines.
#[component]
pub fn CodeBlock(
    /// The lines.
    children: Children,
) -> impl IntoView {
    // It scrolls when a line is long, so the keyboard must reach it.
    view! {
        <pre class="code-block" tabindex="0">
            <code>{children()}</code>
        </pre>
    }
    .into_any()
}
