//! Sheets of trusted people, until there are enough.

use iota_core::vault::{ReadShare, Secret, ShareView};
use leptos::prelude::*;

use crate::components::field::TextFilesField;
use crate::components::problem_notice::sentence;
use crate::vault::Vault;

/// A sheet that was read.
#[derive(Clone)]
pub struct Sheet {
    view: ShareView,
    text: String,
}

/// What opens the vault by them: all that were read, and what is typed and not yet read.
pub fn secret_of_sheets(sheets: Vec<Sheet>, typed: String) -> Option<Secret> {
    let typed = (!typed.trim().is_empty()).then_some(typed);
    let texts: Vec<String> = sheets.into_iter().map(|sheet| sheet.text).chain(typed).collect();
    (!texts.is_empty()).then_some(Secret::Shares(texts))
}

/// Takes files, and what is typed from paper; tells how many of them are there.
#[component]
pub fn SheetsField(
    /// Those that were read.
    sheets: RwSignal<Vec<Sheet>>,
    /// What is being typed.
    typed: RwSignal<String>,
    /// What is wrong, and what to do.
    error: RwSignal<Option<String>>,
    /// Id of the field, once on a page.
    id: &'static str,
) -> impl IntoView {
    let vault = Vault::current();
    // False when one of them is no sheet.
    let read = move |texts: Vec<String>| async move {
        for text in texts {
            match vault.ask(ReadShare { text: text.clone() }).await {
                Ok(view) => sheets.update(|sheets| add(sheets, Sheet { view, text })),
                Err(problem) => {
                    error.set(Some(sentence(&problem.message)));
                    return false;
                }
            }
        }
        true
    };
    let take = Callback::new(move |texts| {
        leptos::task::spawn_local(async move {
            read(texts).await;
        });
    });
    let add_typed = move |_| {
        error.set(None);
        leptos::task::spawn_local(async move {
            if read(vec![typed.get_untracked()]).await {
                typed.set(String::new());
            }
        });
    };
    let start_over = move |_| {
        error.set(None);
        sheets.set(Vec::new());
    };
    let typed_id = format!("{id}-typed");
    view! {
        <TextFilesField
            id
            label="Sheets that were saved as text"
            hint="Several at once, or one after the other. They are read here, and sent nowhere."
            multiple=true
            error
            take
        />
        <div class="field">
            <label for=typed_id.clone()>"Or the letters of one sheet"</label>
            <textarea
                class="input input--mono"
                id=typed_id
                rows="3"
                autocomplete="off"
                autocapitalize="characters"
                spellcheck="false"
                placeholder="IOTA-SHARE-1-…"
                prop:value=move || typed.get()
                on:input=move |event| {
                    error.set(None);
                    typed.set(event_target_value(&event));
                }
            ></textarea>
            <div class="row row--between">
                <span class="small ink-2" role="status">
                    {move || sheets.with(|sheets| words(sheets))}
                </span>
                {move || {
                    (!typed.with(|typed| typed.trim().is_empty()))
                        .then(|| {
                            view! {
                                <button class="button button--small" type="button" on:click=add_typed>
                                    "Add this sheet"
                                </button>
                            }
                        })
                }}
                {move || {
                    (!sheets.with(Vec::is_empty))
                        .then(|| {
                            view! {
                                <button class="link-button small" type="button" on:click=start_over>
                                    "Forget them"
                                </button>
                            }
                        })
                }}
            </div>
        </div>
    }
    .into_any()
}

/// A sheet that is there already is there once.
fn add(sheets: &mut Vec<Sheet>, sheet: Sheet) {
    let key = |sheet: &Sheet| (sheet.view.slot, sheet.view.number);
    sheets.retain(|other| key(other) != key(&sheet));
    sheets.push(sheet);
    sheets.sort_by_key(key);
}

/// How many of them are there.
fn words(sheets: &[Sheet]) -> Option<String> {
    let first = sheets.first()?.view;
    if sheets.iter().any(|sheet| sheet.view.slot != first.slot) {
        return Some("These sheets do not belong together: they show different sets.".into());
    }
    let numbers: Vec<String> = sheets.iter().map(|sheet| sheet.view.number.to_string()).collect();
    let there = match &numbers[..] {
        [number] => format!("Sheet {number} is there"),
        numbers => format!("Sheets {} are there", numbers.join(", ")),
    };
    Some(match usize::from(first.threshold).saturating_sub(sheets.len()) {
        0 => format!("{there}; that is enough."),
        1 => format!("{there}; 1 more is needed."),
        missing => format!("{there}; {missing} more are needed."),
    })
}

#[cfg(test)]
mod tests {
    use iota_core::id::SlotId;

    use super::*;

    fn sheet(set: u8, number: u8) -> Sheet {
        let view = ShareView { slot: SlotId([set; 16]), number, threshold: 3, count: 5 };
        Sheet { view, text: format!("{set} {number}") }
    }

    #[test]
    fn sheets_are_counted_once_until_they_are_enough() {
        let mut sheets = Vec::new();
        assert_eq!(words(&sheets), None);
        for (number, expected) in [
            (4, "Sheet 4 is there; 2 more are needed."),
            (2, "Sheets 2, 4 are there; 1 more is needed."),
            (4, "Sheets 2, 4 are there; 1 more is needed."),
            (5, "Sheets 2, 4, 5 are there; that is enough."),
        ] {
            add(&mut sheets, sheet(1, number));
            assert_eq!(words(&sheets).unwrap(), expected);
        }
        add(&mut sheets, sheet(2, 4));
        assert!(sheets.len() == 4 && words(&sheets).unwrap().contains("do not belong together"));
    }

    #[test]
    fn what_is_typed_counts_as_one_more() {
        let texts = |sheets, typed: &str| match secret_of_sheets(sheets, typed.into()) {
            Some(Secret::Shares(texts)) => Some(texts),
            _ => None,
        };
        assert_eq!(texts(vec![], " \n"), None);
        assert_eq!(texts(vec![], "typed").unwrap(), ["typed"]);
        assert_eq!(texts(vec![sheet(1, 2)], "typed").unwrap(), ["1 2", "typed"]);
        assert_eq!(texts(vec![sheet(1, 2)], "").unwrap(), ["1 2"]);
    }
}
