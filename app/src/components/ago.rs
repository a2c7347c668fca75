//! How long ago something was.

use leptos::prelude::*;

use crate::clock::Clock;
use crate::words::{Moment, age};

/// An age that grows, with the time beside it for who points at it.
#[component]
pub fn Ago(
    /// When it was, milliseconds since 1970.
    ms: u64,
) -> impl IntoView {
    let now = Clock::current().slow();
    let moment = Moment::local(ms);
    view! {
        <time datetime=moment.iso() title=format!("{}:{:02}", moment.full(), moment.second)>
            {move || age(ms, now.get().max(ms))}
        </time>
    }
    .into_any()
}
