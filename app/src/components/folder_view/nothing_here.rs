//! A folder that is not there at a point in time: when it is, as far as versions of its path tell.

use iota_core::id::SetId;
use iota_core::vault::{EntryKind, FindVersions, PathToken, Problem, Version};
use leptos::prelude::*;

use crate::components::icon::Icon;
use crate::spot::Spot;
use crate::vault::Vault;
use crate::words::Moment;

/// Most parts of the history that are searched, of a month each but for the newest.
const MAX_PARTS: usize = 12;

/// When there is a folder at a path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct There {
    /// The first snapshot with it after the point, and when that was; `true`: it is not known to be there earlier, and every change was read.
    next: Option<(u64, u64, bool)>,
    /// A snapshot with it before the point, and when it was gone, if that was read.
    last: Option<(u64, u64, Option<u64>)>,
    /// At the point there is something else at the path.
    other: bool,
    /// Nor is it there at the newest.
    gone_today: bool,
    /// When the search stopped, before the point was reached.
    back_ms: Option<u64>,
}

impl There {
    /// What versions say, the newest first, of which each after the commit `at` was read, if `all`.
    fn of(versions: &[Version], at: u64, all: bool) -> Self {
        let is_folder = |version: &&Version| version.kind == Some(EntryKind::Folder);
        let (after, until) = versions.split_at(versions.partition_point(|version| version.seq > at));
        let next = after.iter().rfind(is_folder);
        let last = until.iter().position(|version| is_folder(&version));
        Self {
            next: next.map(|next| (next.seq, next.device_time_ms, all && next.single.is_none())),
            last: last.map(|place| {
                let gone = place.checked_sub(1).map(|place| &until[place]).filter(|gone| gone.single.is_none());
                (until[place].seq, until[place].device_time_ms, gone.map(|gone| gone.device_time_ms))
            }),
            other: until.first().is_some_and(|now| now.kind.is_some_and(|kind| kind != EntryKind::Folder)),
            gone_today: versions.first().is_some_and(|newest| newest.hash.is_none()),
            back_ms: None,
        }
    }

    /// In words.
    fn words(&self) -> Vec<String> {
        let full = |ms| Moment::local(ms).full();
        let other = self.other.then(|| "At this point in time there is something else of this name.".into());
        let next = self.next.map(|(_, ms, first)| match first {
            true => format!("This folder is there from {} on.", full(ms)),
            false => format!("This folder is there on {}.", full(ms)),
        });
        let last = self.last.map(|(_, ms, gone)| match gone {
            Some(gone) => format!("It was there until {}.", full(gone)),
            None => format!("It was there on {}.", full(ms)),
        });
        let mut words: Vec<String> = other.into_iter().chain(next).chain(last).collect();
        if words.is_empty() {
            words.push("It is not in this point in time.".into());
        }
        words.extend(self.back_ms.map(|ms| format!("Searched back to {}.", Moment::local(ms).date())));
        words
    }
}

/// What to say of a search, which may be under way or may have failed.
fn words(found: Option<&Result<There, Problem>>) -> Vec<String> {
    match found {
        None => vec!["Looking when it is there…".into()],
        Some(Ok(there)) => there.words(),
        Some(Err(_)) => vec!["It could not be looked up.".into()],
    }
}

async fn search(vault: Vault, set: SetId, path: PathToken, at: u64) -> Result<There, Problem> {
    let ask = |before, daily| vault.ask(FindVersions { set, path: path.clone(), before, daily });
    let (mut versions, mut before, mut lost, mut all, mut from_ms) = (Vec::new(), None, 0, false, 0);
    for _ in 0..MAX_PARTS {
        let page = ask(before, before.is_some()).await?;
        versions.extend(page.versions);
        lost += page.lost;
        (before, from_ms) = (page.before, page.from_ms);
        all = before.is_none_or(|before| before <= at + 1);
        if all {
            break;
        }
    }
    // Bases were compared: when it came on that day says another search.
    let daily = versions.iter().position(|version: &Version| version.seq > at && version.single.is_some());
    let daily = daily.and(versions.iter().rposition(|version| version.seq > at && version.hash.is_some()));
    if let Some(place) = daily
        && let Some(single) = versions[place].single.take()
    {
        let page = ask(Some(single), false).await?;
        let next = versions.get(place + 1).map_or(0, |older| older.seq);
        versions.splice(place + 1..place + 1, page.versions.into_iter().filter(|version| version.seq > next));
        lost += page.lost;
    }
    Ok(There { back_ms: (!all).then_some(from_ms), ..There::of(&versions, at, all && lost == 0) })
}

/// Says that there is nothing, when there is, and leads there.
#[component]
pub fn NothingHere(
    /// The machine.
    set: SetId,
    /// When the point is, by the machine's clock, milliseconds since 1970.
    when_ms: u64,
    /// The point and the folder.
    spot: Spot,
    /// Goes elsewhere.
    go: Callback<Spot>,
) -> impl IntoView {
    let vault = Vault::current();
    let found = RwSignal::new(None::<Result<There, Problem>>);
    let top = spot.path(None);
    let spot = StoredValue::new(spot);
    let look = move || {
        let Spot { at: Some(at), path: Some(path) } = spot.get_value() else { return };
        found.set(None);
        leptos::task::spawn_local(async move {
            let answer = search(vault, set, path, at).await;
            // Who asked may have gone.
            found.try_set(Some(answer));
        });
    };
    look();
    let button = move |label: String, at: Option<u64>| {
        let press = move |_| go.run(spot.with_value(|spot| spot.at(at)));
        view! {
            <button class="button button--past" type="button" on:click=press>
                {label}
            </button>
        }
    };
    let words = move || found.with(|found| words(found.as_ref()));
    let again = move || {
        found.with(|found| matches!(found, Some(Err(_)))).then(|| {
            view! {
                <button class="button" type="button" on:click=move |_| look()>
                    "Try again"
                </button>
            }
        })
    };
    let ways = move || {
        let there = found.get().and_then(Result::ok).unwrap_or_default();
        let next = there.next.map(|(seq, ..)| button("Go there".into(), Some(seq)));
        let last = there.last.map(|(seq, ms, _)| button(format!("Go to {}", Moment::local(ms).full()), Some(seq)));
        let newest = (!there.gone_today).then(|| button("Go to the newest point".into(), None));
        view! {
            {next}
            {last}
            {newest}
        }
    };
    view! {
        <div class="empty">
            <Icon name="folder-open" />
            <h2>{format!("Nothing here on {}", Moment::local(when_ms).full())}</h2>
            <div role="status">
                {move || words().into_iter().map(|words| view! { <p>{words}</p> }).collect::<Vec<_>>()}
            </div>
            <div class="button-group">
                {again}
                {ways}
                <button class="button" type="button" on:click=move |_| go.run(top.clone())>
                    "Go to the top folder"
                </button>
            </div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use iota_core::id::Digest;

    use iota_core::vault::ProblemKind;

    use super::*;

    /// A version an hour per commit after 1970, as a base tells it if `daily`.
    fn version(seq: u64, kind: Option<EntryKind>, daily: bool) -> Version {
        let hash = kind.map(|_| Digest([seq as u8; 32]));
        Version {
            seq,
            device_time_ms: seq * 3_600_000,
            hash,
            content: hash,
            kind,
            bytes: 0,
            mtime_s: 0,
            mtime_ns: 0,
            single: daily.then_some(seq),
        }
    }

    #[test]
    fn words_say_when_it_is_there_as_far_as_was_read() {
        let folder = Some(EntryKind::Folder);
        let versions = [
            version(9, folder, false),
            version(8, None, false),
            version(7, folder, false),
            version(6, folder, false),
            version(5, None, false),
            version(3, folder, false),
            version(2, None, false),
        ];
        let full = |hours: u64| Moment::local(hours * 3_600_000).full();
        let there = There::of(&versions, 5, true);
        assert_eq!((there.next, there.gone_today), (Some((6, 6 * 3_600_000, true)), false));
        assert_eq!(
            there.words(),
            [format!("This folder is there from {} on.", full(6)), format!("It was there until {}.", full(5))]
        );
        assert_eq!(There::of(&versions, 5, false).words()[0], format!("This folder is there on {}.", full(6)));
        let never = There::of(&versions, 2, true);
        assert_eq!(never.words(), [format!("This folder is there from {} on.", full(3))]);
        let gone = There::of(&versions[1..], 8, true);
        assert_eq!(gone.words(), [format!("It was there until {}.", full(8))]);
        assert!(gone.gone_today && gone.next.is_none());
        assert_eq!(There::of(&[], 8, true), There::default());
        assert_eq!(There::default().words(), ["It is not in this point in time."]);
    }

    #[test]
    fn a_search_that_failed_or_stopped_says_so() {
        assert_eq!(words(Some(&Err(Problem::new(ProblemKind::Failed, "no answer")))), ["It could not be looked up."]);
        let date = Moment::local(0).date();
        let stopped = There { back_ms: Some(0), ..There::default() };
        assert_eq!(
            words(Some(&Ok(stopped.clone()))),
            ["It is not in this point in time.".to_owned(), format!("Searched back to {date}.")]
        );
        let found = There { last: Some((1, 0, None)), ..stopped };
        assert_eq!(found.words()[1], format!("Searched back to {date}."));
        assert_ne!(words(None), There::default().words());
    }

    #[test]
    fn what_bases_tell_is_not_the_first_moment() {
        let folder = Some(EntryKind::Folder);
        let versions = [version(9, folder, true), version(5, None, true), version(2, folder, true)];
        let full = |hours: u64| Moment::local(hours * 3_600_000).full();
        assert_eq!(
            There::of(&versions, 6, true).words(),
            [format!("This folder is there on {}.", full(9)), format!("It was there on {}.", full(2))]
        );
        let file = [version(9, folder, false), version(3, Some(EntryKind::File), false)];
        let there = There::of(&file, 4, true);
        assert!(there.other && there.last.is_none());
        assert_eq!(there.words().len(), 2);
    }
}
