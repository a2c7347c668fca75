//! The points of a day, as a table.

use iota_core::id::SetId;
use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::icon::Icon;
use crate::spot::{self, Span, Spot};
use crate::time::Point;
use crate::words::{Moment, bytes, count};

/// A point, and the number and bytes of the one before it.
pub type Step = (Point, Option<(u64, u64)>);

/// Each point with its time, its kind and what it changed. A link opens it.
#[component]
pub fn PointTable(
    /// The machine.
    set: SetId,
    /// Newest first.
    steps: Vec<Step>,
    /// The one that is marked.
    chosen: Option<u64>,
) -> impl IntoView {
    let rows: Vec<_> = steps.into_iter().map(|step| row(set, step, chosen)).collect();
    view! {
        <table class="table points">
            <thead>
                <tr>
                    <th scope="col">"Time"</th>
                    <th scope="col">"State"</th>
                    <th scope="col" class="table__opt">
                        "Number"
                    </th>
                    <th scope="col" class="table__num">
                        "Stored"
                    </th>
                    <th scope="col" class="table__num">
                        "Difference"
                    </th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(set: SetId, (point, before): Step, chosen: Option<u64>) -> AnyView {
    let moment = Moment::local(point.device_ms);
    let received = Moment::local(point.received_ms);
    let address = spot::browse(set, &Spot { at: Some(point.seq), path: None });
    let kind = if point.base { "whole state" } else { "changes" };
    let current = (chosen == Some(point.seq)).then_some("true");
    view! {
        <tr aria-current=current>
            <td>
                <A href=address attr:class="table__do">
                    {moment.clock_seconds()}
                </A>
                <small>{format!("received {}", received.clock_seconds())}</small>
            </td>
            <td>
                {flags(&point)} <small>{kind}</small>
            </td>
            <td class="table__opt num">{count(point.seq)}</td>
            <td class="table__num">{bytes(point.live_bytes)}</td>
            <td class="table__num">
                {before
                    .map(|(before, bytes)| {
                        let span = Span { from: Some(before), to: Spot { at: Some(point.seq), path: None } };
                        view! {
                            <A href=spot::compare(set, &span) attr:aria-label=format!("What changed until {}", moment.clock_seconds())>
                                {difference(bytes, point.live_bytes)}
                            </A>
                        }
                    })}
            </td>
        </tr>
    }
    .into_any()
}

fn flags(point: &Point) -> AnyView {
    let (class, icon, words) = match (point.partial, point.gaps) {
        (true, _) => ("state state--busy", "loader", "First backup, in part"),
        (false, true) => ("state state--warn", "circle-alert", "With gaps"),
        (false, false) => ("state state--ok", "circle-check", "Complete"),
    };
    view! {
        <span class=class>
            <Icon name=icon />
            {words}
        </span>
    }
    .into_any()
}

/// With a true minus sign.
fn difference(before: u64, after: u64) -> String {
    match after.cmp(&before) {
        core::cmp::Ordering::Greater => format!("+{}", bytes(after - before)),
        core::cmp::Ordering::Less => format!("\u{2212}{}", bytes(before - after)),
        core::cmp::Ordering::Equal => "0\u{a0}B".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_a_sign() {
        assert_eq!(difference(1000, 3000), "+2\u{a0}kB");
        assert_eq!(difference(3000, 1000), "\u{2212}2\u{a0}kB");
        assert_eq!(difference(7, 7), "0\u{a0}B");
    }
}
