//! Login is not unlock: what the server checks is derived from the password and gives it nothing to open with.
//!
//! ```text
//! salt        = derive("… login salt", login ‖ server_id)[..16]
//! auth_secret = derive("… login auth", Argon2id(NFKC(password), salt, 64 MiB, t=3, p=1) ‖ login ‖ server_id)
//! ```
//! `login` is its normalised form ([`iota_core::api::normalise_login`]).

use crate::{
    derive::{context, derive},
    error::Result,
    slot::argon2id,
};
use iota_core::{
    api::normalise_login,
    id::{Digest, ServerId},
};

/// What is sent in place of the password.
///
/// # Errors
/// [`crate::error::CryptoError::System`] when the machine has no memory for Argon2id.
pub fn auth_secret(login: &str, password: &str, server: ServerId) -> Result<Digest> {
    let login = normalise_login(login);
    let salt = derive(context!("login salt"), &[login.as_bytes(), &server.0]);
    let stretched = argon2id(password, &salt[..16], 64 << 10, 3, 1)?;
    Ok(Digest(derive(context!("login auth"), &[&stretched, login.as_bytes(), &server.0])))
}
