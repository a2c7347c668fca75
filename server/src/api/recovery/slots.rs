//! `POST /recovery/slots`: what recovery words open. A login that nobody has is answered by an invented slot, always the same.

use axum::extract::State;
use iota_core::api::json::{Bytes, RecoverySlots, RecoverySlotsRequest};
use iota_core::id::{AccountId, SlotId};
use iota_core::slot::{Slot, SlotHeader, SlotKind};

use crate::app_state::AppState;
use crate::auth::login_of;
use crate::client_address::Network;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::host_key::HostKey;
use crate::records::{open_slots, open_verifier};
use crate::store::account;

/// No account has this row.
const NOBODY: i64 = 0;

/// The slots of a login that recovery words open. Known or not, the way through the code is the same: two questions, one seal, one
/// slot invented.
///
/// # Errors
/// `bad_request` when the login is no address, `too_many_requests`, `unavailable`.
pub async fn show(
    State(state): State<AppState>,
    network: Network,
    Json(request): Json<RecoverySlotsRequest>,
) -> ApiResult<Json<RecoverySlots>> {
    state.take_stranger(network)?;
    let login = login_of(&request.login)?;
    let invented = invent(state.host_key(), &login);
    let found = account::find_by_login(state.pool(), &login).await?.map(|(account, _)| account);
    let account_no = found.as_ref().map_or(NOBODY, |account| account.account_no);
    let sealed = account::slot_list(state.pool(), account_no).await?;
    let mut slots = Vec::new();
    match found.zip(sealed) {
        Some((account, sealed)) => {
            let list = open_slots(state.host_key(), account.account, &sealed)?.list;
            slots.extend(list.slots.into_iter().filter(|slot| slot.header.kind == SlotKind::RecoveryWords));
        }
        None => {
            open_verifier(state.host_key(), state.nobody().account, &state.nobody().verifier)?;
        }
    }
    // An account without recovery words looks like none.
    if slots.is_empty() {
        slots.push(invented);
    }
    Ok(Json(RecoverySlots { slots: slots.iter().map(|slot| Bytes(slot.encode())).collect() }))
}

fn invent(key: &HostKey, login: &str) -> Slot {
    let mut bytes = key.invent(login);
    let mut header = SlotHeader {
        account: AccountId::ZERO,
        slot: SlotId::ZERO,
        generation: 1,
        kind: SlotKind::RecoveryWords,
        m_kib: 0,
        t: 0,
        p: 0,
        salt: [0; 16],
        nonce: [0; 24],
    };
    bytes.fill(&mut header.account.0);
    bytes.fill(&mut header.slot.0);
    bytes.fill(&mut header.salt);
    bytes.fill(&mut header.nonce);
    let mut slot = Slot { header, commitment: [0; 32], sealed: [0; 48] };
    bytes.fill(&mut slot.commitment);
    bytes.fill(&mut slot.sealed);
    slot
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{Answer, TestAccount, TestServer};

    async fn ask(server: &TestServer, login: &str) -> Answer {
        server.stranger().post("/recovery/slots", &RecoverySlotsRequest { login: login.into() }).await.ok()
    }

    #[tokio::test]
    async fn an_unknown_login_looks_like_a_known_one() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let known = ask(&server, " ADA@example.org").await;
        assert_eq!(known.json::<RecoverySlots>().slots, [Bytes(ada.slots(1).list.slots[0].encode())]);

        let unknown = ask(&server, "eve@example.org").await;
        assert_eq!((known.status, known.body.len()), (unknown.status, unknown.body.len()));
        let names = |answer: &Answer| answer.headers.keys().map(|name| name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(&known), names(&unknown));
        assert_eq!(unknown.body, ask(&server, " Eve@Example.org ").await.body);
        assert_ne!(unknown.body, ask(&server, "eva@example.org").await.body);
        let server = server.restart().await;
        assert_eq!(unknown.body, ask(&server, "eve@example.org").await.body);
    }

    #[test]
    fn what_is_invented_is_a_slot_and_depends_on_the_host() {
        let (key, other) = (HostKey::generate().unwrap(), HostKey::generate().unwrap());
        let slot = invent(&key, "eve@example.org");
        assert_eq!(Slot::decode(&slot.encode()).unwrap(), slot);
        assert_ne!(slot, invent(&other, "eve@example.org"));
    }
}
