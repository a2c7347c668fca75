//! `GET /vault/drill` and `POST /vault/drill`: when the owner last proved to be able to open the vault. With what, the server does not learn.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::{Drilled, Event};

use crate::app_state::AppState;
use crate::auth::WebSession;
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::store::{account, mail};

/// When that was.
///
/// # Errors
/// `unavailable`.
pub async fn show(State(state): State<AppState>, session: WebSession) -> ApiResult<Json<Drilled>> {
    let last_ms = account::drilled_ms(state.pool(), session.account_no).await?;
    Ok(Json(Drilled { last_ms: last_ms.ok_or_else(|| ApiError::not_found("account"))? }))
}

/// Notes that it was now. A reminder that waits is wanted no more.
///
/// # Errors
/// `unavailable`.
pub async fn create(State(state): State<AppState>, session: WebSession) -> ApiResult<StatusCode> {
    let mut transaction = state.pool().begin().await?;
    account::set_drilled(&mut transaction, session.account_no, state.now_ms()).await?;
    mail::take_back_reminder(&mut transaction, session.account_no).await?;
    transaction.commit().await?;
    state.events().publish(session.account_no, Event::Account);
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::{Bytes, ChangeSlots};
    use iota_core::slot::{SignedSlotList, SlotKind};

    use super::*;
    use crate::test_support::{TestAccount, TestServer};

    async fn last_ms(account: &TestAccount) -> u64 {
        account.browser.get("/vault/drill").await.json::<Drilled>().last_ms
    }

    #[tokio::test]
    async fn a_drill_is_noted_for_who_made_it_and_for_nobody_else() {
        let server = TestServer::start().await;
        let begun_ms = server.state.now_ms();
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        assert_eq!((last_ms(&ada).await, last_ms(&bob).await), (begun_ms, begun_ms), "with the account");
        server.clock.advance_ms(60_000);
        let mut events = ada.browser.events().await.unwrap();
        assert_eq!(events.next().await, Some(Event::Resync));
        ada.browser.post("/vault/drill", &()).await.ok();
        assert_eq!(events.next().await, Some(Event::Account));
        assert_eq!((last_ms(&ada).await, last_ms(&bob).await), (begun_ms + 60_000, begun_ms));
    }

    #[tokio::test]
    async fn a_new_kit_is_a_drill_and_another_way_is_none() {
        let server = TestServer::start().await;
        let begun_ms = server.state.now_ms();
        let ada = TestAccount::first(&server).await;
        let change = |mut list: SignedSlotList, kinds: &[(u8, SlotKind)]| {
            let first = list.list.slots[0].clone();
            list.list.slots = Vec::new();
            for (slot, kind) in kinds {
                let mut way = first.clone();
                (way.header.slot.0, way.header.kind) = ([*slot; 16], *kind);
                list.list.slots.push(way);
            }
            list.signature = ada.sign(&list.list.encode());
            ChangeSlots { slot_list: Bytes(list.encode()) }
        };
        server.clock.advance_ms(60_000);
        let key_file = change(ada.slots(2), &[(1, SlotKind::RecoveryWords), (9, SlotKind::KeyFile)]);
        ada.browser.put("/vault/slots", &key_file).await.ok();
        assert_eq!(last_ms(&ada).await, begun_ms);
        let kit = change(ada.slots(3), &[(2, SlotKind::RecoveryWords), (9, SlotKind::KeyFile)]);
        ada.browser.put("/vault/slots", &kit).await.ok();
        assert_eq!(last_ms(&ada).await, begun_ms + 60_000);
    }
}
