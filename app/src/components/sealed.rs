//! A name that only an open vault can read.

use leptos::prelude::*;

/// A bar in place of a name. All have one width: length would tell something.
#[component]
pub fn Sealed(
    /// In a narrow place; likewise one width.
    #[prop(optional)]
    short: bool,
    /// What a screen reader says, as in "Machine 3, name sealed".
    #[prop(into, default = String::from("Name sealed"))]
    spoken: String,
) -> impl IntoView {
    let class = if short { "sealed sealed--short" } else { "sealed" };
    view! {
        <span class=class aria-hidden="true"></span>
        <span class="visually-hidden">{spoken}</span>
    }
    .into_any()
}
