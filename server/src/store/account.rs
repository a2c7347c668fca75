//! Accounts: who signs in, and with which public key.

use iota_core::id::{AccountId, Digest, VerifyingKey};
use sqlx::{PgConnection, PgPool};

use super::{Result, StoreError, id, unsigned};
use crate::host_key::{HostKey, HostKeyError};
use crate::records::{AccountRecord, seal_verifier};

/// An account without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its row.
    pub account_no: i64,
    /// The account.
    pub account: AccountId,
    /// Its login, normalised.
    pub login: String,
    /// Identity key.
    pub identity: VerifyingKey,
    /// May manage accounts.
    pub administrator: bool,
    /// Web sessions of another epoch are over.
    pub session_epoch: i32,
}

/// What is stored of a new account.
#[derive(Debug)]
pub struct NewAccount<'a> {
    record: &'a AccountRecord,
    /// Sealed with the host key.
    verifier: Vec<u8>,
    /// Sealed with the host key: [`crate::records::seal_slots`].
    slot_list: Vec<u8>,
    slots_version: u32,
}

impl<'a> NewAccount<'a> {
    /// The row of a record and its newest slot list.
    ///
    /// # Errors
    /// [`HostKeyError::Random`].
    pub fn from_record(
        record: &'a AccountRecord,
        key: &HostKey,
        sealed_slots: Vec<u8>,
        slots_version: u32,
    ) -> std::result::Result<Self, HostKeyError> {
        let verifier = seal_verifier(key, record.account, &record.verifier)?;
        Ok(Self { record, verifier, slot_list: sealed_slots, slots_version })
    }
}

struct Row {
    account_no: i64,
    account_id: Vec<u8>,
    login: String,
    identity: Vec<u8>,
    administrator: bool,
    session_epoch: i32,
}

impl Row {
    fn account(self) -> Result<Account> {
        Ok(Account {
            account_no: self.account_no,
            account: id(&self.account_id, "account")?,
            login: self.login,
            identity: id(&self.identity, "identity key")?,
            administrator: self.administrator,
            session_epoch: self.session_epoch,
        })
    }
}

/// Adds an account; `None` when its id or login is taken.
pub async fn insert(connection: &mut PgConnection, new: &NewAccount<'_>) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar!(
        "INSERT INTO account (account_id, login, identity, verifier, slot_list, slots_version, administrator, created_ms,
             record_version, recovered_ms, drilled_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $8) ON CONFLICT DO NOTHING RETURNING account_no",
        &new.record.account.0[..],
        new.record.login,
        &new.record.identity.0[..],
        new.verifier,
        new.slot_list,
        i64::from(new.slots_version),
        new.record.administrator,
        super::signed(new.record.created_ms),
        i64::from(new.record.version),
        new.record.recovered_ms.map(super::signed),
    )
    .fetch_optional(connection)
    .await?)
}

/// When an account was made, if a code made it: the one that was used at that very time.
pub async fn made_by(pool: &PgPool, account_no: i64, code: &Digest) -> Result<Option<u64>> {
    let made = sqlx::query_scalar!(
        "SELECT created_ms FROM account JOIN code ON used_ms = created_ms WHERE account_no = $1 AND code_hash = $2",
        account_no,
        &code.0[..],
    );
    made.fetch_optional(pool).await?.map(|made_ms| unsigned(made_ms, "account")).transpose()
}

/// Whether there is any account.
pub async fn exists_any(pool: &PgPool) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM account) AS "exists!""#).fetch_one(pool).await?)
}

/// The account of a row.
pub async fn find_by_no(pool: &PgPool, account_no: i64) -> Result<Option<Account>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT account_no, account_id, login, identity, administrator, session_epoch FROM account
         WHERE account_no = $1 AND NOT closed",
        account_no,
    );
    row.fetch_optional(pool).await?.map(Row::account).transpose()
}

/// The account with an id.
pub async fn find(pool: &PgPool, account: AccountId) -> Result<Option<Account>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT account_no, account_id, login, identity, administrator, session_epoch FROM account
         WHERE account_id = $1 AND NOT closed",
        &account.0[..],
    );
    row.fetch_optional(pool).await?.map(Row::account).transpose()
}

/// The account with a normalised login, and its sealed verifier.
pub async fn find_by_login(pool: &PgPool, login: &str) -> Result<Option<(Account, Vec<u8>)>> {
    let row = sqlx::query!(
        "SELECT account_no, account_id, login, identity, verifier, administrator, session_epoch FROM account
         WHERE login = $1 AND NOT closed",
        login,
    );
    let Some(row) = row.fetch_optional(pool).await? else { return Ok(None) };
    let account = Account {
        account_no: row.account_no,
        account: id(&row.account_id, "account")?,
        login: row.login,
        identity: id(&row.identity, "identity key")?,
        administrator: row.administrator,
        session_epoch: row.session_epoch,
    };
    Ok(Some((account, row.verifier)))
}

/// An account while its login is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedAccount {
    /// As it is.
    pub account: Account,
    /// When it was made.
    pub created_ms: u64,
    /// Version of its newest record.
    pub record_version: u32,
    /// When its login was last set by proof of the vault.
    pub recovered_ms: Option<u64>,
}

/// The account of a row, locked against other changes until the transaction ends.
pub async fn lock(connection: &mut PgConnection, account_no: i64) -> Result<Option<LockedAccount>> {
    let row = sqlx::query!(
        "SELECT account_no, account_id, login, identity, administrator, session_epoch, created_ms, record_version,
             recovered_ms
         FROM account WHERE account_no = $1 AND NOT closed FOR NO KEY UPDATE",
        account_no,
    );
    let Some(row) = row.fetch_optional(connection).await? else { return Ok(None) };
    let account = Account {
        account_no: row.account_no,
        account: id(&row.account_id, "account")?,
        login: row.login,
        identity: id(&row.identity, "identity key")?,
        administrator: row.administrator,
        session_epoch: row.session_epoch,
    };
    let record_version = u32::try_from(row.record_version).map_err(|_| StoreError::Damaged("account"))?;
    let recovered_ms = row.recovered_ms.map(|at_ms| unsigned(at_ms, "account")).transpose()?;
    Ok(Some(LockedAccount { account, created_ms: unsigned(row.created_ms, "account")?, record_version, recovered_ms }))
}

/// Replaces what the login is checked by (`verifier`, sealed with the host key), and begins a new session epoch, which is returned.
pub async fn set_login(
    connection: &mut PgConnection,
    account_no: i64,
    verifier: &[u8],
    record: &AccountRecord,
) -> Result<i32> {
    let epoch = sqlx::query_scalar!(
        "UPDATE account SET verifier = $2, record_version = $3, recovered_ms = $4, session_epoch = session_epoch + 1
         WHERE account_no = $1 RETURNING session_epoch",
        account_no,
        verifier,
        i64::from(record.version),
        record.recovered_ms.map(super::signed),
    );
    Ok(epoch.fetch_one(connection).await?)
}

/// The slot list of an account, sealed with the host key.
pub async fn slot_list(pool: &PgPool, account_no: i64) -> Result<Option<Vec<u8>>> {
    let list = sqlx::query_scalar!("SELECT slot_list FROM account WHERE account_no = $1", account_no);
    Ok(list.fetch_optional(pool).await?)
}

/// The same, locked against other changes until the transaction ends.
pub async fn lock_slots(connection: &mut PgConnection, account_no: i64) -> Result<Option<Vec<u8>>> {
    let list = sqlx::query_scalar!("SELECT slot_list FROM account WHERE account_no = $1 FOR NO KEY UPDATE", account_no);
    Ok(list.fetch_optional(connection).await?)
}

/// Replaces the slot list.
pub async fn set_slots(connection: &mut PgConnection, account_no: i64, version: u32, sealed: &[u8]) -> Result<()> {
    sqlx::query!(
        "UPDATE account SET slot_list = $2, slots_version = $3 WHERE account_no = $1",
        account_no,
        sealed,
        i64::from(version),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// When its owner last proved to be able to open the vault, milliseconds since 1970.
pub async fn drilled_ms(pool: &PgPool, account_no: i64) -> Result<Option<u64>> {
    let drilled = sqlx::query_scalar!("SELECT drilled_ms FROM account WHERE account_no = $1", account_no);
    drilled.fetch_optional(pool).await?.map(|at_ms| unsigned(at_ms, "account")).transpose()
}

/// Notes when that was.
pub async fn set_drilled(connection: &mut PgConnection, account_no: i64, at_ms: u64) -> Result<()> {
    let at_ms = super::signed(at_ms);
    sqlx::query!("UPDATE account SET drilled_ms = $2 WHERE account_no = $1", account_no, at_ms)
        .execute(connection)
        .await?;
    Ok(())
}

/// Accounts that want mails, whose last drill was before `before_ms`, and that were not reminded of it: each is given once.
pub async fn take_undrilled(connection: &mut PgConnection, before_ms: u64) -> Result<Vec<i64>> {
    let undrilled = sqlx::query_scalar!(
        "UPDATE account SET reminded_of_ms = drilled_ms FROM alerts
         WHERE alerts.account_no = account.account_no AND mails AND address <> '' AND NOT closed
             AND drilled_ms <= $1 AND reminded_of_ms IS DISTINCT FROM drilled_ms
         RETURNING account.account_no",
        super::signed(before_ms),
    );
    Ok(undrilled.fetch_all(connection).await?)
}
