//! A button that says that it works, and keeps its width meanwhile.

use leptos::prelude::*;

/// A button with two labels, one in the place of the other. While it works it takes no clicks but keeps the focus.
#[component]
pub fn BusyButton(
    /// Whether it works now.
    #[prop(into)]
    busy: Signal<bool>,
    /// What it does, as in "Save".
    #[prop(into)]
    label: String,
    /// What it says meanwhile, as in "Saving…".
    #[prop(into)]
    working: String,
    /// Id, where something else speaks of it.
    #[prop(optional)]
    id: Option<&'static str>,
    /// More classes, as in `button--primary`.
    #[prop(optional)]
    class: &'static str,
    /// Without it the button sends its form.
    #[prop(optional)]
    on_press: Option<Callback<()>>,
    /// Whether it cannot be pressed now; the reason stands beside it.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    let kind = if on_press.is_some() { "button" } else { "submit" };
    let press = move |event: leptos::ev::MouseEvent| {
        if busy.get_untracked() || disabled.get_untracked() {
            event.prevent_default();
        } else if let Some(on_press) = on_press {
            on_press.run(());
        }
    };
    view! {
        <button
            id=id
            class=format!("button busy-button {class}")
            type=kind
            aria-disabled=move || (busy.get() || disabled.get()).then_some("true")
            data-busy=move || busy.get().then_some("true")
            on:click=press
        >
            <span class="busy-button__label" aria-hidden=move || busy.get().then_some("true")>{label}</span>
            <span class="busy-button__working" aria-hidden=move || (!busy.get()).then_some("true")>{working}</span>
        </button>
    }
    .into_any()
}
