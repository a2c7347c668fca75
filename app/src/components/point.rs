//! One statement with its icon.

use leptos::prelude::*;

use crate::components::icon::Icon;

/// An item of a list of statements.
#[component]
pub fn Point(
    /// Name of the icon.
    icon: &'static str,
    /// The statement, a few words.
    title: &'static str,
    /// What it means, a sentence or two.
    text: &'static str,
) -> impl IntoView {
    view! {
        <li class="point">
            <Icon name=icon />
            <div>
                <h2 class="point__title">{title}</h2>
                <p>{text}</p>
            </div>
        </li>
    }
    .into_any()
}
