//! `/machines/:set/search`: names across all points in time of a machine, those that are gone too. Results come while one types,
//! and while older names are still being read.

use iota_core::id::SetId;
use iota_core::rules::Size;
use iota_core::vault::{
    EntryKind, FoundNames, FoundRow, LoadNames, NameFilter, NamesView, Problem, ProblemKind, ReadFound, SearchNames,
    VaultEvent,
};
use leptos::prelude::*;

use crate::components::field::{CheckField, TextField};
use crate::components::gate::Gate;
use crate::components::icon::Icon;
use crate::components::machine_frame::{MachineFrame, Tab};
use crate::components::problem_notice::ProblemNotice;
use crate::components::sealed::Sealed;
use crate::spot::{self, Spot};
use crate::vault::Vault;
use crate::words::{Moment, bytes, many};

/// Rows that are shown at first, and how many more each time.
const ROWS: u32 = 100;
/// Most that are shown of a group; what the vault hands out at once.
const MAX_ROWS: u32 = 1000;

/// The page.
#[component]
pub fn SearchPage() -> impl IntoView {
    view! {
        <MachineFrame
            tab=Tab::Search
            plain=true
            children=Callback::new(|set| {
                view! {
                    <Gate skeleton=sealed>
                        <Finder set />
                    </Gate>
                }
                    .into_any()
            })
        />
    }
}

fn sealed() -> impl IntoView {
    view! {
        <section class="card" aria-label="Search, sealed">
            <Sealed />
        </section>
    }
    .into_any()
}

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Search {
    vault: Vault,
    set: SetId,
    text: RwSignal<String>,
    least: RwSignal<String>,
    most: RwSignal<String>,
    since: RwSignal<String>,
    until: RwSignal<String>,
    kind: RwSignal<Option<EntryKind>>,
    gone: RwSignal<bool>,
    /// How far names are read.
    read: RwSignal<Option<NamesView>>,
    found: RwSignal<Option<FoundNames>>,
    /// The first of those that are there, and of those that are gone.
    rows: RwSignal<(Vec<FoundRow>, Vec<FoundRow>)>,
    /// How many rows of each are wanted.
    wanted: RwSignal<u32>,
    problem: RwSignal<Option<Problem>>,
    /// What was asked for cannot be: where, and why.
    wrong: RwSignal<Option<(Field, String)>>,
    turn: StoredValue<u32>,
}

/// Fields in which something can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Text,
    Least,
    Most,
    Until,
}

impl Search {
    fn new(set: SetId) -> Self {
        Self {
            vault: Vault::current(),
            set,
            text: RwSignal::new(String::new()),
            least: RwSignal::new(String::new()),
            most: RwSignal::new(String::new()),
            since: RwSignal::new(String::new()),
            until: RwSignal::new(String::new()),
            kind: RwSignal::new(None),
            gone: RwSignal::new(false),
            read: RwSignal::new(None),
            found: RwSignal::new(None),
            rows: RwSignal::default(),
            wanted: RwSignal::new(ROWS),
            problem: RwSignal::new(None),
            wrong: RwSignal::new(None),
            turn: StoredValue::new(0),
        }
    }

    /// Has the vault read names; it tells how far it is.
    fn load(self) {
        self.problem.set(None);
        self.read.set(Some(NamesView::default()));
        leptos::task::spawn_local(async move {
            let answer = self.vault.ask(LoadNames { set: self.set }).await;
            // The page may have gone.
            match answer {
                Ok(read) => drop(self.read.try_set(Some(read))),
                Err(problem) if problem.kind == ProblemKind::Locked => {}
                Err(problem) => drop(self.problem.try_set(Some(problem))),
            }
        });
    }

    fn filter(self) -> Result<NameFilter, (Field, String)> {
        let (kind, gone) = (self.kind.get(), self.gone.get());
        let sizes = [self.least.get(), self.most.get()];
        let days = [self.since.get(), self.until.get()];
        filter(kind, gone, &sizes, &days)
    }

    /// What is wrong in a field.
    fn wrong_in(self, field: Field) -> Signal<Option<String>> {
        let wrong = self.wrong;
        Signal::derive(move || wrong.get().filter(|(of, _)| *of == field).map(|(_, words)| words))
    }

    /// Looks among the names that are read.
    fn run(self) {
        let (text, wanted) = (self.text.get(), self.wanted.get());
        let filter = self.filter();
        self.wrong.set(filter.as_ref().err().cloned());
        self.read.track();
        let turn = self.turn.get_value().wrapping_add(1);
        self.turn.set_value(turn);
        let filter = match filter {
            Ok(filter) if !text.trim().is_empty() || filter != NameFilter::default() => filter,
            _ => {
                self.found.set(None);
                self.rows.set(Default::default());
                return;
            }
        };
        leptos::task::spawn_local(async move {
            let answer = self.look(text, filter, wanted).await;
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            match answer {
                Ok((found, rows)) => {
                    self.found.set(Some(found));
                    self.rows.set(rows);
                }
                Err(problem) if problem.kind == ProblemKind::Failed => {
                    self.wrong.set(Some((Field::Text, problem.message)))
                }
                // Another search has taken its place already, or everything has gone.
                Err(_) => {}
            }
        });
    }

    async fn look(
        self,
        text: String,
        filter: NameFilter,
        wanted: u32,
    ) -> Result<(FoundNames, (Vec<FoundRow>, Vec<FoundRow>)), Problem> {
        let names = self.vault.ask(SearchNames { set: self.set, text, filter }).await?;
        let FoundNames { found, there, gone, .. } = names;
        let first = self.vault.ask(ReadFound { found, from: 0, count: wanted.min(there) }).await?;
        let second = self.vault.ask(ReadFound { found, from: there, count: wanted.min(gone) }).await?;
        Ok((names, (first, second)))
    }
}

/// What is meant by the ends of sizes and days, as they were typed.
fn filter(
    kind: Option<EntryKind>,
    gone: bool,
    [least, most]: &[String; 2],
    [since, until]: &[String; 2],
) -> Result<NameFilter, (Field, String)> {
    let size = |field, text: &str| match text.trim() {
        "" => Ok(None),
        text => text.parse::<Size>().map(|size| Some(size.0)).map_err(|error| (field, error.to_string())),
    };
    let (min_bytes, max_bytes) = (size(Field::Least, least)?, size(Field::Most, most)?);
    if min_bytes.zip(max_bytes).is_some_and(|(least, most)| least > most) {
        return Err((Field::Most, "This is less than the least.".into()));
    }
    let (first, last) = (day_number(since), day_number(until));
    if first.zip(last).is_some_and(|(first, last)| first > last) {
        return Err((Field::Until, "This is before the first day.".into()));
    }
    let since_s = first.map(midnight_s);
    let until_s = last.map(|last| midnight_s(last + 1));
    Ok(NameFilter { kind, min_bytes, max_bytes, since_s, until_s, gone })
}

/// Days since 1970; none for what is no day.
fn day_number(text: &str) -> Option<i64> {
    let mut parts = text.split('-').map(|part| part.parse::<i32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let moment = Moment { year, month: month.try_into().ok()?, day: day.try_into().ok()?, ..Moment::of_day(0) };
    Some(moment.day_number())
}

/// When a day begins for who reads, seconds since 1970.
fn midnight_s(day: i64) -> i64 {
    let midnight_s = day * 86_400;
    // As far from midnight in UTC as it is there.
    let there = Moment::local_s(midnight_s);
    midnight_s - (there.day_number() * 86_400 + i64::from(there.second_of_day()) - midnight_s)
}

#[component]
fn Finder(set: SetId) -> impl IntoView {
    let search = Search::new(set);
    search.load();
    let vault = search.vault;
    Effect::new(move || {
        if let Some(VaultEvent::Names { set: of, read }) = vault.last_event().get()
            && of == set
        {
            search.read.set(Some(read));
        }
    });
    Effect::new(move || {
        // Another question begins with few rows again.
        search.text.track();
        search.kind.track();
        search.gone.track();
        [search.least, search.most, search.since, search.until].iter().for_each(Track::track);
        search.wanted.set(ROWS);
    });
    Effect::new(move || search.run());
    let retry = Callback::new(move |()| search.load());
    view! {
        <section class="card search" role="search" aria-label="Names of this machine">
            <TextField
                id="search-text"
                label="A part of a name, or a pattern such as *.odt or invoices/"
                value=search.text
                big=true
                focus=true
                error=search.wrong_in(Field::Text)
            />
            <div class="search__filters">
                <Kind search />
                <TextField
                    id="search-least"
                    label="At least"
                    value=search.least
                    hint="as in 20M"
                    error=search.wrong_in(Field::Least)
                />
                <TextField
                    id="search-most"
                    label="At most"
                    value=search.most
                    hint="as in 2G"
                    error=search.wrong_in(Field::Most)
                />
                <CheckField id="search-gone" label="Only what is gone" value=search.gone switch=true />
                <TextField id="search-since" label="Changed since" value=search.since kind="date" />
                <TextField
                    id="search-until"
                    label="Changed until"
                    value=search.until
                    kind="date"
                    error=search.wrong_in(Field::Until)
                />
            </div>
            <p class="small ink-2" role="status">
                {move || search.read.get().map(progress)}
            </p>
        </section>
        {move || search.problem.get().map(|problem| view! { <ProblemNotice problem retry /> })}
        {move || search.found.get().map(|found| view! { <Results search found /> })}
    }
    .into_any()
}

#[component]
fn Kind(search: Search) -> impl IntoView {
    let kinds = [
        ("", "Everything", None),
        ("file", "Files", Some(EntryKind::File)),
        ("folder", "Folders", Some(EntryKind::Folder)),
    ];
    let choose = move |event| {
        let key = event_target_value(&event);
        search.kind.set(kinds.iter().find(|(of, _, _)| *of == key).and_then(|(_, _, kind)| *kind));
    };
    let options = kinds.map(|(key, word, _)| view! { <option value=key>{word}</option> });
    view! {
        <div class="field">
            <label for="search-kind">"Kind"</label>
            <select class="select" id="search-kind" on:change=choose>
                {options.into_iter().collect::<Vec<_>>()}
            </select>
        </div>
    }
    .into_any()
}

fn progress(read: NamesView) -> String {
    let names = many(read.names, "name", "names");
    let lost = if read.lost > 0 {
        format!(" Up to {} cannot be read: their page is damaged in the store.", many(read.lost, "name", "names"))
    } else {
        String::new()
    };
    match (read.complete, read.from_ms) {
        (true, from) => format!("{names}, back to {}: all that is kept.{lost}", Moment::local(from).date()),
        (false, 0) => "Reading names…".into(),
        (false, from) => format!("{names}, read back to {}, and further…{lost}", Moment::local(from).date()),
    }
}

#[component]
fn Results(search: Search, found: FoundNames) -> impl IntoView {
    let all = found.there + found.gone;
    if all == 0 {
        return view! {
            <section class="card">
                <div class="empty">
                    <Icon name="search" />
                    <h2>"Nothing found"</h2>
                    <p>"No such name in any point in time that was read. Capital letters do not matter; * stands for anything."</p>
                </div>
            </section>
        }
        .into_any();
    }
    let group = |title: &'static str, id: &'static str, count: u32, gone: bool| {
        (count > 0).then(|| {
            let rows = move || {
                search.rows.with(|(there, lost)| {
                    let rows = if gone { lost } else { there };
                    rows.iter().map(|row| found_row(search.set, row)).collect::<Vec<_>>()
                })
            };
            view! {
                <section class="card card--flush" aria-labelledby=id>
                    <div class="card__head">
                        <h2 class="card__title" id=id>
                            {title}
                        </h2>
                        <span class="card__note num">{many(count.into(), "name", "names")}</span>
                    </div>
                    <ul class="found">{rows}</ul>
                    {move || more(search, count, gone)}
                </section>
            }
        })
    };
    view! {
        {group("Gone", "gone", found.gone, true)}
        {group("There now", "there", found.there, false)}
    }
    .into_any()
}

/// A button for more rows of a group; at the end of what is shown, a word.
fn more(search: Search, count: u32, gone: bool) -> Option<AnyView> {
    let shown = search.rows.with(|(there, lost)| if gone { lost.len() } else { there.len() }) as u32;
    if shown >= count || shown == 0 {
        return None;
    }
    let foot = if shown >= MAX_ROWS {
        view! { <p class="small ink-2">"These are the first 1,000. Ask more precisely to see others."</p> }.into_any()
    } else {
        let press = move |_| search.wanted.update(|wanted| *wanted = (*wanted + 3 * ROWS).min(MAX_ROWS));
        view! {
            <button class="button button--small" type="button" on:click=press>
                {format!("Show more of {}", many(count.into(), "name", "names"))}
            </button>
        }
        .into_any()
    };
    Some(view! { <div class="days__more">{foot}</div> }.into_any())
}

fn found_row(set: SetId, row: &FoundRow) -> AnyView {
    let here = Spot { at: Some(row.at), path: Some(row.token.clone()) };
    let (icon, address) = match row.kind {
        EntryKind::Folder => ("folder", spot::browse(set, &here)),
        _ => ("file-text", spot::file(set, &here)),
    };
    let folder = if row.folder.is_empty() { "/".to_owned() } else { format!("/{}", row.folder) };
    let size = (row.kind == EntryKind::File).then(|| bytes(row.bytes));
    let when = match row.gone_ms {
        _ if row.unread => "not readable in the newest point".to_owned(),
        Some(gone) => format!("gone since {}", Moment::local(gone).date()),
        None => format!("changed {}", Moment::local_s(row.mtime_s).date()),
    };
    view! {
        <li class="found__row">
            <Icon name=icon />
            <a class="found__name" href=address>
                <bdi>{row.name.clone()}</bdi>
            </a>
            <span class="found__size num">{size}</span>
            <small class="found__folder">
                <bdi>{folder}</bdi>
            </small>
            <small class="found__when">{when}</small>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_nothing_else() {
        // On the server everybody lives in UTC.
        let begins = |text| day_number(text).map(midnight_s);
        assert_eq!(begins("2026-11-27"), Some(1_795_737_600));
        assert_eq!(begins("1970-01-02"), Some(86_400));
        for text in ["", "2026", "2026-11", "x-y-z"] {
            assert_eq!(day_number(text), None, "{text}");
        }
    }

    #[test]
    fn both_ends_count_and_are_in_order() {
        let ask = |sizes: [&str; 2], days: [&str; 2]| {
            filter(None, false, &sizes.map(str::to_owned), &days.map(str::to_owned))
        };
        let whole = |sizes| ask(sizes, [""; 2]).map(|filter| (filter.min_bytes, filter.max_bytes));
        assert_eq!(whole(["", " "]), Ok((None, None)));
        assert_eq!(whole(["20M", ""]), Ok((Some(20_000_000), None)));
        assert_eq!(whole(["1k", "1000"]), Ok((Some(1000), Some(1000))));
        for (sizes, field) in [(["x", ""], Field::Least), (["1", "x"], Field::Most), (["2k", "1k"], Field::Most)] {
            assert_eq!(whole(sizes).map_err(|(field, _)| field), Err(field), "{sizes:?}");
        }
        let days = |days| ask([""; 2], days).map(|filter| (filter.since_s, filter.until_s));
        // A day lasts until the next one begins.
        assert_eq!(days(["1970-01-02", "1970-01-02"]), Ok((Some(86_400), Some(172_800))));
        assert_eq!(days(["", "1970-01-01"]), Ok((None, Some(86_400))));
        assert_eq!(days(["1970-01-03", "1970-01-02"]).map_err(|(field, _)| field), Err(Field::Until));
    }
}
