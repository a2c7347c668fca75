//! What a person gives to open the vault: a password, a passkey, twelve words, a file, or sheets of trusted people.

use iota_core::vault::{Problem, ProblemKind, Secret};
use leptos::html;
use leptos::prelude::*;

use crate::components::field::{FieldError, PasswordField, TextFilesField};
use crate::components::problem_notice::sentence;
use crate::components::sheets_field::{Sheet, SheetsField, secret_of_sheets};

/// Begins the text of a key file; a kit has none of it.
const KEY_FILE_MARK: &str = "IOTA-KEY-1";

/// What is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretWay {
    /// Password or passphrase.
    Password,
    /// A passkey, which the browser asks for.
    Passkey,
    /// Twelve recovery words.
    Words,
    /// A kit that was saved as text, or a key file.
    File,
    /// Sheets of trusted people.
    Shares,
}

/// What was given so far. A copy is the same input.
#[derive(Clone, Copy)]
pub struct SecretInput {
    /// What is given.
    pub way: RwSignal<SecretWay>,
    /// What is wrong with it, and what to do.
    pub error: RwSignal<Option<String>>,
    typed: RwSignal<String>,
    file: RwSignal<Option<String>>,
    sheets: RwSignal<Vec<Sheet>>,
}

impl SecretInput {
    /// Nothing given yet.
    pub fn new(way: SecretWay) -> Self {
        Self {
            way: RwSignal::new(way),
            error: RwSignal::new(None),
            typed: RwSignal::new(String::new()),
            file: RwSignal::new(None),
            sheets: RwSignal::new(Vec::new()),
        }
    }

    /// What was given; says what is missing where there is nothing.
    pub fn take(&self) -> Option<Secret> {
        let typed = self.typed.get_untracked();
        let (secret, missing) = match self.way.get_untracked() {
            SecretWay::Password => {
                ((!typed.is_empty()).then_some(Secret::Passphrase(typed)), "Type the password first.")
            }
            SecretWay::Passkey => (None, "Use your passkey."),
            SecretWay::Words => {
                ((!typed.trim().is_empty()).then_some(Secret::Words(typed)), "Type the twelve words first.")
            }
            SecretWay::File => (self.file.get_untracked().map(secret_of_file), "Choose the file first."),
            SecretWay::Shares => {
                (secret_of_sheets(self.sheets.get_untracked(), typed), "Choose or type the sheets first.")
            }
        };
        self.error.set(secret.is_none().then(|| missing.to_owned()));
        secret
    }

    /// Says in place that it opened nothing; true if that was what happened.
    pub fn refuse(&self, problem: &Problem) -> bool {
        let wrong = problem.kind == ProblemKind::WrongSecret;
        if wrong {
            self.error.set(Some(match self.way.get_untracked() {
                SecretWay::Password => "That did not open the vault. Capital letters?".into(),
                SecretWay::Passkey => "That passkey does not open this vault. Take another, or another way.".into(),
                _ => sentence(&problem.message),
            }));
        }
        wrong
    }

    /// Forgets what was given.
    pub fn clear(&self) {
        self.typed.set(String::new());
        self.file.set(None);
        self.sheets.set(Vec::new());
        self.error.set(None);
    }

    /// Goes over to another way.
    pub fn choose(&self, way: SecretWay) {
        self.clear();
        self.way.set(way);
    }
}

fn secret_of_file(text: String) -> Secret {
    if text.contains(KEY_FILE_MARK) { Secret::KeyFile(text) } else { Secret::Kit(text) }
}

/// The field for it.
#[component]
pub fn SecretField(
    /// What is given.
    input: SecretInput,
    /// Id of the field, once on a page.
    id: &'static str,
) -> impl IntoView {
    move || match input.way.get() {
        SecretWay::Password => view! {
            <PasswordField
                id
                label="Vault password or passphrase"
                value=input.typed
                autocomplete="current-password"
                hint="Takes about a second: the work makes guessing expensive."
                error=input.error
                big=true
                focus=true
            />
        }
        .into_any(),
        SecretWay::Passkey => view! {
            <div class="field">
                <span class="field__hint" id=format!("{id}-hint")>
                    "Your device asks for a finger, your face or a code."
                </span>
                <FieldError id error=input.error />
            </div>
        }
        .into_any(),
        SecretWay::Words => view! { <WordsField input id /> }.into_any(),
        SecretWay::File => {
            let take = Callback::new(move |texts: Vec<String>| {
                input.clear();
                input.file.set(texts.into_iter().next());
            });
            view! {
                <TextFilesField
                    id
                    label="Key file, or recovery kit saved as text"
                    hint="It is read here, and sent nowhere."
                    error=input.error
                    take
                />
            }
            .into_any()
        }
        SecretWay::Shares => {
            view! { <SheetsField sheets=input.sheets typed=input.typed error=input.error id /> }.into_any()
        }
    }
}

#[component]
fn WordsField(input: SecretInput, id: &'static str) -> impl IntoView {
    let node = NodeRef::<html::Textarea>::new();
    Effect::new(move || {
        if let Some(area) = node.get() {
            // A field takes the focus.
            let _ = area.focus();
        }
    });
    let described = move || {
        if input.error.with(Option::is_some) { format!("{id}-error {id}-hint") } else { format!("{id}-hint") }
    };
    view! {
        <div class="field">
            <label for=id>"The twelve words of the recovery kit"</label>
            <textarea
                class="input input--big input--mono"
                node_ref=node
                id=id
                rows="3"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-describedby=described
                aria-invalid=move || input.error.with(Option::is_some).then_some("true")
                on:input=move |event| {
                    input.error.set(None);
                    input.typed.set(event_target_value(&event));
                }
            ></textarea>
            <span class="field__hint" id=format!("{id}-hint")>
                "In their order, with blanks between them. Capital letters do not matter."
            </span>
            <FieldError id error=input.error />
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_key_file_by_its_mark() {
        assert!(matches!(secret_of_file("x\nIOTA-KEY-1-AAAA\nIOTA-SLOT-1-B".into()), Secret::KeyFile(_)));
        assert!(matches!(secret_of_file("1. word\nIOTA-SLOT-1-B".into()), Secret::Kit(_)));
    }
}
