//! The server behind this page's address. A login secret is made for one server; it is the one that this browser found here first.

use iota_core::api::json::ServerInfo;
use iota_core::vault::{Problem, ProblemKind};

use crate::api;
use crate::platform::{Platform, Store};
use crate::problem::Result;

/// Key of its id among what was seen of accounts.
const KEY: &str = "server";

/// The server, known to be the one of earlier visits.
///
/// # Errors
/// [`ProblemKind::Altered`] when it is another one; when it or what was noted of it cannot be read.
pub async fn known(platform: &impl Platform) -> Result<ServerInfo> {
    let server = api::server(platform).await?;
    let id = server.server_id.0;
    let mut new = Vec::new();
    for store in [Store::Visit, Store::Witness] {
        match platform.load(store, &[KEY.to_owned()]).await?.pop().flatten() {
            Some(before) if before != id => return Err(another()),
            Some(_) => {}
            None => new.push(store),
        }
    }
    for store in new {
        // In a private window each visit is a first one.
        let _ = platform.save(store, &[(KEY.to_owned(), &id)]).await;
    }
    Ok(server)
}

fn another() -> Problem {
    Problem::new(
        ProblemKind::Altered,
        "another server answers at this address than at your last visit, so no password was used for it; a server that was moved or restored \
         stays the same one. Ask whoever runs it; only if it was set up anew, delete this site’s data in the browser and try again",
    )
}
