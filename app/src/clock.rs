//! The time, as pages tell ages by.

use std::time::Duration;

use leptos::prelude::*;

use crate::words::now_ms;

/// The clock of this tab. It stands at 0 in the first view, which server and browser must agree on.
#[derive(Clone, Copy)]
pub struct Clock(RwSignal<u64>);

impl Clock {
    /// Makes it known to everything below, and winds it up.
    pub fn provide() {
        let clock = Self(RwSignal::new(0));
        provide_context(clock);
        Effect::new(move || {
            clock.0.set(now_ms());
            set_interval(move || clock.0.set(now_ms()), Duration::from_secs(1));
        });
    }

    /// The clock of this tab.
    pub fn current() -> Self {
        expect_context()
    }

    /// Milliseconds since 1970, every second anew; 0 before the page is alive.
    pub fn now(&self) -> Signal<u64> {
        self.0.into()
    }

    /// Likewise, every ten seconds: enough for ages, and a tenth of the work.
    pub fn slow(&self) -> Memo<u64> {
        let clock = self.0;
        Memo::new(move |_| clock.get() / 10_000 * 10_000)
    }
}
