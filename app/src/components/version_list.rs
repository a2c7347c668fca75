//! Every version of a file that is kept, found from the newest backwards.

use iota_core::id::SetId;
use iota_core::vault::{EntryKind, FindVersions, PathToken, Problem, ProblemKind, Version, Wanted};
use leptos::prelude::*;

use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::downloads::{Downloads, WantedFile};
use crate::spot::{self, Spot};
use crate::vault::Vault;
use crate::words::{Moment, bytes, many};

/// The search for versions. A copy is the same search.
#[derive(Clone, Copy)]
struct Search {
    vault: Vault,
    set: SetId,
    path: StoredValue<PathToken>,
    /// Its name; none until the page knows it.
    name: Signal<Option<String>>,
    versions: RwSignal<Vec<Version>>,
    before: RwSignal<Option<u64>>,
    from_ms: RwSignal<Option<u64>>,
    stage: RwSignal<Stage>,
    problem: RwSignal<Option<Problem>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Searching,
    Stopped,
    All,
}

impl Search {
    /// Searches on until all is found, or somebody stops it.
    fn run(self) {
        self.stage.set(Stage::Searching);
        self.problem.set(None);
        leptos::task::spawn_local(async move {
            // The view may go while an answer is awaited; then the search ends.
            while self.stage.try_get_untracked() == Some(Stage::Searching) {
                let before = self.before.get_untracked();
                let question = FindVersions { set: self.set, path: self.path.get_value(), before };
                let answer = self.vault.ask(question).await;
                if self.stage.try_get_untracked().is_none() {
                    return;
                }
                match answer {
                    Ok(page) => {
                        self.versions.update(|known| merge(known, page.versions));
                        self.from_ms.set(Some(page.from_ms));
                        self.before.set(page.before);
                        if page.before.is_none() {
                            self.stage.set(Stage::All);
                        }
                    }
                    Err(problem) => {
                        if problem.kind != ProblemKind::Locked {
                            self.problem.set(Some(problem));
                        }
                        self.stage.set(Stage::Stopped);
                    }
                }
            }
        });
    }
}

/// Puts older versions after the known ones. What did not change where two parts meet is one version, as old as the older.
fn merge(known: &mut Vec<Version>, older: Vec<Version>) {
    for version in older {
        match known.last_mut() {
            Some(last) if last.hash == version.hash => *last = version,
            _ => known.push(version),
        }
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
) -> impl IntoView {
    let search = Search {
        vault: Vault::current(),
        set,
        path: StoredValue::new(path),
        name,
        versions: RwSignal::new(Vec::new()),
        before: RwSignal::new(None),
        from_ms: RwSignal::new(None),
        stage: RwSignal::new(Stage::Searching),
        problem: RwSignal::new(None),
    };
    search.run();
    let heading = move || {
        let there = search.versions.with(|versions| versions.iter().filter(|version| version.hash.is_some()).count());
        many(there as u64, "version", "versions")
    };
    let items = move || {
        search.versions.with(|versions| {
            let current = versions.iter().position(|version| version.seq <= chosen);
            let item = |(place, version): (usize, &Version)| {
                let first = place + 1 == versions.len() && search.stage.get() == Stage::All;
                item(
                    search,
                    compare,
                    version,
                    Marks { newest: place == 0, current: current == Some(place), first, newest_seq: newest },
                )
            };
            versions
                .iter()
                .enumerate()
                .filter(|(place, version)| *place == 0 || keeps(versions, *place, version))
                .map(item)
                .collect::<Vec<_>>()
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
            <ol class="versions">{items}</ol>
            {move || {
                let retry = Callback::new(move |()| search.run());
                search.problem.get().map(|problem| view! { <ProblemNotice problem retry /> })
            }}
            <div class="versions__foot">{move || foot(search)}</div>
        </section>
    }
    .into_any()
}

/// Nothing before the first version is no version.
fn keeps(versions: &[Version], place: usize, version: &Version) -> bool {
    version.hash.is_some() || place + 1 < versions.len()
}

fn how_far(search: Search) -> String {
    let from = search.from_ms.get().map(|ms| Moment::local(ms).date());
    match (search.stage.get(), from) {
        (Stage::All, Some(_)) => "all that is kept".into(),
        (_, Some(from)) => format!("searched back to {from}"),
        (_, None) => String::new(),
    }
}

fn foot(search: Search) -> Option<AnyView> {
    let (label, press): (_, Box<dyn Fn()>) = match search.stage.get() {
        Stage::All => return None,
        Stage::Searching => ("Stop searching", Box::new(move || search.stage.set(Stage::Stopped))),
        Stage::Stopped if search.problem.with(Option::is_some) => return None,
        Stage::Stopped => ("Search further back", Box::new(move || search.run())),
    };
    let searching = (search.stage.get() == Stage::Searching).then_some("Searching…");
    Some(
        view! {
            <span class="small ink-2">{searching}</span>
            <button class="button button--small" type="button" on:click=move |_| press()>
                {label}
            </button>
        }
        .into_any(),
    )
}

/// How an item is marked.
#[derive(Clone, Copy)]
struct Marks {
    newest: bool,
    current: bool,
    first: bool,
    newest_seq: u64,
}

fn item(search: Search, compare: Callback<u64>, version: &Version, marks: Marks) -> AnyView {
    let downloads = Downloads::current();
    let spot = Spot { at: Some(version.seq), path: Some(search.path.get_value()) };
    let when = Moment::local(version.device_time_ms);
    let there = version.hash.is_some();
    let dot = match (there, marks.newest) {
        (false, _) => "version__dot version__dot--gone",
        (true, true) => "version__dot version__dot--now",
        (true, false) => "version__dot",
    };
    let title = if marks.newest && there { format!("Now, since {}", when.full()) } else { when.full() };
    let more = match (there, marks.first) {
        (false, _) => "deleted, or left out by a rule".to_owned(),
        (true, true) => format!("first seen, {}", bytes(version.bytes)),
        (true, false) => bytes(version.bytes),
    };
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
            <span class="version__do">{other} {download}</span>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use iota_core::id::Digest;

    use super::*;

    fn version(seq: u64, hash: Option<u8>) -> Version {
        Version {
            seq,
            device_time_ms: seq,
            hash: hash.map(|byte| Digest([byte; 32])),
            kind: None,
            bytes: 0,
            mtime_s: 0,
        }
    }

    #[test]
    fn what_did_not_change_between_parts_is_one_version() {
        let mut known = vec![version(9, Some(2)), version(7, Some(1))];
        merge(&mut known, vec![version(4, Some(1)), version(3, None), version(1, Some(3))]);
        let seqs: Vec<_> = known.iter().map(|version| version.seq).collect();
        assert_eq!(seqs, [9, 4, 3, 1]);
        assert!(!keeps(&[version(2, Some(1)), version(1, None)], 1, &version(1, None)));
    }
}
