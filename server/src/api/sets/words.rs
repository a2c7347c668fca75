//! `GET /sets/live`.

use axum::extract::State;
use iota_core::api::json::SetLive;

use crate::app_state::AppState;
use crate::auth::WebSession;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::backup_set;

/// What the machines of the account said last, of those that said something. None of them says more because of it.
///
/// # Errors
/// `unavailable`.
pub async fn show(State(state): State<AppState>, session: WebSession) -> ApiResult<Json<Vec<SetLive>>> {
    let sets = backup_set::list_of(&mut *state.pool().acquire().await?, session.account_no).await?.into_iter();
    let said =
        sets.filter_map(|set| Some(SetLive { set: set.set, state: state.relay().last(set.set_no, state.now_ms())? }));
    Ok(Json(said.collect()))
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::{Bytes, Event, LiveAnswer, LiveReport};

    use super::*;
    use crate::test_support::{TestAccount, TestMachine, TestServer};

    #[tokio::test]
    async fn the_last_words_of_all_machines_come_at_once_and_of_nobody_elses() {
        let server = TestServer::start().await;
        let (ada, bob) = (TestAccount::first(&server).await, TestAccount::invited(&server, "bob@example.org").await);
        let machines = [TestMachine::enrol(&server, &ada).await, TestMachine::enrol(&server, &ada).await];
        TestMachine::enrol(&server, &bob).await;
        let words = async || ada.browser.get("/sets/live").await.json::<Vec<SetLive>>();
        assert_eq!(words().await, []);
        let mut heard = server.state.events().subscribe(1).unwrap();
        let say = async |machine: &TestMachine, byte: Option<u8>| {
            let report = LiveReport { status: byte.map(|byte| Bytes(vec![byte; 40])), wait_ms: 0 };
            machine.browser.post("/agent/live", &report).await.json::<LiveAnswer>()
        };
        say(&machines[0], Some(3)).await;
        assert_eq!(heard.next().await, Some(Event::Live { set: machines[0].set }), "nobody looks, and it is news");
        say(&machines[1], None).await;
        let shown = words().await;
        assert_eq!(shown.len(), 1, "the other has said nothing");
        assert_eq!((shown[0].set, &shown[0].state.status), (machines[0].set, &Some(Bytes(vec![3; 40]))));
        assert_eq!((shown[0].state.listens, shown[0].state.received_ms), (true, Some(server.state.now_ms())));
        say(&machines[1], Some(4)).await;
        assert_eq!(words().await.len(), 2);
        assert!(!say(&machines[0], None).await.watched, "to ask is not to look");
        assert_eq!(bob.browser.get("/sets/live").await.json::<Vec<SetLive>>(), []);
    }
}
