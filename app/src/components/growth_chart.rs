//! How much a machine keeps, over time.

use leptos::prelude::*;

use crate::time::Point;
use crate::words::{Moment, bytes};

/// Points of the line; more are thinned out.
const MOST: usize = 200;
/// Lines of the table.
const LINES: usize = 12;

/// Sealed bytes of each state, as an area under a line.
#[component]
pub fn GrowthChart(
    /// All points, oldest first.
    points: ReadSignal<Vec<Point>>,
) -> impl IntoView {
    move || {
        let thin = points.with(|points| thinned(points, MOST));
        let (Some(first), Some(last)) = (thin.first().copied(), thin.last().copied()) else { return ().into_any() };
        if thin.len() < 2 {
            return view! { <p class="small ink-2">"A chart needs two points in time; there is one so far."</p> }
                .into_any();
        }
        let most = thin.iter().map(|point| point.live_bytes).max().unwrap_or_default();
        let line = path(&thin, most);
        let area = format!("{line}V100H0Z");
        let label = format!(
            "Stored bytes from {} to {}: {} at first, {} now, {} at most",
            Moment::local(first.received_ms).date(),
            Moment::local(last.received_ms).date(),
            bytes(first.live_bytes),
            bytes(last.live_bytes),
            bytes(most),
        );
        let rows: Vec<_> = points.with(|points| thinned(points, LINES)).into_iter().rev().map(table_row).collect();
        view! {
            <div class="growth">
                <div class="axis">
                    <span>{bytes(most)}</span>
                </div>
                <svg class="spark growth__chart" viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=label>
                    <line class="spark__limit" x1="0" x2="100" y1="8" y2="8" />
                    <path class="spark__area" d=area />
                    <path class="spark__line" d=line />
                </svg>
                <div class="axis">
                    <span>{Moment::local(first.received_ms).date()}</span>
                    <span>{Moment::local(last.received_ms).date()}</span>
                </div>
                <details class="growth__table">
                    <summary class="small">"Show as a table"</summary>
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">"Stored"</th>
                                <th scope="col" class="table__num">"Sealed bytes"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </details>
            </div>
        }
        .into_any()
    }
}

fn table_row(point: Point) -> AnyView {
    view! {
        <tr>
            <td>{Moment::local(point.received_ms).date_clock()}</td>
            <td class="table__num">{bytes(point.live_bytes)}</td>
        </tr>
    }
    .into_any()
}

/// At most so many of them, evenly, with the first and the last.
fn thinned(points: &[Point], most: usize) -> Vec<Point> {
    if points.len() <= most {
        return points.to_vec();
    }
    (0..most).map(|place| points[place * (points.len() - 1) / (most - 1)]).collect()
}

/// The line, in a square of 100; the largest value lies at 8.
fn path(points: &[Point], most: u64) -> String {
    let from = points.first().map_or(0, |point| point.received_ms);
    let to = points.last().map_or(0, |point| point.received_ms);
    let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let mut path = String::new();
    for (place, point) in points.iter().enumerate() {
        let x = share(point.received_ms.saturating_sub(from), to.saturating_sub(from)).min(1.0) * 100.0;
        let y = 100.0 - share(point.live_bytes, most) * 92.0;
        path.push_str(&format!("{}{x:.1} {y:.1}", if place == 0 { 'M' } else { 'L' }));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(count: u64) -> Vec<Point> {
        (0..count)
            .map(|number| Point { seq: number, received_ms: number * 10, live_bytes: number, ..Point::default() })
            .collect()
    }

    #[test]
    fn a_line_goes_from_the_first_to_the_last() {
        assert_eq!(path(&points(3), 2), "M0.0 100.0L50.0 54.0L100.0 8.0");
        assert_eq!(path(&[Point::default(), Point::default()], 0), "M0.0 100.0L0.0 100.0");
    }

    #[test]
    fn thinning_keeps_both_ends() {
        let thin = thinned(&points(1000), 12);
        assert_eq!((thin.len(), thin[0].seq, thin[11].seq), (12, 0, 999));
        assert_eq!(thinned(&points(5), 12).len(), 5);
    }
}
