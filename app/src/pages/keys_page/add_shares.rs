//! Sheets for trusted people, some of whom open the vault together.

use std::sync::Arc;

use iota_core::vault::{PrepareShares, SavedFile};
use leptos::ev;
use leptos::html;
use leptos::prelude::*;

use super::{Desk, Panel};
use crate::browser;
use crate::components::busy_button::BusyButton;
use crate::components::icon::Icon;
use crate::components::qr_code::QrCode;

/// Fewest and most people.
const PEOPLE: (u8, u8) = (2, 16);
/// Begins what a program reads of a sheet.
const LETTERS: &str = "IOTA-SHARE-1";

/// Asks how many people there are, and how many of them are needed.
#[component]
pub(super) fn AddSharesCard(desk: Desk) -> impl IntoView {
    let (threshold, count) = (RwSignal::new(2), RwSignal::new(3));
    Effect::new(move || {
        if threshold.get() > count.get() {
            threshold.set(count.get());
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if !desk.is_ready() {
            return;
        }
        let question = PrepareShares { threshold: threshold.get_untracked(), count: count.get_untracked() };
        desk.busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = desk.vault.ask(question).await;
            if let Some(sheets) = desk.end(answer) {
                desk.panel.set(Panel::Sheets(sheets.into()));
            }
        });
    };
    let most = Signal::derive(move || count.get());
    view! {
        <section class="card" aria-labelledby="add-shares">
            <h2 class="card__title" id="add-shares">
                "Trust some people"
            </h2>
            <p class="ink-2">
                "Each of them keeps a sheet of paper. One sheet alone opens nothing; enough of them together open your backups, also when you cannot."
            </p>
            <form class="stack" on:submit=submit>
                <div class="duo">
                    <NumberField id="shares-count" label="People, each with a sheet" value=count most=PEOPLE.1 focus=true />
                    <NumberField id="shares-threshold" label="Sheets that are needed" value=threshold most />
                </div>
                <p class="small ink-2" role="status">
                    {move || price(threshold.get(), count.get())}
                </p>
                <div class="row row--between">
                    <button class="button" type="button" on:click=move |_| desk.panel.set(Panel::None)>
                        "Cancel"
                    </button>
                    <BusyButton busy=desk.busy label="Make the sheets" working="Making…" class="button--primary" />
                </div>
            </form>
        </section>
    }
    .into_any()
}

/// A choice of numbers, from the fewest people to `most`.
#[component]
fn NumberField(
    id: &'static str,
    label: &'static str,
    value: RwSignal<u8>,
    #[prop(into)] most: Signal<u8>,
    #[prop(optional)] focus: bool,
) -> impl IntoView {
    let node = NodeRef::<html::Select>::new();
    Effect::new(move || {
        if let Some(select) = node.get().filter(|_| focus) {
            // A field takes the focus.
            let _ = select.focus();
        }
    });
    let options = move || {
        let option = |number: u8| {
            view! {
                <option value=number.to_string() prop:selected=move || value.get() == number>
                    {number.to_string()}
                </option>
            }
            .into_any()
        };
        (PEOPLE.0..=most.get()).map(option).collect_view()
    };
    let choose = move |event| {
        if let Ok(number) = event_target_value(&event).parse() {
            value.set(number);
        }
    };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select class="select" node_ref=node id=id on:change=choose>
                {options}
            </select>
        </div>
    }
    .into_any()
}

/// What the choice costs.
fn price(threshold: u8, count: u8) -> String {
    let lost = match count.saturating_sub(threshold) {
        0 => "None of the sheets may be lost.".to_owned(),
        1 => "1 sheet may be lost.".to_owned(),
        many => format!("{many} sheets may be lost."),
    };
    if threshold == count {
        format!("All {count} of them are needed, and can open your backups without you. {lost}")
    } else {
        format!("Any {threshold} of the {count} can open your backups without you. {lost}")
    }
}

/// Shows the new sheets one at a time, each to be printed or saved.
#[component]
pub(super) fn SheetsPanel(desk: Desk, sheets: Arc<[SavedFile]>) -> impl IntoView {
    let count = sheets.len();
    let shown = RwSignal::new(0_usize);
    let kept = RwSignal::new(vec![false; count]);
    let is_kept = Memo::new(move |_| kept.with(|kept| kept[shown.get()]));
    let is_last = Memo::new(move |_| shown.get() + 1 == count);
    let keep = move || kept.update(|kept| kept[shown.get_untracked()] = true);
    let print = move |_| {
        browser::print();
        keep();
    };
    let save = {
        let sheets = Arc::clone(&sheets);
        move |_| {
            let SavedFile { name, text } = &sheets[shown.get_untracked()];
            browser::save_text(name, text);
            keep();
        }
    };
    let go_on = move |_| {
        if !is_kept.get_untracked() {
            return;
        }
        if is_last.get_untracked() {
            desk.confirm_slot("Hand the sheets out in person, then delete the files");
        } else {
            shown.update(|shown| *shown += 1);
        }
    };
    view! {
        <div class="split kit-keeper">
            <div class="stack">
                <section class="card" aria-labelledby="sheets-title">
                    <div class="card__head">
                        <h2 class="card__title" id="sheets-title">
                            "Sheets for trusted people"
                        </h2>
                        <span class="card__note" role="status">
                            {move || format!("sheet {} of {count}", shown.get() + 1)}
                        </span>
                    </div>
                    <p class="ink-2">
                        "They open it only together; hand them out in person, then delete the files. Write on each whose it is, if you like: no program reads that."
                    </p>
                    <p class="ink-2">
                        "Print or save each one. They are shown this once, and count when you press Done on the last."
                    </p>
                    <p class="small ink-3" role="status">
                        {move || if is_kept.get() { "Look whether it is there." } else { "Print or save this one first." }}
                    </p>
                </section>
                <div class="row row--between">
                    <button
                        class="button"
                        type="button"
                        aria-disabled=move || (shown.get() == 0).then_some("true")
                        on:click=move |_| shown.update(|shown| *shown = shown.saturating_sub(1))
                    >
                        "Sheet before"
                    </button>
                    <button
                        class="button button--primary"
                        type="button"
                        aria-disabled=move || (!is_kept.get()).then_some("true")
                        on:click=go_on
                    >
                        {move || if is_last.get() { "Done" } else { "Next sheet" }}
                    </button>
                </div>
            </div>
            <div class="stack">
                {move || {
                    let SavedFile { text, .. } = sheets[shown.get()].clone();
                    view! { <Sheet number=shown.get() + 1 count text /> }
                }}
                <div class="button-group">
                    <button class="button" type="button" on:click=print>
                        <Icon name="printer" />
                        "Print this sheet"
                    </button>
                    <button class="button" type="button" on:click=save>
                        <Icon name="download" />
                        "Save this sheet"
                    </button>
                </div>
            </div>
        </div>
    }
    .into_any()
}

/// The page as it is printed, with its letters as a QR code.
#[component]
fn Sheet(number: usize, count: usize, text: String) -> impl IntoView {
    let code = letters(&text);
    view! {
        <section class="kit" aria-label=format!("Sheet {number} of {count}")>
            <pre class="kit__page">{text}</pre>
            <QrCode text=code spoken="QR code of the letters at the end of the sheet" />
        </section>
    }
    .into_any()
}

/// What a program reads of a sheet, in one line.
fn letters(text: &str) -> String {
    // A name above them may look like them.
    let start = text.rfind(LETTERS).unwrap_or(text.len());
    text[start..].split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_is_said() {
        assert_eq!(price(2, 3), "Any 2 of the 3 can open your backups without you. 1 sheet may be lost.");
        assert_eq!(price(2, 5), "Any 2 of the 5 can open your backups without you. 3 sheets may be lost.");
        assert!(price(4, 4).starts_with("All 4 of them are needed") && price(4, 4).contains("None of the sheets"));
    }

    #[test]
    fn the_code_has_the_letters_alone() {
        let text = "Sheet 1 of 3\n\nIOTA-SHARE-1-AB\nCD\nIOTA-SLOT-1-EF\nGH\n";
        assert_eq!(letters(text), "IOTA-SHARE-1-ABCDIOTA-SLOT-1-EFGH");
        assert_eq!(letters("nothing"), "");
    }
}
