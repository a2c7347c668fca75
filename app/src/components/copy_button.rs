//! Puts a text on the clipboard.

use leptos::prelude::*;

use crate::browser;
use crate::components::icon::Icon;
use crate::components::toast::Toasts;

/// Copies `text`, and says so. Where the browser does not let it, it says what to do.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    /// What it is, as in `Copy the line`; shown is "Copy".
    #[prop(into)]
    spoken: String,
) -> impl IntoView {
    let toasts = Toasts::current();
    let copy = move |_| {
        let text = text.get_untracked();
        leptos::task::spawn_local(async move {
            let done = browser::copy(&text).await;
            toasts.say(if done {
                "Copied"
            } else {
                "This browser does not copy here: mark the text and copy it yourself"
            });
        });
    };
    view! {
        <button class="button button--small copy-button" type="button" aria-label=spoken on:click=copy>
            <Icon name="copy" />
            "Copy"
        </button>
    }
    .into_any()
}
