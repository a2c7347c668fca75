//! Commits: their headers, when they were received, and where lists and body lie.

use iota_core::commit::{Flags, SignedHeader};
use iota_core::id::{HeaderHash, SetId};
use iota_core::retention::Point;
use sqlx::{PgConnection, PgPool};

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
             body_position, body_bytes, live_bytes, device_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
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
        commit.header.as_ref().map(|signed_header| signed(signed_header.header.device_time_ms)),
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

/// At most `limit` snapshots of a set below `before`, newest first: what went is not among them, nor what was deleted.
pub async fn list_before(connection: &mut PgConnection, set_no: i64, before: u64, limit: u32) -> Result<Vec<Commit>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT seq, hash, received_ms, header, base_seq, pack, position, record_bytes, body_pack, body_position, body_bytes,
             live_bytes
         FROM commit WHERE set_no = $1 AND seq < $2 AND kept AND NOT EXISTS (
             SELECT FROM deletion WHERE deletion.set_no = $1 AND seq BETWEEN first_seq AND last_seq)
         ORDER BY seq DESC LIMIT $3",
        set_no,
        signed(before),
        i64::from(limit),
    );
    rows.fetch_all(connection).await?.into_iter().map(Row::commit).collect()
}

/// Whether a commit of a set is a snapshot that is shown.
pub async fn is_shown(connection: &mut PgConnection, set_no: i64, seq: u64) -> Result<bool> {
    let shown = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM commit WHERE set_no = $1 AND seq = $2 AND kept AND NOT EXISTS (
             SELECT FROM deletion WHERE deletion.set_no = $1 AND $2 BETWEEN first_seq AND last_seq)) AS "shown!""#,
        set_no,
        signed(seq),
    );
    Ok(shown.fetch_one(connection).await?)
}

struct PointRow {
    seq: i64,
    received_ms: i64,
    device_ms: i64,
}

impl PointRow {
    fn point(self) -> Result<Point> {
        Ok(Point {
            seq: unsigned(self.seq, "commit")?,
            received_ms: unsigned(self.received_ms, "commit")?,
            device_ms: unsigned(self.device_ms, "commit")?,
        })
    }
}

/// Snapshots of a set that were received from `from_ms` on, at most `limit`, newest first.
pub async fn newest_points(
    connection: &mut PgConnection,
    set_no: i64,
    from_ms: u64,
    limit: usize,
) -> Result<Vec<Point>> {
    let rows = sqlx::query_as!(
        PointRow,
        r#"SELECT seq, received_ms, device_ms AS "device_ms!" FROM commit
           WHERE set_no = $1 AND kept AND received_ms >= $2 AND device_ms IS NOT NULL ORDER BY seq DESC LIMIT $3"#,
        set_no,
        signed(from_ms),
        limit as i64,
    );
    rows.fetch_all(connection).await?.into_iter().map(PointRow::point).collect()
}

/// Snapshots of a set above `after` that were received before `until_ms`, at most `limit`, ascending. One whose header is lost is none.
pub async fn points_after(
    connection: &mut PgConnection,
    set_no: i64,
    after: u64,
    until_ms: u64,
    limit: usize,
) -> Result<Vec<Point>> {
    let rows = sqlx::query_as!(
        PointRow,
        r#"SELECT seq, received_ms, device_ms AS "device_ms!" FROM commit
           WHERE set_no = $1 AND kept AND seq > $2 AND received_ms < $3 AND device_ms IS NOT NULL ORDER BY seq LIMIT $4"#,
        set_no,
        signed(after),
        signed(until_ms),
        limit as i64,
    );
    rows.fetch_all(connection).await?.into_iter().map(PointRow::point).collect()
}

/// Snapshots of a set from `first` to `last`, at most `limit`, ascending.
pub async fn kept_within(
    connection: &mut PgConnection,
    set_no: i64,
    (first, last): (u64, u64),
    limit: usize,
) -> Result<Vec<u64>> {
    let seqs = sqlx::query_scalar!(
        "SELECT seq FROM commit WHERE set_no = $1 AND kept AND seq BETWEEN $2 AND $3 ORDER BY seq LIMIT $4",
        set_no,
        signed(first),
        signed(last),
        limit as i64,
    );
    seqs.fetch_all(connection).await?.into_iter().map(|seq| unsigned(seq, "commit")).collect()
}

/// From now on these commits of a set that is locked are no snapshots.
pub async fn let_go(connection: &mut PgConnection, set_no: i64, seqs: &[u64]) -> Result<()> {
    let seqs: Vec<i64> = seqs.iter().map(|&seq| signed(seq)).collect();
    sqlx::query!("UPDATE commit SET kept = false WHERE set_no = $1 AND seq = ANY($2) AND kept", set_no, &seqs)
        .execute(connection)
        .await?;
    Ok(())
}

/// The sets with commits that are no snapshots and whose references were not looked at.
pub async fn sets_uncleared(pool: &PgPool) -> Result<Vec<i64>> {
    let sets = sqlx::query_scalar!("SELECT DISTINCT set_no FROM commit WHERE NOT kept AND NOT cleared ORDER BY set_no");
    Ok(sets.fetch_all(pool).await?)
}

/// The lowest stretch of commits of a set that are no snapshots and whose references were not looked at: the snapshots around it, 0 for
/// none below.
pub async fn uncleared(connection: &mut PgConnection, set_no: i64) -> Result<Option<(u64, Option<u64>)>> {
    let row = sqlx::query!(
        r#"WITH gone AS (SELECT seq FROM commit WHERE set_no = $1 AND NOT kept AND NOT cleared ORDER BY seq LIMIT 1)
           SELECT
               (SELECT max(commit.seq) FROM commit WHERE set_no = $1 AND kept AND commit.seq < gone.seq) AS below,
               (SELECT min(commit.seq) FROM commit WHERE set_no = $1 AND kept AND commit.seq > gone.seq) AS above
           FROM gone"#,
        set_no,
    );
    let Some(row) = row.fetch_optional(connection).await? else { return Ok(None) };
    let above = row.above.map(|seq| unsigned(seq, "commit")).transpose()?;
    Ok(Some((unsigned(row.below.unwrap_or(0), "commit")?, above)))
}

/// The lowest `limit` commits of a set between two snapshots have nothing left to look at.
pub async fn note_cleared(
    connection: &mut PgConnection,
    set_no: i64,
    below: u64,
    above: Option<u64>,
    limit: u64,
) -> Result<()> {
    sqlx::query!(
        "UPDATE commit SET cleared = true WHERE set_no = $1 AND seq IN (
             SELECT seq FROM commit WHERE set_no = $1 AND seq > $2 AND seq < $3 AND NOT kept AND NOT cleared ORDER BY seq LIMIT $4)",
        set_no,
        signed(below),
        above.map_or(i64::MAX, signed),
        signed(limit),
    )
    .execute(connection)
    .await?;
    Ok(())
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
