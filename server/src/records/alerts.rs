//! What somebody decided about missed backups, as it lies in the packs.

use iota_core::api::alerts::{ChangeAlerts, ChangeWatch, MAX_PUBLIC_NAME_CHARS};
use iota_core::id::{AccountId, SetId};
use iota_core::wire::{Reader, WireError, Writer};

use super::{RecordError, aad, flag};
use crate::host_key::{HostKey, HostKeyError};
use crate::mail::MAX_ADDRESS_BYTES;

const ALERTS_TYPE: &[u8] = b"iotabackup/alerts-record/v1\0";
const WATCH_TYPE: &[u8] = b"iotabackup/watch-record/v1\0";
/// A character has at most four bytes.
const MAX_NAME_BYTES: usize = 4 * MAX_PUBLIC_NAME_CHARS;

/// Payload of the record of how an account hears of missed backups.
///
/// # Errors
/// [`HostKeyError::Random`].
pub fn seal_alerts(key: &HostKey, account: AccountId, alerts: &ChangeAlerts) -> Result<Vec<u8>, HostKeyError> {
    let mut writer = Writer::new();
    writer.u8(alerts.mails.into()).u32(alerts.limit_hours).bytes(alerts.address.as_bytes());
    key.seal(&aad(ALERTS_TYPE, account), &writer.finish())
}

/// Opens [`seal_alerts`].
///
/// # Errors
/// [`RecordError`].
pub fn open_alerts(key: &HostKey, account: AccountId, payload: &[u8]) -> Result<ChangeAlerts, RecordError> {
    let plain = key.open(&aad(ALERTS_TYPE, account), payload)?;
    let mut reader = Reader::new(&plain);
    let (mails, limit_hours) = (flag(reader.u8()?, "mails")?, reader.u32()?);
    let address = text(reader.bytes(MAX_ADDRESS_BYTES, "address")?)?;
    reader.finish()?;
    Ok(ChangeAlerts { address, mails, limit_hours })
}

/// Payload of the record of when a backup of a set is missed, and what mails call its machine.
///
/// # Errors
/// [`HostKeyError::Random`].
pub fn seal_watch(
    key: &HostKey,
    account: AccountId,
    set: SetId,
    change: &ChangeWatch,
) -> Result<Vec<u8>, HostKeyError> {
    let mut writer = Writer::new();
    writer.raw(&set.0).u8(change.limit_hours.is_some().into()).u32(change.limit_hours.unwrap_or(0));
    writer.bytes(change.public_name.as_bytes());
    key.seal(&aad(WATCH_TYPE, account), &writer.finish())
}

/// Opens [`seal_watch`].
///
/// # Errors
/// [`RecordError`].
pub fn open_watch(key: &HostKey, account: AccountId, payload: &[u8]) -> Result<(SetId, ChangeWatch), RecordError> {
    let plain = key.open(&aad(WATCH_TYPE, account), payload)?;
    let mut reader = Reader::new(&plain);
    let set = SetId(reader.array()?);
    let limit_hours = match (flag(reader.u8()?, "limit")?, reader.u32()?) {
        (true, hours) => Some(hours),
        (false, 0) => None,
        (false, _) => return Err(WireError::Invalid("limit").into()),
    };
    let public_name = text(reader.bytes(MAX_NAME_BYTES, "public name")?)?;
    reader.finish()?;
    Ok((set, ChangeWatch { limit_hours, public_name }))
}

fn text(bytes: &[u8]) -> Result<String, WireError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| WireError::Invalid("text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: AccountId = AccountId([1; 16]);
    const SET: SetId = SetId([3; 16]);

    #[test]
    fn decisions_come_back_for_their_owner_only_and_damage_is_refused() {
        let key = HostKey::generate().unwrap();
        let alerts = ChangeAlerts { address: "ada@example.org".into(), mails: true, limit_hours: 72 };
        let payload = seal_alerts(&key, ADA, &alerts).unwrap();
        assert_eq!(open_alerts(&key, ADA, &payload).unwrap(), alerts);
        assert!(open_alerts(&key, AccountId([2; 16]), &payload).is_err() && open_watch(&key, ADA, &payload).is_err());
        let plain = key.open(&aad(ALERTS_TYPE, ADA), &payload).unwrap();
        let open = |plain: &[u8]| open_alerts(&key, ADA, &key.seal(&aad(ALERTS_TYPE, ADA), plain).unwrap());
        assert!(
            (0..plain.len()).all(|end| open(&plain[..end]).is_err()) && open(&[&plain[..], &[0]].concat()).is_err()
        );
        for limit_hours in [None, Some(0), Some(24)] {
            let change = ChangeWatch { limit_hours, public_name: "Büro".into() };
            let payload = seal_watch(&key, ADA, SET, &change).unwrap();
            assert_eq!(open_watch(&key, ADA, &payload).unwrap(), (SET, change));
            let plain = key.open(&aad(WATCH_TYPE, ADA), &payload).unwrap();
            let open = |plain: &[u8]| open_watch(&key, ADA, &key.seal(&aad(WATCH_TYPE, ADA), plain).unwrap());
            assert!((0..plain.len()).all(|end| open(&plain[..end]).is_err()));
            let mut flagged = plain.clone();
            flagged[16] ^= 1;
            assert!(open(&flagged).is_err() || limit_hours == Some(0) || limit_hours.is_none());
        }
    }
}
