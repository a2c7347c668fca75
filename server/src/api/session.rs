//! `GET /session`: who is signed in.

use iota_core::api::json::SessionInfo;

use crate::auth::WebSession;
use crate::extract::Json;

/// Tells the caller who they are.
pub async fn show(session: WebSession) -> Json<SessionInfo> {
    Json(SessionInfo { account: session.account, login: session.login, administrator: session.administrator })
}
