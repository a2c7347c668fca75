//! The only crate of IotaBackup that holds keys: seal, open, sign, derive. Linked by the agent and the browser's Worker,
//! never by the server and never by the pages.
//!
//! Pure: randomness is an argument (`impl CryptoRng`), there is no clock and no I/O. The formulas stand at the head of
//! each module; `docs/format.md` is the authority.

pub mod body;
pub mod chunk;
pub mod chunker;
mod compress;
pub mod cut;
mod derive;
pub mod domain;
pub mod enrol;
pub mod error;
pub mod history;
mod hybrid;
pub mod keys;
pub mod kit;
pub mod label;
pub mod live;
pub mod login;
pub mod path_token;
pub mod ratchet;
pub mod restore;
pub mod retention;
mod seal;
pub mod secret;
pub mod shares;
pub mod slot;
mod text;
pub mod vectors;
pub mod words;
