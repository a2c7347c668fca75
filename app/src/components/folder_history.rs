//! The points at which something below a folder changed, found from the newest backwards, a part of the history at a time.

use iota_core::id::SetId;
use iota_core::vault::{ChildChange, FindFolderChanges, FolderChange, PathToken};
use leptos::prelude::*;

use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::search_back::{Part, SearchBack, Stage};
use crate::components::thinned_note::ThinnedNote;
use crate::spot::{self, Spot};
use crate::vault::Vault;
use crate::words::{Moment, bytes, count, many};

/// The search goes on until so many more are found.
const ENOUGH: usize = 30;
/// Most names of one point.
const NAMES: usize = 6;

/// The search. A copy is the same search.
#[derive(Clone, Copy)]
struct Search {
    vault: Vault,
    set: SetId,
    folder: StoredValue<PathToken>,
    changes: RwSignal<Vec<FolderChange>>,
    back: SearchBack,
}

impl Search {
    /// Searches on until enough is found, or all, or somebody stops it.
    fn run(self) {
        let enough = self.changes.with_untracked(Vec::len) + ENOUGH;
        let ask = async move |before| {
            self.vault.ask(FindFolderChanges { set: self.set, folder: Some(self.folder.get_value()), before }).await
        };
        self.back.run(ask, move |page| {
            self.changes.update(|known| known.extend(page.changes));
            let enough = self.changes.with_untracked(Vec::len) >= enough;
            Part { before: page.before, from_ms: page.from_ms, enough }
        });
    }
}

/// The list, as it grows.
#[component]
pub fn FolderHistory(
    /// The machine.
    set: SetId,
    /// The folder.
    folder: PathToken,
    /// The point in time that is shown beside it.
    at: u64,
) -> impl IntoView {
    let search = Search {
        vault: Vault::current(),
        set,
        folder: StoredValue::new(folder),
        changes: RwSignal::new(Vec::new()),
        back: SearchBack::begin(),
    };
    search.run();
    let heading = move || many(search.changes.with(Vec::len) as u64, "point with changes", "points with changes");
    view! {
        <section class="card card--flush" aria-labelledby="changes">
            <div class="card__head">
                <h2 class="card__title" id="changes">
                    {heading}
                </h2>
                <span class="card__note">{move || how_far(search)}</span>
            </div>
            <ThinnedNote />
            <ol class="versions">
                // What is found later stands below, and leaves what is there as it is.
                <For
                    each=move || search.changes.get()
                    key=|change| change.seq
                    children=move |change| item(search, change, at)
                />
            </ol>
            {move || {
                let retry = Callback::new(move |()| search.run());
                search.back.problem.get().map(|problem| view! { <ProblemNotice problem retry /> })
            }}
            <div class="versions__foot">{move || search.back.foot(move || search.run())}</div>
        </section>
    }
    .into_any()
}

fn how_far(search: Search) -> String {
    match (search.back.stage.get(), search.back.from_ms.get().map(|ms| Moment::local(ms).date())) {
        (Stage::All, Some(from)) => format!("all that is kept, since {from}"),
        (_, Some(from)) => format!("searched back to {from}"),
        (_, None) => String::new(),
    }
}

fn item(search: Search, change: FolderChange, at: u64) -> AnyView {
    let here = Spot { at: Some(change.seq), path: None };
    let when = Moment::local(change.device_time_ms).full();
    let open = spot::browse(search.set, &here.path(Some(search.folder.get_value())));
    let spoken = format!("Open the folder as it was {when}");
    let dot = if change.put == 0 { "version__dot version__dot--gone" } else { "version__dot" };
    let names = change.children.iter().take(NAMES).map(|child| {
        let address = spot::file(search.set, &here.path(Some(child.token.clone())));
        let words = what_became(child);
        view! {
            <li>
                <a href=address>
                    <bdi>{child.name.clone()}</bdi>
                </a>
                <small>{words}</small>
            </li>
        }
    });
    let names: Vec<_> = names.collect();
    let more = change.more_children + change.children.len().saturating_sub(NAMES) as u64;
    let more = (more > 0).then(|| view! { <li class="ink-3">{format!("and {} more", count(more))}</li> });
    view! {
        <li class="version" aria-current=(change.seq == at).then_some("true")>
            <span class=dot aria-hidden="true"></span>
            <div>
                <b>{when}</b>
                <small>{sum(&change)}</small>
                <ul class="version__names">{names} {more}</ul>
            </div>
            <span class="version__do">
                <a class="button button--small version__take" href=open aria-label=spoken>
                    <Icon name="folder-open" />
                    <span class="desk">"Open"</span>
                </a>
            </span>
        </li>
    }
    .into_any()
}

/// What changed at a point, in words.
fn sum(change: &FolderChange) -> String {
    let FolderChange { put, removed, bytes: all, lost, .. } = *change;
    let put = (put > 0).then(|| format!("{} new or changed, {}", count(put), bytes(all)));
    let removed = (removed > 0).then(|| format!("{} gone", count(removed)));
    let lost = (lost > 0).then(|| format!("up to {} could not be compared", count(lost)));
    [put, removed, lost].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// What became of an entry of the folder, in words.
fn what_became(child: &ChildChange) -> String {
    match (child.gone, child.put, child.removed) {
        (true, ..) => "gone".into(),
        (false, 1, 0) => "new or changed".into(),
        (false, put, 0) => format!("{} new or changed", count(put)),
        (false, 0, removed) => format!("{} gone", count(removed)),
        (false, put, removed) => format!("{} new or changed, {} gone", count(put), count(removed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(put: u64, removed: u64, lost: u64) -> FolderChange {
        let (children, more_children) = (vec![], 0);
        FolderChange { seq: 1, device_time_ms: 0, put, removed, bytes: put * 1000, children, more_children, lost }
    }

    #[test]
    fn a_point_says_what_changed() {
        assert_eq!(sum(&change(412, 3, 0)), "412 new or changed, 412\u{a0}kB; 3 gone");
        assert_eq!(sum(&change(0, 1, 0)), "1 gone");
        assert_eq!(sum(&change(0, 0, 7)), "up to 7 could not be compared");
    }

    #[test]
    fn an_entry_says_what_became_of_it_and_of_what_is_in_it() {
        let child = |put, removed, gone| {
            what_became(&ChildChange { name: "x".into(), token: PathToken("x".into()), put, removed, gone })
        };
        assert_eq!(
            (child(0, 5, true), child(1, 0, false), child(2, 0, false)),
            ("gone".into(), "new or changed".into(), "2 new or changed".into())
        );
        assert_eq!((child(0, 2, false), child(1, 2, false)), ("2 gone".into(), "1 new or changed, 2 gone".into()));
    }
}
