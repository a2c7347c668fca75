//! The vault's state, on every page: locked or unlocked, and until when.

use leptos::prelude::*;

use crate::clock::Clock;
use crate::components::icon::Icon;
use crate::components::unlock_dialog::Unlocker;
use crate::vault::Vault;

const LAST_MINUTE_MS: u64 = 60_000;

/// One button: unlocks a locked vault, locks an open one.
#[component]
pub fn VaultBadge(
    /// In the bar of a phone.
    #[prop(optional)]
    small: bool,
) -> impl IntoView {
    let vault = Vault::current();
    let unlocker = Unlocker::current();
    let now = Clock::current().now();
    let opening = unlocker.is_opening();
    let open = Memo::new(move |_| vault.is_open());
    let left_ms = move || {
        let until = vault.state().with(|state| state.locks_at_ms);
        until.filter(|_| now.get() > 0).map(|until| until.saturating_sub(now.get()))
    };
    let last_minute = Memo::new(move |_| open.get() && left_ms().is_some_and(|left| left <= LAST_MINUTE_MS));
    let detail = Memo::new(move |_| match (open.get(), opening.get(), left_ms()) {
        (_, true, _) => "about a second".to_owned(),
        (false, ..) => "Names are sealed. Unlock".to_owned(),
        (true, _, Some(left)) if left <= LAST_MINUTE_MS => {
            format!("{}\u{a0}s left. Lock now", left.div_ceil(1000))
        }
        (true, _, Some(left)) => format!("{}\u{a0}min left. Lock now", left.div_ceil(LAST_MINUTE_MS)),
        (true, _, None) => "Lock now".to_owned(),
    });
    let title = move || match (open.get(), opening.get(), small) {
        (_, true, _) => "Opening…",
        (true, _, false) => "Vault unlocked",
        (true, _, true) => "Unlocked",
        (false, _, false) => "Vault locked",
        (false, _, true) => "Locked",
    };
    let class = move || {
        let state = match (open.get(), last_minute.get()) {
            (true, true) => "vault vault--unlocked vault--warn",
            (true, false) => "vault vault--unlocked",
            (false, _) => "vault vault--locked",
        };
        format!("{state}{}", if small { " vault--small" } else { "" })
    };
    let press = move |_| if open.get_untracked() { vault.lock() } else { unlocker.open() };
    view! {
        <button class=class type="button" on:click=press>
            <span class="vault__glyph">
                {move || {
                    if opening.get() {
                        view! { <Icon name="loader" /> }
                    } else if open.get() {
                        view! { <Icon name="lock-open" /> }
                    } else {
                        view! { <Icon name="lock" /> }
                    }
                }}
            </span>
            <span>
                <b>{title}</b>
                <small>{detail}</small>
            </span>
        </button>
    }
    .into_any()
}
