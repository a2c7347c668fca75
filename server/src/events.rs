//! What happens in an account, told to the pages that are open: an event says what to ask again, and is not the answer.
//!
//! Nothing is kept. Who was away or too slow is told to ask everything again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iota_core::api::json::{Event, code};
use iota_core::id::SetId;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};

use crate::error::ApiError;

/// Open streams of one account.
pub const MAX_STREAMS: usize = 8;
/// Events that wait for the slowest stream of an account.
const WAITING: usize = 64;
/// At most one event of an upload that goes on in this time, for each set.
const PROGRESS_MS: u64 = 1000;
/// Sets whose last progress is remembered.
const MAX_REMEMBERED: usize = 10_000;

/// See the module; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Events(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    accounts: HashMap<i64, Account>,
    progress_ms: HashMap<i64, u64>,
    closed: bool,
}

#[derive(Debug)]
struct Account {
    sender: Sender<Event>,
    streams: usize,
}

/// One stream of an account. It counts until it is dropped.
#[derive(Debug)]
pub struct Subscription {
    events: Events,
    account_no: i64,
    receiver: Receiver<Event>,
}

impl Events {
    /// Listens to an account.
    ///
    /// # Errors
    /// `too_many_requests`, `unavailable` while the server stops.
    pub fn subscribe(&self, account_no: i64) -> Result<Subscription, ApiError> {
        let mut inner = self.lock();
        if inner.closed {
            return Err(ApiError::unavailable());
        }
        let new = || Account { sender: broadcast::channel(WAITING).0, streams: 0 };
        let account = inner.accounts.entry(account_no).or_insert_with(new);
        if account.streams >= MAX_STREAMS {
            let message = "too many pages of this account listen already: close some of them";
            return Err(ApiError::new(code::TOO_MANY_REQUESTS, message).retry_after_s(30));
        }
        account.streams += 1;
        let receiver = account.sender.subscribe();
        Ok(Subscription { events: self.clone(), account_no, receiver })
    }

    /// Tells who listens to an account. Call it after the transaction of what happened.
    pub fn publish(&self, account_no: i64, event: Event) {
        if let Some(account) = self.lock().accounts.get(&account_no) {
            // It fails when nobody listens any more.
            let _ = account.sender.send(event);
        }
    }

    /// Tells that something of a set changed.
    pub fn publish_set(&self, account_no: i64, set: SetId) {
        self.publish(account_no, Event::Set { set });
    }

    /// Whether an upload of a set may tell that it goes on: once a second.
    pub fn take_progress(&self, set_no: i64, now_ms: u64) -> bool {
        let progress_ms = &mut self.lock().progress_ms;
        let is_due = |told: &u64| told.abs_diff(now_ms) >= PROGRESS_MS;
        if progress_ms.get(&set_no).is_some_and(|told| !is_due(told)) {
            return false;
        }
        if progress_ms.len() >= MAX_REMEMBERED {
            progress_ms.retain(|_, told| !is_due(told));
        }
        progress_ms.insert(set_no, now_ms);
        true
    }

    /// Ends every stream, and begins none any more.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.accounts.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// The next event; `None` when the server stops. Whoever missed some is told to ask everything again.
    pub async fn next(&mut self) -> Option<Event> {
        match self.receiver.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(_)) => Some(Event::Resync),
            Err(RecvError::Closed) => None,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut inner = self.events.lock();
        let Some(account) = inner.accounts.get_mut(&self.account_no) else { return };
        account.streams -= 1;
        if account.streams == 0 {
            inner.accounts.remove(&self.account_no);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_account_hears_its_own_events() {
        let events = Events::default();
        let (mut ada, mut bob) = (events.subscribe(1).unwrap(), events.subscribe(2).unwrap());
        events.publish(1, Event::Account);
        events.publish_set(2, SetId([1; 16]));
        assert_eq!(ada.next().await, Some(Event::Account));
        assert_eq!(bob.next().await, Some(Event::Set { set: SetId([1; 16]) }));
        events.close();
        assert_eq!(ada.next().await, None);
        assert_eq!(events.subscribe(1).unwrap_err().code(), code::UNAVAILABLE);
    }

    #[tokio::test]
    async fn whoever_is_slow_asks_again() {
        let events = Events::default();
        let mut slow = events.subscribe(1).unwrap();
        (0..=WAITING).for_each(|_| events.publish(1, Event::Account));
        assert_eq!(slow.next().await, Some(Event::Resync));
        assert_eq!(slow.next().await, Some(Event::Account));
    }

    #[test]
    fn streams_are_counted() {
        let events = Events::default();
        let open: Vec<_> = (0..MAX_STREAMS).map(|_| events.subscribe(1).unwrap()).collect();
        assert_eq!(events.subscribe(1).unwrap_err().code(), code::TOO_MANY_REQUESTS);
        events.subscribe(2).unwrap();
        drop(open);
        assert!(events.lock().accounts.is_empty());
        events.subscribe(1).unwrap();
    }

    #[test]
    fn progress_is_told_once_a_second() {
        let events = Events::default();
        let told: Vec<bool> = [0, 1, 999, 1000, 1500, 2000].map(|at| events.take_progress(1, 5_000 + at)).into();
        assert_eq!(told, [true, false, false, true, false, true]);
        assert!(events.take_progress(2, 7_000));
        assert!(events.take_progress(1, 0), "a clock that jumps back holds nothing up");
    }
}
