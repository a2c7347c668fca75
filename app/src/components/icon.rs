//! One icon of the sheet `style/assets/icons.svg`.

use leptos::prelude::*;

use crate::sprites::Sprites;

/// A drawing beside a word; never alone, so it is hidden from screen readers.
#[component]
pub fn Icon(
    /// Name of the symbol on the sheet.
    name: &'static str,
) -> impl IntoView {
    let href = format!("{}#{name}", Sprites::current().icons);
    view! {
        <svg class="icon" aria-hidden="true">
            <use_ href=href></use_>
        </svg>
    }
    .into_any()
}
