//! Versions as dots on a line of time: the larger, the more bytes there are more or less. The list below tells the same.

use iota_core::vault::Version;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, HtmlElement};

use super::Search;
use super::told::{Became, is_shown};
use crate::components::search_back::Stage;
use crate::spot::{self, Spot};
use crate::words::{Moment, bytes, count};

/// Most that are drawn, the newest.
const MOST: usize = 200;

/// The line, once there are two.
#[component]
pub(super) fn Dots(search: Search, chosen: u64, newest: u64) -> impl IntoView {
    move || {
        let all = search.back.stage.get() == Stage::All;
        search.versions.with(|versions| {
            let mut shown: Vec<usize> = (0..versions.len()).filter(|&place| is_shown(versions, place)).collect();
            let legend = legend(shown.len());
            shown.truncate(MOST);
            let (Some(&first), Some(&last), true) = (shown.first(), shown.last(), shown.len() > 1) else {
                return ().into_any();
            };
            let current = versions.iter().position(|version| version.seq <= chosen);
            let span = (versions[last].device_time_ms, versions[first].device_time_ms);
            let dots: Vec<_> = shown
                .iter()
                .map(|&place| {
                    let (version, older) = (&versions[place], versions.get(place + 1));
                    let look = Look {
                        became: Became::at(versions, place, all),
                        is_current: current == Some(place),
                        is_newest: place == 0,
                    };
                    let spot = Spot { at: Some(version.seq), path: Some(search.path.get_value()) };
                    let opens = version.hash.is_some() && version.seq <= newest;
                    dot(
                        version,
                        older,
                        look,
                        share(version.device_time_ms, span),
                        opens.then(|| spot::file(search.set, &spot)),
                    )
                })
                .collect();
            let date = |place: usize| Moment::local(versions[place].device_time_ms).date();
            view! {
                <div class="dots">
                    <ol class="dots__line" aria-label=format!("Versions in time; {legend}")>
                        {dots}
                    </ol>
                    <div class="axis" aria-hidden="true">
                        <span>{date(last)}</span>
                        <span>{legend.clone()}</span>
                        <span>{date(first)}</span>
                    </div>
                </div>
            }
            .into_any()
        })
    }
}

/// How a dot is drawn.
struct Look {
    became: Option<Became>,
    is_current: bool,
    is_newest: bool,
}

fn dot(version: &Version, older: Option<&Version>, look: Look, share: f64, address: Option<String>) -> AnyView {
    let Look { became, is_current, is_newest } = look;
    let mut class = format!("dots__dot dots__dot--{}", size(version, older));
    class.push_str(match became {
        Some(Became::Gone) => " dots__dot--gone",
        Some(Became::Back) => " dots__dot--back",
        _ if is_newest => " dots__dot--now",
        _ => "",
    });
    if is_current {
        class.push_str(" dots__dot--chosen");
    }
    let words = became.map_or_else(|| bytes(version.bytes), |became| became.words(version, older));
    let words = format!("{}, {words}", Moment::local(version.device_time_ms).full());
    let title = words.clone();
    let current = is_current.then_some("true");
    let dot = match address {
        Some(address) => {
            view! { <a class=class href=address aria-label=words title=title aria-current=current></a> }.into_any()
        }
        None => {
            view! { <span class=class role="img" aria-label=words title=title aria-current=current></span> }.into_any()
        }
    };
    view! {
        <li class="dots__place" use:stand=share>
            {dot}
        </li>
    }
    .into_any()
}

/// The policy of the pages forbids `style` attributes, not the object model.
fn stand(element: Element, share: f64) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        // It fails for names of properties that do not exist alone.
        let _ = element.style().set_property("--at", &format!("{:.2}%", share * 100.0));
    }
}

/// Where a moment lies between the first and the last, 0 to 1.
fn share(ms: u64, (first, last): (u64, u64)) -> f64 {
    match last.saturating_sub(first) {
        0 => 1.0,
        length => (ms.saturating_sub(first) as f64 / length as f64).min(1.0),
    }
}

/// What the dots of so many versions say.
fn legend(versions: usize) -> String {
    let cut = (versions > MOST).then(|| format!("the newest {MOST} of {}; ", count(versions as u64)));
    format!("{}size: bytes more or less", cut.unwrap_or_default())
}

/// 1 to 4, a step for each hundredfold of bytes more or less; not 1 where the content is another, which may be as long.
fn size(version: &Version, older: Option<&Version>) -> u8 {
    let before = older.and_then(|older| older.content);
    let is_other = before.is_some() && version.content.is_some() && before != version.content;
    let size = match version.bytes.abs_diff(older.map_or(0, |older| older.bytes)) {
        0..1000 => 1,
        1000..100_000 => 2,
        100_000..10_000_000 => 3,
        _ => 4,
    };
    size.max(if is_other { 2 } else { 1 })
}

#[cfg(test)]
mod tests {
    use iota_core::id::Digest;

    use super::*;

    fn of(bytes: u64) -> Version {
        let hash = Some(Digest([1; 32]));
        Version {
            seq: 1,
            device_time_ms: 0,
            hash,
            content: hash,
            kind: None,
            bytes,
            mtime_s: 0,
            mtime_ns: 0,
            single: None,
        }
    }

    #[test]
    fn a_dot_stands_where_its_moment_lies() {
        assert_eq!((share(10, (10, 30)), share(20, (10, 30)), share(30, (10, 30))), (0.0, 0.5, 1.0));
        // Of clocks that were set back.
        assert_eq!(
            (share(5, (10, 30)), share(50, (10, 30)), share(5, (5, 5)), share(5, (30, 10))),
            (0.0, 1.0, 1.0, 1.0)
        );
    }

    #[test]
    fn a_dot_is_larger_the_more_bytes_there_are_more_or_less() {
        let size = |bytes, older: Option<u64>| size(&of(bytes), older.map(of).as_ref());
        assert_eq!((size(5000, Some(5999)), size(5000, Some(6000)), size(0, Some(200_000))), (1, 2, 3));
        assert_eq!((size(10_000_000, None), size(0, None), size(u64::MAX, Some(0))), (4, 1, 4));
    }

    #[test]
    fn another_content_of_the_same_length_is_no_small_change() {
        let other = Version { content: Some(Digest([2; 32])), ..of(5000) };
        assert_eq!((size(&of(5000), Some(&other)), size(&of(5000), Some(&of(5000)))), (2, 1));
        assert_eq!(size(&of(500_000), Some(&other)), 3);
        // What is gone has no content.
        assert_eq!(size(&Version { content: None, ..of(0) }, Some(&of(5))), 1);
    }

    #[test]
    fn the_legend_tells_what_is_cut() {
        assert_eq!(legend(MOST), "size: bytes more or less");
        assert_eq!(legend(1201), "the newest 200 of 1,201; size: bytes more or less");
    }
}
