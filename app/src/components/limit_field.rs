//! After which time without a complete backup a machine is missed.

use iota_core::api::alerts::DEFAULT_LIMIT_HOURS;
use leptos::prelude::*;

/// Choices, hours; 0 is never.
const CHOICES: [u32; 8] = [24, 48, DEFAULT_LIMIT_HOURS, 5 * 24, 7 * 24, 14 * 24, 30 * 24, 0];

/// A list of limits to choose from.
#[component]
pub fn LimitField(
    /// Id of the list, once on a page.
    id: &'static str,
    /// The visible label.
    #[prop(into)]
    label: String,
    /// What is chosen, hours; none for that of the account.
    value: RwSignal<Option<u32>>,
    /// The first choice, in words, when there is one that leaves it to the account.
    #[prop(optional, into)]
    none: Option<String>,
) -> impl IntoView {
    let mut hours = CHOICES.to_vec();
    // What somebody chose by other ways stays a choice.
    if let Some(own) = value.get_untracked()
        && !hours.contains(&own)
    {
        hours.insert(0, own);
    }
    let none = none.map(|words| (None, words));
    let listed = none.into_iter().chain(hours.into_iter().map(|hours| (Some(hours), limit_words(hours))));
    let options = listed.map(|(hours, words)| option(hours, words, value)).collect_view();
    let choose = move |event| value.set(event_target_value(&event).parse().ok());
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select class="select" id=id on:change=choose>
                {options}
            </select>
        </div>
    }
    .into_any()
}

fn option(hours: Option<u32>, words: String, value: RwSignal<Option<u32>>) -> AnyView {
    let name = hours.map_or_else(String::new, |hours| hours.to_string());
    view! {
        <option value=name prop:selected=move || value.get() == hours>
            {words}
        </option>
    }
    .into_any()
}

/// A limit as in `3 days`.
pub fn limit_words(hours: u32) -> String {
    match hours {
        0 => "Never".into(),
        24 => "1 day".into(),
        _ if hours.is_multiple_of(24) => format!("{} days", hours / 24),
        1 => "1 hour".into(),
        _ => format!("{hours} hours"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_in_words() {
        let words = [0, 1, 5, 24, 36, 72].map(limit_words);
        assert_eq!(words, ["Never", "1 hour", "5 hours", "1 day", "36 hours", "3 days"]);
    }
}
