//! `POST /accounts`: a one-time code becomes an account.

pub mod check;

use axum::extract::State;
use iota_core::api::json::{CreateAccount, SessionInfo, code};
use iota_core::proof::account_creation;
use iota_core::slot::SignedSlotList;
use sqlx::PgConnection;
use tower_sessions::Session;

use crate::app_state::AppState;
use crate::auth::{SignIn, begin_attempt, check_verifier, login_of, sign_in};
use crate::client_address::Network;
use crate::codes::{self, CodeKind};
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::packs::RecordKind;
use crate::records::{AccountRecord, seal_slots};
use crate::store::account::{self, Account, NewAccount};
use crate::store::attempt::{self, OF_NETWORK};
use crate::store::{code as code_store, second_factor};
use crate::visitor::Visitor;

/// How long a request may be repeated.
const REPEATED_MS: u64 = 10 * 60 * 1000;

/// Makes the account and signs it in. The same request again, when its answer was lost a few minutes ago, signs in.
///
/// # Errors
/// `bad_code`, `conflict` when the login is taken, `bad_credentials` when a signature does not hold, `too_many_requests`.
pub async fn create(
    State(state): State<AppState>,
    network: Network,
    visitor: Visitor,
    session: Session,
    Json(mut new): Json<CreateAccount>,
) -> ApiResult<Json<SessionInfo>> {
    state.take_stranger(network)?;
    new.login = login_of(&new.login)?;
    let slots_version = check(&new, &state)?;
    let account = match repeated(&new, network, &state).await? {
        Some(account) => account,
        None => create_with_code(&new, slots_version, network, &state).await?,
    };
    sign_in(&session, &account, SignIn { keep: false, visitor: &visitor }, &state).await?;
    Ok(Json(SessionInfo { account: account.account, login: account.login, administrator: account.administrator }))
}

/// Everything that can be told from the request alone. Returns the version of the slot list.
fn check(new: &CreateAccount, state: &AppState) -> ApiResult<u32> {
    let message = account_creation(state.server_id(), new.account, &new.identity, &new.login, &new.auth_secret.0);
    new.identity.verify(&message, &new.signature).map_err(|_| not_signed())?;
    let slots = SignedSlotList::decode(&new.slot_list.0)
        .map_err(|error| ApiError::bad_request(format!("the slot list cannot be read: {error}")))?;
    slots.verify(&new.identity).map_err(|_| not_signed())?;
    if slots.list.account != new.account || slots.list.version != 1 {
        return Err(ApiError::bad_request("the slot list must be version 1 of the new account"));
    }
    Ok(slots.list.version)
}

fn not_signed() -> ApiError {
    ApiError::new(
        code::BAD_CREDENTIALS,
        "a signature of the new account does not hold: update the client and try again",
    )
}

/// The account, when this very request has made it a few minutes ago and no second factor is on. It counts like signing in.
async fn repeated(new: &CreateAccount, network: Network, state: &AppState) -> ApiResult<Option<Account>> {
    let Some((account, verifier)) = account::find_by_login(state.pool(), &new.login).await? else { return Ok(None) };
    let same = account.account == new.account && account.identity == new.identity;
    if !same || !is_new(new, &account, state).await? {
        return Ok(None);
    }
    let counted = begin_attempt(state, &account.login, network).await?;
    if !check_verifier(state, account.account, &verifier, &new.auth_secret)? {
        return Ok(None);
    }
    attempt::succeeded(state.pool(), counted).await?;
    Ok(Some(account))
}

/// Whether a repetition may sign in to an account by the code that it brings.
async fn is_new(new: &CreateAccount, account: &Account, state: &AppState) -> ApiResult<bool> {
    let Some(hash) = codes::hash(&new.code) else { return Ok(false) };
    if second_factor::count(state.pool(), account.account_no).await?.is_some() {
        return Ok(false);
    }
    let made_ms = account::made_by(state.pool(), account.account_no, &hash).await?;
    Ok(made_ms.is_some_and(|made_ms| state.now_ms().abs_diff(made_ms) < REPEATED_MS))
}

/// A wrong code counts against the network that it came from.
async fn create_with_code(
    new: &CreateAccount,
    slots_version: u32,
    network: Network,
    state: &AppState,
) -> ApiResult<Account> {
    let bucket = (network.bucket(b"code"), OF_NETWORK);
    let counted = attempt::begin(state.pool(), &[bucket], state.now_ms()).await?;
    let counted = counted.map_err(ApiError::too_many_attempts)?;
    let created = take_code_and_insert(new, slots_version, state).await;
    if created.as_ref().err().is_none_or(|error| error.code() != code::BAD_CODE) {
        attempt::succeeded(state.pool(), counted).await?;
    }
    created
}

async fn take_code_and_insert(new: &CreateAccount, slots_version: u32, state: &AppState) -> ApiResult<Account> {
    let hash = codes::hash(&new.code).ok_or_else(wrong_code)?;
    let mut transaction = state.pool().begin().await?;
    let now_ms = state.now_ms();
    let kind = code_store::take(&mut transaction, &hash, now_ms).await?.ok_or_else(wrong_code)?;
    let (account, decisions) = insert(&mut transaction, new, slots_version, (kind, now_ms), state).await?;
    state.decide(transaction, new.account, decisions).await?;
    Ok(account)
}

fn wrong_code() -> ApiError {
    ApiError::new(code::BAD_CODE, "the code is wrong, used or has expired: ask the administrator for a new one")
}

fn taken() -> ApiError {
    ApiError::new(code::CONFLICT, "there is an account with this login already: sign in, or choose another login")
}

/// Rows, and the records that they can be made from again. The account is as old as the use of its code: that is how they are found
/// together.
async fn insert(
    connection: &mut PgConnection,
    new: &CreateAccount,
    slots_version: u32,
    (kind, created_ms): (CodeKind, u64),
    state: &AppState,
) -> ApiResult<(Account, Vec<(RecordKind, Vec<u8>)>)> {
    let record = AccountRecord {
        account: new.account,
        version: 1,
        created_ms,
        administrator: kind == CodeKind::Setup,
        identity: new.identity,
        verifier: state.host_key().verifier(new.account, &new.auth_secret),
        login: new.login.clone(),
        recovered_ms: None,
    };
    let slots = seal_slots(state.host_key(), new.account, &new.slot_list.0)?;
    let account = NewAccount::from_record(&record, state.host_key(), slots.clone(), slots_version)?;
    let account_no = account::insert(connection, &account).await?.ok_or_else(taken)?;
    let decisions = vec![(RecordKind::Account, record.seal(state.host_key())?), (RecordKind::Slots, slots)];
    let account = Account {
        account_no,
        account: new.account,
        login: record.login,
        identity: new.identity,
        administrator: record.administrator,
        session_epoch: 1,
    };
    Ok((account, decisions))
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use iota_core::api::json::{Bytes, ServerInfo, Vault};
    use iota_core::id::{AccountId, Digest, ServerId, Signature};

    use super::*;
    use crate::codes::DAY_MS;
    use crate::packs;
    use crate::records::open_slots;
    use crate::test_support::{TestAccount, TestServer, slot_list};

    #[tokio::test]
    async fn the_first_account_is_the_administrators_and_the_others_are_not() {
        let server = TestServer::start().await;
        let needs_setup = async || server.stranger().get("/server").await.json::<ServerInfo>().needs_setup;
        assert!(needs_setup().await);
        let ada = TestAccount::first(&server).await;
        assert!(!needs_setup().await);
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let info = async |account: &TestAccount| account.browser.get("/session").await.json::<SessionInfo>();
        assert!(info(&ada).await.administrator && !info(&bob).await.administrator);
        let vault: Vault = bob.browser.get("/vault").await.json();
        assert_eq!((vault.account, vault.identity), (bob.account, bob.identity_key()));
        assert_eq!(vault.slot_list.0, bob.slots(1).encode());
    }

    #[tokio::test]
    async fn a_code_makes_one_account_however_many_ask_at_once() {
        let server = TestServer::start().await;
        let code = server.setup_code().await;
        let drafts: Vec<_> = (0..20).map(|n| TestAccount::draft(&server, &format!("{n}@example.org"))).collect();
        let requests: Vec<_> = drafts.iter().map(|draft| draft.creation(&server, &code)).collect();
        let asked = drafts.iter().zip(&requests).map(|(draft, request)| draft.browser.post("/accounts", request));
        let mut codes: Vec<_> = join_all(asked).await.iter().map(|answer| answer.code()).collect();
        codes.sort();
        assert_eq!(codes[0], "");
        assert!(codes[1..].iter().all(|code| code == code::BAD_CODE), "{codes:?}");
    }

    #[tokio::test]
    async fn codes_end() {
        let server = TestServer::start().await;
        let code = server.setup_code().await;
        let draft = TestAccount::draft(&server, "ada@example.org");
        server.clock.advance_ms(DAY_MS);
        assert_eq!(draft.browser.post("/accounts", &draft.creation(&server, &code)).await.code(), code::BAD_CODE);
        let newer = server.setup_code().await;
        for wrong in ["", "AAAAAA-AAAAAA-AAAAAA-AAAAAA", &code] {
            let answer = draft.browser.post("/accounts", &draft.creation(&server, wrong)).await;
            assert_eq!(answer.code(), code::BAD_CODE, "{wrong}");
        }
        draft.browser.post("/accounts", &draft.creation(&server, &newer.to_lowercase())).await.ok();
    }

    #[tokio::test]
    async fn a_taken_login_leaves_the_code_good() {
        let server = TestServer::start().await;
        TestAccount::first(&server).await;
        let code = server.invitation().await;
        let taken = TestAccount::draft(&server, "ADA@example.org");
        let answer = taken.browser.post("/accounts", &taken.creation(&server, &code)).await;
        assert_eq!(answer.code(), code::CONFLICT);
        TestAccount::create(&server, &code, "bob@example.org").await;
    }

    #[tokio::test]
    async fn the_same_request_again_signs_in() {
        let server = TestServer::start().await;
        let code = server.setup_code().await;
        let ada = TestAccount::create(&server, &code, "ada@example.org").await;
        let again = server.stranger();
        let info: SessionInfo = again.post("/accounts", &ada.creation(&server, &code)).await.json();
        assert_eq!(again.get("/session").await.json::<SessionInfo>(), info);
        let mut thief = ada.creation(&server, &code);
        thief.auth_secret.0[0] ^= 1;
        thief.signature = ada.sign(&account_creation(
            server.state.server_id(),
            ada.account,
            &ada.identity_key(),
            "ada@example.org",
            &thief.auth_secret.0,
        ));
        assert_eq!(server.stranger().post("/accounts", &thief).await.code(), code::BAD_CODE);
    }

    #[tokio::test]
    async fn the_same_request_signs_in_for_minutes_by_its_own_code_and_not_past_a_second_factor() {
        let server = TestServer::start().await;
        let code = server.setup_code().await;
        let ada = TestAccount::create(&server, &code, "ada@example.org").await;
        let (unused, used) = (server.invitation().await, server.invitation().await);
        server.clock.advance_ms(1);
        TestAccount::create(&server, &used, "bob@example.org").await;
        let again = async |code: &str| server.stranger().post("/accounts", &ada.creation(&server, code)).await.code();
        assert_eq!(again(&used).await, code::BAD_CODE);
        assert_eq!(again(&unused).await, code::CONFLICT);
        server.clock.advance_ms(REPEATED_MS - 2);
        assert_eq!(again(&code).await, "");
        server.clock.advance_ms(1);
        assert_eq!(again(&code).await, code::BAD_CODE);
        server.clock.set(server.state.now_ms() - REPEATED_MS);
        ada.sign_in(&ada.browser).await.ok();
        assert_eq!(again(&code).await, "");
        ada.turn_on_second_factor(&server).await;
        assert_eq!(again(&code).await, code::BAD_CODE);
    }

    #[tokio::test]
    async fn repetitions_with_another_password_count_like_a_login() {
        let server = TestServer::start().await;
        let code = server.setup_code().await;
        let mut ada = TestAccount::create(&server, &code, "ada@example.org").await;
        let right = std::mem::replace(&mut ada.auth_secret, Digest([1; 32]));
        for _ in 0..5 {
            let guess = ada.creation(&server, &code);
            assert_eq!(server.stranger().post("/accounts", &guess).await.code(), code::BAD_CODE);
        }
        ada.auth_secret = right;
        let held = server.stranger().post("/accounts", &ada.creation(&server, &code)).await;
        assert_eq!(held.code(), code::TOO_MANY_REQUESTS);
        assert_eq!(ada.sign_in(&server.stranger()).await.code(), code::TOO_MANY_REQUESTS);
    }

    #[tokio::test]
    async fn nothing_counts_that_is_not_signed_for_this_server_and_account() {
        let server = TestServer::start().await;
        let code = server.setup_code().await;
        let draft = TestAccount::draft(&server, "ada@example.org");
        let good = || draft.creation(&server, &code);
        let other = TestAccount::draft(&server, "eve@example.org");
        let other_server = account_creation(
            ServerId([8; 16]),
            draft.account,
            &draft.identity_key(),
            &draft.login,
            &draft.auth_secret.0,
        );
        let slots = |account: AccountId, version| Bytes(slot_list(account, version, &draft.identity).encode());
        let defects = [
            (CreateAccount { signature: Signature([0; 64]), ..good() }, code::BAD_CREDENTIALS),
            (CreateAccount { signature: draft.sign(&other_server), ..good() }, code::BAD_CREDENTIALS),
            (CreateAccount { login: "eve@example.org".into(), ..good() }, code::BAD_CREDENTIALS),
            (CreateAccount { account: other.account, ..good() }, code::BAD_CREDENTIALS),
            (CreateAccount { auth_secret: other.auth_secret, ..good() }, code::BAD_CREDENTIALS),
            (CreateAccount { identity: other.identity_key(), ..good() }, code::BAD_CREDENTIALS),
            (
                CreateAccount { slot_list: Bytes(slot_list(draft.account, 1, &other.identity).encode()), ..good() },
                code::BAD_CREDENTIALS,
            ),
            (CreateAccount { slot_list: slots(other.account, 1), ..good() }, code::BAD_REQUEST),
            (CreateAccount { slot_list: slots(draft.account, 2), ..good() }, code::BAD_REQUEST),
            (CreateAccount { slot_list: Bytes(vec![1; 100]), ..good() }, code::BAD_REQUEST),
            (CreateAccount { login: "nobody".into(), ..good() }, code::BAD_REQUEST),
        ];
        for (number, (request, wanted)) in defects.iter().enumerate() {
            assert_eq!(server.stranger().post("/accounts", request).await.code(), *wanted, "defect {number}");
        }
        assert!(!account::exists_any(server.pool()).await.unwrap());
        draft.browser.post("/accounts", &good()).await.ok();
    }

    #[tokio::test]
    async fn guessing_codes_is_slow() {
        let server = TestServer::start().await;
        let draft = TestAccount::draft(&server, "ada@example.org");
        for _ in 0..60 {
            let answer = draft.browser.post("/accounts", &draft.creation(&server, "AAAAAA-AAAAAA-AAAAAA-AAAAAA")).await;
            assert_eq!(answer.code(), code::BAD_CODE);
        }
        let code = server.setup_code().await;
        let held = draft.browser.post("/accounts", &draft.creation(&server, &code)).await;
        assert_eq!(held.code(), code::TOO_MANY_REQUESTS);
    }

    #[tokio::test]
    async fn the_packs_know_the_account_and_the_database_gives_nothing_to_guess_against() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let (verifier, slots): (Vec<u8>, Vec<u8>) =
            sqlx::query_as("SELECT verifier, slot_list FROM account").fetch_one(server.pool()).await.unwrap();
        let key = server.state.host_key();
        let plain = key.verifier(ada.account, &ada.auth_secret);
        let contains = |haystack: &[u8], needle: &[u8]| haystack.windows(needle.len()).any(|window| window == needle);
        assert!(!contains(&verifier, &plain) && !contains(&slots, &ada.slots(1).encode()[..64]));
        let walk = packs::walk(&server.data.path().join("packs"), 1, true).unwrap();
        let read = async |kind| {
            let (place, head) = walk.of_kind(kind).next().unwrap();
            assert_eq!((walk.records.len(), head.owner), (2, ada.account));
            server.state.packs().read(place).await.unwrap().payload
        };
        let record = AccountRecord::open(key, ada.account, &read(RecordKind::Account).await).unwrap();
        assert_eq!((record.verifier, record.administrator, record.login.as_str()), (plain, true, "ada@example.org"));
        assert_eq!(open_slots(key, ada.account, &read(RecordKind::Slots).await).unwrap(), ada.slots(1));
    }
}
