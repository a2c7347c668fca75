//! A folder at a point in time, with a file beside it. It needs an open vault.

mod nothing_here;
mod take;

use std::time::Duration;

use iota_core::id::SetId;
use iota_core::vault::{
    EntryKind, ListFolder, Listing, OpenPoint, Order, PathToken, PointView, Problem, ProblemKind, Row,
};
use leptos::prelude::*;

use crate::components::file_list::{FileList, FileListing, FolderRows, Sorting, Turn};
use crate::components::file_panel::FilePanel;
use crate::components::icon::Icon;
use crate::components::machine_frame::MachineName;
use crate::components::problem_notice::ProblemNotice;
use crate::components::skeleton::Skeleton;
use crate::spot::{self, Spot};
use crate::vault::Vault;
use crate::words::{bytes, many};

use nothing_here::NothingHere;
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
    rows: FolderRows,
    /// Whether it is not the newest point.
    past: Memo<bool>,
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
    let vault = Vault::current();
    let folder = Folder {
        vault,
        set,
        sorting: RwSignal::new((Order::Name, false)),
        beside: RwSignal::new(None),
        rows: FolderRows::new(vault),
        past,
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
    // They belong to the folder that was left; time may move.
    let path = Memo::new(move |_| spot.with(|spot| spot.path.clone()));
    Effect::new(move || {
        path.track();
        folder.beside.set(None);
        folder.rows.chosen.clear();
    });
    let body = Memo::new(move |_| folder.body());
    let there = Memo::new(move |_| folder.opened.with(Option::is_some));
    let retry = Callback::new(move |()| folder.again.notify());
    view! {
        <div class="split split--browse">
            <section class="card card--flush" class:in-past=past aria-label="Folder" aria-busy=move || folder.slow.get().then_some("true")>
                {move || folder.problem.get().map(|problem| view! { <ProblemNotice problem retry /> })}
                <p class="folder__slow" role="status">
                    {move || folder.slow.get().then_some("Opening names…")}
                </p>
                {move || folder.opened.get().map(|opened| view! { <Head folder opened go /> })}
                {move || match body.get() {
                    Body::Waiting => {
                        view! {
                            <div class="folder__wait">
                                <Skeleton lines=6 />
                            </div>
                        }
                            .into_any()
                    }
                    Body::Unknown => ().into_any(),
                    Body::Nothing(when_ms, spot) => view! { <NothingHere set when_ms spot go /> }.into_any(),
                    Body::Empty => {
                        view! {
                            <div class="empty">
                                <Icon name="folder-open" />
                                <h2>"An empty folder"</h2>
                                <p>"There is nothing in it at this point in time."</p>
                            </div>
                        }
                            .into_any()
                    }
                    Body::List(_) => list(folder, go),
                }}
            </section>
            {move || beside(folder, there.get())}
        </div>
    }
    .into_any()
}

fn beside(folder: Folder, there: bool) -> AnyView {
    let close = Callback::new(move |()| {
        folder.beside.set(None);
        crate::browser::focus(LIST_ID);
    });
    match folder.beside.get() {
        Some(path) if there => {
            view! { <FilePanel set=folder.set point=folder.point() past=folder.past path close /> }.into_any()
        }
        _ => view! {
            <aside class="card card--sunken desk" aria-label="Chosen file">
                <p class="small ink-2">"Choose a file to see its details and to take it out."</p>
            </aside>
        }
        .into_any(),
    }
}

/// What stands below the head of a folder. The list stays while time or its order changes.
#[derive(Clone, PartialEq)]
enum Body {
    Waiting,
    /// There is a problem, which is told above.
    Unknown,
    /// There is no such folder at the point; when that is.
    Nothing(u64, Spot),
    Empty,
    /// Of this folder.
    List(Option<PathToken>),
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
                Ok((opened, rows)) => {
                    if !self.shows(&opened.spot) {
                        self.beside.set(None);
                    }
                    self.rows.turn_to(rows);
                    self.opened.set(Some(opened.clone()));
                    self.look_around(opened).await;
                }
                Err(problem) if problem.kind == ProblemKind::Locked => {}
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    async fn open(self, spot: Spot, (order, descending): Sorting) -> Result<(Opened, Turn), Problem> {
        let set = self.set;
        let known = self.opened.try_get_untracked().flatten().map(|opened| opened.point);
        let known = known.filter(|point| spot.at == Some(point.seq));
        let point = match known {
            Some(point) => point,
            None => self.vault.ask(OpenPoint { set, at: spot.at }).await?,
        };
        let question = ListFolder { set, at: point.seq, folder: spot.path.clone(), order, descending };
        let listing = self.vault.ask(question).await?;
        let rows = self.rows.prepare(&listing, point.seq, self.shows(&spot)).await?;
        Ok((Opened { point, spot, listing }, rows))
    }

    /// Whether the folder of a spot is shown, at whatever point in time.
    fn shows(self, spot: &Spot) -> bool {
        self.opened
            .try_with_untracked(|opened| opened.as_ref().is_some_and(|opened| opened.spot.path == spot.path))
            .unwrap_or_default()
    }

    /// Reads what is not needed for the list: what became of its rows, and when they changed. Nobody waits for it, and without it nothing
    /// is claimed.
    async fn look_around(self, Opened { point, spot, listing }: Opened) {
        if listing.count == 0 {
            return;
        }
        let newest_ms = if point.seq < point.newest_seq {
            let Ok(newest_ms) = self.rows.compare(listing.listing).await else { return };
            newest_ms
        } else {
            point.device_time_ms
        };
        self.rows.changes.read(self.set, spot.path, point.newest_seq, newest_ms).await;
    }

    fn body(self) -> Body {
        self.opened.with(|opened| match opened {
            None if self.problem.with(Option::is_some) => Body::Unknown,
            None => Body::Waiting,
            Some(Opened { point, spot, listing }) if !listing.exists => {
                Body::Nothing(point.device_time_ms, spot.at(Some(point.seq)))
            }
            Some(Opened { listing, .. }) if listing.count == 0 => Body::Empty,
            Some(Opened { spot, .. }) => Body::List(spot.path.clone()),
        })
    }

    /// The point that is shown: its commit, and when it was, by the machine's clock.
    fn point(self) -> Signal<(u64, u64)> {
        let point = move |opened: &Opened| (opened.point.seq, opened.point.device_time_ms);
        Memo::new(move |_| self.opened.with(|opened| opened.as_ref().map(point).unwrap_or_default())).into()
    }

    /// The folder at the point that is shown: links lead to this very point, also when it was opened as the newest.
    fn fixed(self) -> Signal<Spot> {
        let fixed = |opened: &Opened| opened.spot.at(Some(opened.point.seq));
        Memo::new(move |_| self.opened.with(|opened| opened.as_ref().map(fixed).unwrap_or_default())).into()
    }

    /// Goes to a folder, from where somebody goes through the list.
    fn enter(self, go: Callback<Spot>, path: Option<PathToken>) {
        if let Some(spot) = self.opened.with_untracked(|opened| opened.as_ref().map(|opened| opened.spot.path(path))) {
            self.inside.set_value(true);
            go.run(spot);
        }
    }
}

/// The rows of the folder, and what can be done with some of them.
fn list(folder: Folder, go: Callback<Spot>) -> AnyView {
    let up = Callback::new(move |()| {
        let above = folder.opened.with_untracked(|opened| {
            let (_, above) = opened.as_ref()?.listing.crumbs.split_last()?;
            Some(above.last().map(|crumb| crumb.token.clone()))
        });
        if let Some(above) = above {
            folder.enter(go, above);
        }
    });
    let open = Callback::new(move |row: Row| {
        if row.kind == EntryKind::Folder {
            folder.enter(go, Some(row.token));
        } else {
            folder.beside.set(Some(row.token));
        }
    });
    let (point, past) = (folder.point(), folder.past);
    let list = FileListing {
        set: folder.set,
        spot: folder.fixed(),
        past_ms: Signal::derive(move || past.get().then(|| point.get().1)),
        rows: folder.rows,
        sorting: folder.sorting,
        shown: folder.beside,
        open,
        up,
        focus: folder.inside.get_value(),
    };
    folder.inside.set_value(false);
    let place =
        Memo::new(move |_| folder.opened.with(|opened| opened.as_ref().map(|opened| Place::of(folder.set, opened))));
    view! {
        <div>
            <FileList list />
            <ChoiceBar place chosen=folder.rows.chosen />
        </div>
    }
    .into_any()
}

/// Where it is, and what can be done with all of it.
#[component]
fn Head(folder: Folder, opened: Opened, go: Callback<Spot>) -> impl IntoView {
    let taken = Place::of(folder.set, &opened);
    let Opened { spot, listing, .. } = opened;
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
    let take = (listing.exists && listing.count > 0).then(|| view! { <TakeFolder place=taken /> });
    let history = spot.path.is_some().then(|| {
        view! {
            <a class="button button--small" href=spot::file(folder.set, &spot)>
                <Icon name="history" />
                "Versions"
            </a>
        }
    });
    view! {
        <div class="card__head">
            <Crumbs set=folder.set spot listing go />
            <div class="folder__do">{facts} {history} {take}</div>
        </div>
        {lost}
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
