//! Every version of a file that is kept, found from the newest backwards: each change of the last week, before it one look a day, and each
//! change of a day when somebody asks.

mod dots;
mod told;

use iota_core::id::SetId;
use iota_core::vault::{EntryKind, FindVersions, PathToken, Version, VersionPage, Wanted};
use leptos::prelude::*;

pub use self::told::Around;

use self::dots::Dots;
use self::told::{Became, append, insert, is_shown};
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::search_back::{self, Part, SearchBack, Stage};
use crate::components::thinned_note::ThinnedNote;
use crate::downloads::{Downloads, WantedFile};
use crate::spot::{self, Spot};
use crate::vault::Vault;
use crate::words::{Moment, bytes, many, now_ms};

/// Each change is read of what is not older than this, milliseconds.
const EACH_MS: u64 = 7 * 24 * 3_600_000;

/// The search for versions. A copy is the same search.
#[derive(Clone, Copy)]
struct Search {
    vault: Vault,
    set: SetId,
    path: StoredValue<PathToken>,
    /// Its name; none until the page knows it.
    name: Signal<Option<String>>,
    versions: RwSignal<Vec<Version>>,
    back: SearchBack,
    /// Each change is wanted, of all times.
    each: RwSignal<bool>,
    /// When the part begins that was looked at once a day.
    daily_ms: RwSignal<Option<u64>>,
    /// Days that could not be read.
    lost: RwSignal<u32>,
}

impl Search {
    /// Searches on until all is found, or somebody stops it.
    fn run(self) {
        let ask = async move |before: Option<u64>| {
            let daily = before.filter(|_| self.is_daily());
            let question = FindVersions { set: self.set, path: self.path.get_value(), before, daily: daily.is_some() };
            Ok((self.vault.ask(question).await?, daily))
        };
        self.back.run(ask, move |(page, daily): (VersionPage, Option<u64>)| {
            self.versions.update(|known| append(known, page.versions, daily));
            if daily.is_some() && self.daily_ms.get_untracked().is_none() {
                self.daily_ms.set(self.back.from_ms.get_untracked());
            }
            self.lost.update(|lost| *lost += page.lost);
            Part { before: page.before, from_ms: page.from_ms, enough: false }
        });
    }

    /// What is asked for next is looked at once a day.
    fn is_daily(self) -> bool {
        let from_ms = self.back.from_ms.get_untracked();
        !self.each.get_untracked() && from_ms.is_some_and(|from_ms| from_ms + EACH_MS < now_ms())
    }

    /// Begins again, and reads each change.
    fn read_each(self) {
        self.each.set(true);
        self.versions.set(Vec::new());
        self.back.before.set(None);
        self.back.from_ms.set(None);
        self.daily_ms.set(None);
        self.lost.set(0);
        self.run();
    }

    /// Reads the single changes before a commit that were passed over.
    fn read_single(self, before: u64) {
        self.back.problem.set(None);
        leptos::task::spawn_local(async move {
            let path = self.path.get_value();
            let question = FindVersions { set: self.set, path, before: Some(before), daily: false };
            let answer = self.vault.ask(question).await;
            match answer {
                Ok(page) => {
                    // The view may be gone.
                    let _ = self.versions.try_update(|known| insert(known, page.versions, before, page.before));
                }
                Err(problem) => {
                    let _ = self.back.problem.try_set(Some(problem));
                }
            }
        });
    }
}

/// The list, as it grows.
#[component]
pub fn VersionList(
    /// The machine.
    set: SetId,
    /// The file.
    path: PathToken,
    /// Its name, once it is known.
    #[prop(into)]
    name: Signal<Option<String>>,
    /// The point in time that is shown beside it.
    chosen: u64,
    /// The newest point in time.
    newest: u64,
    /// Compares a version with the one that is shown.
    compare: Callback<u64>,
    /// Is told what stands around the version that is shown.
    around: RwSignal<Around>,
) -> impl IntoView {
    let search = Search {
        vault: Vault::current(),
        set,
        path: StoredValue::new(path),
        name,
        versions: RwSignal::new(Vec::new()),
        back: SearchBack::begin(),
        each: RwSignal::new(false),
        daily_ms: RwSignal::new(None),
        lost: RwSignal::new(0),
    };
    search.run();
    let found = Memo::new(move |_| search.versions.with(|versions| Around::of(versions, chosen)));
    Effect::new(move || around.set(found.get()));
    let heading = move || {
        let there = search.versions.with(|versions| versions.iter().filter(|version| version.hash.is_some()).count());
        many(there as u64, "version", "versions")
    };
    let items = move || {
        search.versions.with(|versions| {
            let current = versions.iter().position(|version| version.seq <= chosen);
            let all = search.back.stage.get() == Stage::All;
            let item = |place: usize| {
                let became = Became::at(versions, place, all);
                let marks = Marks { newest: place == 0, current: current == Some(place), became, newest_seq: newest };
                item(search, compare, &versions[place], versions.get(place + 1), marks)
            };
            (0..versions.len()).filter(|&place| is_shown(versions, place)).map(item).collect::<Vec<_>>()
        })
    };
    view! {
        <section class="card card--flush" aria-labelledby="versions">
            <div class="card__head">
                <h2 class="card__title" id="versions">
                    {heading}
                </h2>
                <span class="card__note">{move || how_far(search)}</span>
            </div>
            <ThinnedNote />
            <Dots search chosen newest />
            <ol class="versions">{items}</ol>
            {move || {
                let retry = Callback::new(move |()| search.run());
                search.back.problem.get().map(|problem| view! { <ProblemNotice problem retry /> })
            }}
            <div class="versions__foot">{move || foot(search)}</div>
        </section>
    }
    .into_any()
}

fn how_far(search: Search) -> String {
    let date = |ms| Moment::local(ms).date();
    let far = match (search.back.stage.get(), search.back.from_ms.get().map(date)) {
        (Stage::All, Some(_)) => "all that is kept".into(),
        (_, Some(from)) => format!("searched back to {from}"),
        (_, None) => String::new(),
    };
    let daily = search.daily_ms.get().map(|ms| format!("; before {} one look a day", date(ms)));
    let lost = match u64::from(search.lost.get()) {
        0 => String::new(),
        lost => format!("; {} could not be read", many(lost, "day", "days")),
    };
    far + &daily.unwrap_or_default() + &lost
}

fn foot(search: Search) -> Option<AnyView> {
    let is_daily = search.back.stage.get() == Stage::All && search.daily_ms.get().is_some();
    let each = is_daily.then(|| search_back::button("", "Read every change", move || search.read_each()));
    each.or_else(|| search.back.foot(move || search.run()))
}

/// How an item is marked.
#[derive(Clone, Copy)]
struct Marks {
    newest: bool,
    current: bool,
    became: Option<Became>,
    newest_seq: u64,
}

fn item(search: Search, compare: Callback<u64>, version: &Version, older: Option<&Version>, marks: Marks) -> AnyView {
    let downloads = Downloads::current();
    let spot = Spot { at: Some(version.seq), path: Some(search.path.get_value()) };
    let when = Moment::local(version.device_time_ms);
    let there = version.hash.is_some();
    let dot = match (there, marks.newest, marks.became) {
        (false, ..) => "version__dot version__dot--gone",
        (true, true, _) => "version__dot version__dot--now",
        (true, false, Some(Became::Back)) => "version__dot version__dot--back",
        (true, false, _) => "version__dot",
    };
    let title = if marks.newest && there { format!("Now, since {}", when.full()) } else { when.full() };
    let more = match marks.became {
        Some(became) => became.words(version, older),
        None => bytes(version.bytes),
    };
    let single = version.single.map(|before| {
        let spoken = format!("Read each change between the version of {} and the one before", when.full());
        view! {
            <button
                class="button button--small button--quiet"
                type="button"
                aria-label=spoken
                on:click=move |_| search.read_single(before)
            >
                "Each change"
            </button>
        }
    });
    let file = (version.kind == Some(EntryKind::File)).then(|| WantedFile {
        set: search.set,
        at: version.seq,
        what: Wanted::File(search.path.get_value()),
        name: "file".to_owned(),
        bytes: version.bytes,
    });
    let download = file.map(|file| {
        let class = if marks.newest { "button button--small" } else { "button button--small version__take" };
        let spoken = format!("Download the version of {}, {}", when.full(), bytes(version.bytes));
        let press = move |_| {
            let name = search.name.get_untracked().unwrap_or_else(|| file.name.clone());
            downloads.start(WantedFile { name, ..file.clone() });
        };
        view! {
            <button class=class type="button" aria-label=spoken on:click=press>
                <Icon name="download" />
                <span class="desk">"Download"</span>
            </button>
        }
    });
    let seq = version.seq;
    let other = (version.kind == Some(EntryKind::File) && !marks.current).then(|| {
        let spoken = format!("Compare the version of {} with the one shown", when.full());
        view! {
            <button class="button button--small version__take" type="button" aria-label=spoken on:click=move |_| compare.run(seq)>
                "Compare"
            </button>
        }
    });
    let link = if there && !(marks.newest && version.seq > marks.newest_seq) {
        view! { <a href=spot::file(search.set, &spot)>{title}</a> }.into_any()
    } else {
        title.into_any()
    };
    view! {
        <li class="version" aria-current=marks.current.then_some("true")>
            <span class=dot aria-hidden="true"></span>
            <span>
                <b>{link}</b>
                <small>{more}</small>
            </span>
            <span class="version__do">{single} {other} {download}</span>
        </li>
    }
    .into_any()
}
