//! `POST /accounts`: a one-time code becomes an account.

use axum::extract::State;
use iota_core::api::json::{CreateAccount, SessionInfo, code};
use iota_core::api::normalise_login;
use iota_core::proof::account_creation;
use iota_core::slot::SignedSlotList;
use sqlx::PgConnection;
use tower_sessions::Session;

use crate::app_state::AppState;
use crate::auth::{check_verifier, sign_in};
use crate::client_address::Network;
use crate::codes::{self, CodeKind};
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::packs::RecordKind;
use crate::records::{AccountRecord, MAX_LOGIN_BYTES, seal_slots};
use crate::store::account::{self, Account, NewAccount};
use crate::store::attempt::{self, OF_NETWORK};
use crate::store::code as code_store;

/// Makes the account and signs it in. The same request again, after its answer was lost, signs in.
///
/// # Errors
/// `bad_code`, `conflict` when the login is taken, `bad_credentials` when a signature does not hold, `too_many_requests`.
pub async fn create(
    State(state): State<AppState>,
    network: Network,
    session: Session,
    Json(mut new): Json<CreateAccount>,
) -> ApiResult<Json<SessionInfo>> {
    new.login = normalise_login(&new.login);
    let slots_version = check(&new, &state)?;
    let account = match repeated(&new, &state).await? {
        Some(account) => account,
        None => create_with_code(&new, slots_version, network, &state).await?,
    };
    sign_in(&session, &account, &state).await?;
    Ok(Json(SessionInfo { account: account.account, login: account.login, administrator: account.administrator }))
}

/// Everything that can be told from the request alone. Returns the version of the slot list.
fn check(new: &CreateAccount, state: &AppState) -> ApiResult<u32> {
    if !is_address(&new.login) {
        return Err(ApiError::bad_request("the login must be an e-mail address of at most 254 bytes"));
    }
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

fn is_address(login: &str) -> bool {
    let plain = login.len() <= MAX_LOGIN_BYTES && !login.chars().any(|c| c.is_whitespace() || c.is_control());
    plain && login.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

fn not_signed() -> ApiError {
    ApiError::new(
        code::BAD_CREDENTIALS,
        "a signature of the new account does not hold: update the client and try again",
    )
}

/// The account, when this very request has made it before.
async fn repeated(new: &CreateAccount, state: &AppState) -> ApiResult<Option<Account>> {
    let Some((account, verifier)) = account::find_by_login(state.pool(), &new.login).await? else { return Ok(None) };
    let same = account.account == new.account && account.identity == new.identity;
    Ok((same && check_verifier(state, account.account, &verifier, &new.auth_secret)?).then_some(account))
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
    let mut transaction = state.pool().begin().await?;
    let kind = match codes::hash(&new.code) {
        Some(hash) => code_store::take(&mut transaction, &hash, state.now_ms()).await?,
        None => None,
    };
    let kind = kind.ok_or_else(|| {
        ApiError::new(code::BAD_CODE, "the code is wrong, used or has expired: ask the administrator for a new one")
    })?;
    attempt::succeeded(state.pool(), counted).await?;
    let account = insert(&mut transaction, new, slots_version, kind, state).await?;
    transaction.commit().await?;
    Ok(account)
}

/// Rows, and before they count the records that they can be made from again.
async fn insert(
    connection: &mut PgConnection,
    new: &CreateAccount,
    slots_version: u32,
    kind: CodeKind,
    state: &AppState,
) -> ApiResult<Account> {
    let record = AccountRecord {
        account: new.account,
        version: 1,
        created_ms: state.now_ms(),
        administrator: kind == CodeKind::Setup,
        identity: new.identity,
        verifier: state.host_key().verifier(new.account, &new.auth_secret),
        login: new.login.clone(),
    };
    let slots = seal_slots(state.host_key(), new.account, &new.slot_list.0)?;
    let account = NewAccount::from_record(&record, state.host_key(), slots.clone(), slots_version)?;
    let account_no = account::insert(connection, &account).await?.ok_or_else(|| {
        ApiError::new(code::CONFLICT, "there is an account with this login already: sign in, or choose another login")
    })?;
    let payload = record.seal(state.host_key())?;
    state.decide(new.account, vec![(RecordKind::Account, payload), (RecordKind::Slots, slots)]).await?;
    Ok(Account {
        account_no,
        account: new.account,
        login: record.login,
        identity: new.identity,
        administrator: record.administrator,
        session_epoch: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_an_address() {
        for good in ["a@b", "ada.lovelace+x@example.org", "ä@ö"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "@", "a@", "@b", "ab", "a b@c", "a@b\n", &format!("{}@b", "a".repeat(253))] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
