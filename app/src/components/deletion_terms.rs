//! What is said before something is deleted: until when that can be taken back, and who hears of it.

use iota_core::api::alerts::Alerts;
use iota_core::retention::UNDO_MS;
use leptos::prelude::*;

use crate::client;
use crate::words::{Moment, now_ms};

/// Until when what is decided now can be taken back, to the minute, as in `Fri 30 Oct 2026, 09:58`. The server counts by its own clock;
/// afterwards its time is shown.
pub fn undo_until() -> String {
    Moment::local(now_ms().saturating_add(UNDO_MS)).full()
}

/// Who gets a mail of it, or that nobody does, in a sentence.
#[component]
pub fn WhoIsTold() -> impl IntoView {
    let told = RwSignal::new(String::new());
    Effect::new(move || {
        leptos::task::spawn_local(async move {
            let words = match client::get::<Alerts>("/account/alerts").await {
                Ok(alerts) => words(&alerts),
                Err(_) => "Whether a mail tells of it could not be asked.".to_owned(),
            };
            // Who asked may have gone.
            told.try_set(words);
        });
    });
    view! {
        <p class="ink-2" role="status">
            {told}
        </p>
    }
    .into_any()
}

fn words(alerts: &Alerts) -> String {
    match &alerts.warned {
        Some(address) => format!("A mail tells {address} of it."),
        None if !alerts.can_mail => "No mail tells of it: this server sends none.".to_owned(),
        None => "No mail tells of it: Alerts, in Settings, has no address to which one goes.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_hears_of_it_is_said_as_the_server_decides_it() {
        let alerts = |can_mail, warned: Option<&str>| Alerts {
            // What is noted for other mails does not count.
            address: "other@example.org".into(),
            mails: true,
            limit_hours: 72,
            can_mail,
            warned: warned.map(str::to_owned),
        };
        assert_eq!(words(&alerts(true, Some("ada@example.org"))), "A mail tells ada@example.org of it.");
        assert!(words(&alerts(true, None)).contains("has no address"));
        assert!(words(&alerts(false, None)).contains("this server sends none"));
    }
}
