//! What only this browser does: its colours, and its keys.

use leptos::prelude::*;

use crate::browser;
use crate::components::field::CheckField;
use crate::components::shortcuts::keys_switch;

const THEMES: [(&str, &str); 3] = [("", "As the system"), ("light", "Light"), ("dark", "Dark")];

#[component]
pub(super) fn ThisBrowserCard() -> impl IntoView {
    let theme = RwSignal::new(String::new());
    let keys = keys_switch();
    Effect::new(move || theme.set(browser::theme().unwrap_or_default()));
    let choose = move |chosen: &'static str| {
        theme.set(chosen.to_owned());
        browser::set_theme((!chosen.is_empty()).then_some(chosen));
    };
    let choices = THEMES
        .map(|(name, label)| {
            view! {
                <label class="segmented__item">
                    <input
                        type="radio"
                        name="theme"
                        value=name
                        prop:checked=move || theme.with(|theme| theme == name)
                        on:change=move |_| choose(name)
                    />
                    {label}
                </label>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <section class="card" aria-labelledby="browser-title">
            <h2 class="card__title" id="browser-title">
                "This browser"
            </h2>
            <fieldset class="field">
                <legend class="field__label">"Colours"</legend>
                <div class="segmented">{choices}</div>
            </fieldset>
            <CheckField
                id="keys"
                label="Keys of one letter"
                value=keys
                switch=true
                hint="? lists all keys. / searches the names of a machine. l locks the vault. g and then h, m, k or s goes to Home, Machines, Keep your key or Settings. n goes to the newest point of a timeline. Among files, where letters look for a name, they wait."
            />
            <p class="small ink-2">
                {"In a list of files Space chooses one, Shift with an arrow several, Ctrl or Command with A all, and Escape none; \
                  letters go to a name, Backspace to the folder above. These are always on."}
            </p>
        </section>
    }
    .into_any()
}
