//! Sealed messages between machines and their owners' pages, passed on unread. Of each machine the last word is held in memory, also when it has gone:
//! one that failed does not look well because it was switched off. After a restart machines say again how they are. An order is for a machine that
//! listens.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use iota_core::api::json::{Bytes, LiveAnswer, LiveState};
use iota_core::live::LISTENS_MS;
use tokio::sync::Notify;

/// How long a page that asked is thought to look, milliseconds.
const LOOKS_MS: u64 = 30_000;
/// Orders that wait for one machine.
const MAX_ORDERS: usize = 8;
/// What machines said last that are gone takes at most so many bytes of memory; the oldest words go first.
const MAX_KEPT_BYTES: usize = 64 << 20;
/// Longest wait of a machine for orders.
pub const MAX_WAIT: Duration = Duration::from_secs(25);

/// See the module; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Relay(Arc<Mutex<HashMap<i64, Channel>>>);

/// One machine's, by the row of its set.
#[derive(Debug, Default)]
struct Channel {
    status: Option<(Bytes, u64)>,
    orders: VecDeque<Bytes>,
    /// Restores were ordered or cancelled since the machine asked last.
    restores: bool,
    /// When the machine asked last.
    heard_ms: Option<u64>,
    /// When a page asked last.
    looked_ms: Option<u64>,
    woken: Arc<Notify>,
}

impl Channel {
    fn is_watched(&self, now_ms: u64) -> bool {
        self.looked_ms.is_some_and(|looked_ms| now_ms.saturating_sub(looked_ms) < LOOKS_MS)
    }

    fn listens(&self, now_ms: u64) -> bool {
        self.heard_ms.is_some_and(|heard_ms| now_ms.saturating_sub(heard_ms) < LISTENS_MS)
    }

    fn is_of_use(&self, now_ms: u64) -> bool {
        self.status.is_some() || self.is_watched(now_ms) || self.listens(now_ms) || self.restores
    }
}

impl Relay {
    /// A machine says how it is, if it does, and hears whether anybody looks.
    pub fn report(&self, set_no: i64, status: Option<Bytes>, now_ms: u64) -> bool {
        let mut channels = self.lock();
        channels.retain(|_, channel| channel.is_of_use(now_ms));
        forget_beyond(&mut channels, MAX_KEPT_BYTES, now_ms);
        let channel = channels.entry(set_no).or_default();
        channel.heard_ms = Some(now_ms);
        if let Some(status) = status {
            channel.status = Some((status, now_ms));
        }
        channel.is_watched(now_ms)
    }

    /// Waits until there are orders, or a page begins to look, for at most `wait`; takes the orders.
    pub async fn listen(&self, set_no: i64, wait: Duration, now_ms: impl Fn() -> u64) -> LiveAnswer {
        let was_watched = self.with(set_no, |channel| channel.is_watched(now_ms()));
        let wait = tokio::time::sleep(wait.min(MAX_WAIT));
        tokio::pin!(wait);
        loop {
            let woken = self.with(set_no, |channel| Arc::clone(&channel.woken));
            let notified = woken.notified();
            tokio::pin!(notified);
            // From here on no wake is missed.
            notified.as_mut().enable();
            let answer = self.with(set_no, |channel| {
                channel.heard_ms = Some(now_ms());
                let restores = std::mem::take(&mut channel.restores);
                LiveAnswer {
                    watched: channel.is_watched(now_ms()),
                    orders: channel.orders.drain(..).collect(),
                    restores,
                }
            });
            if !answer.orders.is_empty() || answer.restores || answer.watched && !was_watched {
                return answer;
            }
            tokio::select! {
                () = &mut notified => {}
                () = &mut wait => return answer,
            }
        }
    }

    /// A page looks: what the machine said last. Machines that listen hear of it at once.
    pub fn look(&self, set_no: i64, now_ms: u64) -> LiveState {
        self.with(set_no, |channel| {
            if !channel.is_watched(now_ms) {
                channel.woken.notify_waiters();
            }
            channel.looked_ms = Some(now_ms);
            let listens = channel.listens(now_ms);
            let (status, received_ms) = channel.status.clone().unzip();
            LiveState { listens, status, received_ms }
        })
    }

    /// What the machine said last, if it said anything. Nobody looks by that.
    pub fn last(&self, set_no: i64, now_ms: u64) -> Option<LiveState> {
        let channels = self.lock();
        let channel = channels.get(&set_no)?;
        let (status, received_ms) = channel.status.clone()?;
        Some(LiveState { listens: channel.listens(now_ms), status: Some(status), received_ms: Some(received_ms) })
    }

    /// Passes an order on. Says whether the machine listens and has room for it.
    pub fn order(&self, set_no: i64, order: Bytes, now_ms: u64) -> bool {
        self.with(set_no, |channel| {
            let taken = channel.listens(now_ms) && channel.orders.len() < MAX_ORDERS;
            if taken {
                channel.orders.push_back(order);
                channel.woken.notify_waiters();
            }
            taken
        })
    }

    /// Restores were ordered or cancelled: the machine hears of it at once, or when it comes back.
    pub fn note_restores(&self, set_no: i64) {
        self.with(set_no, |channel| {
            channel.restores = true;
            channel.woken.notify_waiters();
        });
    }

    fn with<T>(&self, set_no: i64, work: impl FnOnce(&mut Channel) -> T) -> T {
        work(self.lock().entry(set_no).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Channel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the oldest words of machines that are gone until the others take `most` bytes.
fn forget_beyond(channels: &mut HashMap<i64, Channel>, most: usize, now_ms: u64) {
    let of_gone = |channel: &Channel| match &channel.status {
        Some((word, received_ms)) if !channel.listens(now_ms) => Some((*received_ms, word.0.len())),
        _ => None,
    };
    let mut gone: Vec<_> = channels.iter().filter_map(|(&set_no, channel)| Some((of_gone(channel)?, set_no))).collect();
    let mut bytes: usize = gone.iter().map(|((_, length), _)| length).sum();
    if bytes <= most {
        return;
    }
    gone.sort_unstable();
    for ((_, length), set_no) in gone {
        if bytes <= most {
            break;
        }
        bytes -= length;
        if let Some(channel) = channels.get_mut(&set_no) {
            channel.status = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_machines_that_are_gone_take_no_more_than_their_share() {
        let relay = Relay::default();
        for set_no in 1..=4 {
            relay.report(set_no, Some(Bytes(vec![0; 10])), set_no as u64);
        }
        relay.report(5, Some(Bytes(vec![0; 100])), LISTENS_MS + 10);
        forget_beyond(&mut relay.lock(), 25, LISTENS_MS + 10);
        let kept: Vec<_> = (1..=5).filter(|&set_no| relay.last(set_no, LISTENS_MS + 10).is_some()).collect();
        assert_eq!(kept, [3, 4, 5], "the oldest go, and none that is there");
    }

    fn frame(byte: u8) -> Bytes {
        Bytes(vec![byte])
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_reaches_a_machine_that_listens_at_once_and_no_other() {
        let relay = Relay::default();
        assert!(!relay.order(1, frame(1), 0), "nobody listens");
        assert!(!relay.report(1, None, 100_000));
        let listening = tokio::spawn({
            let relay = relay.clone();
            async move { relay.listen(1, MAX_WAIT, || 100_000).await }
        });
        tokio::task::yield_now().await;
        assert!(relay.order(1, frame(7), 100_001));
        assert_eq!(listening.await.unwrap().orders, [frame(7)]);
        assert!(relay.listen(1, Duration::ZERO, || 100_002).await.orders.is_empty(), "once");
        for number in 0..MAX_ORDERS {
            assert!(relay.order(1, frame(number as u8), 100_003));
        }
        assert!(!relay.order(1, frame(9), 100_003), "there is no room");
        assert!(!relay.order(1, frame(9), 100_003 + LISTENS_MS), "it went away");
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_hears_of_restores_once_also_when_it_was_away() {
        let relay = Relay::default();
        relay.note_restores(1);
        relay.report(2, None, 10 * LISTENS_MS);
        assert!(relay.listen(1, MAX_WAIT, || 10 * LISTENS_MS).await.restores);
        let listening = tokio::spawn({
            let relay = relay.clone();
            async move { relay.listen(1, MAX_WAIT, || 10 * LISTENS_MS).await }
        });
        tokio::task::yield_now().await;
        assert!(!listening.is_finished(), "it was told");
        relay.note_restores(1);
        assert!(listening.await.unwrap().restores);
        assert!(!relay.listen(1, Duration::ZERO, || 10 * LISTENS_MS).await.restores);
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_hears_when_somebody_begins_to_look() {
        let relay = Relay::default();
        relay.report(1, Some(frame(3)), 1_000_000);
        let listening = tokio::spawn({
            let relay = relay.clone();
            async move { relay.listen(1, MAX_WAIT, || 1_000_000).await }
        });
        tokio::task::yield_now().await;
        let seen = relay.look(1, 1_000_000);
        assert_eq!(seen, LiveState { listens: true, status: Some(frame(3)), received_ms: Some(1_000_000) });
        assert!(listening.await.unwrap().watched);
        // It goes on looking: the machine is not woken again, and waits as long as it wants.
        relay.look(1, 1_000_001);
        assert!(relay.listen(1, Duration::from_secs(1), || 1_000_001).await.watched);
        assert!(!relay.report(1, None, 1_000_001 + LOOKS_MS));
        // It went away, and others come: what it said last is there still.
        relay.report(2, None, 9_000_000);
        let said = LiveState { listens: false, status: Some(frame(3)), received_ms: Some(1_000_000) };
        assert_eq!(relay.last(1, 9_000_000), Some(said));
        assert_eq!(relay.look(3, 5), LiveState { listens: false, status: None, received_ms: None });
    }
}
