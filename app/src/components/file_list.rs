//! A folder's entries. A list may be very long: only the rows that are to be seen are in the document.

mod changes;
mod choice;
mod choosing;
mod dom;
mod folder_rows;
mod keys;
mod row;
mod rows;
mod thumbs;
mod window;

pub use choice::Choice;
pub use choosing::Chosen;
pub use folder_rows::{FolderRows, Turn};

use choice::Amount;
use dom::{height_px, set_px, top_px};
use keys::Keys;
use row::FileRow;
use rows::Rows;
use window::{Measure, Window};

use std::time::Duration;

use iota_core::id::SetId;
use iota_core::vault::{Order, PathToken, Row, Wanted};
use leptos::prelude::*;
use leptos::{ev, html};

use crate::browser;
use crate::components::folder_view::LIST_ID;
use crate::components::problem_notice::ProblemNotice;
use crate::downloads::WantedFile;
use crate::spot::Spot;
use crate::vault::Vault;
use crate::words::many;

/// What bars at the upper edge may hide, pixels.
const UPPER_BAR_PX: f64 = 72.0;
/// What bars at the lower edge may hide, pixels.
const LOWER_BAR_PX: f64 = 80.0;
/// What the bar below the list may hide besides, while something is chosen, pixels.
const CHOICE_BAR_PX: f64 = 112.0;
/// Pictures come when the list has rested so long.
const REST: Duration = Duration::from_millis(300);
/// Id of what says which keys choose.
const KEYS_ID: &str = "files-keys";

/// What rows are sorted by, and whether the other way round.
pub type Sorting = (Order, bool);

/// What a list is about, and what it does.
#[derive(Clone)]
pub struct FileListing {
    /// The machine.
    pub set: SetId,
    /// The point in time and the folder.
    pub spot: Signal<Spot>,
    /// When the point is, by the machine's clock, milliseconds since 1970; none for the newest.
    pub past_ms: Signal<Option<u64>>,
    /// Its rows.
    pub rows: FolderRows,
    /// How it is sorted; a change makes a new list.
    pub sorting: RwSignal<Sorting>,
    /// The file that is shown beside the list.
    pub shown: RwSignal<Option<PathToken>>,
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
    folder: FolderRows,
    rows: Rows,
    chosen: Chosen,
    active: RwSignal<u32>,
    window: RwSignal<Window>,
    measure: StoredValue<Option<Measure>>,
    /// Counts what moves or fills the list.
    moves: StoredValue<u32>,
    body: NodeRef<html::Div>,
    block: NodeRef<html::Div>,
    probe: NodeRef<html::Div>,
}

impl State {
    fn count(&self) -> u32 {
        self.rows.source_untracked().count()
    }

    fn whole(&self) -> Amount {
        self.rows.source_untracked().whole
    }
}

/// The list. It is made anew for every folder, and stays while time or the order changes.
#[component]
pub fn FileList(
    /// What it shows.
    list: FileListing,
) -> impl IntoView {
    let FolderRows { rows, chosen, active, window, .. } = list.rows;
    let state = State {
        folder: list.rows,
        rows,
        chosen,
        active,
        window,
        measure: StoredValue::new(None),
        moves: StoredValue::new(0),
        body: NodeRef::new(),
        block: NodeRef::new(),
        probe: NodeRef::new(),
    };
    let count = Memo::new(move |_| rows.source().count());
    follow(state, count);
    if list.focus {
        Effect::new(|| browser::focus(LIST_ID));
    }
    let sorting = list.sorting;
    let list = StoredValue::new(list);
    Effect::new(move || {
        state.rows.track();
        state.window.track();
        let spot = list.with_value(|list| list.spot).get();
        rest(state, list.with_value(|list| list.set), spot.at);
    });
    let keys = Keys::new(state, Vault::current(), list);
    let indexes = move || {
        let count = count.get();
        state.window.with(|window| (window.first..window.end.min(count)).collect::<Vec<_>>())
    };
    view! {
        <div
            class="file-list"
            class:file-list--choosing=move || state.chosen.is_there()
            id=LIST_ID
            role="grid"
            aria-label="Files and folders"
            aria-describedby=KEYS_ID
            aria-multiselectable="true"
            aria-rowcount=move || count.get() + 1
            aria-colcount="5"
            aria-activedescendant=move || (count.get() > 0).then(|| row_id(state.active.get()))
            tabindex="0"
            on:keydown=move |event: ev::KeyboardEvent| keys.press(&event)
        >
            <div class="file-list__head" role="row" aria-rowindex="1">
                <ChooseAll state count />
                <SortButton sorting order=Order::Name label="Name" class="file-list__name" />
                <SortButton sorting order=Order::Changed label="Changed" class="file-list__changed" />
                <div class="file-list__versions" role="columnheader">
                    "Versions"
                </div>
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
        <p class="visually-hidden" id=KEYS_ID>
            {"Space chooses a row or no longer, Shift with an arrow chooses several, Ctrl or Command with A all, and \
              Escape none."}
        </p>
        {move || {
            let retry = Callback::new(move |()| state.rows.retry(state.window.get_untracked()));
            state.rows.problem().get().map(|problem| view! { <ProblemNotice problem retry /> })
        }}
    }
    .into_any()
}

/// Ticked when all rows are chosen, half when some are.
#[component]
fn ChooseAll(state: State, count: Memo<u32>) -> impl IntoView {
    let is_all = Memo::new(move |_| state.chosen.with(Choice::is_all));
    let is_some = move || state.chosen.with(|choice| !choice.is_all() && !choice.is_empty());
    let change = move |_| if is_all.get_untracked() { state.chosen.clear() } else { choosing::all(state) };
    view! {
        <div class="file-list__choose" role="gridcell">
            <input
                class="check"
                type="checkbox"
                aria-label=move || format!("Choose all, {}", many(count.get().into(), "entry", "entries"))
                prop:checked=is_all
                prop:indeterminate=is_some
                on:change=change
            />
        </div>
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
fn follow(state: State, count: Memo<u32>) {
    Effect::new(move || {
        count.track();
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
    let measure = Measure { count: state.count(), row_px, view_px };
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

/// Wants small pictures of the files that are seen, once nothing has moved for a while.
fn rest(state: State, set: SetId, at: Option<u64>) {
    let turn = state.moves.get_value().wrapping_add(1);
    state.moves.set_value(turn);
    let want = move || {
        let (Some(true), Some(at)) = (state.moves.try_with_value(|moves| *moves == turn), at) else { return };
        let (Some(body), Some(measure)) = (state.body.get_untracked(), state.measure.get_value()) else { return };
        let window = state.window.get_untracked();
        let seen = window.seen(measure, top_px(&body)).filter_map(|index| state.rows.get_untracked(index));
        state.folder.thumbs.want(seen.filter_map(|row| {
            let Row { name, token, bytes, picture, .. } = row;
            Some((picture?, WantedFile { set, at, what: Wanted::File(token), name, bytes }))
        }));
    };
    set_timeout(want, REST);
}

/// Makes a row the active one, and brings it into view.
fn go_to(state: State, row: u32) {
    let row = row.min(state.count().saturating_sub(1));
    state.active.set(row);
    let (Some(body), Some(measure)) = (state.body.get_untracked(), state.measure.get_value()) else { return };
    let top = top_px(&body) + measure.place_of(row);
    let lower = LOWER_BAR_PX + if untrack(|| state.chosen.is_there()) { CHOICE_BAR_PX } else { 0.0 };
    let (above, below) = (UPPER_BAR_PX, measure.view_px - lower - measure.row_px);
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

fn row_id(index: u32) -> String {
    format!("row-{index}")
}
