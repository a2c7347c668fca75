//! `PUT /vault/slots`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::{ChangeSlots, Event, code};
use iota_core::slot::{SignedSlotList, Slot, SlotKind, SlotList};

use crate::app_state::AppState;
use crate::auth::{FreshWebSession, WebSession};
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::packs::RecordKind;
use crate::records::{open_slots, seal_slots};
use crate::store::account;

/// Replaces the slot list by the next version. The same list again is fine.
///
/// # Errors
/// `conflict` when the list changed meanwhile, `bad_credentials` when it is not signed by the account.
pub async fn replace(
    State(state): State<AppState>,
    FreshWebSession(session): FreshWebSession,
    Json(change): Json<ChangeSlots>,
) -> ApiResult<StatusCode> {
    let slots = check(&change, &session, &state).await?;
    let mut transaction = state.pool().begin().await?;
    let current = account::lock_slots(&mut transaction, session.account_no).await?;
    let current = current.ok_or_else(|| ApiError::not_found("account"))?;
    if open_slots(state.host_key(), session.account, &current)?.encode() == change.slot_list.0 {
        return Ok(StatusCode::NO_CONTENT);
    }
    let current = open_slots(state.host_key(), session.account, &current)?.list;
    if current.version.checked_add(1) != Some(slots.list.version) {
        return Err(ApiError::new(code::CONFLICT, "the slots have changed meanwhile: load them again"));
    }
    let sealed = seal_slots(state.host_key(), session.account, &change.slot_list.0)?;
    account::set_slots(&mut transaction, session.account_no, slots.list.version, &sealed).await?;
    if has_new_kit(&current, &slots.list) {
        account::set_drilled(&mut transaction, session.account_no, state.now_ms()).await?;
    }
    state.decide(transaction, session.account, vec![(RecordKind::Slots, sealed)]).await?;
    state.events().publish(session.account_no, Event::Account);
    Ok(StatusCode::NO_CONTENT)
}

/// Whether there is a recovery kit that was not there: who made it has typed words of it back.
fn has_new_kit(before: &SlotList, after: &SlotList) -> bool {
    let is_kit = |slot: &&Slot| slot.header.kind == SlotKind::RecoveryWords;
    let is_old = |slot: &Slot| before.slots.iter().any(|old| old.header.slot == slot.header.slot);
    after.slots.iter().filter(is_kit).any(|slot| !is_old(slot))
}

/// What can be told without the list before.
async fn check(change: &ChangeSlots, session: &WebSession, state: &AppState) -> ApiResult<SignedSlotList> {
    let slots = SignedSlotList::decode(&change.slot_list.0)
        .map_err(|error| ApiError::bad_request(format!("the slot list cannot be read: {error}")))?;
    let account = account::find_by_no(state.pool(), session.account_no).await?;
    let account = account.ok_or_else(|| ApiError::not_found("account"))?;
    slots.verify(&account.identity).map_err(|_| {
        ApiError::new(
            code::BAD_CREDENTIALS,
            "the slot list is not signed by this account: unlock the vault and try again",
        )
    })?;
    if slots.list.account != session.account {
        return Err(ApiError::bad_request("the slot list is another account's"));
    }
    Ok(slots)
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use iota_core::api::json::{Bytes, Vault};

    use super::*;
    use crate::auth::FRESH_MS;
    use crate::test_support::{TestAccount, TestServer, slot_list};

    fn change(account: &TestAccount, version: u32) -> ChangeSlots {
        ChangeSlots { slot_list: Bytes(account.slots(version).encode()) }
    }

    #[tokio::test]
    async fn the_next_version_replaces_the_last_and_may_be_repeated() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        for _ in 0..2 {
            ada.browser.put("/vault/slots", &change(&ada, 2)).await.ok();
            assert_eq!(ada.browser.get("/vault").await.json::<Vault>().slot_list.0, ada.slots(2).encode());
        }
        for version in [1, 4, u32::MAX] {
            let refused = ada.browser.put("/vault/slots", &change(&ada, version)).await;
            assert_eq!(refused.code(), code::CONFLICT, "{version}");
        }
        let owner = ada.owner(&server).await;
        assert_eq!(owner.get("/vault").await.json::<Vault>().slot_list.0, ada.slots(2).encode());
    }

    #[tokio::test]
    async fn only_the_account_can_sign_it() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let forged = slot_list(ada.account, 2, &bob.identity).encode();
        let others = slot_list(bob.account, 2, &ada.identity).encode();
        for (list, wanted) in
            [(forged, code::BAD_CREDENTIALS), (others, code::BAD_REQUEST), (vec![], code::BAD_REQUEST)]
        {
            let refused = ada.browser.put("/vault/slots", &ChangeSlots { slot_list: Bytes(list) }).await;
            assert_eq!(refused.code(), wanted);
        }
        assert_eq!(ada.browser.get("/vault").await.json::<Vault>().slot_list.0, ada.slots(1).encode());
    }

    #[tokio::test]
    async fn of_two_changes_at_once_one_wins() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let lists: Vec<_> = (2..12u8)
            .map(|slot| {
                let mut list = ada.slots(2);
                list.list.slots[0].header.slot.0 = [slot; 16];
                list.signature = ada.sign(&list.list.encode());
                ChangeSlots { slot_list: Bytes(list.encode()) }
            })
            .collect();
        let answers = join_all(lists.iter().map(|list| ada.browser.put("/vault/slots", list))).await;
        let mut codes: Vec<_> = answers.iter().map(|answer| answer.code()).collect();
        codes.sort();
        assert_eq!(codes[0], "");
        assert!(codes[1..].iter().all(|code| code == code::CONFLICT), "{codes:?}");
    }

    #[tokio::test]
    async fn an_old_proof_does_not_do() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        server.clock.advance_ms(FRESH_MS);
        assert_eq!(ada.browser.put("/vault/slots", &change(&ada, 2)).await.code(), code::REAUTHENTICATE);
        ada.sign_in(&ada.browser).await.ok();
        ada.browser.put("/vault/slots", &change(&ada, 2)).await.ok();
    }
}
