//! When the owner last proved to be able to open the vault, and whether that is to be proved again.

use iota_core::api::json::{Drilled, Event};
use iota_core::vault::Problem;
use leptos::prelude::*;

use crate::client;
use crate::live::Live;

const PATH: &str = "/vault/drill";

/// The last drill, as the server says; nothing while that is not known. It is asked again when the account changes.
pub fn follow_drills() -> RwSignal<Option<Drilled>> {
    let drilled = RwSignal::new(None);
    let live = Live::current().latest();
    Effect::new(move |begun: Option<()>| {
        if matches!(live.get(), Some(Event::Account | Event::Resync)) || begun.is_none() {
            leptos::task::spawn_local(async move {
                if let Ok(shown) = client::get::<Drilled>(PATH).await {
                    drilled.try_set(Some(shown));
                }
            });
        }
    });
    drilled
}

/// Notes that it was proved now; says when.
///
/// # Errors
/// Those of the API.
pub async fn note_drill() -> Result<Drilled, Problem> {
    client::order("POST", PATH).await?;
    client::get(PATH).await
}

/// Whether it is time to prove it again.
pub fn is_due(drilled: Drilled, now_ms: u64) -> bool {
    drilled.due_ms() <= now_ms
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::DRILL_EVERY_MS;

    use super::*;

    #[test]
    fn a_drill_counts_for_half_a_year() {
        let drilled = Drilled { last_ms: 1_790_000_000_000 };
        assert!(!is_due(drilled, 0), "the page is not alive yet");
        assert!(!is_due(drilled, 1_790_000_000_000 + DRILL_EVERY_MS - 1));
        assert!(is_due(drilled, 1_790_000_000_000 + DRILL_EVERY_MS));
        assert_eq!(DRILL_EVERY_MS / 86_400_000, 182);
        assert!(!is_due(Drilled { last_ms: u64::MAX }, 1_790_000_000_000));
    }
}
