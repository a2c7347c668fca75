//! What happens in the account while pages are open: one stream of events per browser. One tab holds it and passes on to the
//! others what comes.

#[cfg(feature = "hydrate")]
mod stream;

use iota_core::api::json::Event;
use leptos::prelude::*;

use crate::viewer::Viewer;

/// The stream of events, as this tab hears it. A copy is the same stream.
#[derive(Clone, Copy)]
pub struct Live {
    latest: RwSignal<Option<Event>>,
    lost: RwSignal<Option<Lost>>,
}

/// The connection is lost: what pages show is as old as that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Since when, milliseconds since 1970.
    pub since_ms: u64,
    /// When it is tried again, milliseconds since 1970.
    pub retry_ms: u64,
}

impl Live {
    /// Makes it known to everything below; begins as soon as somebody is signed in.
    pub fn provide(viewer: RwSignal<Viewer>) -> Self {
        let live = Self { latest: RwSignal::new(None), lost: RwSignal::new(None) };
        provide_context(live);
        Effect::new(move |begun: Option<bool>| {
            let begun = begun.unwrap_or_default();
            if !begun && viewer.with(|viewer| viewer.session.is_some()) {
                live.begin();
                return true;
            }
            begun
        });
        live
    }

    /// The stream that this tab hears.
    pub fn current() -> Self {
        expect_context()
    }

    /// The newest event. It is set anew by each, also by equal ones.
    pub fn latest(&self) -> ReadSignal<Option<Event>> {
        self.latest.read_only()
    }

    /// Whether the connection is lost.
    pub fn lost(&self) -> ReadSignal<Option<Lost>> {
        self.lost.read_only()
    }

    #[cfg(feature = "hydrate")]
    fn begin(self) {
        stream::begin(self);
    }

    #[cfg(not(feature = "hydrate"))]
    fn begin(self) {}

    #[cfg(feature = "hydrate")]
    fn hear(&self, event: Event) {
        if self.lost.with_untracked(Option::is_some) {
            self.lost.set(None);
        }
        self.latest.set(Some(event));
    }

    #[cfg(feature = "hydrate")]
    fn lose(&self, retry_ms: u64) {
        let since_ms = self.lost.get_untracked().map_or_else(crate::words::now_ms, |lost| lost.since_ms);
        self.lost.set(Some(Lost { since_ms, retry_ms }));
    }
}
