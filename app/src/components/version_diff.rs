//! Two versions of a file beside each other: the lines of a text that differ, or both pictures.

use iota_core::id::SetId;
use iota_core::vault::{PathToken, Problem, ShowEntry, Wanted};
use leptos::prelude::*;
use similar::{ChangeTag, TextDiff};

use crate::components::icon::Icon;
use crate::components::preview::Pixels;
use crate::components::problem_notice::ProblemNotice;
use crate::components::skeleton::Skeleton;
use crate::downloads::WantedFile;
use crate::look::{self, Look, look};
use crate::vault::Vault;
use crate::words::{bytes, many};

/// Lines around those that differ.
const CONTEXT: usize = 3;
/// Most lines that are put into the document.
const MAX_LINES: usize = 2000;
/// Longest texts that are compared: two that have nothing in common take as long as the square of it.
const MAX_COMPARED_LINES: usize = 5000;

/// Both versions, as far as they can be looked at.
type Both = Result<(Look, Look), Problem>;

/// What differs between the versions of two commits.
#[component]
pub fn VersionDiff(
    /// The machine.
    set: SetId,
    /// The file.
    path: PathToken,
    /// Its name.
    name: String,
    /// The earlier commit.
    low: u64,
    /// The later one.
    high: u64,
    /// Puts it away.
    close: Callback<()>,
) -> impl IntoView {
    let vault = Vault::current();
    let seen = RwSignal::new_local(None::<Both>);
    let shown_name = name.clone();
    let question = StoredValue::new((path, name));
    let begin = move || {
        leptos::task::spawn_local(async move {
            let Some((path, name)) = question.try_get_value() else { return };
            let answer = both(vault, set, &path, &name, low, high).await;
            // Who looked may have gone.
            seen.try_set(Some(answer));
        });
    };
    begin();
    let body = move || {
        match seen.get() {
        None => view! {
            <div class="card__body">
                <Skeleton lines=4 />
            </div>
        }
        .into_any(),
        Some(Err(problem)) => {
            let retry = Callback::new(move |()| {
                seen.set(None);
                begin();
            });
            view! { <ProblemNotice problem retry /> }.into_any()
        }
        Some(Ok((Look::Text(before), Look::Text(after)))) if is_short(&before) && is_short(&after) => {
            lines(&before, &after)
        }
        Some(Ok((Look::Picture(before), Look::Picture(after)))) => {
            let name = shown_name.clone();
            let figure = move |picture, words: &'static str| {
                view! {
                    <figure>
                        <Pixels picture name=format!("{name}, {words}") />
                        <figcaption class="small ink-2">{words}</figcaption>
                    </figure>
                }
            };
            view! { <div class="diff__pictures">{figure(before, "earlier")} {figure(after, "later")}</div> }
            .into_any()
        }
        Some(Ok(_)) => view! {
            <div class="empty">
                <Icon name="file-text" />
                <h2>"Nothing to lay beside each other"</h2>
                <p>"Texts up to 5,000 lines and pictures can be compared here. Download both versions to compare others."</p>
            </div>
        }
        .into_any(),
    }
    };
    view! {
        <section class="card card--flush" aria-labelledby="diff">
            <div class="card__head">
                <h2 class="card__title" id="diff">
                    "Earlier and later"
                </h2>
                <button class="button button--quiet button--icon" type="button" aria-label="Close the comparison" on:click=move |_| close.run(())>
                    <Icon name="x" />
                </button>
            </div>
            {body}
        </section>
    }
    .into_any()
}

async fn both(vault: Vault, set: SetId, path: &PathToken, name: &str, low: u64, high: u64) -> Both {
    let mut looks = Vec::new();
    for at in [low, high] {
        let entry = vault.ask(ShowEntry { set, at, path: path.clone() }).await?;
        let what = Wanted::File(path.clone());
        let file = WantedFile { set, at, what, name: name.to_owned(), bytes: entry.bytes };
        looks.push(match entry.bytes {
            0 => Look::Text(String::new()),
            bytes if look::is_wanted(name, bytes) => look(vault, &file).await?,
            _ => Look::Other,
        });
    }
    let (after, before) = (looks.pop(), looks.pop());
    Ok((before.unwrap_or(Look::Other), after.unwrap_or(Look::Other)))
}

fn is_short(text: &str) -> bool {
    text.lines().nth(MAX_COMPARED_LINES).is_none()
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
