//! Machines of which everything is deleted, while that can be taken back.

use iota_core::api::json::Event;
use iota_core::vault::{DeletionView, Wish};
use leptos::prelude::*;

use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::toast::Toasts;
use crate::deciding::Deciding;
use crate::fleet::Fleet;
use crate::live::Live;
use crate::words::Moment;

/// A notice for each; nothing when there is none. It needs an open vault.
#[component]
pub fn DeletedSets() -> impl IntoView {
    let deciding = Deciding::begin();
    let live = Live::current().latest();
    Effect::new(move |begun: Option<()>| {
        if matches!(live.get(), Some(Event::Set { .. } | Event::Resync)) || begun.is_none() {
            deciding.load();
        }
    });
    let deleted = move || {
        deciding.view.with(|view| {
            let all = view.iter().flat_map(|view| &view.deletions);
            all.filter_map(|one| Some(notice(deciding, one, one.whole.clone()?))).collect::<Vec<_>>()
        })
    };
    view! {
        {move || deciding.problem.get().map(|problem| view! { <ProblemNotice problem /> })}
        {deleted}
    }
    .into_any()
}

fn notice(deciding: Deciding, one: &DeletionView, name: String) -> AnyView {
    let (fleet, toasts) = (Fleet::current(), Toasts::current());
    let version = one.version;
    let until = Moment::local(one.undo_until_ms).full();
    let press = move |_| {
        deciding.decide(Wish::Undo(version), move || {
            toasts.say("It is there again");
            fleet.again();
        });
    };
    view! {
        <div class="notice">
            <Icon name="info" />
            <div>
                <b>{"Everything of "} <bdi>{name}</bdi> {" is deleted."}</b>
                <p>{format!("It can be brought back until {until}.")}</p>
            </div>
            <button class="button button--small" type="button" on:click=press>
                "Bring back"
            </button>
        </div>
    }
    .into_any()
}
