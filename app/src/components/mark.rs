//! How a machine is recognised, also while its name is sealed.

use iota_core::id::SetId;
use leptos::prelude::*;

const SIDE: f64 = 24.0;
const COLOURS: u8 = 8;

/// Four layers, drawn from the machine's id, in one of eight colours.
#[component]
pub fn Mark(
    /// The machine's set.
    set: SetId,
    /// A class for its size.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let id = set.0;
    let class = format!("mark mark--c{} {class}", id[0] % COLOURS + 1);
    let layers: Vec<_> = (0..4).map(|place| layer(place, id[1 + place * 2], id[2 + place * 2])).collect();
    view! {
        <svg class=class viewBox="0 0 24 24" aria-hidden="true">
            <rect class="mark__ground" width="24" height="24" rx="7" />
            {layers}
        </svg>
    }
    .into_any()
}

/// A bar between the sides of the square, its length and place from two bytes.
fn layer(place: usize, length: u8, offset: u8) -> impl IntoView {
    let width = [4.5, 7.0, 9.5, 12.0][usize::from(length % 4)];
    let x = 6.0 + f64::from(offset) / 255.0 * (SIDE - 12.0 - width);
    let y = 6.0 + place as f64 * 3.3;
    view! { <rect class="mark__layer" x=format!("{x:.1}") y=format!("{y:.1}") width=width.to_string() height="2.1" rx="1.05" /> }
}
