//! Growth rings: time that is kept.

use leptos::prelude::*;

use crate::sprites::Sprites;

/// Decoration only. The arc is now, the dot is a moment of the past.
#[component]
pub fn Rings() -> impl IntoView {
    let Sprites { rings, .. } = Sprites::current();
    view! {
        <svg class="rings" viewBox="0 0 1000 1000" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
            <use_ class="rings__line" href=format!("{rings}#lines")></use_>
            <use_ class="rings__line rings__line--now" href=format!("{rings}#now")></use_>
            <circle class="rings__halo" cx="331.1" cy="312.4" r="16" />
            <circle class="rings__dot" cx="331.1" cy="312.4" r="6" />
        </svg>
    }
    .into_any()
}
