//! The machine's end of the sealed channel: it says how it is, as often as somebody looks, and takes orders that only its owner can have given.

use crate::{durable, remote::RemoteError};
use iota_core::{
    api::json::{Bytes, LiveAnswer, LiveReport},
    live::{Order, Stage, Status},
};
use iota_crypto::{
    keys::LiveKey,
    live::{Direction, Place, open, seal},
    secret::system_random,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

const FILE_NAME: &str = "last_order";
/// How often somebody who looks is told.
const WATCHED: Duration = Duration::from_secs(1);
/// How long the machine listens where nobody looks.
const UNWATCHED: Duration = Duration::from_secs(25);

/// The way to the server.
pub trait Line {
    /// Says how the machine is, and hears what there is to hear.
    ///
    /// # Errors
    /// [`RemoteError`].
    fn live(&self, report: &LiveReport) -> Result<LiveAnswer, RemoteError>;
}

/// See the module.
pub struct Channel<'a> {
    key: &'a LiveKey,
    place: Place,
    file: PathBuf,
    /// Number of the last order that was taken, also before the last restart: none is taken twice.
    last_order: u64,
    last_told: u64,
    told: Option<Status>,
    watched: bool,
    restores: bool,
}

impl<'a> Channel<'a> {
    /// Of the machine at `place`, which keeps in `config_dir` what it heard last.
    ///
    /// # Errors
    /// Those of the file system. A file that is damaged is one: old orders must not count as new.
    pub fn open(key: &'a LiveKey, place: Place, config_dir: &Path) -> io::Result<Self> {
        let file = config_dir.join(FILE_NAME);
        let last_order = match fs::read_to_string(&file) {
            Ok(text) => text.trim().parse().map_err(|_| {
                io::Error::other(format!(
                    "{} holds no number; write the milliseconds since 1970 into it",
                    file.display()
                ))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self { key, place, file, last_order, last_told: 0, told: None, watched: false, restores: true })
    }

    /// One question and its answer, which takes up to 25 seconds. What comes back are orders with their numbers.
    ///
    /// # Errors
    /// [`RemoteError`]; [`io::Error`] inside of it when an order cannot be noted, and is not taken.
    pub fn turn(&mut self, line: &dyn Line, mut status: Status, now_ms: u64) -> Result<Vec<(u64, Order)>, RemoteError> {
        (status.written_ms, status.last_order) = (now_ms, self.last_order);
        let is_news = self.told.as_ref().is_none_or(|told| !is_same(told, &status, self.watched));
        // What does not fit is told without the rules, and without the names of what waits.
        let frame = is_news.then(|| {
            self.seal(&status, now_ms)
                .or_else(|| self.seal(&Status { rules: None, ..status.clone() }, now_ms))
                .or_else(|| self.seal(&Status { rules: None, first: Vec::new(), ..status.clone() }, now_ms))
        });
        let frame = frame.flatten();
        let wait = if self.watched { WATCHED } else { UNWATCHED };
        let report = LiveReport { status: frame.map(Bytes), wait_ms: wait.as_millis() as u64 };
        let answer = line.live(&report)?;
        if report.status.is_some() {
            self.told = Some(status);
        }
        if answer.watched && !self.watched {
            self.told = None;
        }
        self.watched = answer.watched;
        self.restores |= answer.restores;
        Ok(answer.orders.iter().filter_map(|order| self.take(&order.0)).collect())
    }

    /// Whether orders to restore are to be looked for: at the start, when the server says so, and after something went wrong.
    pub fn take_restores(&mut self) -> bool {
        std::mem::take(&mut self.restores)
    }

    /// What the server said may have been lost, and what it was told: it may have started again.
    pub fn failed(&mut self) {
        self.restores = true;
        self.told = None;
    }

    fn seal(&mut self, status: &Status, now_ms: u64) -> Option<Vec<u8>> {
        let seq = now_ms.max(self.last_told + 1);
        self.last_told = seq;
        let json = serde_json::to_string(status).ok()?;
        seal(self.key, Direction::ToOwner, &self.place, seq, &json, &mut system_random()).ok()
    }

    /// What does not open, or was heard before, is nobody's order. One that cannot be noted is not taken.
    fn take(&mut self, frame: &[u8]) -> Option<(u64, Order)> {
        let (seq, json) = open(self.key, Direction::ToMachine, &self.place, self.last_order, frame).ok()?;
        let order = serde_json::from_str(&json).ok()?;
        durable::write(&self.file, seq.to_string().as_bytes()).ok()?;
        self.last_order = seq;
        Some((seq, order))
    }
}

/// Whether there is nothing to tell: for nobody, that the stage is the same with what keeps it from its work, and what is backed up.
fn is_same(told: &Status, status: &Status, watched: bool) -> bool {
    let rests = |status: &Status| (status.stage == Stage::Paused).then_some((status.resting, status.until_ms));
    let coarse = |status: &Status| {
        (status.stage, rests(status), status.failing_since_ms, status.last_order, status.gap_count, status.refused)
    };
    if !watched {
        return coarse(told) == coarse(status) && told.roots == status.roots;
    }
    Status { written_ms: told.written_ms, ..status.clone() } == *told
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::{
        id::{AccountId, SetId},
        live::{MAX_FRAME_BYTES, RuleView, WaitingPath},
    };
    use std::cell::RefCell;

    const PLACE: Place = Place { account: AccountId([1; 16]), set: SetId([2; 16]) };

    /// A server that answers what it is told to.
    #[derive(Default)]
    struct Answers {
        reports: RefCell<Vec<LiveReport>>,
        watched: bool,
        restores: bool,
        orders: Vec<Vec<u8>>,
    }

    impl Line for Answers {
        fn live(&self, report: &LiveReport) -> Result<LiveAnswer, RemoteError> {
            self.reports.borrow_mut().push(report.clone());
            Ok(LiveAnswer {
                watched: self.watched,
                orders: self.orders.iter().cloned().map(Bytes).collect(),
                restores: self.restores,
            })
        }
    }

    fn key() -> LiveKey {
        LiveKey::from_bytes([7; 32])
    }

    fn order(seq: u64, json: &str) -> Vec<u8> {
        seal(&key(), Direction::ToMachine, &PLACE, seq, json, &mut system_random()).unwrap()
    }

    #[test]
    fn orders_are_taken_once_and_from_the_owner_only() {
        let (directory, key) = (tempfile::tempdir().unwrap(), key());
        let stranger = LiveKey::from_bytes([8; 32]);
        let forged = seal(&stranger, Direction::ToMachine, &PLACE, 9, r#"{"order":"resume"}"#, &mut system_random());
        let orders = vec![
            order(5, r#"{"order":"back-up-now"}"#),
            order(5, r#"{"order":"back-up-now"}"#),
            order(4, r#"{"order":"resume"}"#),
            forged.unwrap(),
            order(6, r#"{"order":"run","command":"rm"}"#),
            order(7, r#"{"order":"pause","for_ms":1000}"#),
        ];
        let line = Answers { orders, ..Answers::default() };
        let mut channel = Channel::open(&key, PLACE, directory.path()).unwrap();
        let taken = channel.turn(&line, Status::default(), 1).unwrap();
        assert_eq!(taken, [(5, Order::BackUpNow), (7, Order::Pause { for_ms: 1000 })]);
        // Also after a restart.
        let mut channel = Channel::open(&key, PLACE, directory.path()).unwrap();
        assert_eq!(channel.turn(&line, Status::default(), 1).unwrap(), []);
        fs::write(directory.path().join(FILE_NAME), "x").unwrap();
        assert!(Channel::open(&key, PLACE, directory.path()).is_err());
    }

    #[test]
    fn who_looks_is_told_every_second_what_is_new_and_nobody_else_is() {
        let (directory, key) = (tempfile::tempdir().unwrap(), key());
        let mut channel = Channel::open(&key, PLACE, directory.path()).unwrap();
        let mut line = Answers::default();
        let status = |files| Status { files, stage: Stage::FullScan, written_ms: files, ..Status::default() };
        let mut turn = |line: &Answers, files| {
            channel.turn(line, status(files), 100).unwrap();
            let report = line.reports.borrow_mut().pop().unwrap();
            (report.status.is_some(), report.wait_ms)
        };
        assert_eq!(turn(&line, 1), (true, 25_000));
        assert_eq!(turn(&line, 2), (false, 25_000), "the stage is the same");
        line.watched = true;
        assert_eq!(turn(&line, 3), (false, 25_000));
        assert_eq!(turn(&line, 3), (true, 1_000));
        assert_eq!(turn(&line, 3), (false, 1_000));
        assert_eq!(turn(&line, 4), (true, 1_000));
    }

    #[test]
    fn a_server_that_may_have_started_again_is_told_again() {
        let (directory, key) = (tempfile::tempdir().unwrap(), key());
        let mut channel = Channel::open(&key, PLACE, directory.path()).unwrap();
        let line = Answers::default();
        let tells = |channel: &mut Channel| {
            channel.turn(&line, Status::default(), 100).unwrap();
            line.reports.borrow_mut().pop().unwrap().status.is_some()
        };
        assert!(tells(&mut channel) && !tells(&mut channel));
        channel.failed();
        assert!(tells(&mut channel) && !tells(&mut channel));
    }

    #[test]
    fn who_does_not_look_now_hears_how_long_a_pause_is_and_that_runs_fail() {
        let (directory, key) = (tempfile::tempdir().unwrap(), key());
        let mut channel = Channel::open(&key, PLACE, directory.path()).unwrap();
        let line = Answers::default();
        let mut told = |status: Status| {
            channel.turn(&line, status, 100).unwrap();
            line.reports.borrow_mut().pop().unwrap().status.is_some()
        };
        let paused = |until_ms| Status { stage: Stage::Paused, until_ms: Some(until_ms), ..Status::default() };
        assert!(told(paused(1)) && !told(paused(1)) && told(paused(2)));
        assert!(told(Status { resting: Some(iota_core::live::Resting::OnBattery), ..paused(2) }));
        let offline = |until_ms, since_ms| Status {
            stage: Stage::Offline,
            until_ms: Some(until_ms),
            failing_since_ms: Some(since_ms),
            ..Status::default()
        };
        assert!(told(offline(1, 1)) && !told(offline(2, 1)), "each attempt is no news");
        assert!(told(offline(2, 2)));
    }

    #[test]
    fn a_word_that_does_not_fit_is_told_without_what_is_long() {
        let (directory, key) = (tempfile::tempdir().unwrap(), key());
        let mut channel = Channel::open(&key, PLACE, directory.path()).unwrap();
        let line = Answers::default();
        let mut told = |status: Status| {
            channel.turn(&line, status, 100).unwrap();
            let frame = line.reports.borrow_mut().pop().unwrap().status.unwrap();
            let (_, json) = open(&key, Direction::ToOwner, &PLACE, 0, &frame.0).unwrap();
            serde_json::from_str::<Status>(&json).unwrap()
        };
        let waits = |length| WaitingPath {
            path: "a".repeat(length),
            first_ms: 1,
            last_ms: 1,
            settle_ms: 1,
            longest_wait_ms: 1,
            opens_ms: 0,
            goes_along: false,
        };
        let long = RuleView { refused: Some("a".repeat(MAX_FRAME_BYTES)), ..RuleView::default() };
        let status = |files, length| Status {
            stage: Stage::FullScan,
            gap_count: files,
            first: vec![waits(length)],
            rules: Some(Box::new(long.clone())),
            roots: vec!["/home/ada".into()],
            ..Status::default()
        };
        let without_rules = told(status(1, 10));
        assert_eq!((without_rules.rules, without_rules.first.len()), (None, 1));
        let shortest = told(status(2, MAX_FRAME_BYTES));
        assert_eq!((shortest.gap_count, &*shortest.roots[0], shortest.first.len()), (2, "/home/ada", 0));
    }

    #[test]
    fn restores_are_looked_for_at_the_start_when_the_server_says_so_and_after_failures() {
        let (directory, key) = (tempfile::tempdir().unwrap(), key());
        let mut channel = Channel::open(&key, PLACE, directory.path()).unwrap();
        assert!(channel.take_restores() && !channel.take_restores());
        channel.turn(&Answers::default(), Status::default(), 1).unwrap();
        assert!(!channel.take_restores());
        channel.turn(&Answers { restores: true, ..Answers::default() }, Status::default(), 2).unwrap();
        assert!(channel.take_restores() && !channel.take_restores());
        channel.failed();
        assert!(channel.take_restores());
    }

    #[test]
    fn what_is_told_opens_for_the_owner_with_rising_numbers() {
        let (directory, key) = (tempfile::tempdir().unwrap(), key());
        let mut channel = Channel::open(&key, PLACE, directory.path()).unwrap();
        let line = Answers { watched: true, ..Answers::default() };
        let mut last = 0;
        for files in [1, 2, 3] {
            // A clock that stands still.
            channel.turn(&line, Status { files, ..Status::default() }, 100).unwrap();
            let report = line.reports.borrow_mut().pop().unwrap();
            let Some(frame) = report.status else { continue };
            let (seq, json) = open(&key, Direction::ToOwner, &PLACE, last, &frame.0).unwrap();
            assert_eq!(serde_json::from_str::<Status>(&json).unwrap().files, files);
            last = seq;
        }
        assert_eq!(last, 102);
    }
}
