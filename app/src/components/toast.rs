//! A short word at the edge of the page, which goes by itself.

use std::time::Duration;

use leptos::prelude::*;

use crate::components::icon::Icon;

const SHOWN: Duration = Duration::from_secs(5);

/// Says short words. A copy says them at the same place.
#[derive(Clone, Copy)]
pub struct Toasts(RwSignal<Option<(u32, String)>>);

impl Toasts {
    /// Makes them known to everything below.
    pub fn provide() {
        provide_context(Self(RwSignal::new(None)));
    }

    /// Those of this tab.
    pub fn current() -> Self {
        expect_context()
    }

    /// Says something, as in "Copied". A new word takes the place of the one before.
    pub fn say(&self, text: impl Into<String>) {
        let Self(word) = *self;
        let number = word.with_untracked(|word| word.as_ref().map_or(0, |(number, _)| number + 1));
        word.set(Some((number, text.into())));
        set_timeout(
            move || {
                if word.with_untracked(|word| word.as_ref().is_some_and(|(shown, _)| *shown == number)) {
                    word.set(None);
                }
            },
            SHOWN,
        );
    }
}

/// Where they appear.
#[component]
pub fn ToastArea() -> impl IntoView {
    let Toasts(word) = Toasts::current();
    view! {
        <div class="toast-area" role="status">
            {move || {
                word.get()
                    .map(|(_, text)| {
                        view! {
                            <span class="toast">
                                <Icon name="check" />
                                {text}
                            </span>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}
