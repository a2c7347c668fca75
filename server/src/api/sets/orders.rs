//! `POST /sets/{set}/orders`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::{SendOrder, code};
use iota_core::id::SetId;
use iota_core::live::MAX_FRAME_BYTES;

use super::no_set;
use crate::app_state::AppState;
use crate::auth::WebSession;
use crate::error::{ApiError, ApiResult};
use crate::extract::{InPath, Json};
use crate::store::backup_set;

/// Longest sealed order, bytes.
const MAX_ORDER_BYTES: usize = MAX_FRAME_BYTES;
/// Longest body: the order in base64.
pub const MAX_BYTES: usize = 2 * MAX_ORDER_BYTES;

/// Passes an order on to a machine that listens.
///
/// # Errors
/// `not_found`, `bad_request` when it is too long, `machine_away`, `unavailable`.
pub async fn create(
    State(state): State<AppState>,
    session: WebSession,
    InPath(set): InPath<SetId>,
    Json(send): Json<SendOrder>,
) -> ApiResult<StatusCode> {
    if send.order.0.len() > MAX_ORDER_BYTES {
        return Err(ApiError::bad_request(format!("a sealed order may have {MAX_ORDER_BYTES} bytes")));
    }
    let found = backup_set::find_of(&mut *state.pool().acquire().await?, session.account_no, set).await?;
    if state.relay().order(found.ok_or_else(no_set)?, send.order, state.now_ms()) {
        return Ok(StatusCode::NO_CONTENT);
    }
    let message = "the machine is not connected now: see that it is on, online, and that its service runs";
    Err(ApiError::new(code::MACHINE_AWAY, message))
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::{Bytes, Event, LiveAnswer, LiveReport, LiveState};

    use super::*;
    use crate::test_support::{TestAccount, TestMachine, TestServer};

    #[tokio::test]
    async fn status_and_orders_pass_through_unread_to_whom_they_belong() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let machine = TestMachine::enrol(&server, &ada).await;
        let (live, orders) = (format!("/sets/{}/live", machine.set), format!("/sets/{}/orders", machine.set));
        let order = SendOrder { order: Bytes(vec![7; 40]) };
        assert_eq!(ada.browser.post(&orders, &order).await.code(), code::MACHINE_AWAY);
        for path in [&live, &orders] {
            let answer = if *path == live { bob.browser.get(path).await } else { bob.browser.post(path, &order).await };
            assert_eq!(answer.code(), code::NOT_FOUND);
        }
        let report =
            |status: Option<usize>| LiveReport { status: status.map(|length| Bytes(vec![5; length])), wait_ms: 0 };
        let speaker = &machine.browser;
        let say = |report: LiveReport| async move { speaker.post("/agent/live", &report).await };
        assert_eq!(say(report(Some(MAX_FRAME_BYTES + 1))).await.code(), code::BAD_REQUEST);
        assert!(!say(report(Some(MAX_FRAME_BYTES))).await.json::<LiveAnswer>().watched);
        let mut heard = server.state.events().subscribe(1).unwrap();
        let seen = ada.browser.get(&live).await.json::<LiveState>();
        assert!(seen.listens && seen.status.is_some_and(|status| status.0 == vec![5; MAX_FRAME_BYTES]));
        assert!(say(report(Some(30))).await.json::<LiveAnswer>().watched);
        assert_eq!(heard.next().await, Some(Event::Live { set: machine.set }));
        ada.browser.post(&orders, &order).await.ok();
        let long = SendOrder { order: Bytes(vec![7; MAX_ORDER_BYTES + 1]) };
        assert_eq!(ada.browser.post(&orders, &long).await.code(), code::BAD_REQUEST);
        assert_eq!(say(report(None)).await.json::<LiveAnswer>().orders, [order.order]);
        assert!(say(report(None)).await.json::<LiveAnswer>().orders.is_empty());
    }
}
