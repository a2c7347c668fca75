//! How often somebody may try to prove a password, a code or a key.

use iota_core::id::AccountId;

use crate::app_state::AppState;
use crate::client_address::Network;
use crate::error::{ApiError, ApiResult};
use crate::store::attempt::{self, Counted, OF_LOGIN, OF_LOGIN_ALTOGETHER, OF_NETWORK, OF_SECOND_FACTOR};

/// Counts an attempt to sign in with a normalised login. Take it back with [`attempt::succeeded`] when it was right.
///
/// # Errors
/// `too_many_requests`.
pub async fn begin_attempt(state: &AppState, login: &str, network: Network) -> ApiResult<Counted> {
    let buckets = [
        (login_bucket(login, &network.0), OF_LOGIN),
        (login_bucket(login, b""), OF_LOGIN_ALTOGETHER),
        (network.bucket(b"login"), OF_NETWORK),
    ];
    let counted = attempt::begin(state.pool(), &buckets, state.now_ms()).await?;
    counted.map_err(ApiError::too_many_attempts)
}

/// Counts a guess of an account's second factor, from wherever it comes; the milliseconds to wait when there were too many.
///
/// # Errors
/// `unavailable`.
pub(super) async fn begin_guess(state: &AppState, account: AccountId) -> ApiResult<Result<Counted, u64>> {
    let bucket = (attempt::bucket(&[b"second factor", &account.0]), OF_SECOND_FACTOR);
    Ok(attempt::begin(state.pool(), &[bucket], state.now_ms()).await?)
}

fn login_bucket(login: &str, from: &[u8]) -> [u8; 32] {
    attempt::bucket(&[b"login", login.as_bytes(), from])
}
