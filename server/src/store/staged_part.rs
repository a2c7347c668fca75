//! Parts of a full reference list, kept until its commit comes.

use iota_core::id::UploadId;
use iota_core::refs::Reference;
use sqlx::PgConnection;

use super::Result;

/// Keeps part `part`; the same part again replaces it.
pub async fn put(connection: &mut PgConnection, upload: UploadId, part: u32, list: &[u8]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO staged_part (upload_id, part, list) VALUES ($1, $2, $3)
         ON CONFLICT (upload_id, part) DO UPDATE SET list = excluded.list",
        &upload.0[..],
        part as i32,
        list,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How many parts a session has.
pub async fn count(connection: &mut PgConnection, upload: UploadId) -> Result<u64> {
    let count =
        sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM staged_part WHERE upload_id = $1"#, &upload.0[..]);
    super::unsigned(count.fetch_one(connection).await?, "count")
}

/// The references of part `part`.
pub async fn find(connection: &mut PgConnection, upload: UploadId, part: u32) -> Result<Option<Vec<u8>>> {
    let found = sqlx::query_scalar!(
        "SELECT list FROM staged_part WHERE upload_id = $1 AND part = $2",
        &upload.0[..],
        part as i32,
    );
    Ok(found.fetch_optional(connection).await?)
}

/// Forgets the parts of a session.
pub async fn delete(connection: &mut PgConnection, upload: UploadId) -> Result<()> {
    sqlx::query!("DELETE FROM staged_part WHERE upload_id = $1", &upload.0[..]).execute(connection).await?;
    Ok(())
}

/// How many references all parts of a session have together.
pub async fn count_references(connection: &mut PgConnection, upload: UploadId) -> Result<u64> {
    let bytes = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(octet_length(list)), 0)::bigint AS "bytes!" FROM staged_part WHERE upload_id = $1"#,
        &upload.0[..],
    );
    Ok(super::unsigned(bytes.fetch_one(connection).await?, "length")? / Reference::BYTES as u64)
}
