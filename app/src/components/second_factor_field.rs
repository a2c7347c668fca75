//! The code of the second factor, in a form that needs it only for some accounts.

use iota_core::api::json::code;
use iota_core::vault::Problem;
use leptos::prelude::*;

use crate::components::field::TextField;
use crate::components::problem_notice::sentence;

/// What is typed, once the server wants one. A copy is the same.
#[derive(Clone, Copy)]
pub struct SecondFactor {
    text: RwSignal<String>,
    asked: RwSignal<bool>,
    error: RwSignal<Option<String>>,
}

impl SecondFactor {
    /// Nobody wants one yet.
    pub fn new() -> Self {
        Self { text: RwSignal::new(String::new()), asked: RwSignal::new(false), error: RwSignal::new(None) }
    }

    /// What was typed, if anything.
    pub fn take(&self) -> Option<String> {
        self.error.set(None);
        Some(self.text.get_untracked().trim().to_owned()).filter(|code| !code.is_empty())
    }

    /// Asks for a code, or says what is wrong with the one that was sent; true if that was what the server refused.
    pub fn refuse(&self, problem: &Problem) -> bool {
        let wanted = problem.has_code(code::SECOND_FACTOR);
        if wanted {
            let typed = self.text.with_untracked(|text| !text.trim().is_empty());
            self.error.set(typed.then(|| sentence(&problem.message)));
            self.asked.set(true);
        }
        wanted
    }

    /// Forgets what was typed.
    pub fn clear(&self) {
        self.text.set(String::new());
        self.asked.set(false);
    }
}

impl Default for SecondFactor {
    fn default() -> Self {
        Self::new()
    }
}

/// The field for it; nothing while nobody wants one. Digits and letters have different keyboards on a phone.
#[component]
pub fn SecondFactorField(
    /// What is typed.
    second: SecondFactor,
    /// Id of the field, once on a page.
    id: &'static str,
    /// As large as the only thing to do.
    #[prop(optional)]
    big: bool,
) -> impl IntoView {
    let lost = RwSignal::new(false);
    let other = move |_| {
        second.text.set(String::new());
        second.error.set(None);
        lost.update(|lost| *lost = !*lost);
    };
    let field = move || {
        if lost.get() {
            view! {
                <TextField
                    id
                    label="Recovery code"
                    value=second.text
                    hint="One of those that you kept when you switched the second factor on. Each works once."
                    error=second.error
                    big
                    mono=true
                    focus=true
                />
            }
            .into_any()
        } else {
            view! {
                <TextField
                    id
                    label="Code of the second factor"
                    value=second.text
                    autocomplete="one-time-code"
                    inputmode="numeric"
                    hint="Six digits from your app."
                    error=second.error
                    big
                    mono=true
                    focus=true
                />
            }
            .into_any()
        }
    };
    move || {
        second.asked.get().then(|| {
            view! {
                <div class="stack stack--tight">
                    {field}
                    <div>
                        <button class="link-button small" type="button" on:click=other>
                            {move || if lost.get() { "Use a code of the app" } else { "Use a recovery code instead" }}
                        </button>
                    </div>
                </div>
            }
            .into_any()
        })
    }
}
