//! Changing the slots of a vault: each change is a new version of the whole list, signed by the identity key.

use super::{AccountError, Written, check_password, make_key_file};
use crate::{durable::create_private_dir, remote::RemoteError, remote::http::WebSession, vault::OpenVault};
use iota_core::{
    api::json::{Bytes, ChangeSlots, code},
    id::SlotId,
    slot::{Slot, SlotKind},
};
use iota_crypto::{
    error::CryptoError,
    kit::KitPlace,
    secret::system_random,
    shares,
    slot::{SlotSecret, create, sign_list},
};
use std::path::Path;
use thiserror::Error;

/// The slots were not changed.
#[derive(Debug, Error)]
pub enum SlotsError {
    /// The server.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Keys.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// Password or file.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// There is no such slot.
    #[error("there is no way {0} to open the vault; `iota account slots` lists them")]
    Unknown(SlotId),
    /// Two ways to open a vault must stay.
    #[error("a vault keeps two ways to open it at least, so that one lost secret loses nothing; add another one first")]
    TooFew,
    /// One of them must work offline ([`SlotKind::works_offline`]).
    #[error(
        "one way to open the vault at least must work without a server, without memory and without a certain device: recovery words, a key file or shares; add a key file first"
    )]
    NoneOffline,
}

/// Result of this module.
pub type Result<T> = std::result::Result<T, SlotsError>;

/// The word for a kind of slot.
pub fn kind_word(kind: SlotKind) -> &'static str {
    match kind {
        SlotKind::Passphrase => "passphrase",
        SlotKind::RecoveryWords => "recovery-words",
        SlotKind::KeyFile => "key-file",
        SlotKind::Passkey => "passkey",
        SlotKind::Shares => "shares",
    }
}

/// Adds a key file, written to `path` before the server hears of it.
///
/// # Errors
/// [`SlotsError`].
pub fn add_key_file(session: &WebSession, vault: &OpenVault, path: &Path) -> Result<SlotId> {
    let key_file = make_key_file(vault.account, &vault.master)?;
    let mut written = Written::default();
    written.write(path, &key_file.to_text())?;
    finish(session, vault, key_file.slot, written)
}

/// Adds shares of trusted people, `threshold` of `count`: a sheet for each is written to the directory `to`, which is made when
/// it is not there, before the server hears of them.
///
/// # Errors
/// [`SlotsError`].
pub fn add_shares(
    session: &WebSession,
    vault: &OpenVault,
    (threshold, count): (u8, u8),
    to: &Path,
    place: &KitPlace<'_>,
) -> Result<SlotId> {
    let (slot, shares) = shares::create(vault.account, &vault.master, threshold, count, &mut system_random())?;
    create_private_dir(to).map_err(|source| AccountError::File { path: to.to_owned(), source })?;
    let mut written = Written::default();
    for share in shares {
        written.write(&to.join(share.file_name()), &share.to_text(place))?;
    }
    finish(session, vault, slot, written)
}

/// Whether nothing was added. When the answer was lost, or the server failed on the way, what was written may be good keys.
fn is_surely_unused(error: &SlotsError) -> bool {
    let on_the_way = [code::UNAVAILABLE, code::INTERNAL];
    matches!(error, SlotsError::Remote(RemoteError::Refused(detail)) if !on_the_way.contains(&&detail.code[..]))
}

/// Adds the slot of secrets that were written.
fn finish(session: &WebSession, vault: &OpenVault, slot: Slot, written: Written) -> Result<SlotId> {
    let id = slot.header.slot;
    let answer = add(session, vault, slot);
    if !answer.as_ref().is_err_and(is_surely_unused) {
        written.keep();
    }
    answer.map(|()| id)
}

/// Adds a passphrase.
///
/// # Errors
/// [`SlotsError`].
pub fn add_passphrase(session: &WebSession, vault: &OpenVault, passphrase: &str) -> Result<SlotId> {
    check_password(passphrase)?;
    let slot = create(vault.account, &vault.master, &SlotSecret::Passphrase(passphrase), &mut system_random())?;
    let id = slot.header.slot;
    add(session, vault, slot)?;
    Ok(id)
}

/// Removes a slot: whoever has its secret opens nothing that the server shows from then on.
///
/// # Errors
/// [`SlotsError`].
pub fn remove(session: &WebSession, vault: &OpenVault, id: SlotId) -> Result<()> {
    change(session, vault, without(&vault.slots.list.slots, id)?)
}

fn without(slots: &[Slot], id: SlotId) -> Result<Vec<Slot>> {
    let rest: Vec<Slot> = slots.iter().filter(|slot| slot.header.slot != id).cloned().collect();
    if rest.len() == slots.len() {
        return Err(SlotsError::Unknown(id));
    }
    if rest.len() < 2 {
        return Err(SlotsError::TooFew);
    }
    if !rest.iter().any(|slot| slot.header.kind.works_offline()) {
        return Err(SlotsError::NoneOffline);
    }
    Ok(rest)
}

fn add(session: &WebSession, vault: &OpenVault, slot: Slot) -> Result<()> {
    change(session, vault, [&vault.slots.list.slots[..], &[slot]].concat())
}

fn change(session: &WebSession, vault: &OpenVault, slots: Vec<Slot>) -> Result<()> {
    let version = vault.slots.list.version + 1;
    let signed = sign_list(vault.account, version, slots, &vault.master.identity(vault.account));
    Ok(session.change_slots(&ChangeSlots { slot_list: Bytes(signed.encode()) })?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::slot::SlotHeader;

    fn slots(kinds: &[SlotKind]) -> Vec<Slot> {
        let header = |number, kind| SlotHeader {
            account: iota_core::id::AccountId([1; 16]),
            slot: SlotId([number; 16]),
            generation: 1,
            kind,
            m_kib: 0,
            t: 0,
            p: 0,
            salt: [0; 16],
            nonce: [0; 24],
        };
        let slot = |(number, &kind)| Slot { header: header(number, kind), commitment: [0; 32], sealed: [0; 48] };
        (0..).zip(kinds).map(slot).collect()
    }

    #[test]
    fn a_vault_keeps_two_slots_and_one_that_works_offline() {
        use SlotKind::{KeyFile, Passkey, Passphrase, RecoveryWords, Shares};
        let id = SlotId([0; 16]);
        assert_eq!(without(&slots(&[Passphrase, RecoveryWords, KeyFile]), id).unwrap().len(), 2);
        assert!(matches!(without(&slots(&[Passphrase, RecoveryWords]), id), Err(SlotsError::TooFew)));
        let kinds = [RecoveryWords, Passphrase, Passkey];
        assert!(matches!(without(&slots(&kinds), id), Err(SlotsError::NoneOffline)));
        for offline in [RecoveryWords, KeyFile, Shares] {
            assert_eq!(without(&slots(&[RecoveryWords, offline, Passkey]), id).unwrap().len(), 2);
        }
        assert!(matches!(without(&slots(&kinds), SlotId([9; 16])), Err(SlotsError::Unknown(_))));
    }
}
