//! One file beside its folder: what is known of it, and how to take it out. A sheet from below on a phone.

use iota_core::id::{Digest, SetId};
use iota_core::vault::{EntryKind, EntryView, PathToken, Problem, ProblemKind, Selection, ShowEntry, Wanted};
use leptos::prelude::*;
use leptos::{ev, html};
use leptos_router::components::A;

use crate::components::icon::Icon;
use crate::components::preview::Preview;
use crate::components::problem_notice::ProblemNotice;
use crate::components::restore_dialog::{RestoreButton, RestoreOf};
use crate::components::skeleton::Skeleton;
use crate::downloads::{Downloads, WantedFile};
use crate::look;
use crate::spot::{self, Spot};
use crate::vault::Vault;
use crate::words::{self, Moment};

/// Narrower pages show it as a sheet; the same as in its stylesheet, pixels.
const SHEET_BELOW_PX: f64 = 1088.0;

/// What the vault says of the entry at a point.
#[derive(Clone, PartialEq)]
struct Told {
    at: u64,
    when_ms: u64,
    answer: Result<EntryView, Problem>,
}

impl Told {
    fn is_missing(&self) -> bool {
        matches!(&self.answer, Err(problem) if problem.kind == ProblemKind::Missing)
    }
}

/// The facts of an entry at a point in time. When time moves they stay until those of the new point are there.
#[component]
pub fn FilePanel(
    /// The machine.
    set: SetId,
    /// The commit, and when it was, by the machine's clock, milliseconds since 1970.
    point: Signal<(u64, u64)>,
    /// Whether it is not the newest.
    past: Memo<bool>,
    /// The entry.
    path: PathToken,
    /// Puts it away.
    close: Callback<()>,
) -> impl IntoView {
    let vault = Vault::current();
    let path = StoredValue::new(path);
    let told = RwSignal::new(None::<Told>);
    // Where it was there last, and what it is called.
    let last = RwSignal::new(None::<(u64, String)>);
    let again = Trigger::new();
    Effect::new(move || {
        again.track();
        let (at, when_ms) = point.get();
        leptos::task::spawn_local(async move {
            let Some(path) = path.try_get_value() else { return };
            let answer = vault.ask(ShowEntry { set, at, path }).await;
            // Who asked may have gone, or look at another point.
            if point.try_get_untracked() != Some((at, when_ms)) {
                return;
            }
            if let Ok(entry) = &answer {
                last.set(Some((at, entry.name.clone())));
            }
            told.set(Some(Told { at, when_ms, answer }));
        });
    });
    let node = NodeRef::<html::Button>::new();
    Effect::new(move || {
        let width = window().inner_width().ok().and_then(|width| width.as_f64()).unwrap_or_default();
        if let (Some(button), true) = (node.get(), width < SHEET_BELOW_PX) {
            // As a sheet it lies over the list, so the keyboard goes there.
            let _ = button.focus();
        }
    });
    let keys = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            close.run(());
        }
    };
    let retry = Callback::new(move |()| {
        told.set(None);
        again.notify();
    });
    let title = move || match told.get() {
        None => view! { <Skeleton /> }.into_any(),
        Some(told) if told.is_missing() => title(last.get().map_or_else(|| "This file".into(), |(_, name)| name), None),
        Some(Told { answer: Err(problem), .. }) => view! { <ProblemNotice problem retry /> }.into_any(),
        Some(Told { answer: Ok(entry), when_ms, .. }) => title(entry.name, Some(when_ms)),
    };
    let missing = move || {
        let told = told.get().filter(Told::is_missing)?;
        Some(format!("Not there on {}.", Moment::local(told.when_ms).full()))
    };
    let seen = Memo::new_with_compare(
        move |_| told.with(|told| seen(set, path, told.as_ref()?)),
        |before, after| {
            let content =
                |seen: Option<&Option<(Digest, WantedFile)>>| seen.cloned().flatten().map(|(content, _)| content);
            content(before) != content(after)
        },
    );
    let is_seen = Memo::new(move |_| seen.with(Option::is_some));
    let preview = move || {
        let (_, first) = is_seen.get().then(|| seen.get_untracked())??;
        let file = Memo::new(move |before: Option<&WantedFile>| {
            seen.get().map_or_else(|| before.unwrap_or(&first).clone(), |(_, file)| file)
        });
        Some(view! { <Preview file /> })
    };
    let rest = move || {
        let told = told.get()?;
        let path = path.get_value();
        let at = match &told.answer {
            Ok(_) => told.at,
            Err(_) if told.is_missing() => last.get()?.0,
            Err(_) => return None,
        };
        let address = spot::file(set, &Spot { at: Some(at), path: Some(path.clone()) });
        let entry = told.answer.ok();
        let facts = entry.as_ref().map(facts);
        let back = entry.as_ref().map(|entry| restore_button(set, at, told.when_ms, path.clone(), entry));
        let download = entry.as_ref().map(|entry| download_button(set, at, path, entry, past.get()));
        Some(view! {
            {facts}
            <div class="stack stack--tight">
                {download}
                {back}
                <A href=address attr:class="button button--wide">
                    <Icon name="history" />
                    "Versions and details"
                </A>
            </div>
        })
    };
    view! {
        <aside class="card preview sheet" class:in-past=past aria-label="Chosen file" on:keydown=keys>
            <button
                class="button button--quiet button--icon sheet__close"
                type="button"
                aria-label="Close"
                node_ref=node
                on:click=move |_| close.run(())
            >
                <Icon name="x" />
            </button>
            {title}
            <p class="preview__missing" role="status">
                {missing}
            </p>
            {preview}
            {rest}
            <p class="tiny ink-3">
                "Opened in this browser, by code that this server sent. The server itself cannot read the file or its name."
            </p>
        </aside>
    }
    .into_any()
}

fn title(name: String, when_ms: Option<u64>) -> AnyView {
    let when =
        when_ms.map(|ms| view! { <p class="small ink-3">{format!("as it was {}", Moment::local(ms).full())}</p> });
    view! {
        <div class="sheet__title">
            <h2 class="preview__name">
                <bdi>{name}</bdi>
            </h2>
            {when}
        </div>
    }
    .into_any()
}

/// The file to look at, and what tells its content from another's; none for what cannot be looked at.
fn seen(set: SetId, path: StoredValue<PathToken>, told: &Told) -> Option<(Digest, WantedFile)> {
    let entry = told.answer.as_ref().ok().filter(|entry| is_looked_at(entry))?;
    Some((entry.content, wanted(set, told.at, path.get_value(), entry)))
}

/// The question after an entry, and its answer.
#[derive(Clone, Copy)]
pub struct EntryFacts {
    question: StoredValue<ShowEntry>,
    vault: Vault,
    /// None while it is awaited.
    pub answer: RwSignal<Option<Result<EntryView, Problem>>>,
}

impl EntryFacts {
    /// Asks. Call it in a component that is made in the browser.
    pub fn ask(set: SetId, at: u64, path: PathToken) -> Self {
        let question = StoredValue::new(ShowEntry { set, at, path });
        let facts = Self { question, vault: Vault::current(), answer: RwSignal::new(None) };
        facts.again();
        facts
    }

    /// Asks again.
    pub fn again(&self) {
        let facts = *self;
        let question = facts.question.get_value();
        leptos::task::spawn_local(async move {
            let answer = facts.vault.ask(question).await;
            // Who asked may have gone.
            facts.answer.try_set(Some(answer));
        });
    }

    /// For a button.
    pub fn retry(&self) -> Callback<()> {
        let facts = *self;
        Callback::new(move |()| {
            facts.answer.set(None);
            facts.again();
        })
    }
}

/// A button that takes a file out; none for what is not a file.
pub fn download_button(set: SetId, at: u64, path: PathToken, entry: &EntryView, past: bool) -> Option<AnyView> {
    let downloads = Downloads::current();
    let wanted = wanted(set, at, path, entry);
    let class = if past { "button button--past button--wide" } else { "button button--primary button--wide" };
    let label = format!("Download, {}", words::bytes(entry.bytes));
    (entry.kind == EntryKind::File).then(|| {
        view! {
            <button class=class type="button" on:click=move |_| downloads.start(wanted.clone())>
                <Icon name="download" />
                {label}
            </button>
        }
        .into_any()
    })
}

/// A button that has a machine bring an entry back, with everything below it.
pub fn restore_button(set: SetId, at: u64, when_ms: u64, path: PathToken, entry: &EntryView) -> AnyView {
    let above = entry.crumbs.split_last().and_then(|(_, above)| above.last());
    let selection = Selection { folder: above.map(|crumb| crumb.token.clone()), only: vec![path] };
    let of = RestoreOf { set, at, when_ms, selection, name: entry.name.clone() };
    view! { <RestoreButton of wide=true /> }.into_any()
}

/// The content of a file that can be looked at; none for others.
pub fn preview_of(set: SetId, at: u64, path: PathToken, entry: &EntryView) -> Option<AnyView> {
    let file = wanted(set, at, path, entry);
    is_looked_at(entry).then(|| view! { <Preview file=Signal::stored(file) /> }.into_any())
}

fn is_looked_at(entry: &EntryView) -> bool {
    entry.kind == EntryKind::File && look::is_wanted(&entry.name, entry.bytes)
}

fn wanted(set: SetId, at: u64, path: PathToken, entry: &EntryView) -> WantedFile {
    WantedFile { set, at, what: Wanted::File(path), name: entry.name.clone(), bytes: entry.bytes }
}

/// What is known of an entry.
pub fn facts(entry: &EntryView) -> AnyView {
    let kind = match entry.kind {
        EntryKind::Folder => "Folder",
        EntryKind::File => "File",
        EntryKind::Link => "Symbolic link",
        EntryKind::Special => "Pipe, device or socket",
    };
    let changed = Moment::local_s(entry.mtime_s);
    let size = (entry.kind == EntryKind::File).then(|| {
        let exact = (entry.bytes >= 1000).then(|| format!("{} bytes", words::count(entry.bytes)));
        fact("Size", words::bytes(entry.bytes), exact)
    });
    let target = entry.target.clone().map(|target| match entry.kind {
        EntryKind::Link => fact("Points to", target, None),
        _ => fact("Same file as", target, None),
    });
    let attributes = (!entry.xattrs.is_empty()).then(|| fact("Extended attributes", entry.xattrs.join(", "), None));
    let torn =
        entry.torn.then(|| fact("Changed while it was read", "yes".into(), Some("parts may not fit together".into())));
    view! {
        <dl class="facts facts--long">
            {fact("Kind", kind.into(), None)}
            {size}
            {fact("Changed", format!("{}, {}", changed.date(), changed.clock_seconds()), None)}
            {target}
            {fact("Permissions", entry.mode.clone(), None)}
            {fact("Owner", entry.owner.clone(), None)}
            {attributes}
            {torn}
        </dl>
    }
    .into_any()
}

fn fact(term: &'static str, value: String, more: Option<String>) -> AnyView {
    view! {
        <div>
            <dt>{term}</dt>
            <dd>
                <bdi>{value}</bdi>
                {more.map(|more| view! { <small>{more}</small> })}
            </dd>
        </div>
    }
    .into_any()
}
