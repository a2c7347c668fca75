//! `/machines/:set/file#at=…&f=…`: everything about a file, and every version of it that is kept; of a folder, everything that changed below it.

use iota_core::id::SetId;
use iota_core::vault::{EntryKind, OpenPoint, PathToken, PointView, Problem, Version};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::components::file_panel::{EntryFacts, download_button, facts, preview_of, restore_button};
use crate::components::folder_history::FolderHistory;
use crate::components::gate::Gate;
use crate::components::icon::Icon;
use crate::components::machine_frame::{MachineFrame, Tab};
use crate::components::problem_notice::ProblemNotice;
use crate::components::sealed::Sealed;
use crate::components::skeleton::Skeleton;
use crate::components::version_diff::{VersionDiff, is_comparable};
use crate::components::version_list::{Around, VersionList};
use crate::spot::{self, Spot};
use crate::vault::Vault;
use crate::words::Moment;

/// The file, then its versions.
#[component]
pub fn FilePage() -> impl IntoView {
    view! { <MachineFrame tab=Tab::None plain=true children=Callback::new(|set| view! { <AtSpot set /> }.into_any()) /> }
}

#[component]
fn AtSpot(set: SetId) -> impl IntoView {
    let location = use_location();
    let spot = RwSignal::new(None::<Spot>);
    Effect::new(move || spot.set(Some(Spot::parse(&location.hash.get()))));
    view! {
        <Gate skeleton=sealed_file>
            {move || match spot.get() {
                None => view! { <Skeleton /> }.into_any(),
                Some(Spot { path: None, .. }) => view! { <NoFile set /> }.into_any(),
                Some(Spot { at, path: Some(path) }) => view! { <Opening set at path /> }.into_any(),
            }}
        </Gate>
    }
    .into_any()
}

fn sealed_file() -> impl IntoView {
    view! {
        <section class="card" aria-label="File, sealed">
            <Sealed />
            <Sealed />
        </section>
    }
    .into_any()
}

#[component]
fn NoFile(set: SetId) -> impl IntoView {
    view! {
        <section class="card">
            <div class="empty">
                <Icon name="file-text" />
                <h2>"This address names no file"</h2>
                <p>"It was cut short, or it comes from another vault."</p>
                <a class="button" href=spot::browse(set, &Spot::default()).trim_end_matches('#').to_owned()>
                    "Browse files"
                </a>
            </div>
        </section>
    }
    .into_any()
}

/// Learns which point in time is meant, and whether it is the newest.
#[component]
fn Opening(set: SetId, at: Option<u64>, path: PathToken) -> impl IntoView {
    let vault = Vault::current();
    let point = RwSignal::new(None::<Result<PointView, Problem>>);
    let ask = move || {
        leptos::task::spawn_local(async move {
            let answer = vault.ask(OpenPoint { set, at }).await;
            // Who asked may have gone.
            point.try_set(Some(answer));
        });
    };
    ask();
    move || match point.get() {
        None => view! {
            <section class="card">
                <Skeleton />
            </section>
        }
        .into_any(),
        Some(Err(problem)) => {
            let retry = Callback::new(move |()| {
                point.set(None);
                ask();
            });
            let newest = at.map(|_| spot::file(set, &Spot { at: None, path: Some(path.clone()) }));
            view! {
                <section class="card">
                    <h2 class="preview__name">"This version cannot be opened"</h2>
                    <ProblemNotice problem retry />
                    {newest.map(|address| view! { <a class="button" href=address>"Go to the newest version"</a> })}
                </section>
            }
            .into_any()
        }
        Some(Ok(point)) => view! { <File set point path=path.clone() /> }.into_any(),
    }
}

#[component]
fn File(set: SetId, point: PointView, path: PathToken) -> impl IntoView {
    let (at, newest) = (point.seq, point.newest_seq);
    let past = at != newest;
    let entry = EntryFacts::ask(set, at, path.clone());
    let around = RwSignal::new(Around::default());
    // What it is, once that is known; also of what cannot be opened.
    let kind = Memo::new(move |known: Option<&Option<Option<EntryKind>>>| {
        let told =
            entry.answer.with(|answer| answer.as_ref().map(|answer| answer.as_ref().ok().map(|entry| entry.kind)));
        // Trying again does not take away what is there.
        told.or_else(|| known.copied().flatten())
    });
    let of = StoredValue::new(path);
    view! {
        <div class="split split--file">
            <section class="card" class:in-past=past aria-label="Details">
                {move || match entry.answer.get() {
                    None => view! { <Skeleton /> }.into_any(),
                    Some(Err(problem)) => {
                        view! { <Unopened set path=of.get_value() problem retry=entry.retry() around /> }.into_any()
                    }
                    Some(Ok(entry)) => details(set, &point, of.get_value(), &entry, past),
                }}
            </section>
            {move || match kind.get() {
                None => view! { <Skeleton /> }.into_any(),
                Some(Some(EntryKind::Folder)) => view! { <FolderHistory set folder=of.get_value() at /> }.into_any(),
                Some(_) => view! { <Versions set path=of.get_value() entry at newest around /> }.into_any(),
            }}
        </div>
    }
    .into_any()
}

/// Instead of a version: why it cannot be opened, and the way to one that can.
#[component]
fn Unopened(
    set: SetId,
    path: PathToken,
    problem: Problem,
    retry: Callback<()>,
    around: RwSignal<Around>,
) -> impl IntoView {
    let nearest = move || {
        let nearest = around.with(|around| around.nearest.clone())?;
        let address = spot::file(set, &Spot { at: Some(nearest.seq), path: Some(path.clone()) });
        let words = format!("Go to the nearest version, of {}", Moment::local(nearest.device_time_ms).full());
        Some(view! {
            <a class="button button--wide" href=address>
                <Icon name="history" />
                {words}
            </a>
        })
    };
    view! {
        <h2 class="preview__name">"This version cannot be opened"</h2>
        <ProblemNotice problem retry />
        {nearest}
    }
    .into_any()
}

/// All versions of a file, and what the one that is shown differs in from others.
#[component]
fn Versions(
    set: SetId,
    path: PathToken,
    entry: EntryFacts,
    at: u64,
    newest: u64,
    around: RwSignal<Around>,
) -> impl IntoView {
    let name = Memo::new(move |_| entry.answer.get().and_then(Result::ok).map(|entry| entry.name));
    let (other, closed) = (RwSignal::new(None::<u64>), RwSignal::new(false));
    let compare = Callback::new(move |seq| {
        closed.set(false);
        other.set(Some(seq));
    });
    let close = Callback::new(move |()| {
        closed.set(true);
        other.set(None);
    });
    // Nothing is fetched for what cannot be looked at, unless somebody chose it.
    let is_compared = Memo::new(move |_| {
        let can = |name: &str, version: &Option<Version>| {
            version.as_ref().is_some_and(|version| is_comparable(name, version.bytes))
        };
        let by_itself = entry.answer.with(|answer| {
            let entry =
                answer.as_ref().and_then(|answer| answer.as_ref().ok()).filter(|entry| entry.kind == EntryKind::File);
            entry.filter(|entry| is_comparable(&entry.name, entry.bytes)).is_some_and(|entry| {
                around.with(|around| can(&entry.name, &around.before) || can(&entry.name, &around.now))
            })
        });
        other.get().is_some() || by_itself && !closed.get()
    });
    let compared = path.clone();
    view! {
        <div class="stack">
            <VersionList set path name chosen=at newest compare around />
            {move || {
                let name = name.get().filter(|_| is_compared.get())?;
                Some(view! { <VersionDiff set path=compared.clone() name at around other close /> })
            }}
        </div>
    }
    .into_any()
}

fn details(set: SetId, point: &PointView, path: PathToken, entry: &iota_core::vault::EntryView, past: bool) -> AnyView {
    let at = point.seq;
    let here = Spot { at: Some(at), path: None };
    let top = spot::browse(set, &here);
    let above = entry.crumbs.split_last().map_or(&[][..], |(_, above)| above);
    let steps: Vec<_> = above
        .iter()
        .map(|crumb| {
            let address = spot::browse(set, &here.path(Some(crumb.token.clone())));
            view! {
                <Icon name="chevron-right" />
                <a href=address>
                    <bdi>{crumb.name.clone()}</bdi>
                </a>
            }
        })
        .collect();
    let folder = spot::browse(set, &here.path(above.last().map(|crumb| crumb.token.clone())));
    let inside = (entry.kind == EntryKind::Folder).then(|| {
        view! {
            <a class="button button--wide" href=spot::browse(set, &here.path(Some(path.clone())))>
                <Icon name="folder-open" />
                "Open it at that time"
            </a>
        }
    });
    let preview = preview_of(set, at, path.clone(), entry);
    let back = restore_button(set, at, point.device_time_ms, path.clone(), entry);
    let download = download_button(set, at, path, entry, past);
    view! {
        <nav class="crumbs" aria-label="Folder">
            <a href=top>"Files"</a>
            {steps}
        </nav>
        <div>
            <h2 class="preview__name file__name">
                <bdi>{entry.name.clone()}</bdi>
            </h2>
            <p class="small ink-3">{format!("as it was {}", Moment::local(point.device_time_ms).full())}</p>
        </div>
        {preview}
        {facts(entry)}
        <div class="stack stack--tight">
            {download}
            {back}
            {inside}
            <a class="button button--wide" href=folder>
                <Icon name="folder-open" />
                "Its folder at that time"
            </a>
        </div>
        <p class="tiny ink-3">
            "Opened in this browser, by code that this server sent. The server itself cannot read the file or its name."
        </p>
    }
    .into_any()
}
