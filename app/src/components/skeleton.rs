//! What stands where something will be.

use leptos::prelude::*;

/// A few lines of a text to come. They show themselves after a moment, so that what is quick does not flicker.
#[component]
pub fn Skeleton(
    /// How many lines.
    #[prop(default = 3)]
    lines: usize,
) -> impl IntoView {
    const WIDTHS: [&str; 3] = ["skeleton skeleton--short", "skeleton", "skeleton skeleton--mid"];
    let lines = (0..lines).map(|line| view! { <span class=WIDTHS[line % WIDTHS.len()]></span> }).collect_view();
    view! {
        <div class="skeleton-lines" aria-busy="true">
            {lines}
            <span class="visually-hidden">"Loading"</span>
        </div>
    }
    .into_any()
}
