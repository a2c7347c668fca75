//! That it is time to try whether the vault can still be opened.

use iota_core::api::json::Drilled;
use leptos::prelude::*;
use leptos_router::components::A;

use crate::clock::Clock;
use crate::components::icon::Icon;
use crate::drills::{follow_drills, is_due};
use crate::words::Moment;

/// A card; nothing while the last drill is not half a year old.
#[component]
pub fn DrillNotice() -> impl IntoView {
    let drilled = follow_drills();
    let now = Clock::current().slow();
    let due = Memo::new(move |_| drilled.get().filter(|drilled| is_due(*drilled, now.get())));
    move || {
        due.get().map(|drilled| {
            view! {
                <section class="notice" aria-labelledby="drill-due">
                    <Icon name="book-check" />
                    <div>
                        <b id="drill-due">"Can you still open it?"</b>
                        <p>{words(drilled)}</p>
                    </div>
                    <A href="/keys#drill" attr:class="button button--small">
                        "Try your paper"
                    </A>
                </section>
            }
            .into_any()
        })
    }
}

fn words(drilled: Drilled) -> String {
    let last = Moment::local(drilled.last_ms).date();
    format!("That the vault opens with what you keep was last proven on {last}. Trying it again takes two minutes.")
}
