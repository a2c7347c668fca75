//! `POST /agent/restores/{restore}/objects`.

use axum::extract::State;
use iota_core::id::{Cid, RestoreId};

use super::granted;
use crate::api::objects::{answer, parse};
use crate::app_state::AppState;
use crate::auth::Machine;
use crate::error::ApiResult;
use crate::extract::{InPath, Octets};
use crate::store::restore_order::Granted;
use crate::store::{chunk, domain};

/// Objects that the snapshot of an order uses and its grant opens, as `POST /objects/read` answers: all others are as if they were not there.
///
/// # Errors
/// `not_found`, `bad_request`, `device_replaced`, `unavailable`.
pub async fn read(
    State(state): State<AppState>,
    machine: Machine,
    InPath(restore): InPath<RestoreId>,
    Octets(body): Octets,
) -> ApiResult<Octets> {
    let wanted = parse(&body)?;
    let mut connection = state.pool().acquire().await?;
    let Granted { set_no, seq, opened } = granted(&mut connection, &machine, restore, state.now_ms()).await?;
    let cids: Vec<Cid> = wanted.iter().map(|reference| reference.cid).filter(|cid| opened.contains(cid)).collect();
    let places = match domain::find_private(&mut connection, machine.account_no).await? {
        Some(domain_no) => {
            chunk::find_at(&mut connection, (set_no, seq), domain_no, &cids).await?.into_iter().collect()
        }
        None => Default::default(),
    };
    drop(connection);
    answer(&state, &wanted, &places).await
}
