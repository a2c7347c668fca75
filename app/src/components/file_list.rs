//! A folder's entries. A list may be very long: only the rows that are to be seen are in the document.

mod dom;
mod rows;
mod window;

use dom::{height_px, set_px, top_px};
pub use rows::Rows;
use window::{Measure, Window};

use iota_core::id::SetId;
use iota_core::vault::{EntryKind, Jump, Listing, Order, PathToken, Row};
use leptos::prelude::*;
use leptos::{ev, html};

use crate::browser;
use crate::components::folder_view::LIST_ID;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::spot::{self, Spot};
use crate::vault::Vault;
use crate::words::{self, Moment, now_ms};

/// Letters that follow each other faster belong to one word, milliseconds.
const TYPING_MS: u64 = 1_000;
/// What bars at the upper edge may hide, pixels.
const UPPER_BAR_PX: f64 = 72.0;
/// What bars at the lower edge may hide, pixels.
const LOWER_BAR_PX: f64 = 80.0;

/// What rows are sorted by, and whether the other way round.
pub type Sorting = (Order, bool);

/// What a list is about, and what it does.
#[derive(Clone)]
pub struct FileListing {
    /// The machine.
    pub set: SetId,
    /// The point in time and the folder.
    pub spot: Spot,
    /// The list.
    pub listing: Listing,
    /// How it is sorted; a change makes a new list.
    pub sorting: RwSignal<Sorting>,
    /// The file that is shown beside the list.
    pub selected: RwSignal<Option<PathToken>>,
    /// Goes into a folder, or shows a file.
    pub open: Callback<Row>,
    /// Goes to the folder above.
    pub up: Callback<()>,
    /// Whether the focus was in the list before.
    pub focus: bool,
}

/// What the handlers of one list share.
#[derive(Clone, Copy)]
struct State {
    rows: Rows,
    count: u32,
    active: RwSignal<u32>,
    window: RwSignal<Window>,
    measure: StoredValue<Option<Measure>>,
    body: NodeRef<html::Div>,
    block: NodeRef<html::Div>,
    probe: NodeRef<html::Div>,
}

/// The list. It is made anew for every folder, order and point in time.
#[component]
pub fn FileList(
    /// What it shows.
    list: FileListing,
) -> impl IntoView {
    let vault = Vault::current();
    let Listing { listing, count, .. } = list.listing;
    let state = State {
        rows: Rows::new(vault, listing, count),
        count,
        active: RwSignal::new(0),
        window: RwSignal::new(Window::default()),
        measure: StoredValue::new(None),
        body: NodeRef::new(),
        block: NodeRef::new(),
        probe: NodeRef::new(),
    };
    follow(state);
    if list.focus {
        Effect::new(|| browser::focus(LIST_ID));
    }
    let typed = StoredValue::new((String::new(), 0u64));
    let keys = {
        let list = list.clone();
        move |event: ev::KeyboardEvent| press(&event, state, &list, vault, typed)
    };
    let sorting = list.sorting;
    let list = StoredValue::new(list);
    let indexes = move || state.window.with(|window| (window.first..window.end).collect::<Vec<_>>());
    view! {
        <div
            class="file-list"
            id=LIST_ID
            role="grid"
            aria-label="Files and folders"
            aria-rowcount=count + 1
            aria-colcount="3"
            aria-activedescendant=move || (count > 0).then(|| row_id(state.active.get()))
            tabindex="0"
            on:keydown=keys
        >
            <div class="file-list__head" role="row" aria-rowindex="1">
                <SortButton sorting order=Order::Name label="Name" class="file-list__name" />
                <SortButton sorting order=Order::Changed label="Changed" class="file-list__changed" />
                <SortButton sorting order=Order::Size label="Size" class="file-list__size" />
            </div>
            <div class="file-list__body" role="rowgroup" node_ref=state.body>
                <div class="file-list__probe" aria-hidden="true" node_ref=state.probe></div>
                <div class="file-list__block" role="presentation" node_ref=state.block>
                    <For each=indexes key=|index| *index let:index>
                        <FileRow index state list />
                    </For>
                </div>
            </div>
        </div>
        {move || {
            let retry = Callback::new(move |()| state.rows.retry(state.window.get_untracked()));
            state.rows.problem().get().map(|problem| view! { <ProblemNotice problem retry /> })
        }}
    }
    .into_any()
}

#[component]
fn SortButton(sorting: RwSignal<Sorting>, order: Order, label: &'static str, class: &'static str) -> impl IntoView {
    let state = move || {
        let (now, descending) = sorting.get();
        match (now == order, descending) {
            (false, _) => "none",
            (true, false) => "ascending",
            (true, true) => "descending",
        }
    };
    let sort =
        move |_| sorting.update(|(now, descending)| (*now, *descending) = (order, *now == order && !*descending));
    view! {
        <div class=class role="columnheader" aria-sort=state>
            <button class="file-list__sort" type="button" on:click=sort>
                {label}
                <span class="file-list__arrow" aria-hidden="true">
                    {move || match state() {
                        "ascending" => "↑",
                        "descending" => "↓",
                        _ => "",
                    }}
                </span>
            </button>
        </div>
    }
    .into_any()
}

/// Keeps the rows in step with what is seen of the page.
fn follow(state: State) {
    Effect::new(move || {
        let mounted = state.body.get().is_some() && state.block.get().is_some() && state.probe.get().is_some();
        if mounted {
            measure(state);
        }
    });
    let scrolled = window_event_listener(ev::scroll, move |_| place(state));
    let resized = window_event_listener(ev::resize, move |_| measure(state));
    on_cleanup(move || {
        scrolled.remove();
        resized.remove();
    });
}

/// Measures rows and page, and gives the list its height.
fn measure(state: State) {
    let (Some(body), Some(probe)) = (state.body.get_untracked(), state.probe.get_untracked()) else { return };
    let view_px = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(800.0);
    let row_px = height_px(&probe);
    let measure = Measure { count: state.count, row_px, view_px };
    state.measure.set_value(Some(measure));
    set_px(&body, "height", measure.height_px());
    place(state);
}

/// Puts the rows where they are seen.
fn place(state: State) {
    let (Some(body), Some(block)) = (state.body.get_untracked(), state.block.get_untracked()) else { return };
    let Some(measure) = state.measure.get_value() else { return };
    let window = measure.window(-top_px(&body));
    set_px(&block, "top", window.top_px);
    let before = state.window.get_untracked();
    if (before.first, before.end) != (window.first, window.end) {
        state.window.set(window);
        state.rows.want(window);
    }
}

/// Makes a row the active one, and brings it into view.
fn go_to(state: State, row: u32) {
    let row = row.min(state.count.saturating_sub(1));
    state.active.set(row);
    let (Some(body), Some(measure)) = (state.body.get_untracked(), state.measure.get_value()) else { return };
    let top = top_px(&body) + measure.place_of(row);
    let (above, below) = (UPPER_BAR_PX, measure.view_px - LOWER_BAR_PX - measure.row_px);
    let by = if top < above {
        top - above
    } else if top > below {
        top - below
    } else {
        return;
    };
    window().scroll_by_with_x_and_y(0.0, by);
    place(state);
}

fn press(event: &ev::KeyboardEvent, state: State, list: &FileListing, vault: Vault, typed: StoredValue<(String, u64)>) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || state.count == 0 && event.key() != "Backspace" {
        return;
    }
    let row = state.active.get_untracked();
    let page = state.measure.get_value().map_or(10, |measure| (measure.view_px / measure.row_px) as u32).max(2) - 1;
    match event.key().as_str() {
        "ArrowDown" => go_to(state, row + 1),
        "ArrowUp" => go_to(state, row.saturating_sub(1)),
        "PageDown" => go_to(state, row.saturating_add(page)),
        "PageUp" => go_to(state, row.saturating_sub(page)),
        "Home" => go_to(state, 0),
        "End" => go_to(state, state.count - 1),
        // A button in the head has its own idea of it.
        "Enter" if !on_button(event) => match state.rows.get_untracked(row) {
            Some(row) => list.open.run(row),
            None => return,
        },
        "Backspace" => list.up.run(()),
        // These move time, everywhere on the page.
        "[" | "]" | "{" | "}" => return,
        key if key.chars().count() == 1 && !(key == " " && on_button(event)) => {
            let now = now_ms();
            let word = typed.try_update_value(|(word, last_ms)| {
                if now.saturating_sub(*last_ms) > TYPING_MS {
                    word.clear();
                }
                *last_ms = now;
                word.push_str(key);
                word.clone()
            });
            jump(state, vault, list.listing.listing, word.unwrap_or_default());
        }
        _ => return,
    }
    event.prevent_default();
    event.stop_propagation();
}

fn on_button(event: &ev::KeyboardEvent) -> bool {
    event.target().map(event_target_tag).is_some_and(|tag| tag == "BUTTON")
}

fn event_target_tag(target: leptos::web_sys::EventTarget) -> String {
    use leptos::wasm_bindgen::JsCast;
    target.dyn_into::<leptos::web_sys::Element>().map(|element| element.tag_name()).unwrap_or_default()
}

fn jump(state: State, vault: Vault, listing: u32, typed: String) {
    leptos::task::spawn_local(async move {
        if let Ok(Some(row)) = vault.ask(Jump { listing, typed }).await
            && state.active.try_get_untracked().is_some()
        {
            go_to(state, row);
        }
    });
}

fn row_id(index: u32) -> String {
    format!("row-{index}")
}

#[component]
fn FileRow(index: u32, state: State, list: StoredValue<FileListing>) -> impl IntoView {
    let row = Memo::new(move |_| state.rows.get(index));
    let selected = list.with_value(|list| list.selected);
    let is_selected = Memo::new(move |_| {
        let shown = selected.get();
        shown.is_some() && row.with(|row| row.as_ref().map(|row| &row.token) == shown.as_ref())
    });
    let open = move |event: ev::MouseEvent| {
        state.active.set(index);
        let plain =
            event.button() == 0 && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        if let (true, Some(row)) = (plain, row.get_untracked()) {
            // In a tab of its own the link leads to the same.
            event.prevent_default();
            list.with_value(|list| list.open).run(row);
        }
    };
    view! {
        <div
            class="file-list__row"
            role="row"
            id=row_id(index)
            aria-rowindex=index + 2
            aria-selected=move || if is_selected.get() { "true" } else { "false" }
            data-active=move || (state.active.get() == index).then_some("true")
            on:click=open
        >
            {move || match row.get() {
                Some(row) => list.with_value(|list| cells(row, list)),
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

fn cells(row: Row, list: &FileListing) -> AnyView {
    let spot = list.spot.path(Some(row.token));
    let (icon, class, kind, href) = match row.kind {
        EntryKind::Folder => {
            ("folder", "file-list__link file-list__link--folder", "Folder ", spot::browse(list.set, &spot))
        }
        EntryKind::File => ("file-text", "file-list__link", "", spot::file(list.set, &spot)),
        EntryKind::Link => ("link-2", "file-list__link", "Link ", spot::file(list.set, &spot)),
        EntryKind::Special => ("circle-dashed", "file-list__link", "Special file ", spot::file(list.set, &spot)),
    };
    let changed = Moment::local_s(row.mtime_s);
    let size = matches!(row.kind, EntryKind::File).then(|| words::bytes(row.bytes));
    let torn = row.torn.then(|| view! { <span class="badge badge--warn">"changed while read"</span> });
    view! {
        <div class="file-list__name" role="gridcell">
            <a class=class href=href tabindex="-1">
                <Icon name=icon />
                <span class="visually-hidden">{kind}</span>
                <span class="file-list__text">
                    <bdi>{row.name}</bdi>
                    <small class="phone">{changed.date()}</small>
                </span>
            </a>
            {torn}
        </div>
        <div class="file-list__changed" role="gridcell">{changed.date_clock()}</div>
        <div class="file-list__size" role="gridcell">{size}</div>
    }
    .into_any()
}
