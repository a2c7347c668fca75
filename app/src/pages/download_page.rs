//! `/download`: the programs that this server hands out, and how to check them.

use iota_core::api::json::{Download, ServerInfo};
use iota_core::vault::Problem;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::browser;
use crate::client;
use crate::components::app_shell::Place;
use crate::components::copy_button::CopyButton;
use crate::components::document_link::DocumentLink;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::public_frame::PublicFrame;
use crate::components::skeleton::Skeleton;
use crate::install_line::{By, InstallLine};
use crate::words::bytes;

/// What the page needs of the server.
type Offer = (Vec<Download>, ServerInfo);

/// The list, one line that installs, and how to check what came.
#[component]
pub fn DownloadPage() -> impl IntoView {
    let offer = RwSignal::new(None::<Result<Offer, Problem>>);
    let ask = move || leptos::task::spawn_local(async move { drop(offer.try_set(Some(fetch().await))) });
    Effect::new(ask);
    let retry = Callback::new(move |()| {
        offer.set(None);
        ask();
    });
    view! {
        <Title text="Download · IotaBackup" />
        <PublicFrame current=Place::Download>
            <header class="page-head">
                <div>
                    <h1 class="page-head__title">"Download"</h1>
                    <p class="page-head__lead">
                        "The agent and command line, iota, as this server hands it out. It backs up, looks back and restores, and it can do all of that without this web page."
                    </p>
                </div>
            </header>
            {move || match offer.get() {
                None => view! { <Loading /> }.into_any(),
                Some(Err(problem)) => view! { <ProblemNotice problem retry /> }.into_any(),
                Some(Ok((programs, _))) if programs.is_empty() => view! { <Nothing /> }.into_any(),
                Some(Ok((programs, server))) => view! { <Programs programs server /> }.into_any(),
            }}
        </PublicFrame>
    }
    .into_any()
}

async fn fetch() -> Result<Offer, Problem> {
    Ok((client::get("/downloads").await?, client::get("/server").await?))
}

#[component]
fn Loading() -> impl IntoView {
    view! {
        <section class="card">
            <Skeleton />
            <p class="small ink-3">"Without a script, the list is at " <DocumentLink href="/api/v1/downloads">"/api/v1/downloads"</DocumentLink> "."</p>
        </section>
    }
    .into_any()
}

#[component]
fn Nothing() -> impl IntoView {
    view! {
        <section class="card">
            <div class="empty">
                <Icon name="download" />
                <h2>"This server has no programs to hand out"</h2>
                <p>"Whoever runs it can put them there; how is in the documents. Building iota from its source works on every Linux."</p>
                <DocumentLink class="button" href="/docs/operations">
                    "How it is set up"
                </DocumentLink>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Programs(programs: Vec<Download>, server: ServerInfo) -> impl IntoView {
    let install = InstallLine { server: browser::origin(), pin: server.key_pin, code: None, by: By::Sudo }.text();
    let check =
        programs.first().map(|program| format!("echo '{}  {}' | sha256sum --check", program.sha256, program.name));
    let cards: Vec<_> = programs.into_iter().map(program_card).collect();
    view! {
        <ul class="stack">{cards}</ul>
        <div class="duo">
            <section class="card" aria-labelledby="install">
                <h2 class="card__title" id="install">
                    "Install it with one line"
                </h2>
                <CopyLine text=install spoken="Copy the line that installs" />
                <p class="small ink-2">
                    "This installs the program and trusts this server once. Root leaves sudo out. To let a machine join at the same time, add it under Machines: the line there holds a one-time code."
                </p>
            </section>
            <section class="card" aria-labelledby="check">
                <h2 class="card__title" id="check">
                    "Check what you have"
                </h2>
                {check.map(|check| view! { <CopyLine text=check spoken="Copy the line that checks" /> })}
                <p class="small ink-2">
                    "It must print OK. That proves that the file is the one that this server names, not that the server is honest: for that, compare with a release or build from the source."
                </p>
            </section>
        </div>
    }
    .into_any()
}

#[component]
fn CopyLine(text: String, spoken: &'static str) -> impl IntoView {
    let copied = text.clone();
    view! {
        <div class="line">
            <pre class="code-block line__text" tabindex="0">
                <code>{text}</code>
            </pre>
            <CopyButton text=Signal::stored(copied) spoken />
        </div>
    }
    .into_any()
}

fn program_card(program: Download) -> AnyView {
    let Download { name, system, architecture, version, bytes: size, sha256 } = program;
    let address = format!("/download/{name}");
    let sum = sha256.to_string();
    view! {
        <li class="card program">
            <div class="row row--between">
                <div>
                    <h2 class="card__title">{name}</h2>
                    <p class="small ink-2">
                        {format!("{}, {architecture}, version {version}, {}", system_name(&system), bytes(size))}
                    </p>
                </div>
                <a class="button button--primary" href=address rel="external" download="">
                    <Icon name="download" />
                    {format!("Download, {}", bytes(size))}
                </a>
            </div>
            <div class="program__sum">
                <span class="small ink-3">"SHA-256"</span>
                <code class="mono">{sum.clone()}</code>
                <CopyButton text=Signal::stored(sum) spoken="Copy the SHA-256" />
            </div>
        </li>
    }
    .into_any()
}

fn system_name(system: &str) -> &str {
    match system {
        "linux" => "Linux",
        other => other,
    }
}
