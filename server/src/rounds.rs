//! Work that is done again and again while the server runs.

use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::app_state::AppState;
use crate::error::ApiResult;

/// Ends the rounds when it is dropped.
pub struct Rounds(AbortHandle);

impl Drop for Rounds {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Makes a round `after` a while, and then after each `pause`. What failed in one stands in the log, and the next one does it.
pub fn begin<F>(
    name: &'static str,
    (after, pause): (Duration, Duration),
    state: AppState,
    round: impl Fn(AppState) -> F + Send + 'static,
) -> Rounds
where
    F: Future<Output = ApiResult<()>> + Send,
{
    let rounds = async move {
        let mut pause = interval_at(Instant::now() + after, pause);
        pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pause.tick().await;
            if round(state.clone()).await.is_err() {
                tracing::warn!("a round of {name} was not complete; the next one goes on with it");
            }
        }
    };
    Rounds(tokio::spawn(rounds).abort_handle())
}
