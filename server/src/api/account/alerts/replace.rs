//! `PUT /account/alerts`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::alerts::ChangeAlerts;
use iota_core::api::json::Event;

use crate::alerts::{tell_moved, warned};
use crate::api::sets::require_limit;
use crate::app_state::AppState;
use crate::auth::{FreshWebSession, lock_account};
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::mail::parse_address;
use crate::packs::RecordKind;
use crate::records::seal_alerts;
use crate::store::alerts;

/// Notes where mails go and when. The same again is fine. Where warnings went before and do not go any more, a mail says so.
///
/// # Errors
/// `bad_request` for an address that is none or a limit beyond a year, `unauthenticated` when the session has ended
/// meanwhile, `no_space`.
pub async fn replace(
    State(state): State<AppState>,
    FreshWebSession(session): FreshWebSession,
    Json(change): Json<ChangeAlerts>,
) -> ApiResult<StatusCode> {
    require_limit(change.limit_hours)?;
    if change.address.is_empty() {
        if change.mails {
            return Err(ApiError::bad_request("mails need an address: give one, or switch them off"));
        }
    } else if parse_address(&change.address).is_none() {
        return Err(ApiError::bad_request("this is no e-mail address: give one alone, without a name around it"));
    }
    let mut transaction = state.pool().begin().await?;
    lock_account(&mut transaction, &session, &state).await?;
    let before = warned(&state, &mut transaction, session.account_no).await?;
    if alerts::set(&mut transaction, session.account_no, &change).await? {
        tell_moved(&state, &mut transaction, session.account_no, before).await?;
        let record = seal_alerts(state.host_key(), session.account, &change)?;
        state.decide(transaction, session.account, vec![(RecordKind::Alerts, record)]).await?;
    }
    // Other limits make other machines missed, so everything is asked again.
    state.events().publish(session.account_no, Event::Resync);
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use iota_core::api::alerts::{Alerts, DEFAULT_LIMIT_HOURS, MAX_LIMIT_HOURS};
    use iota_core::api::json::code;

    use super::*;
    use crate::test_support::{PostOffice, TestAccount, TestServer};

    fn change(address: &str) -> ChangeAlerts {
        ChangeAlerts { address: address.into(), mails: true, limit_hours: 24 }
    }

    #[tokio::test]
    async fn nobody_gets_mails_before_asking_for_them() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let shown: Alerts = ada.browser.get("/account/alerts").await.json();
        let nothing = Alerts {
            address: String::new(),
            mails: false,
            limit_hours: DEFAULT_LIMIT_HOURS,
            can_mail: false,
            warned: None,
        };
        assert_eq!(shown, nothing);
        for _ in 0..2 {
            ada.browser.put("/account/alerts", &change("ada@example.org")).await.ok();
        }
        let shown: Alerts = ada.browser.get("/account/alerts").await.json();
        assert_eq!((shown.address.as_str(), shown.mails, shown.limit_hours), ("ada@example.org", true, 24));
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        assert_eq!(bob.browser.get("/account/alerts").await.json::<Alerts>(), nothing);
    }

    #[tokio::test]
    async fn where_a_warning_would_go_is_shown() {
        let post = PostOffice::open().await;
        let server = TestServer::start_with_mail(post.mailer()).await;
        let ada = TestAccount::first(&server).await;
        let warned = async || ada.browser.get("/account/alerts").await.json::<Alerts>().warned;
        assert_eq!(warned().await.as_deref(), Some("ada@example.org"), "nothing was decided, so it is the login");
        ada.browser.put("/account/alerts", &change("alerts@example.org")).await.ok();
        assert_eq!(warned().await.as_deref(), Some("alerts@example.org"));
        let off = ChangeAlerts { mails: false, ..change("alerts@example.org") };
        ada.browser.put("/account/alerts", &off).await.ok();
        assert_eq!(warned().await, None);
        // Not every login is an address.
        sqlx::query("DELETE FROM alerts").execute(server.pool()).await.unwrap();
        sqlx::query("UPDATE account SET login = 'ada'").execute(server.pool()).await.unwrap();
        assert_eq!(warned().await, None);
    }

    #[tokio::test]
    async fn what_is_no_address_or_no_limit_is_refused() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let long = format!("{}@example.org", "a".repeat(250));
        let beyond = ChangeAlerts { limit_hours: MAX_LIMIT_HOURS + 1, ..change("ada@example.org") };
        let injected = ["a@b.org\r\nBcc: eve@example.org", "a@b.org>\r\nRCPT TO:<eve@example.org", "a@b.org,c@d.org"];
        let changes = injected.into_iter().chain(["", "ada", "Ada <ada@example.org>", &long]).map(change);
        for change in changes.chain([beyond]) {
            let refused = ada.browser.put("/account/alerts", &change).await;
            assert_eq!(refused.code(), code::BAD_REQUEST, "{change:?}");
        }
        assert!(!ada.browser.get("/account/alerts").await.json::<Alerts>().mails);
        let off = ChangeAlerts { mails: false, limit_hours: 0, ..change("") };
        ada.browser.put("/account/alerts", &off).await.ok();
    }
}
