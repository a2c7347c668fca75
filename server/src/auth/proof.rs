//! How somebody proves who they are: by what their password became, or by a signature of a challenge.

use iota_core::api::json::{ChallengeAnswer, Token, code};
use iota_core::id::{AccountId, Challenge, Digest, VerifyingKey};
use subtle::ConstantTimeEq;

use super::bearer::new_token;
use crate::app_state::AppState;
use crate::error::{ApiError, ApiResult};
use crate::records::open_verifier;
use crate::store::account::{self, Account};
use crate::store::{challenge, token};

/// A key whose secret nobody uses: the base point of the curve.
const NOBODY: VerifyingKey = {
    let mut key = [0x66; 32];
    key[0] = 0x58;
    VerifyingKey(key)
};

/// By which key to check a signature of an account. There is one for an account that is unknown, too: the time must not tell.
pub fn identity_of(account: Option<&Account>) -> VerifyingKey {
    account.map_or(NOBODY, |account| account.identity)
}

/// Whether a login secret is the account's. Opens one seal, hashes once, compares in constant time.
///
/// # Errors
/// `internal` when the verifier does not open with this host key.
pub fn check_verifier(state: &AppState, account: AccountId, sealed: &[u8], auth_secret: &Digest) -> ApiResult<bool> {
    let known = open_verifier(state.host_key(), account, sealed)?;
    let given = state.host_key().verifier(account, auth_secret);
    Ok(known.ct_eq(&given).into())
}

/// The account of somebody signed in who gives its password once more.
///
/// # Errors
/// `bad_credentials` when it is wrong.
pub async fn require_password(state: &AppState, login: &str, auth_secret: &Digest) -> ApiResult<Account> {
    let found = account::find_by_login(state.pool(), login).await?;
    let (account, verifier) = found.ok_or_else(|| ApiError::not_found("account"))?;
    if !check_verifier(state, account.account, &verifier, auth_secret)? {
        return Err(ApiError::new(code::BAD_CREDENTIALS, "the password is wrong"));
    }
    Ok(account)
}

/// A challenge for `subject`. For an unknown one it is kept as nobody's, so that asking takes the same time.
///
/// # Errors
/// `unavailable`.
pub async fn challenge_for(subject: &[u8; 16], known: bool, state: &AppState) -> ApiResult<ChallengeAnswer> {
    let challenge = Challenge(state.random()?);
    let subject = if known { subject } else { &AccountId::ZERO.0 };
    challenge::insert(state.pool(), &challenge, subject, state.now_ms()).await?;
    Ok(ChallengeAnswer { challenge })
}

/// A token for an account, or for a machine of it.
///
/// # Errors
/// `unavailable`.
pub async fn token_for(account_no: i64, device_no: Option<i64>, life_ms: u64, state: &AppState) -> ApiResult<Token> {
    let (text, hash) = new_token(state)?;
    let now_ms = state.now_ms();
    token::insert(state.pool(), &hash, account_no, device_no, now_ms + life_ms, now_ms).await?;
    Ok(Token { token: text.to_string(), expires_in_s: life_ms / 1000 })
}

/// The answer to a challenge that was not answered as it should: it does not say why.
pub fn not_proved() -> ApiError {
    let message =
        "the proof does not hold, or its challenge has ended: ask for another challenge and sign it with the right key";
    ApiError::new(code::BAD_CREDENTIALS, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_of_nobody_is_checked_like_any_other() {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&identity_of(None).0).unwrap();
        assert!(!key.is_weak());
    }
}
