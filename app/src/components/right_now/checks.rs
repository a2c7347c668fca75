//! What a machine does to miss no change, and what went wrong there.

use iota_core::live::{Stage, Status, Trouble};
use leptos::prelude::*;

use super::at;
use crate::components::icon::Icon;
use crate::words::{count, many, now_ms};

/// Troubles are told for as long after the last one.
const TOLD_MS: u64 = 86_400_000;

/// How many folders are watched, and when everything is looked through.
#[component]
pub(super) fn Checks(status: Status) -> impl IntoView {
    let lost = status.lost_ms.map(|ms| {
        let words = format!("The system lost track of changes at {}; everything is looked through again soon.", at(ms));
        view! {
            <div class="notice notice--warn">
                <Icon name="triangle-alert" />
                <div>
                    <b>{words}</b>
                </div>
            </div>
        }
    });
    view! {
        <div class="stack stack--tight">
            <h3 class="small">"Checks"</h3>
            <dl class="facts">
                <div>
                    <dt>"Folders watched"</dt>
                    <dd>{count(status.watched)}</dd>
                </div>
                <div>
                    <dt>"Everything looked through last"</dt>
                    <dd>{status.last_scan_ms.map_or_else(|| "not known".to_owned(), at)}</dd>
                </div>
                <div>
                    <dt>"Looked through next"</dt>
                    <dd>{next_scan(&status, now_ms())}</dd>
                </div>
            </dl>
        </div>
        {lost}
    }
    .into_any()
}

fn next_scan(status: &Status, now_ms: u64) -> String {
    match status.stage {
        Stage::FullBackup | Stage::FullScan => "now".into(),
        _ if status.next_scan_ms <= now_ms => "as soon as it can".into(),
        _ => at(status.next_scan_ms),
    }
}

/// What failed lately, by reason.
#[component]
pub(super) fn Troubles(status: Status) -> impl IntoView {
    if !are_told(&status.troubles, now_ms()) {
        return ().into_any();
    }
    let rows: Vec<_> = status.troubles.into_iter().map(trouble).collect();
    view! {
        <div class="stack stack--tight">
            <h3 class="small">
                <span class="state state--warn">
                    <Icon name="triangle-alert" />
                    "What went wrong"
                </span>
            </h3>
            <dl class="facts">{rows}</dl>
        </div>
    }
    .into_any()
}

/// Whether the newest of them is not too long ago; the newest is the first.
fn are_told(troubles: &[Trouble], now_ms: u64) -> bool {
    troubles.first().is_some_and(|newest| now_ms.saturating_sub(newest.last_ms) < TOLD_MS)
}

fn trouble(trouble: Trouble) -> AnyView {
    view! {
        <div>
            <dt class="machine__trouble">{trouble.reason}</dt>
            <dd>
                {many(trouble.count, "time", "times")} <small>{format!("last at {}", at(trouble.last_ms))}</small>
            </dd>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_are_told_for_a_day() {
        let troubles = [Trouble { reason: "no answer".into(), count: 2, last_ms: 1_000 }];
        assert!(are_told(&troubles, 1_000) && are_told(&troubles, TOLD_MS) && are_told(&troubles, 0));
        assert!(!are_told(&troubles, 1_000 + TOLD_MS) && !are_told(&[], 0));
    }

    #[test]
    fn what_is_under_way_is_not_announced() {
        let status = |stage, next_scan_ms| Status { stage, next_scan_ms, ..Status::default() };
        assert_eq!(next_scan(&status(Stage::FullScan, 90_000), 0), "now");
        assert_eq!(next_scan(&status(Stage::Idle, 5_000), 9_000), "as soon as it can");
        assert!(next_scan(&status(Stage::Idle, 36_000_000), 9_000).ends_with("10:00"));
    }
}
