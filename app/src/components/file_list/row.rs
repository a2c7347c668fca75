//! One row of a list.

use iota_core::vault::{EntryKind, Row};
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::Element;
use leptos::{ev, html};

use super::changes::Line;
use super::{FileListing, State, choosing, row_id};
use crate::browser;
use crate::components::folder_view::LIST_ID;
use crate::components::icon::Icon;
use crate::spot;
use crate::words::{self, Moment};

/// A row; bars until it is known.
#[component]
pub fn FileRow(
    /// Which.
    index: u32,
    /// What the rows share.
    state: State,
    /// Their list.
    list: StoredValue<FileListing>,
) -> impl IntoView {
    let row = Memo::new(move |_| state.rows.get(index));
    let shown = list.with_value(|list| list.shown);
    let is_shown = Memo::new(move |_| {
        let shown = shown.get();
        shown.is_some() && row.with(|row| row.as_ref().map(|row| &row.token) == shown.as_ref())
    });
    let is_chosen = Memo::new(move |_| {
        row.with(|row| row.as_ref().is_some_and(|row| state.chosen.with(|choice| choice.contains(&row.token))))
    });
    view! {
        <div
            class="file-list__row"
            role="row"
            id=row_id(index)
            aria-rowindex=index + 2
            aria-selected=move || if is_chosen.get() { "true" } else { "false" }
            aria-current=move || is_shown.get().then_some("true")
            data-active=move || (state.active.get() == index).then_some("true")
            on:mousedown=move |event| {
                if event.shift_key() {
                    keep_focus(&event);
                }
            }
            on:click=move |event| click(&event, index, row, state, list)
        >
            {move || match row.get() {
                Some(row) => {
                    let choose = choose_cell(&row, index, is_chosen, state);
                    let cells = list.with_value(|list| cells(row, index, state, list));
                    view! {
                        {choose}
                        {cells}
                    }
                        .into_any()
                }
                None => {
                    view! {
                        <div class="file-list__name" role="gridcell">
                            <span class="skeleton skeleton--mid"></span>
                        </div>
                    }
                        .into_any()
                }
            }}
        </div>
    }
    .into_any()
}

/// The pointer chooses: no text between two rows, and keys go on in the list.
fn keep_focus(event: &ev::MouseEvent) {
    event.prevent_default();
    browser::focus_in_place(LIST_ID);
}

fn click(event: &ev::MouseEvent, index: u32, row: Memo<Option<Row>>, state: State, list: StoredValue<FileListing>) {
    if event.button() != 0 || event.alt_key() {
        return;
    }
    let held = event.ctrl_key() || event.meta_key();
    if event.shift_key() && !held {
        event.prevent_default();
        choosing::extend(state, index);
        state.active.set(index);
        return;
    }
    state.active.set(index);
    if held {
        // In a tab of its own the link leads to the same.
        if !on_link(event) {
            choosing::toggle(state, index);
        }
    } else if let Some(row) = row.get_untracked() {
        event.prevent_default();
        state.chosen.forget_anchor();
        list.with_value(|list| list.open).run(row);
    }
}

fn on_link(event: &ev::MouseEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.closest("a").is_ok_and(|link| link.is_some()))
}

/// A box to tick. With the shift key it does so for all rows from the last one on.
fn choose_cell(row: &Row, index: u32, is_chosen: Memo<bool>, state: State) -> AnyView {
    let node = NodeRef::<html::Input>::new();
    let click = move |event: ev::MouseEvent| {
        event.stop_propagation();
        if event.shift_key() {
            choosing::extend(state, index);
        } else {
            choosing::toggle(state, index);
        }
        state.active.set(index);
        if let Some(input) = node.get_untracked() {
            // The browser has ticked it already; perhaps there was too much.
            input.set_checked(is_chosen.get_untracked());
        }
    };
    view! {
        <div class="file-list__choose" role="gridcell" on:mousedown=|event| keep_focus(&event) on:click=click>
            <input
                class="check"
                type="checkbox"
                tabindex="-1"
                aria-label=format!("Choose {}", row.name)
                prop:checked=is_chosen
                node_ref=node
            />
        </div>
    }
    .into_any()
}

fn cells(row: Row, index: u32, state: State, list: &FileListing) -> AnyView {
    let FileListing { set, spot, past_ms, .. } = *list;
    let (icon, class, kind) = match row.kind {
        EntryKind::Folder => ("folder", "file-list__link file-list__link--folder", "Folder "),
        EntryKind::File => ("file-text", "file-list__link", ""),
        EntryKind::Link => ("link-2", "file-list__link", "Link "),
        EntryKind::Special => ("circle-dashed", "file-list__link", "Special file "),
    };
    let changed = Moment::local_s(row.mtime_s);
    let size = matches!(row.kind, EntryKind::File).then(|| words::bytes(row.bytes));
    let torn = row.torn.then(|| view! { <span class="badge badge--warn">"changed while read"</span> });
    let at = move || spot.with(|spot| spot.at).unwrap_or_default();
    let href = {
        let (token, is_folder) = (row.token.clone(), row.kind == EntryKind::Folder);
        move || {
            let spot = spot.with(|spot| spot.path(Some(token.clone())));
            if is_folder { spot::browse(set, &spot) } else { spot::file(set, &spot) }
        }
    };
    let line = {
        let token = row.token.clone();
        Memo::new(move |_| state.folder.changes.line(&token, at(), past_ms.get()))
    };
    let icon = move || view! { <Icon name=icon /> }.into_any();
    let picture = match row.picture {
        Some(content) => state.folder.thumbs.draw(content, icon),
        None => icon(),
    };
    let name = row.name.clone();
    let badge = Memo::new(move |_| state.folder.badge(index, &row, at(), past_ms.get().is_some()));
    view! {
        <div class="file-list__name" role="gridcell">
            <a class=class href=href tabindex="-1">
                {picture}
                <span class="visually-hidden">{kind}</span>
                <span class="file-list__text">
                    <bdi>{name}</bdi>
                    <small class="phone">{changed.date()}</small>
                </span>
            </a>
            {torn}
            {move || badge.get().map(|(class, words)| view! { <span class=class>{words}</span> })}
        </div>
        <div class="file-list__changed" role="gridcell">{changed.date_clock()}</div>
        <div class="file-list__versions" role="gridcell">{move || line.get().map(Line::draw)}</div>
        <div class="file-list__size" role="gridcell">{size}</div>
    }
    .into_any()
}
