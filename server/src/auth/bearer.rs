//! Bearer tokens: 256 random bits as base64url; only their hash is kept.

use axum::http::{HeaderMap, header};
use data_encoding::BASE64URL_NOPAD;
use iota_core::api::json::code;
use iota_core::id::Digest;
use zeroize::Zeroizing;

use super::{Caller, Machine, Reader};
use crate::app_state::AppState;
use crate::error::{ApiError, ApiResult};
use crate::store::{device, token};

/// A token as it travels.
pub(super) type TokenText = Zeroizing<String>;

/// A new token and the hash by which it is kept.
///
/// # Errors
/// `unavailable` when the system gives no random bytes.
pub(super) fn new_token(state: &AppState) -> ApiResult<(TokenText, Digest)> {
    let bytes = Zeroizing::new(state.random::<32>()?);
    Ok((Zeroizing::new(BASE64URL_NOPAD.encode(&bytes[..])), Digest::of(&bytes[..])))
}

/// The token of a request; `None` when it brings none.
pub(super) fn token_of(headers: &HeaderMap) -> ApiResult<Option<Digest>> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let bytes = value.to_str().ok().and_then(parse);
    bytes.map(|bytes| Some(Digest::of(&bytes[..]))).ok_or_else(unknown)
}

fn parse(value: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (scheme, text) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    BASE64URL_NOPAD.decode(text.trim().as_bytes()).ok().map(Zeroizing::new).filter(|bytes| bytes.len() == 32)
}

fn unknown() -> ApiError {
    ApiError::new(code::UNAUTHENTICATED, "this token is unknown or has expired: begin a new session")
}

pub(super) async fn caller(token: &Digest, state: &AppState) -> ApiResult<Caller> {
    let holder = token::find(state.pool(), token, state.now_ms()).await?.ok_or_else(unknown)?;
    match holder {
        token::Holder::Owner { account_no, account } => Ok(Caller::Owner(Reader { account_no, account })),
        token::Holder::Machine(machine) => {
            let machine = newest(machine)?;
            note_contact(state, machine.device_no).await?;
            Ok(Caller::Machine(machine))
        }
    }
}

/// Only the newest machine of a set may write it.
fn newest((machine, newest): (Machine, bool)) -> ApiResult<Machine> {
    if newest { Ok(machine) } else { Err(replaced()) }
}

/// Notes that a machine has proved itself, to the minute.
///
/// # Errors
/// `unavailable`.
pub async fn note_contact(state: &AppState, device_no: i64) -> ApiResult<()> {
    if let Some(minute_ms) = state.take_contact(device_no) {
        device::set_contact(&mut *state.pool().acquire().await?, device_no, minute_ms).await?;
    }
    Ok(())
}

/// The answer to a machine whose set another one has taken over, or that was revoked.
pub fn replaced() -> ApiError {
    let message = "another machine has taken over this backup set, or the owner has revoked this one: enrol this machine again \
                   if it should go on";
    ApiError::new(code::DEVICE_REPLACED, message)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn token(value: &str) -> ApiResult<Option<Digest>> {
        token_of(&HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::try_from(value).unwrap())]))
    }

    #[test]
    fn a_token_is_found_by_its_hash() {
        let text = BASE64URL_NOPAD.encode(&[7; 32]);
        assert_eq!(token(&format!("Bearer {text}")).unwrap(), Some(Digest::of(&[7; 32])));
        assert_eq!(token(&format!("bearer  {text}")).unwrap(), Some(Digest::of(&[7; 32])));
        assert_eq!(token_of(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn anything_else_is_nobody() {
        let text = BASE64URL_NOPAD.encode(&[7; 32]);
        for value in ["", "Bearer", "Bearer ", &format!("Basic {text}"), &format!("Bearer {text}A"), "Bearer +/+/"] {
            assert_eq!(token(value).unwrap_err().code(), code::UNAUTHENTICATED, "{value}");
        }
    }
}
