//! A folder at a point in time, with a file beside it. It needs an open vault.

mod take;

use std::time::Duration;

use iota_core::id::SetId;
use iota_core::vault::{
    EntryKind, ListFolder, Listing, OpenPoint, Order, PathToken, PointView, Problem, ProblemKind, Row,
};
use leptos::prelude::*;

use crate::components::file_list::{Chosen, FileList, FileListing, Sorting};
use crate::components::file_panel::FilePanel;
use crate::components::icon::Icon;
use crate::components::machine_frame::MachineName;
use crate::components::problem_notice::ProblemNotice;
use crate::components::skeleton::Skeleton;
use crate::spot::Spot;
use crate::vault::Vault;
use crate::words::{Moment, bytes, many};

use take::{ChoiceBar, Place, TakeFolder};

/// What takes longer says what it does.
const PATIENCE: Duration = Duration::from_secs(2);

/// A folder that was opened.
#[derive(Clone, PartialEq)]
struct Opened {
    point: PointView,
    spot: Spot,
    listing: Listing,
}

/// What the parts of the view share.
#[derive(Clone, Copy)]
struct Folder {
    vault: Vault,
    set: SetId,
    sorting: RwSignal<Sorting>,
    /// The file that is shown beside the list.
    beside: RwSignal<Option<PathToken>>,
    chosen: Chosen,
    opened: RwSignal<Option<Opened>>,
    problem: RwSignal<Option<Problem>>,
    slow: RwSignal<bool>,
    turn: StoredValue<u32>,
    /// Somebody goes through folders in the list.
    inside: StoredValue<bool>,
    again: Trigger,
}

/// The folder of `spot`, with what can be done in it.
#[component]
pub fn FolderView(
    /// The machine.
    set: SetId,
    /// Where.
    spot: ReadSignal<Spot>,
    /// Whether it is not the newest point.
    past: Memo<bool>,
    /// Learns which point is shown.
    shown: RwSignal<Option<u64>>,
    /// Learns its time, as the vault verified it.
    shown_ms: RwSignal<Option<u64>>,
    /// Opens the newest point again.
    again: Trigger,
    /// Goes elsewhere.
    go: Callback<Spot>,
) -> impl IntoView {
    let folder = Folder {
        vault: Vault::current(),
        set,
        sorting: RwSignal::new((Order::Name, false)),
        beside: RwSignal::new(None),
        chosen: Chosen::nothing(),
        opened: RwSignal::new(None),
        problem: RwSignal::new(None),
        slow: RwSignal::new(false),
        turn: StoredValue::new(0),
        inside: StoredValue::new(false),
        again,
    };
    Effect::new(move || {
        let point =
            folder.opened.with(|opened| opened.as_ref().map(|Opened { point, .. }| (point.seq, point.device_time_ms)));
        shown_ms.set(point.map(|(_, ms)| ms));
        shown.set(point.map(|(seq, _)| seq));
    });
    // The vault may lock; then nothing is shown.
    on_cleanup(move || {
        shown.try_set(None);
    });
    Effect::new(move || {
        folder.again.track();
        folder.begin(spot.get(), folder.sorting.get());
    });
    let place = Memo::new(move |_| {
        folder.opened.with(|opened| opened.as_ref().map(|Opened { point, spot, .. }| (point.seq, spot.path.clone())))
    });
    Effect::new(move || {
        spot.with(|_| ());
        // It belongs to the folder that was left.
        folder.beside.set(None);
    });
    Effect::new(move || {
        spot.with(|_| ());
        place.with(|_| ());
        folder.chosen.clear();
    });
    let retry = Callback::new(move |()| folder.again.notify());
    view! {
        <div class="split split--browse">
            <section class="card card--flush" class:in-past=past aria-label="Folder" aria-busy=move || folder.slow.get().then_some("true")>
                {move || folder.problem.get().map(|problem| view! { <ProblemNotice problem retry /> })}
                <p class="folder__slow" role="status">
                    {move || folder.slow.get().then_some("Opening names…")}
                </p>
                {move || match folder.opened.get() {
                    Some(opened) => view! { <Contents folder opened go /> }.into_any(),
                    None if folder.problem.with(Option::is_some) => ().into_any(),
                    None => {
                        view! {
                            <div class="folder__wait">
                                <Skeleton lines=6 />
                            </div>
                        }
                            .into_any()
                    }
                }}
            </section>
            {move || beside(folder, past)}
        </div>
    }
    .into_any()
}

fn beside(folder: Folder, past: Memo<bool>) -> AnyView {
    let close = Callback::new(move |()| {
        folder.beside.set(None);
        crate::browser::focus(LIST_ID);
    });
    match (folder.beside.get(), folder.opened.with(|opened| opened.as_ref().map(|opened| opened.point.clone()))) {
        (Some(path), Some(point)) => {
            let (at, when_ms, past) = (point.seq, point.device_time_ms, past.get());
            view! { <FilePanel set=folder.set at when_ms past path close /> }.into_any()
        }
        _ => view! {
            <aside class="card card--sunken desk" aria-label="Chosen file">
                <p class="small ink-2">"Choose a file to see its details and to take it out."</p>
            </aside>
        }
        .into_any(),
    }
}

/// Id of the list, for the focus.
pub const LIST_ID: &str = "files";

impl Folder {
    /// Opens the point and the folder. What was shown stays until then, and what comes too late is dropped.
    fn begin(self, spot: Spot, sorting: Sorting) {
        let turn = self.turn.get_value().wrapping_add(1);
        self.turn.set_value(turn);
        self.problem.set(None);
        set_timeout(
            move || {
                if self.turn.try_get_value() == Some(turn) {
                    self.slow.set(true);
                }
            },
            PATIENCE,
        );
        leptos::task::spawn_local(async move {
            let answer = self.open(spot, sorting).await;
            // The view may have gone, or somebody may look elsewhere by now.
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            self.turn.set_value(turn.wrapping_add(1));
            self.slow.set(false);
            match answer {
                Ok(opened) => self.opened.set(Some(opened)),
                Err(problem) if problem.kind == ProblemKind::Locked => {}
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    async fn open(self, spot: Spot, (order, descending): Sorting) -> Result<Opened, Problem> {
        let set = self.set;
        let known = self.opened.try_get_untracked().flatten().map(|opened| opened.point);
        let known = known.filter(|point| spot.at == Some(point.seq));
        let point = match known {
            Some(point) => point,
            None => self.vault.ask(OpenPoint { set, at: spot.at }).await?,
        };
        let question = ListFolder { set, at: point.seq, folder: spot.path.clone(), order, descending };
        let listing = self.vault.ask(question).await?;
        Ok(Opened { point, spot, listing })
    }
}

#[component]
fn Contents(folder: Folder, opened: Opened, go: Callback<Spot>) -> impl IntoView {
    let taken = Place::of(folder.set, &opened);
    let Opened { point, spot, listing } = opened;
    // Links lead to this very point, also when it was opened as the newest.
    let fixed = spot.at(Some(point.seq));
    let up = {
        let crumbs = listing.crumbs.clone();
        let spot = spot.clone();
        Callback::new(move |()| {
            if let Some((_, above)) = crumbs.split_last() {
                folder.inside.set_value(true);
                go.run(spot.path(above.last().map(|crumb| crumb.token.clone())));
            }
        })
    };
    let open = {
        let spot = spot.clone();
        Callback::new(move |row: Row| {
            if row.kind == EntryKind::Folder {
                folder.inside.set_value(true);
                go.run(spot.path(Some(row.token)));
            } else {
                folder.beside.set(Some(row.token));
            }
        })
    };
    let facts = (listing.exists && listing.count > 0).then(|| {
        let size = (listing.bytes > 0).then(|| format!(", {} in files", bytes(listing.bytes)));
        view! {
            <span class="card__note">
                {many(listing.count.into(), "entry", "entries")}
                {size}
            </span>
        }
    });
    let lost = (listing.lost > 0).then(|| view! { <Lost count=listing.lost /> });
    let body = if !listing.exists {
        view! { <NothingHere when_ms=point.device_time_ms spot=spot.clone() go /> }.into_any()
    } else if listing.count == 0 {
        view! {
            <div class="empty">
                <Icon name="folder-open" />
                <h2>"An empty folder"</h2>
                <p>"There is nothing in it at this point in time."</p>
            </div>
        }
        .into_any()
    } else {
        let list = FileListing {
            set: folder.set,
            spot: fixed,
            listing: listing.clone(),
            sorting: folder.sorting,
            shown: folder.beside,
            chosen: folder.chosen,
            open,
            up,
            focus: folder.inside.get_value(),
        };
        folder.inside.set_value(false);
        let (place, chosen) = (taken.clone(), folder.chosen);
        view! {
            <div>
                <FileList list />
                <ChoiceBar place chosen />
            </div>
        }
        .into_any()
    };
    let take = (listing.exists && listing.count > 0).then(|| view! { <TakeFolder place=taken /> });
    view! {
        <div class="card__head">
            <Crumbs set=folder.set spot listing go />
            <div class="folder__do">{facts} {take}</div>
        </div>
        {lost}
        {body}
    }
    .into_any()
}

#[component]
fn Crumbs(set: SetId, spot: Spot, listing: Listing, go: Callback<Spot>) -> impl IntoView {
    let here = listing.crumbs.len();
    let top = spot.path(None);
    let name = move || view! { <MachineName set /> }.into_any();
    let steps = listing.crumbs.into_iter().enumerate().map(|(place, crumb)| {
        let target = spot.path(Some(crumb.token));
        let name = crumb.name;
        view! {
            <Icon name="chevron-right" />
            {step(target, place + 1 == here, go, move || view! { <bdi>{name}</bdi> }.into_any())}
        }
    });
    let steps: Vec<_> = steps.collect();
    view! {
        <nav class="crumbs" aria-label="Folder">
            {step(top, here == 0, go, name)}
            {steps}
        </nav>
    }
    .into_any()
}

fn step(target: Spot, current: bool, go: Callback<Spot>, name: impl FnOnce() -> AnyView) -> AnyView {
    if current {
        return view! { <span aria-current="page">{name()}</span> }.into_any();
    }
    let href = target.fragment();
    let press = move |event: leptos::ev::MouseEvent| {
        if !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key()) {
            event.prevent_default();
            go.run(target.clone());
        }
    };
    view! {
        <a href=href on:click=press>
            {name()}
        </a>
    }
    .into_any()
}

#[component]
fn Lost(count: u64) -> impl IntoView {
    view! {
        <div class="notice notice--bad">
            <Icon name="cloud-alert" />
            <div>
                <b>{format!("{} cannot be shown: their page is damaged in the store.", many(count, "entry", "entries"))}</b>
                <p>
                    "Everything else is complete. Another point in time may still have them; " <code>"iota-server doctor"</code>
                    " says what is damaged."
                </p>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn NothingHere(when_ms: u64, spot: Spot, go: Callback<Spot>) -> impl IntoView {
    let newest = spot.at(None);
    let top = spot.path(None);
    view! {
        <div class="empty">
            <Icon name="folder-open" />
            <h2>{format!("Nothing here on {}", Moment::local(when_ms).full())}</h2>
            <p>"This folder did not exist at that time, or a rule left it out."</p>
            <div class="button-group">
                <button class="button" type="button" on:click=move |_| go.run(top.clone())>
                    "Go to the top folder"
                </button>
                <button class="button button--past" type="button" on:click=move |_| go.run(newest.clone())>
                    "Go to the newest point"
                </button>
            </div>
        </div>
    }
    .into_any()
}
