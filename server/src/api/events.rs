//! `GET /events`: what happens in the account, as it happens.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, stream};
use iota_core::api::json::Event;
use iota_core::id::Digest;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::app_state::AppState;
use crate::auth::QuietWebSession;
use crate::error::ApiResult;
use crate::events::Subscription;
use crate::store::web_session;

/// A comment is sent when nothing else was for this long.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How often it is looked whether the session is still open.
const LOOK: Duration = Duration::from_secs(30);
/// Proxies would keep events back.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// A stream of events, beginning with one that says to ask everything. It ends with its session and does not prolong it.
///
/// # Errors
/// `too_many_requests` when the account has eight open, `unavailable`.
pub async fn show(State(state): State<AppState>, QuietWebSession(session): QuietWebSession) -> ApiResult<Response> {
    let subscription = state.events().subscribe(session.account_no)?;
    let mut look = interval_at(Instant::now() + LOOK, LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let listener = Listener { state, key: session.key, subscription, look };
    let events = stream_of(listener);
    let kept = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store")), UNBUFFERED];
    Ok((headers, kept).into_response())
}

struct Listener {
    state: AppState,
    /// Of the session.
    key: Digest,
    subscription: Subscription,
    look: Interval,
}

impl Listener {
    /// The next event; `None` when the session or the server has ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                event = self.subscription.next() => {
                    let event = event?;
                    // Sessions may have ended: this one, too.
                    let over = event == Event::Account && !self.is_open().await;
                    return (!over).then_some(event);
                }
                _ = self.look.tick() => {
                    if !self.is_open().await {
                        return None;
                    }
                }
            }
        }
    }

    /// A database that cannot be asked now ends nobody's session.
    async fn is_open(&self) -> bool {
        web_session::is_open(self.state.pool(), &self.key, self.state.now_ms()).await.unwrap_or(true)
    }
}

fn stream_of(listener: Listener) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    stream::unfold((Some(Event::Resync), listener), |(first, mut listener)| async move {
        let event = match first {
            Some(event) => event,
            None => listener.next().await?,
        };
        let message = sse::Event::default().json_data(event).unwrap_or_default();
        Some((Ok(message), (None, listener)))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::http::Method;
    use iota_core::api::json::{Bytes, ChangeLabel, CreateEnrolment, code};
    use iota_core::chain::SkipChain;
    use iota_core::id::{EnrolId, SetId};

    use super::*;
    use crate::events::MAX_STREAMS;
    use crate::store::web_session::IDLE_MS;
    use crate::test_support::{EventStream, TestAccount, TestLog, TestMachine, TestServer, object};

    async fn listen(account: &TestAccount) -> EventStream {
        let mut stream = account.browser.events().await.unwrap();
        assert_eq!(stream.next().await, Some(Event::Resync));
        stream
    }

    #[tokio::test]
    async fn an_upload_is_told_from_begin_to_commit() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let mut log = TestLog::new(TestMachine::enrol(&server, &ada).await, ada.account, 0, BTreeSet::new());
        let (mut hers, mut his) = (listen(&ada).await, listen(&bob).await);
        let set = Event::Set { set: log.machine.set };
        // Begun, going on, committed.
        log.base(&[object(1, 300)]).await;
        for _ in 0..3 {
            assert_eq!(hers.next().await, Some(set.clone()));
        }
        let label = ChangeLabel { label: Bytes(vec![1; 60]) };
        ada.browser.put(&format!("/sets/{}/label", log.machine.set), &label).await.ok();
        assert_eq!(hers.next().await, Some(set));
        bob.sign_in(&server.stranger()).await.ok();
        assert_eq!(his.next().await, Some(Event::Account), "and nothing of hers");
    }

    #[tokio::test]
    async fn an_enrolment_is_told() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let mut stream = listen(&ada).await;
        let enrol_id = EnrolId([1; 8]);
        let machine = TestMachine::draft(&server, SetId([1; 16]), 1, SkipChain::default());
        machine.meet(&server, &ada, enrol_id, machine.certificate(&ada)).await.ok();
        server.stranger().get(&format!("/enrolments/{enrol_id}/grant")).await.ok();
        let enrolment = Event::Enrolment { enrol_id };
        for wanted in [enrolment.clone(), enrolment.clone(), Event::Set { set: machine.set }, enrolment] {
            assert_eq!(stream.next().await, Some(wanted));
        }
        let enrol_id = EnrolId([2; 8]);
        ada.browser.post("/enrolments", &CreateEnrolment { enrol_id }).await.ok();
        ada.browser.send(Method::DELETE, &format!("/enrolments/{enrol_id}"), None, vec![]).await.ok();
        assert_eq!(stream.next().await, Some(Event::Enrolment { enrol_id }));
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_session() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let mut stream = listen(&ada).await;
        let other = server.stranger();
        ada.sign_in(&other).await.ok();
        assert_eq!(stream.next().await, Some(Event::Account));
        other.send(Method::DELETE, "/sessions", None, vec![]).await.ok();
        assert_eq!(stream.next().await, None);
        let refused = ada.browser.events().await.unwrap_err();
        assert_eq!(refused.code(), code::UNAUTHENTICATED);
    }

    #[tokio::test]
    async fn a_stream_does_not_prolong_its_session() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let _stream = listen(&ada).await;
        server.clock.advance_ms(IDLE_MS - 1);
        let mut late = listen(&ada).await;
        server.clock.advance_ms(1);
        server.state.events().publish(1, Event::Account);
        assert_eq!(late.next().await, None);
        assert_eq!(ada.browser.get("/session").await.code(), code::UNAUTHENTICATED);
    }

    #[tokio::test]
    async fn an_account_has_a_few_streams_and_the_server_ends_them() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let mut open = Vec::new();
        for _ in 0..MAX_STREAMS {
            open.push(listen(&ada).await);
        }
        assert_eq!(ada.browser.events().await.unwrap_err().code(), code::TOO_MANY_REQUESTS);
        listen(&bob).await;
        server.stop().await;
        for mut stream in open {
            assert_eq!(stream.next().await, None);
        }
    }
}
