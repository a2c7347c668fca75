//! Where somebody is signed in to the account.

use iota_core::api::json::{Event, WebSessionInfo};
use iota_core::id::SessionId;
use iota_core::vault::{Problem, ProblemKind};
use leptos::prelude::*;

use crate::client;
use crate::components::ago::Ago;
use crate::components::problem_notice::ProblemNotice;
use crate::components::proof::Proof;
use crate::components::skeleton::Skeleton;
use crate::live::Live;
use crate::words::Moment;

/// What the card works on. A copy is the same.
#[derive(Clone, Copy)]
struct Desk {
    proof: Proof,
    sessions: RwSignal<Option<Vec<WebSessionInfo>>>,
    problem: RwSignal<Option<Problem>>,
}

#[component]
pub(super) fn SessionsCard() -> impl IntoView {
    let desk = Desk { proof: Proof::current(), sessions: RwSignal::new(None), problem: RwSignal::new(None) };
    let live = Live::current().latest();
    Effect::new(move |begun: Option<()>| {
        if matches!(live.get(), Some(Event::Account | Event::Resync)) || begun.is_none() {
            desk.learn();
        }
    });
    let retry = Callback::new(move |()| desk.learn());
    let others =
        move || desk.sessions.with(|list| list.as_ref().is_some_and(|list| list.iter().any(|one| !one.current)));
    view! {
        <section class="card card--flush" aria-labelledby="sessions-title">
            <div class="card__head">
                <h2 class="card__title" id="sessions-title">
                    "Where you are signed in"
                </h2>
                {move || {
                    others()
                        .then(|| {
                            view! {
                                <button class="button button--small" type="button" on:click=move |_| desk.end(None)>
                                    "End all others"
                                </button>
                            }
                        })
                }}
            </div>
            {move || desk.problem.get().map(|problem| view! { <div class="card__inset"><ProblemNotice problem retry /></div> })}
            {move || match desk.sessions.get() {
                Some(list) => view! { <SessionTable desk list /> }.into_any(),
                None if desk.problem.with(Option::is_some) => ().into_any(),
                None => view! { <div class="card__inset"><Skeleton /></div> }.into_any(),
            }}
        </section>
    }
    .into_any()
}

#[component]
fn SessionTable(desk: Desk, list: Vec<WebSessionInfo>) -> impl IntoView {
    let rows = list
        .into_iter()
        .map(|session| {
            let WebSessionInfo { id, current, created_ms, used_ms, expires_ms, address, browser } = session;
            let name = browser_name(&browser);
            let end = if current {
                view! { <span class="badge badge--accent">"this one"</span> }.into_any()
            } else {
                view! {
                    <button
                        class="button button--small"
                        type="button"
                        aria-label=format!("End the session of {name} at {address}")
                        on:click=move |_| desk.end(Some(id))
                    >
                        "End"
                    </button>
                }
                .into_any()
            };
            view! {
                <tr>
                    <td>
                        <span title=browser>{name}</span>
                        <small>{address}</small>
                    </td>
                    <td><Ago ms=used_ms /></td>
                    <td class="table__opt">{Moment::local(created_ms).date_clock()}</td>
                    <td class="table__opt">{Moment::local(expires_ms).date_clock()}</td>
                    <td class="table__num">{end}</td>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <table class="table">
            <thead>
                <tr>
                    <th scope="col">"Browser and address"</th>
                    <th scope="col">"Last used"</th>
                    <th class="table__opt" scope="col">
                        "Began"
                    </th>
                    <th class="table__opt" scope="col">
                        "Ends"
                    </th>
                    <th scope="col">
                        <span class="visually-hidden">"End it"</span>
                    </th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

/// What a browser calls itself, in two words: most of it is history.
fn browser_name(text: &str) -> String {
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chromium/", "Chromium"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |list: &[(&str, &'static str)]| list.iter().find(|(mark, _)| text.contains(mark)).map(|&(_, name)| name);
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) if text.trim().is_empty() => "Unnamed program".into(),
        (None, None) => text.chars().take(40).collect(),
    }
}

impl Desk {
    fn learn(self) {
        leptos::task::spawn_local(async move {
            match client::get("/sessions").await {
                Ok(list) => {
                    self.problem.set(None);
                    self.sessions.set(Some(list));
                }
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    /// Ends one, or all but this one.
    fn end(self, id: Option<SessionId>) {
        leptos::task::spawn_local(async move {
            let path = id.map_or_else(|| "/sessions".to_owned(), |id| format!("/sessions/{id}"));
            match self.proof.run(|| client::order("DELETE", &path)).await {
                Ok(()) => self.learn(),
                Err(problem) if problem.kind == ProblemKind::Cancelled => {}
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_in_two_words() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/143.0 Safari/537.36 Edg/143.0";
        let phone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1";
        assert_eq!(browser_name(firefox), "Firefox on Linux");
        assert_eq!(browser_name(edge), "Edge on Windows");
        assert_eq!(browser_name(phone), "Safari on iPhone");
        assert_eq!(browser_name("iota/0.1"), "iota/0.1");
        assert_eq!(browser_name(""), "Unnamed program");
    }
}
