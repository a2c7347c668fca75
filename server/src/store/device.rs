//! Machines: each opened a key epoch of a set by its certificate; the newest of a set writes it.

use iota_core::certificate::SignedCertificate;
use iota_core::id::DeviceId;
use sqlx::{PgConnection, PgPool};

use super::set_day;
use super::{Result, StoreError, id, signed, unsigned};
use crate::auth::Machine;

struct Row {
    account_no: i64,
    account_id: Vec<u8>,
    device_no: i64,
    device_id: Vec<u8>,
    set_no: i64,
    set_id: Vec<u8>,
    key_epoch: i32,
    first_seq: i64,
    signing_key: Vec<u8>,
    newest: bool,
}

impl Row {
    fn machine(self) -> Result<(Machine, bool)> {
        let machine = Machine {
            account_no: self.account_no,
            account: id(&self.account_id, "account")?,
            device_no: self.device_no,
            device: id(&self.device_id, "machine")?,
            set_no: self.set_no,
            set: id(&self.set_id, "set")?,
            key_epoch: u32::try_from(self.key_epoch).map_err(|_| StoreError::Damaged("key epoch"))?,
            first_seq: unsigned(self.first_seq, "first seq")?,
            signing_key: id(&self.signing_key, "machine key")?,
        };
        Ok((machine, self.newest))
    }
}

/// The machine of a row, and whether it is the newest of its set.
pub async fn find_by_no(pool: &PgPool, device_no: i64) -> Result<Option<(Machine, bool)>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT account_no, account_id, device_no, device_id, set_no, set_id, key_epoch, first_seq, signing_key,
             key_epoch = (SELECT max(key_epoch) FROM device AS other WHERE other.set_no = device.set_no) AS "newest!"
           FROM device JOIN backup_set USING (set_no) JOIN account USING (account_no)
           WHERE device_no = $1"#,
        device_no,
    );
    row.fetch_optional(pool).await?.map(Row::machine).transpose()
}

/// The machine with an id, and whether it is the newest of its set.
pub async fn find(pool: &PgPool, device: DeviceId) -> Result<Option<(Machine, bool)>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT account_no, account_id, device_no, device_id, set_no, set_id, key_epoch, first_seq, signing_key,
             key_epoch = (SELECT max(key_epoch) FROM device AS other WHERE other.set_no = device.set_no) AS "newest!"
           FROM device JOIN backup_set USING (set_no) JOIN account USING (account_no)
           WHERE device_id = $1 AND NOT revoked"#,
        &device.0[..],
    );
    row.fetch_optional(pool).await?.map(Row::machine).transpose()
}

/// Adds the machine of a certificate; `false` when its id is taken or another one has opened this key epoch.
pub async fn insert(
    connection: &mut PgConnection,
    set_no: i64,
    signed_certificate: &SignedCertificate,
    now_ms: u64,
) -> Result<bool> {
    let certificate = &signed_certificate.certificate;
    let key_epoch = i32::try_from(certificate.key_epoch).map_err(|_| StoreError::Damaged("key epoch"))?;
    let inserted = sqlx::query!(
        "INSERT INTO device (device_id, set_no, key_epoch, first_seq, signing_key, certificate, created_ms, revoked)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        &certificate.device.0[..],
        set_no,
        key_epoch,
        signed(certificate.first_seq),
        &certificate.signing_key.0[..],
        signed_certificate.encode(),
        signed(now_ms),
        certificate.is_revocation(),
    );
    Ok(inserted.execute(connection).await?.rows_affected() == 1)
}

/// Row and id of the machine that writes a set; `None` when its key was taken away.
pub async fn writer(connection: &mut PgConnection, set_no: i64) -> Result<Option<(i64, DeviceId)>> {
    let row = sqlx::query!(
        "SELECT device_no, device_id, revoked FROM device WHERE set_no = $1 ORDER BY key_epoch DESC LIMIT 1",
        set_no,
    );
    let row = row.fetch_optional(connection).await?.filter(|row| !row.revoked);
    row.map(|row| Ok((row.device_no, id(&row.device_id, "machine")?))).transpose()
}

/// Notes when a machine last proved itself.
pub async fn set_contact(connection: &mut PgConnection, device_no: i64, at_ms: u64) -> Result<()> {
    sqlx::query!("UPDATE device SET contact_ms = $2 WHERE device_no = $1", device_no, signed(at_ms))
        .execute(&mut *connection)
        .await?;
    set_day::note_contact(connection, device_no, at_ms).await
}

/// The certificates of a set, by key epoch.
pub async fn certificates(connection: &mut PgConnection, set_no: i64) -> Result<Vec<SignedCertificate>> {
    let rows = sqlx::query_scalar!("SELECT certificate FROM device WHERE set_no = $1 ORDER BY key_epoch", set_no);
    let rows = rows.fetch_all(connection).await?;
    let certificates = rows.iter().map(|bytes| SignedCertificate::decode(bytes));
    certificates.collect::<std::result::Result<_, _>>().map_err(|_| StoreError::Damaged("certificate"))
}
