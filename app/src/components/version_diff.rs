//! Two versions of a file beside each other: the lines of a text that differ, or both pictures.

use iota_core::id::SetId;
use iota_core::vault::{PathToken, Problem, ShowEntry, Version, Wanted};
use leptos::prelude::*;
use similar::{ChangeTag, TextDiff};

use crate::components::icon::Icon;
use crate::components::preview::Pixels;
use crate::components::problem_notice::ProblemNotice;
use crate::components::skeleton::Skeleton;
use crate::components::version_list::Around;
use crate::downloads::WantedFile;
use crate::look::{self, Look, look};
use crate::vault::Vault;
use crate::words::{Moment, bytes, many};

/// Lines around those that differ.
const CONTEXT: usize = 3;
/// Most lines that are put into the document.
const MAX_LINES: usize = 2000;
/// Longest texts that are compared: two that have nothing in common take as long as the square of it.
const MAX_COMPARED_LINES: usize = 5000;

/// A version, and the earlier one that it is compared with, if it is compared; as far as they can be looked at.
type Seen = (Option<Look>, Look);

/// What the version that is shown is laid beside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// The version before it.
    Before,
    /// The newest.
    Now,
    /// Nothing: all of it.
    Nothing,
}

/// Whether a version can be laid beside another, as far as name and size tell.
pub fn is_comparable(name: &str, bytes: u64) -> bool {
    bytes == 0 || look::is_wanted(name, bytes)
}

/// What differs between a version and another.
#[component]
pub fn VersionDiff(
    /// The machine.
    set: SetId,
    /// The file.
    path: PathToken,
    /// Its name.
    name: String,
    /// The commit whose version is shown.
    at: u64,
    /// What it can be compared with.
    #[prop(into)]
    around: Signal<Around>,
    /// A commit that somebody chose to compare it with.
    other: RwSignal<Option<u64>>,
    /// Puts it away.
    close: Callback<()>,
) -> impl IntoView {
    let vault = Vault::current();
    let wish = RwSignal::new(Beside::Before);
    let is_text = RwSignal::new(false);
    let beside = Memo::new(move |_| {
        around.with(|around| {
            let side =
                |version: &Option<Version>| version.as_ref().map(|version| (version.seq, version.device_time_ms));
            (side(&around.before), side(&around.now))
        })
    });
    // The first version has none before it.
    let with = Memo::new(move |_| match (wish.get(), beside.get()) {
        (Beside::Before, (None, Some(_))) => Beside::Now,
        (wish, _) => wish,
    });
    let pair = Memo::new(move |_| {
        let two = |other: u64| (Some(other.min(at)), other.max(at));
        let (before, now) = beside.get();
        match (other.get(), with.get()) {
            (Some(other), _) => Some(two(other)),
            (None, Beside::Before) => before.map(|(seq, _)| two(seq)),
            (None, Beside::Now) => now.map(|(seq, _)| two(seq)),
            (None, Beside::Nothing) => Some((None, at)),
        }
    });
    let seen = RwSignal::new_local(None::<Result<Seen, Problem>>);
    let shown_name = name.clone();
    let question = StoredValue::new((path, name));
    let begin = move || {
        seen.set(None);
        let Some((low, high)) = pair.get_untracked() else { return };
        leptos::task::spawn_local(async move {
            let Some((path, name)) = question.try_get_value() else { return };
            let answer = both(vault, set, &path, &name, low, high).await;
            // Who looked may have gone, or looks at others.
            if pair.try_get_untracked() != Some(Some((low, high))) {
                return;
            }
            if let Ok((_, Look::Text(_))) = answer {
                is_text.set(true);
            }
            // What opened by itself goes when there is nothing to see.
            if answer.as_ref().is_ok_and(|seen| !can_be_shown(seen)) && other.get_untracked().is_none() {
                close.run(());
                return;
            }
            seen.set(Some(answer));
        });
    };
    Effect::new(move || {
        pair.track();
        begin();
    });
    let body = move || {
        let figure = |picture, words: &'static str| {
            view! {
                <figure>
                    <Pixels picture name=format!("{shown_name}, {words}") />
                    <figcaption class="small ink-2">{words}</figcaption>
                </figure>
            }
        };
        match seen.get() {
            None => view! {
                <div class="card__body">
                    <Skeleton lines=4 />
                </div>
            }
            .into_any(),
            Some(Err(problem)) => view! { <ProblemNotice problem retry=Callback::new(move |()| begin()) /> }.into_any(),
            Some(Ok((Some(Look::Text(before)), Look::Text(after)))) if is_short(&before) && is_short(&after) => {
                lines(&before, &after)
            }
            Some(Ok((None, Look::Text(text)))) => whole(&text),
            Some(Ok((Some(Look::Picture(before)), Look::Picture(after)))) => {
                view! { <div class="diff__pictures">{figure(before, "earlier")} {figure(after, "later")}</div> }
                    .into_any()
            }
            Some(Ok(_)) => view! {
                <div class="empty">
                    <Icon name="file-text" />
                    <h2>"Nothing to lay beside each other"</h2>
                    <p>
                        "Texts up to 5,000 lines and pictures can be compared here. Download both versions to compare others."
                    </p>
                </div>
            }
            .into_any(),
        }
    };
    let words = move || {
        let (before, now) = beside.get();
        let date = |side: Option<(u64, u64)>| side.map(|(_, ms)| Moment::local(ms).full()).unwrap_or_default();
        match (other.get(), with.get()) {
            (Some(_), _) => "the version shown, and the one that you chose".to_owned(),
            (None, Beside::Before) => format!("compared with the version before, of {}", date(before)),
            (None, Beside::Now) => format!("compared with the newest, of {}", date(now)),
            (None, Beside::Nothing) => "all of the version shown".to_owned(),
        }
    };
    let choice = move |value: Beside, label: &'static str, is_there: Signal<bool>| {
        let is_on = move || other.get().is_none() && with.get() == value;
        let press = move |_| {
            wish.set(value);
            other.set(None);
        };
        move || {
            is_there.get().then(|| {
                view! {
                    <label class="segmented__item">
                        <input type="radio" name="compared" prop:checked=is_on on:change=press />
                        {label}
                    </label>
                }
            })
        }
    };
    let before_there = Memo::new(move |_| beside.get().0.is_some());
    let now_there = Memo::new(move |_| beside.get().1.is_some());
    view! {
        <section class="card card--flush" aria-labelledby="diff">
            <div class="card__head">
                <div>
                    <h2 class="card__title" id="diff">
                        "Earlier and later"
                    </h2>
                    <p class="small ink-3">{words}</p>
                </div>
                <div class="diff__do">
                    <div class="segmented" role="group" aria-label="Compare with">
                        {choice(Beside::Before, "Before it", before_there.into())}
                        {choice(Beside::Now, "Now", now_there.into())}
                        {choice(Beside::Nothing, "Whole text", is_text.into())}
                    </div>
                    <button
                        class="button button--quiet button--icon"
                        type="button"
                        aria-label="Close the comparison"
                        on:click=move |_| close.run(())
                    >
                        <Icon name="x" />
                    </button>
                </div>
            </div>
            {body}
        </section>
    }
    .into_any()
}

/// Looks at the version of `high`, and at that of `low`, if there is one to compare it with.
async fn both(
    vault: Vault,
    set: SetId,
    path: &PathToken,
    name: &str,
    low: Option<u64>,
    high: u64,
) -> Result<Seen, Problem> {
    let look_at = async |at: u64| -> Result<Look, Problem> {
        let entry = vault.ask(ShowEntry { set, at, path: path.clone() }).await?;
        let what = Wanted::File(path.clone());
        let file = WantedFile { set, at, what, name: name.to_owned(), bytes: entry.bytes };
        match entry.bytes {
            0 => Ok(Look::Text(String::new())),
            bytes if look::is_wanted(name, bytes) => look(vault, &file).await,
            _ => Ok(Look::Other),
        }
    };
    let before = match low {
        Some(low) => Some(look_at(low).await?),
        None => None,
    };
    Ok((before, look_at(high).await?))
}

fn can_be_shown(seen: &Seen) -> bool {
    match seen {
        (Some(Look::Text(before)), Look::Text(after)) => is_short(before) && is_short(after),
        (Some(Look::Picture(_)), Look::Picture(_)) | (None, Look::Text(_)) => true,
        _ => false,
    }
}

fn is_short(text: &str) -> bool {
    text.lines().nth(MAX_COMPARED_LINES).is_none()
}

/// All lines.
fn whole(text: &str) -> AnyView {
    let mut all = text.lines().enumerate();
    let shown: Vec<_> =
        all.by_ref().take(MAX_LINES).map(|(index, text)| line(ChangeTag::Equal, Some(index), text)).collect();
    let cut = all
        .next()
        .map(|_| view! { <div class="diff__skip">"There are more lines. Download the file to see them."</div> });
    view! {
        <div class="diff" tabindex="0" role="region" aria-label="Whole text">
            {shown}
            {cut}
        </div>
    }
    .into_any()
}

/// The lines that differ, with some around them.
fn lines(before: &str, after: &str) -> AnyView {
    let diff = TextDiff::from_lines(before, after);
    let mut shown = Vec::new();
    let mut at = 0;
    for group in diff.grouped_ops(CONTEXT) {
        let begin = group.first().map_or(0, |op| op.old_range().start);
        if begin > at {
            let words = format!("{} the same", many((begin - at) as u64, "line", "lines"));
            shown.push(view! { <div class="diff__skip">{words}</div> }.into_any());
        }
        at = group.last().map_or(at, |op| op.old_range().end);
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            if shown.len() < MAX_LINES {
                shown.push(line(change.tag(), change.new_index().or(change.old_index()), change.value()));
            }
        }
    }
    if shown.is_empty() {
        return view! {
            <div class="empty">
                <Icon name="circle-check" />
                <h2>"The same text"</h2>
                <p>{format!("All {} are the same; something else about the file differs.", bytes(after.len() as u64))}</p>
            </div>
        }
        .into_any();
    }
    let cut = (shown.len() >= MAX_LINES)
        .then(|| view! { <div class="diff__skip">"More lines differ. Download both versions to see them."</div> });
    view! {
        <div class="diff" tabindex="0" role="region" aria-label="Lines that differ">
            {shown}
            {cut}
        </div>
    }
    .into_any()
}

fn line(tag: ChangeTag, index: Option<usize>, text: &str) -> AnyView {
    let (class, sign, spoken) = match tag {
        ChangeTag::Insert => ("diff__line diff__line--add", "+", Some("added: ")),
        ChangeTag::Delete => ("diff__line diff__line--del", "\u{2212}", Some("removed: ")),
        ChangeTag::Equal => ("diff__line", "", None),
    };
    let number = index.map(|index| (index + 1).to_string());
    let text = text.trim_end_matches(['\n', '\r']).to_owned();
    view! {
        <div class=class>
            <span>{number}</span>
            <span aria-hidden="true">{sign}</span>
            <span dir="auto">
                {spoken.map(|spoken| view! { <span class="visually-hidden">{spoken}</span> })}
                {text}
            </span>
        </div>
    }
    .into_any()
}
