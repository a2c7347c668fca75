//! That the account is to be deleted, wherever its owner looks first.

use iota_core::api::json::Event;
use iota_core::api::retention::Retention;
use leptos::prelude::*;
use leptos_router::components::A;

use crate::client;
use crate::components::icon::Icon;
use crate::live::Live;
use crate::words::Moment;

/// What the account decided, as the server says; nothing while that is not known. It is asked again when the account changes.
pub fn follow_retention() -> RwSignal<Option<Retention>> {
    let retention = RwSignal::new(None);
    let live = Live::current().latest();
    Effect::new(move |begun: Option<()>| {
        if matches!(live.get(), Some(Event::Account | Event::Resync)) || begun.is_none() {
            leptos::task::spawn_local(async move {
                if let Ok(shown) = client::get::<Retention>("/account/retention").await {
                    retention.try_set(Some(shown));
                }
            });
        }
    });
    retention
}

/// A notice; nothing while the account stays.
#[component]
pub fn ClosingNotice(
    /// What the account decided.
    retention: RwSignal<Option<Retention>>,
) -> impl IntoView {
    let closes_ms = Memo::new(move |_| retention.with(|retention| retention.as_ref()?.closes_ms));
    view! {
        {move || {
            closes_ms
                .get()
                .map(|closes_ms| {
                    view! {
                        <div class="notice notice--bad">
                            <Icon name="triangle-alert" />
                            <div>
                                <b>{format!("This account, with all of its backups, is deleted on {}.", Moment::local(closes_ms).full())}</b>
                                <p>{"Until then it can be brought back."}</p>
                            </div>
                            <A href="/settings#account" attr:class="button button--small">
                                "Go to Settings"
                            </A>
                        </div>
                    }
                })
        }}
    }
    .into_any()
}
