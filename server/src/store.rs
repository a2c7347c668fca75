//! All SQL, one file for each table. `Ok(None)` stands for absence; an error is the database's.

pub mod account;
pub mod alerts;
pub mod attempt;
pub mod backup_set;
pub mod challenge;
pub mod chunk;
pub mod closing;
pub mod code;
pub mod commit;
pub mod decision;
pub mod deletion;
pub mod device;
pub mod domain;
pub mod enrolment;
pub mod lock;
pub mod mail;
pub mod reference;
pub mod restore_order;
pub mod second_factor;
pub mod server;
pub mod set_day;
pub mod staged_part;
pub mod staged_reference;
pub mod sweep;
pub mod token;
pub mod upload;
pub mod watch;
pub mod web_session;

use thiserror::Error;

/// Result of a store function.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The database failed, or holds what it should not.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A statement or the connection failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A row does not fit its type.
    #[error("the database holds a damaged {0}; run `iota-server doctor`, and `iota-server rebuild` if it persists")]
    Damaged(&'static str),
}

impl StoreError {
    /// Whether the same may succeed soon: the database is starting, stopping, out of reach or overloaded.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Database(
                sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed,
            ) => true,
            // A connection that was cut in the middle of a message.
            Self::Database(sqlx::Error::Protocol(_)) => true,
            Self::Database(error) => self.sql_state(error).is_some_and(|state| is_passing_state(&state)),
            Self::Damaged(_) => false,
        }
    }

    /// Whether the database's disk is full.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Database(error) if self.sql_state(error).as_deref() == Some("53100"))
    }

    /// Whether a unique index refused the row.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Database(error) if self.sql_state(error).as_deref() == Some("23505"))
    }

    fn sql_state(&self, error: &sqlx::Error) -> Option<String> {
        error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned())
    }
}

/// Classes 08 (connection) and 57P (shutdown, start-up), too many connections, deadlock, serialisation, a lock or a statement that took too
/// long.
fn is_passing_state(state: &str) -> bool {
    state.starts_with("08")
        || state.starts_with("57P")
        || matches!(state, "53300" | "40001" | "40P01" | "55P03" | "57014")
}

/// Bytes of a row as an id.
pub fn id<T>(bytes: &[u8], what: &'static str) -> Result<T>
where
    T: for<'a> TryFrom<&'a [u8]>,
{
    T::try_from(bytes).map_err(|_| StoreError::Damaged(what))
}

/// A number of a row that cannot be negative.
pub fn unsigned(value: i64, what: &'static str) -> Result<u64> {
    u64::try_from(value).map_err(|_| StoreError::Damaged(what))
}

/// A number for a row; what exceeds a row's range is as far away as it gets.
pub fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::id::SetId;

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        assert!(StoreError::from(sqlx::Error::PoolTimedOut).is_passing());
        assert!(!StoreError::from(sqlx::Error::RowNotFound).is_passing());
        for state in ["08006", "57P01", "57P03", "40P01"] {
            assert!(is_passing_state(state), "{state}");
        }
        for state in ["23505", "42P01", "53100"] {
            assert!(!is_passing_state(state), "{state}");
        }
    }

    #[test]
    fn rows_that_do_not_fit_are_damage() {
        assert!(id::<SetId>(&[1; 16], "set").is_ok());
        assert!(matches!(id::<SetId>(&[1; 15], "set"), Err(StoreError::Damaged("set"))));
        assert!(matches!(unsigned(-1, "seq"), Err(StoreError::Damaged("seq"))));
        assert_eq!(signed(u64::MAX), i64::MAX);
    }
}
