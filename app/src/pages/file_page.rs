//! `/machines/:set/file#at=…&f=…`: everything about a file, and every version of it that is kept.

use iota_core::id::SetId;
use iota_core::vault::{OpenPoint, PathToken, PointView, Problem};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::components::file_panel::{EntryFacts, download_button, facts, preview_of, restore_button};
use crate::components::gate::Gate;
use crate::components::icon::Icon;
use crate::components::machine_frame::{MachineFrame, Tab};
use crate::components::problem_notice::ProblemNotice;
use crate::components::sealed::Sealed;
use crate::components::skeleton::Skeleton;
use crate::components::version_diff::VersionDiff;
use crate::components::version_list::VersionList;
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
            view! { <ProblemNotice problem retry /> }.into_any()
        }
        Some(Ok(point)) => view! { <File set point path=path.clone() /> }.into_any(),
    }
}

#[component]
fn File(set: SetId, point: PointView, path: PathToken) -> impl IntoView {
    let (at, newest) = (point.seq, point.newest_seq);
    let past = at != newest;
    let entry = EntryFacts::ask(set, at, path.clone());
    let of = path.clone();
    let compared = RwSignal::new(None::<u64>);
    let compare = Callback::new(move |seq| compared.set(Some(seq)));
    let name = Signal::derive(move || entry.answer.get().and_then(Result::ok).map(|entry| entry.name));
    view! {
        <div class="split split--file">
            <section class="card" class:in-past=past aria-label="Details">
                {move || match entry.answer.get() {
                    None => view! { <Skeleton /> }.into_any(),
                    Some(Err(problem)) => view! { <ProblemNotice problem retry=entry.retry() /> }.into_any(),
                    Some(Ok(entry)) => details(set, &point, of.clone(), &entry, past),
                }}
            </section>
            <div class="stack">
                <VersionList set path=path.clone() name chosen=at newest compare />
                {move || {
                    let (other, name) = (compared.get()?, name.get()?);
                    let (path, (low, high)) = (path.clone(), (other.min(at), other.max(at)));
                    Some(view! { <VersionDiff set path name low high close=Callback::new(move |()| compared.set(None)) /> })
                }}
            </div>
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
