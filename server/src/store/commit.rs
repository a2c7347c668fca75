//! Commits: their headers, when they were received, and where lists and body lie.

use iota_core::commit::{Flags, SignedHeader};
use iota_core::id::{HeaderHash, SetId};
use sqlx::PgConnection;

use super::chunk::place;
use super::{Result, StoreError, id, set_day, signed, unsigned};
use crate::packs::Place;

/// A commit as a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its number.
    pub seq: u64,
    /// Its hash.
    pub hash: HeaderHash,
    /// When it was received.
    pub received_ms: u64,
    /// Its header; `None` when it is lost.
    pub header: Option<SignedHeader>,
    /// The nearest base at or before it.
    pub base_seq: u64,
    /// The record of its header.
    pub record: Place,
    /// The record of its sealed body.
    pub body: Place,
    /// Sealed bytes that its state uses.
    pub live_bytes: u64,
}

/// Makes the row of a commit, and counts it on its day.
pub async fn insert(connection: &mut PgConnection, set_no: i64, commit: &Commit) -> Result<()> {
    sqlx::query!(
        "INSERT INTO commit (set_no, seq, hash, received_ms, header, base_seq, pack, position, record_bytes, body_pack,
             body_position, body_bytes, live_bytes)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        set_no,
        signed(commit.seq),
        &commit.hash.0[..],
        signed(commit.received_ms),
        commit.header.as_ref().map(SignedHeader::encode),
        signed(commit.base_seq),
        signed(commit.record.pack),
        signed(commit.record.position),
        commit.record.payload_bytes as i32,
        signed(commit.body.pack),
        signed(commit.body.position),
        commit.body.payload_bytes as i32,
        signed(commit.live_bytes),
    )
    .execute(&mut *connection)
    .await?;
    let gaps = commit.header.as_ref().is_some_and(|signed| signed.header.flags.contains(Flags::GAPS));
    set_day::count(connection, set_no, commit.received_ms, gaps).await
}

struct Row {
    seq: i64,
    hash: Vec<u8>,
    received_ms: i64,
    header: Option<Vec<u8>>,
    base_seq: i64,
    pack: i64,
    position: i64,
    record_bytes: i32,
    body_pack: i64,
    body_position: i64,
    body_bytes: i32,
    live_bytes: i64,
}

impl Row {
    fn commit(self) -> Result<Commit> {
        let header = self.header.as_deref().map(SignedHeader::decode).transpose();
        Ok(Commit {
            header: header.map_err(|_| StoreError::Damaged("header"))?,
            seq: unsigned(self.seq, "commit")?,
            hash: id(&self.hash, "commit")?,
            received_ms: unsigned(self.received_ms, "commit")?,
            base_seq: unsigned(self.base_seq, "commit")?,
            record: place(self.pack, self.position, self.record_bytes)?,
            body: place(self.body_pack, self.body_position, self.body_bytes)?,
            live_bytes: unsigned(self.live_bytes, "commit")?,
        })
    }
}

/// The commits of a set with these numbers, ascending; those that are not there are left out.
pub async fn find_all(connection: &mut PgConnection, set_no: i64, seqs: &[u64]) -> Result<Vec<Commit>> {
    let seqs: Vec<i64> = seqs.iter().map(|&seq| signed(seq)).collect();
    let rows = sqlx::query_as!(
        Row,
        "SELECT seq, hash, received_ms, header, base_seq, pack, position, record_bytes, body_pack, body_position, body_bytes,
             live_bytes
         FROM commit WHERE set_no = $1 AND seq = ANY($2) ORDER BY seq",
        set_no,
        &seqs,
    );
    rows.fetch_all(connection).await?.into_iter().map(Row::commit).collect()
}

/// A commit of a set.
pub async fn find(connection: &mut PgConnection, set_no: i64, seq: u64) -> Result<Option<Commit>> {
    Ok(find_all(connection, set_no, &[seq]).await?.pop())
}

/// At most `limit` commits of a set below `before`, newest first.
pub async fn list_before(connection: &mut PgConnection, set_no: i64, before: u64, limit: u32) -> Result<Vec<Commit>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT seq, hash, received_ms, header, base_seq, pack, position, record_bytes, body_pack, body_position, body_bytes,
             live_bytes
         FROM commit WHERE set_no = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3",
        set_no,
        signed(before),
        i64::from(limit),
    );
    rows.fetch_all(connection).await?.into_iter().map(Row::commit).collect()
}

/// A record of a commit that lies in a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitPlace {
    /// Whose.
    pub set: SetId,
    /// Which commit.
    pub seq: u64,
    /// Where.
    pub place: Place,
}

/// The highest number of a pack that records of commits lie in.
pub async fn newest_pack(connection: &mut PgConnection) -> Result<u64> {
    let newest = sqlx::query_scalar!(
        r#"SELECT greatest((SELECT max(pack) FROM commit), (SELECT max(body_pack) FROM commit), 0) AS "pack!""#
    );
    unsigned(newest.fetch_one(connection).await?, "pack")
}

/// The packs that headers and bodies lie in.
pub async fn packs(connection: &mut PgConnection) -> Result<Vec<u64>> {
    let packs = sqlx::query_scalar!(
        r#"SELECT pack AS "pack!" FROM commit WHERE pack > 0 UNION SELECT body_pack FROM commit WHERE body_pack > 0"#,
    );
    packs.fetch_all(connection).await?.into_iter().map(|pack| unsigned(pack, "pack")).collect()
}

/// What records of commits a pack should hold: headers and bodies.
pub async fn places_in(connection: &mut PgConnection, pack: u64) -> Result<Vec<CommitPlace>> {
    let rows = sqlx::query!(
        r#"SELECT set_id AS "set_id!", seq AS "seq!", pack AS "pack!", position AS "position!", record_bytes AS "bytes!"
           FROM commit JOIN backup_set USING (set_no) WHERE pack = $1
           UNION ALL
           SELECT set_id, seq, body_pack, body_position, body_bytes
           FROM commit JOIN backup_set USING (set_no) WHERE body_pack = $1"#,
        signed(pack),
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    rows.map(|row| {
        let place = place(row.pack, row.position, row.bytes)?;
        Ok(CommitPlace { set: id(&row.set_id, "set")?, seq: unsigned(row.seq, "commit")?, place })
    })
    .collect()
}
