//! The days of the last year, and why what is kept of each stays.

use iota_core::retention::{Policy, Verdict};
use leptos::prelude::*;

use super::{Band, judge};
use crate::time::{Point, Points};
use crate::words::{Moment, count, many};

/// Columns: a year, and what is left of a week.
const WEEKS: i64 = 53;
/// From one day to the next, and a day's side.
const STEP: i64 = 14;
const SIDE: i64 = 11;
/// 1 January 1970 was a Thursday: so many days after a Monday.
const MONDAY: i64 = 3;
/// Rows of the table.
const MAX_ROWS: usize = 100;

/// Points of one day, or of several days on end that stay for the same reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    first_day: i64,
    last_day: i64,
    band: Band,
    points: u64,
}

/// A square for each day, in columns of weeks, and the same as a table.
#[component]
pub(super) fn Calendar(points: Points, policy: Policy) -> impl IntoView {
    let days = Memo::new(move |_| points.list().with(|list| days(list, &judge(&policy, list))));
    move || days.with(|days| days.last().map(|last| drawn(days, last.last_day)))
}

/// What is kept of each day that has points, oldest first: for the reason of most of them, the shorter span when it is as many.
fn days(list: &[Point], judged: &[Verdict]) -> Vec<Stretch> {
    let mut days: Vec<(i64, [u64; Band::ALL.len()])> = Vec::new();
    for (point, verdict) in list.iter().zip(judged) {
        let day = Moment::local(point.received_ms).day_number();
        if days.last().is_none_or(|(last, _)| *last != day) {
            days.push((day, [0; Band::ALL.len()]));
        }
        if let Some((_, counts)) = days.last_mut() {
            counts[Band::of(*verdict) as usize] += 1;
        }
    }
    let stretch = |(day, counts): (i64, [u64; Band::ALL.len()])| {
        let most = (0..counts.len()).rev().max_by_key(|place| counts[*place]).unwrap_or_default();
        Stretch { first_day: day, last_day: day, band: Band::ALL[most], points: counts.iter().sum() }
    };
    days.into_iter().map(stretch).collect()
}

/// Days on end that stay for the same reason are one.
fn stretches(days: &[Stretch]) -> Vec<Stretch> {
    let mut joined: Vec<Stretch> = Vec::new();
    for day in days {
        match joined.last_mut().filter(|last| last.band == day.band) {
            Some(last) => {
                last.last_day = day.last_day;
                last.points += day.points;
            }
            None => joined.push(*day),
        }
    }
    joined
}

/// Where a day lies in the picture whose last column holds `last_day`; none before its first.
fn place(day: i64, last_day: i64) -> Option<(i64, i64)> {
    let week = |day: i64| (day + MONDAY).div_euclid(7);
    let column = week(day) - week(last_day) + WEEKS - 1;
    (0..WEEKS).contains(&column).then(|| (column * STEP, (day + MONDAY).rem_euclid(7) * STEP))
}

fn drawn(days: &[Stretch], last_day: i64) -> AnyView {
    let known = |day: i64| days.binary_search_by_key(&day, |stretch| stretch.first_day).ok().map(|found| days[found]);
    let squares = (last_day - 7 * WEEKS..=last_day).filter_map(|day| Some((day, place(day, last_day)?)));
    let squares: Vec<_> = squares.map(|(day, place)| square(place, known(day))).collect();
    let stretches = stretches(days);
    let rows: Vec<_> = stretches.iter().rev().take(MAX_ROWS).map(row).collect();
    let size = format!("0 0 {} {}", WEEKS * STEP - (STEP - SIDE), 7 * STEP - (STEP - SIDE));
    view! {
        <svg class="calendar" viewBox=size role="img" aria-label=sentence(days)>
            {squares}
        </svg>
        <details class="growth__table">
            <summary class="small">{"Show as a table"}</summary>
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">{"Days"}</th>
                        <th scope="col">{"What is kept, mostly"}</th>
                        <th scope="col" class="table__num">{"Points"}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </details>
    }
    .into_any()
}

fn square((x, y): (i64, i64), stretch: Option<Stretch>) -> AnyView {
    let class =
        stretch.map_or_else(|| "calendar__day".to_owned(), |stretch| format!("calendar__day {}", stretch.band.class()));
    view! { <rect class=class x=x y=y width=SIDE height=SIDE rx="2.5"></rect> }.into_any()
}

fn row(stretch: &Stretch) -> AnyView {
    let date = |day: i64| Moment::of_day(day).date();
    let days = if stretch.first_day == stretch.last_day {
        date(stretch.first_day)
    } else {
        format!("{} to {}", date(stretch.first_day), date(stretch.last_day))
    };
    view! {
        <tr>
            <td>{days}</td>
            <td>{stretch.band.words()}</td>
            <td class="table__num">{count(stretch.points)}</td>
        </tr>
    }
    .into_any()
}

fn sentence(days: &[Stretch]) -> String {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return String::new() };
    format!(
        "Calendar of what is kept: {} with points from {} to {}",
        many(days.len() as u64, "day", "days"),
        Moment::of_day(first.first_day).date(),
        Moment::of_day(last.last_day).date()
    )
}

#[cfg(test)]
mod tests {
    use iota_core::retention::{Reason, Unit};

    use super::*;

    const DAY_MS: u64 = 86_400_000;

    fn point(seq: u64, day: u64) -> Point {
        Point { seq, received_ms: day * DAY_MS + 1, ..Point::default() }
    }

    #[test]
    fn a_day_has_the_reason_of_most_of_its_points_and_neighbours_are_joined() {
        let list: Vec<Point> =
            [(1, 10), (2, 10), (3, 10), (4, 11), (5, 14), (6, 15)].map(|(seq, day)| point(seq, day)).into();
        let (hour, day) = (Verdict::Kept(Reason::First(Unit::Hour)), Verdict::Kept(Reason::Last(Unit::Day)));
        let judged = [hour, day, day, day, Verdict::Kept(Reason::Recent), Verdict::Kept(Reason::Head)];
        let days = days(&list, &judged);
        let told = |days: &[Stretch]| {
            days.iter().map(|one| (one.first_day, one.last_day, one.band, one.points)).collect::<Vec<_>>()
        };
        assert_eq!(
            told(&days),
            [(10, 10, Band::Day, 3), (11, 11, Band::Day, 1), (14, 14, Band::Recent, 1), (15, 15, Band::Recent, 1)]
        );
        assert_eq!(told(&stretches(&days)), [(10, 11, Band::Day, 4), (14, 15, Band::Recent, 2)]);
        assert_eq!(super::days(&list[..2], &judged[..2])[0].band, Band::Hour, "as many of each");
    }

    #[test]
    fn weeks_are_columns_from_monday_on() {
        // 1 January 1970 was a Thursday.
        assert_eq!(place(0, 0), Some(((WEEKS - 1) * STEP, 3 * STEP)));
        assert_eq!(place(-4, 0), Some(((WEEKS - 2) * STEP, 6 * STEP)));
        assert_eq!(place(4, 10), Some(((WEEKS - 1) * STEP, 0)));
        assert_eq!(place(-7 * WEEKS, 0), None);
    }
}
