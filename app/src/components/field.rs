//! Fields of forms: a visible label, a hint, and what is wrong in words below.

use leptos::html;
use leptos::prelude::*;

use crate::browser;
use crate::components::icon::Icon;
use crate::components::problem_notice::sentence;

/// A line of text.
#[component]
pub fn TextField(
    /// Id of the input, once on a page.
    id: &'static str,
    /// The visible label.
    #[prop(into)]
    label: String,
    /// What was typed.
    value: RwSignal<String>,
    /// `text`, `email`, `number` and the like.
    #[prop(optional)]
    kind: Option<&'static str>,
    /// What the browser may fill in.
    #[prop(optional)]
    autocomplete: Option<&'static str>,
    /// What helps to fill it in.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong, and what to do.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// As large as the only thing to do.
    #[prop(optional)]
    big: bool,
    /// Codes and words.
    #[prop(optional)]
    mono: bool,
    /// Which keyboard a phone shows.
    #[prop(optional)]
    inputmode: Option<&'static str>,
    /// Has the focus as soon as it is there.
    #[prop(optional)]
    focus: bool,
) -> impl IntoView {
    let node = NodeRef::<html::Input>::new();
    follow(node, value, focus);
    let (error, type_on) = until_typed(error);
    let hint = hint.map(|hint| view! { <span class="field__hint" id=format!("{id}-hint")>{hint}</span> });
    let described = describe(id, hint.is_some(), error);
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                class=look(big, mono)
                node_ref=node
                id=id
                type=kind.unwrap_or("text")
                autocomplete=autocomplete.unwrap_or("off")
                inputmode=inputmode
                autocapitalize="none"
                spellcheck="false"
                aria-describedby=described
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                on:input=move |event| {
                    type_on();
                    value.set(event_target_value(&event));
                }
            />
            {hint}
            <FieldError id error />
        </div>
    }
    .into_any()
}

/// A password or passphrase, with a button that shows it.
#[component]
pub fn PasswordField(
    /// Id of the input, once on a page.
    id: &'static str,
    /// The visible label.
    #[prop(into)]
    label: String,
    /// What was typed.
    value: RwSignal<String>,
    /// `current-password` or `new-password`.
    autocomplete: &'static str,
    /// What helps to fill it in.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong, and what to do.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// As large as the only thing to do.
    #[prop(optional)]
    big: bool,
    /// Has the focus as soon as it is there.
    #[prop(optional)]
    focus: bool,
) -> impl IntoView {
    let node = NodeRef::<html::Input>::new();
    let shown = RwSignal::new(false);
    follow(node, value, focus);
    let (error, type_on) = until_typed(error);
    let hint = hint.map(|hint| view! { <span class="field__hint" id=format!("{id}-hint")>{hint}</span> });
    let described = describe(id, hint.is_some(), error);
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <div class="input-group">
                <input
                    class=look(big, false)
                    node_ref=node
                    id=id
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    aria-describedby=described
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    on:input=move |event| {
                        type_on();
                        value.set(event_target_value(&event));
                    }
                />
                <button
                    class="button button--quiet button--icon"
                    type="button"
                    aria-label="Show what is typed"
                    aria-pressed=move || if shown.get() { "true" } else { "false" }
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    {move || if shown.get() { view! { <Icon name="eye-off" /> } } else { view! { <Icon name="eye" /> } }}
                </button>
            </div>
            {hint}
            <FieldError id error />
        </div>
    }
    .into_any()
}

/// Takes what somebody keeps as text from files.
#[component]
pub fn TextFilesField(
    /// Id of the input, once on a page.
    id: &'static str,
    /// The visible label.
    label: &'static str,
    /// What helps to choose.
    hint: &'static str,
    /// Several at once.
    #[prop(optional)]
    multiple: bool,
    /// What is wrong, and what to do.
    error: RwSignal<Option<String>>,
    /// Takes what was read; nothing when a file cannot be.
    take: Callback<Vec<String>>,
) -> impl IntoView {
    let node = NodeRef::<html::Input>::new();
    let choose = move |_| {
        let Some(input) = node.get_untracked() else { return };
        error.set(None);
        leptos::task::spawn_local(async move {
            match browser::chosen_texts(input).await {
                Ok(texts) => take.run(texts),
                Err(problem) => {
                    take.run(Vec::new());
                    error.set(Some(sentence(&problem.message)));
                }
            }
        });
    };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                class="input input--file"
                node_ref=node
                id=id
                type="file"
                multiple=multiple
                aria-describedby=describe(id, true, error.into())
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                on:change=choose
            />
            <span class="field__hint" id=format!("{id}-hint")>
                {hint}
            </span>
            <FieldError id error />
        </div>
    }
    .into_any()
}

/// Tells the browser's own store of passwords whose password the form is about.
#[component]
pub fn UsernameHint(
    /// E-mail address.
    login: String,
) -> impl IntoView {
    view! {
        <input
            class="visually-hidden"
            type="email"
            autocomplete="username"
            tabindex="-1"
            aria-hidden="true"
            readonly=true
            value=login
        />
    }
    .into_any()
}

/// A choice between yes and no.
#[component]
pub fn CheckField(
    /// Id of the input, once on a page.
    id: &'static str,
    /// The visible label.
    #[prop(into)]
    label: String,
    /// Whether it is chosen.
    value: RwSignal<bool>,
    /// What helps to choose.
    #[prop(optional, into)]
    hint: Option<String>,
    /// Takes effect at once, so it looks like a switch.
    #[prop(optional)]
    switch: bool,
) -> impl IntoView {
    let hint = hint.map(|hint| view! { <span class="field__hint" id=format!("{id}-hint")>{hint}</span> });
    let described = hint.is_some().then(|| format!("{id}-hint"));
    view! {
        <div class="check-field">
            <input
                class=if switch { "switch" } else { "check" }
                id=id
                type="checkbox"
                role=switch.then_some("switch")
                prop:checked=move || value.get()
                aria-describedby=described
                on:change=move |event| value.set(event_target_checked(&event))
            />
            <label for=id>{label}</label>
            {hint}
        </div>
    }
    .into_any()
}

/// What is wrong with a field, where who fills it in looks.
#[component]
pub fn FieldError(
    /// Id of the input.
    id: &'static str,
    /// What is wrong, and what to do.
    #[prop(into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    move || {
        error.get().map(|error| {
            view! {
                <span class="field__error" id=format!("{id}-error")>
                    <Icon name="circle-alert" />
                    <span>{error}</span>
                </span>
            }
            .into_any()
        })
    }
}

fn look(big: bool, mono: bool) -> &'static str {
    match (big, mono) {
        (false, false) => "input",
        (true, false) => "input input--big",
        (false, true) => "input input--mono",
        (true, true) => "input input--big input--mono",
    }
}

/// What is wrong with what was sent: who goes on typing has seen it.
fn until_typed(error: Signal<Option<String>>) -> (Signal<Option<String>>, impl Fn() + Copy) {
    let seen = RwSignal::new(false);
    Effect::new(move || {
        error.track();
        seen.set(false);
    });
    (Signal::derive(move || error.get().filter(|_| !seen.get())), move || seen.set(true))
}

/// Ids of what describes an input.
fn describe(id: &'static str, hint: bool, error: Signal<Option<String>>) -> impl Fn() -> Option<String> + Send + Sync {
    move || match (hint, error.with(Option::is_some)) {
        (false, false) => None,
        (true, false) => Some(format!("{id}-hint")),
        (false, true) => Some(format!("{id}-error")),
        (true, true) => Some(format!("{id}-error {id}-hint")),
    }
}

/// Keeps input and signal the same. What was typed or filled in before the page came alive stays.
fn follow(node: NodeRef<html::Input>, value: RwSignal<String>, focus: bool) {
    Effect::new(move |known: Option<bool>| {
        let text = value.get();
        let Some(input) = node.get() else { return false };
        let known = known.unwrap_or_default();
        if !known && text.is_empty() && !input.value().is_empty() {
            value.set(input.value());
        } else if input.value() != text {
            input.set_value(&text);
        }
        if !known && focus {
            // An input takes the focus.
            let _ = input.focus();
        }
        true
    });
}
