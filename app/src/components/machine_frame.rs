//! The frame of the pages of one machine: where one is, which machine it is, and its views.

use iota_core::id::SetId;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::use_params_map;

use crate::components::app_shell::{AppShell, Place};
use crate::components::icon::Icon;
use crate::components::mark::Mark;
use crate::components::problem_notice::ProblemNotice;
use crate::components::sealed::Sealed;
use crate::fleet::Fleet;
use crate::spot::{self, Span, Spot};

/// A view of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// How it is.
    Status,
    /// What it stored when.
    Timeline,
    /// Its files.
    Browse,
    /// Names of all times.
    Search,
    /// What lies between two points in time.
    Compare,
    /// What it backs up and how.
    Rules,
    /// Something below these.
    None,
}

/// The machine that the address names.
pub fn machine_of_address() -> Option<SetId> {
    use_params_map().with_untracked(|params| params.get("set")).and_then(|set| set.parse().ok())
}

/// The page around what is told of a machine. Each change of machine makes it anew.
#[component]
pub fn MachineFrame(
    /// Which view it is.
    tab: Tab,
    /// Whether only the tabs say what the page is, so that its heading is hidden.
    #[prop(optional)]
    plain: bool,
    /// The view.
    children: Callback<SetId, AnyView>,
) -> impl IntoView {
    let fleet = Fleet::current();
    Effect::new(move || fleet.want());
    let params = use_params_map();
    let set = Memo::new(move |_| params.with(|params| params.get("set")).and_then(|set| set.parse::<SetId>().ok()));
    let content = move || match set.get() {
        Some(set) => view! {
            <Head set tab plain />
            {children.run(set)}
        }
        .into_any(),
        None => view! { <NoMachine /> }.into_any(),
    };
    view! { <AppShell current=Place::Machines>{content}</AppShell> }.into_any()
}

#[component]
fn Head(set: SetId, tab: Tab, plain: bool) -> impl IntoView {
    let fleet = Fleet::current();
    let title = move || fleet.machine(set).map_or_else(|| "Machine".to_owned(), |machine| machine.title());
    let word = match tab {
        Tab::Status => "Status",
        Tab::Timeline => "Timeline",
        Tab::Browse => "Files",
        Tab::Search => "Search",
        Tab::Compare => "Compare",
        Tab::Rules => "Rules",
        Tab::None => "File",
    };
    let missing = move || fleet.machines().is_some() && fleet.machine(set).is_none();
    let heading = if plain {
        view! { <h1 class="visually-hidden">{word} ": " {title}</h1> }.into_any()
    } else {
        view! {
            <header class="page-head">
                <div class="page-head__who">
                    <Mark set class="mark--lg" />
                    <div>
                        <h1 class="page-head__title">
                            <MachineName set />
                        </h1>
                    </div>
                </div>
                <div class="button-group">
                    <A href=spot::browse(set, &Spot::default()) attr:class="button button--primary">
                        <Icon name="folder-open" />
                        "Browse files"
                    </A>
                </div>
            </header>
        }
        .into_any()
    };
    view! {
        <Title text=move || format!("{word} · {} · IotaBackup", title()) />
        <nav class="crumbs" aria-label="Path">
            <a href="/machines">"Machines"</a>
            <Icon name="chevron-right" />
            {if tab == Tab::Status {
                view! {
                    <span aria-current="page">
                        <MachineName set />
                    </span>
                }
                    .into_any()
            } else {
                view! {
                    <a href=spot::machine(set)>
                        <MachineName set />
                    </a>
                }
                    .into_any()
            }}
        </nav>
        {heading}
        <Tabs set tab />
        {move || missing().then(|| view! { <NoMachine /> })}
        {move || {
            let retry = Callback::new(move |()| fleet.again());
            fleet.problem().get().map(|problem| view! { <ProblemNotice problem retry /> })
        }}
    }
    .into_any()
}

/// Its name; its number and a sealed bar while the vault is locked.
#[component]
pub fn MachineName(
    /// Its set.
    set: SetId,
) -> impl IntoView {
    let fleet = Fleet::current();
    move || match fleet.machine(set) {
        Some(machine) => match machine.name {
            Some(name) => view! { <bdi>{name}</bdi> }.into_any(),
            None => {
                view! { <Sealed short=true spoken=format!("{}, name sealed", machine.public_title()) /> }.into_any()
            }
        },
        None => view! { <Sealed short=true spoken="Machine" /> }.into_any(),
    }
}

#[component]
fn Tabs(set: SetId, tab: Tab) -> impl IntoView {
    let tabs = [
        (Tab::Status, "Status", spot::machine(set)),
        (Tab::Timeline, "Timeline", spot::timeline(set)),
        (Tab::Browse, "Browse", spot::browse(set, &Spot::default())),
        (Tab::Search, "Search", spot::search(set)),
        (Tab::Compare, "Compare", spot::compare(set, &Span::default())),
        (Tab::Rules, "Rules", spot::rules(set)),
    ];
    let tabs = tabs.map(|(of, word, address)| {
        view! {
            <a class="tab" href=address.trim_end_matches('#').to_owned() aria-current=(of == tab).then_some("page")>
                {word}
            </a>
        }
    });
    view! {
        <nav class="tabs" aria-label="Views of the machine">
            {tabs.into_iter().collect::<Vec<_>>()}
        </nav>
    }
    .into_any()
}

#[component]
fn NoMachine() -> impl IntoView {
    view! {
        <div class="notice">
            <Icon name="info" />
            <div>
                <b>"There is no such machine in this account."</b>
                <p>
                    "It may belong to another account. " <A href="/machines">"See the machines of this one"</A> "."
                </p>
            </div>
        </div>
    }
    .into_any()
}
