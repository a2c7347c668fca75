//! Restores that the owner ordered, as the machine sees them. All answer `not_found` when the order was cancelled, is over, or is another
//! machine's.

pub mod end;
pub mod list;
pub mod objects;
pub mod segment;

use iota_core::id::RestoreId;
use sqlx::PgConnection;

use crate::auth::Machine;
use crate::error::{ApiError, ApiResult};
use crate::store::restore_order::{self, Granted};

/// What an open order lets a machine read.
async fn granted(
    connection: &mut PgConnection,
    machine: &Machine,
    restore: RestoreId,
    now_ms: u64,
) -> ApiResult<Granted> {
    restore_order::find_open(connection, machine.device_no, restore, now_ms).await?.ok_or_else(no_order)
}

fn no_order() -> ApiError {
    ApiError::not_found("open order to restore")
}
