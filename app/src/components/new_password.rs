//! A new password, with how well it withstands guessing.

use leptos::prelude::*;

use crate::components::field::PasswordField;
use crate::components::strength_meter::{Rating, StrengthMeter, rated};

/// What is typed, its rating, and what is wrong with it. A copy is the same.
#[derive(Clone, Copy)]
pub struct NewPassword {
    /// What was typed.
    pub text: RwSignal<String>,
    /// What is wrong, and what to do.
    pub error: RwSignal<Option<String>>,
    rating: Rating,
}

impl NewPassword {
    /// Nothing typed yet. Call it in a component.
    pub fn new(login: RwSignal<String>) -> Self {
        let text = RwSignal::new(String::new());
        Self { text, error: RwSignal::new(None), rating: rated(text, login) }
    }

    /// Whether it may be used; says in place why not.
    pub fn check(&self) -> bool {
        let wrong = if self.text.with_untracked(String::is_empty) {
            Some("Choose one first.")
        } else if self.rating.is_too_weak() {
            Some("That would be guessed too easily. Take more words.")
        } else {
            None
        };
        self.error.set(wrong.map(str::to_owned));
        wrong.is_none()
    }
}

/// The field for it.
#[component]
pub fn NewPasswordField(
    /// Id of the input, once on a page.
    id: &'static str,
    /// The visible label.
    #[prop(into)]
    label: String,
    /// What is typed.
    password: NewPassword,
    /// What helps to choose.
    #[prop(into, default = String::from("At least 12 characters. A few words in a row are good; pasting is fine."))]
    hint: String,
    /// Has the focus as soon as it is there.
    #[prop(optional)]
    focus: bool,
) -> impl IntoView {
    view! {
        <div class="stack stack--tight">
            <PasswordField
                id
                label
                value=password.text
                autocomplete="new-password"
                hint
                error=password.error
                big=true
                focus
            />
            <StrengthMeter strength=password.rating.strength />
        </div>
    }
    .into_any()
}
