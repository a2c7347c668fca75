//! What a machine and its owner tell each other while both are there: status and orders. They travel sealed (`iota_crypto::live`), as JSON.
//!
//! Times are in milliseconds since 1970, by the machine's clock where nothing else is said.

use crate::{
    id::RestoreId,
    rules::{RuleCoverage, RuleFile},
};
use serde::{Deserialize, Serialize};

/// Longest sealed message, bytes.
pub const MAX_FRAME_BYTES: usize = 64 << 10;
/// Longest rules that fit into a message together with what is told of them, bytes of JSON.
pub const MAX_RULES_BYTES: usize = 32 << 10;
/// Paths that are backed up, as a status tells them, at most.
pub const MAX_ROOTS: usize = 100;
/// The bytes of those paths together, at most.
pub const MAX_ROOTS_BYTES: usize = 8 << 10;
/// A pace that was kept for a shorter time foretells nothing, milliseconds.
const FORECAST_AFTER_MS: u64 = 5_000;
/// How long a machine is thought to listen after it asked last, milliseconds.
pub const LISTENS_MS: u64 = 40_000;

/// What the service is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It begins.
    #[default]
    Starting,
    /// The first backup: everything is read.
    FullBackup,
    /// Everything is walked; what did not change is not read.
    FullScan,
    /// Paths that changed are backed up.
    Incremental,
    /// Nothing is done at the moment.
    Idle,
    /// It rests: somebody asked for it, or for the [`Resting`] that is told.
    Paused,
    /// The last attempt failed; the next one follows by itself.
    Offline,
}

/// Why a machine rests that nobody asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resting {
    /// It runs on its battery.
    OnBattery,
    /// Its network is metered.
    OnMetered,
}

/// A path that changed and waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingPath {
    /// Its name, with U+FFFD for what is no text.
    pub path: String,
    /// Its first change since it was backed up.
    pub first_ms: u64,
    /// Its last change.
    pub last_ms: u64,
    /// How long it must be quiet, milliseconds.
    pub settle_ms: u64,
    /// How long it waits at most, milliseconds.
    pub longest_wait_ms: u64,
    /// When its schedule lets it; 0: at any time.
    #[serde(default)]
    pub opens_ms: u64,
    /// It makes no snapshot of its own.
    #[serde(default)]
    pub goes_along: bool,
}

impl WaitingPath {
    /// Why it still waits at a time.
    pub fn reason(&self, now_ms: u64) -> WaitingReason {
        if self.opens_ms > now_ms {
            return WaitingReason::Scheduled { opens_ms: self.opens_ms };
        }
        let quiet_ms = now_ms.saturating_sub(self.last_ms);
        let left_ms = self.longest_wait_ms.saturating_sub(now_ms.saturating_sub(self.first_ms));
        if self.goes_along && quiet_ms >= self.settle_ms && left_ms > 0 {
            WaitingReason::GoesAlong
        } else if quiet_ms >= self.settle_ms || left_ms == 0 {
            WaitingReason::NextSnapshot
        } else if left_ms < self.settle_ms - quiet_ms {
            WaitingReason::Restless { left_ms }
        } else {
            WaitingReason::Settling { quiet_ms }
        }
    }
}

/// Why a path waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitingReason {
    /// It has not been quiet for long enough.
    Settling {
        /// How long it has been quiet, milliseconds.
        quiet_ms: u64,
    },
    /// It changes all the time; the longest wait ends first.
    Restless {
        /// When that is, in milliseconds.
        left_ms: u64,
    },
    /// It goes with the next snapshot.
    NextSnapshot,
    /// Its priority is low: it goes along when another path makes a snapshot.
    GoesAlong,
    /// Its schedule is closed.
    Scheduled {
        /// Until when.
        opens_ms: u64,
    },
}

/// What the service is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Status {
    /// The service's process.
    pub process: u32,
    /// When this was written.
    pub written_ms: u64,
    /// What it is at.
    pub stage: Stage,
    /// Since when.
    pub since_ms: u64,
    /// Files of the run under way that were looked at.
    pub files: u64,
    /// Their bytes, read or unchanged.
    pub bytes: u64,
    /// What they are expected to be at the end; 0: not known.
    #[serde(default)]
    pub expected_bytes: u64,
    /// The file that is read.
    pub current: Option<String>,
    /// Paths that wait.
    pub waiting: u64,
    /// The first of them.
    pub first: Vec<WaitingPath>,
    /// Directories that are watched.
    pub watched: u64,
    /// Directories that are not: the system refused.
    pub refused: u64,
    /// The system's limit of watched directories is reached.
    pub at_limit: bool,
    /// Of those that are watched: on a network file system, where what other machines change is not told.
    #[serde(default)]
    pub remote: u64,
    /// The last commit since the start: its number and when it was made.
    pub last_commit: Option<(u64, u64)>,
    /// What is missing from the state.
    pub gap_count: u64,
    /// The paths that its rules include, in their order: as many as [`MAX_ROOTS`] and [`MAX_ROOTS_BYTES`] let.
    #[serde(default)]
    pub roots: Vec<String>,
    /// How many more there are.
    #[serde(default)]
    pub more_roots: u64,
    /// Failures since the start by their reason, those that came last first.
    #[serde(default)]
    pub troubles: Vec<Trouble>,
    /// Since when no run has ended well, while the last one failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since_ms: Option<u64>,
    /// When the pause ends, or the next attempt is made.
    pub until_ms: Option<u64>,
    /// Why it rests, when nobody asked it to.
    #[serde(default)]
    pub resting: Option<Resting>,
    /// When everything is walked next.
    pub next_scan_ms: u64,
    /// When everything was walked last, since the start.
    #[serde(default)]
    pub last_scan_ms: Option<u64>,
    /// When the system said that it had lost events, and everything was not walked since.
    #[serde(default)]
    pub lost_ms: Option<u64>,
    /// Number of the last order that it took.
    pub last_order: u64,
    /// The restore under way that the owner ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<RestoreProgress>,
    /// Its rules, while somebody asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Box<RuleView>>,
}

/// Failures of one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Which.
    pub reason: String,
    /// How often.
    pub count: u64,
    /// When it came last.
    pub last_ms: u64,
}

impl Status {
    /// How long the run under way will go on, milliseconds, by its pace so far.
    pub fn left_ms(&self, now_ms: u64) -> Option<u64> {
        let elapsed_ms = now_ms.saturating_sub(self.since_ms);
        let left_bytes = self.expected_bytes.checked_sub(self.bytes).filter(|left| *left > 0)?;
        if elapsed_ms < FORECAST_AFTER_MS || self.bytes == 0 {
            return None;
        }
        u64::try_from(u128::from(left_bytes) * u128::from(elapsed_ms) / u128::from(self.bytes)).ok()
    }
}

/// How far a restore is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreProgress {
    /// Which.
    pub order: RestoreId,
    /// When it began.
    pub since_ms: u64,
    /// Nothing is written: the machine only looks at what it would do.
    pub dry_run: bool,
    /// Files that were begun.
    pub files: u64,
    /// Bytes of content that were written.
    pub bytes: u64,
    /// What they will be at the end; 0: not known.
    pub expected_bytes: u64,
    /// The file that was begun last.
    pub current: Option<String>,
}

/// The rules of a machine, which it tells while somebody asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleView {
    /// Those in force.
    pub rules: RuleFile,
    /// Why those that were sent last are not in force.
    pub refused: Option<String>,
    /// What rules cover, and the number of the order that asked for it.
    pub coverage: Option<(u64, RuleCoverage)>,
}

/// What the owner asks of a machine. Nothing of it touches files or commands of the machine; restores are ordered apart ([`crate::restore`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// Rest for so long, milliseconds, at most a week.
    Pause {
        /// How long.
        for_ms: u64,
    },
    /// Go on.
    Resume,
    /// Walk everything now.
    BackUpNow,
    /// Tell the rules for two minutes, and count what they cover, or what others would.
    ShowRules {
        /// The others.
        draft: Option<Box<RuleFile>>,
    },
    /// Put these rules in force.
    SetRules {
        /// They.
        rules: Box<RuleFile>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_run_goes_on() {
        let status = Status { since_ms: 1_000, bytes: 250, expected_bytes: 1_000, ..Status::default() };
        assert_eq!(status.left_ms(11_000), Some(30_000));
        assert_eq!(status.left_ms(5_999), None, "too early to tell");
        assert_eq!(Status { expected_bytes: 0, ..status.clone() }.left_ms(11_000), None);
        assert_eq!(Status { bytes: 2_000, ..status.clone() }.left_ms(11_000), None);
        assert_eq!(Status { bytes: 0, ..status }.left_ms(11_000), None);
    }

    #[test]
    fn why_a_path_waits() {
        let path = |first_ms, last_ms| WaitingPath {
            path: "/a".into(),
            first_ms,
            last_ms,
            settle_ms: 120_000,
            longest_wait_ms: 3_600_000,
            opens_ms: 0,
            goes_along: false,
        };
        assert_eq!(path(0, 0).reason(80_000), WaitingReason::Settling { quiet_ms: 80_000 });
        assert_eq!(path(0, 0).reason(120_000), WaitingReason::NextSnapshot);
        assert_eq!(path(0, 3_590_000).reason(3_595_000), WaitingReason::Restless { left_ms: 5_000 });
        assert_eq!(path(0, 3_599_000).reason(3_600_000), WaitingReason::NextSnapshot);
        let low = |now_ms| WaitingPath { goes_along: true, ..path(0, 0) }.reason(now_ms);
        assert_eq!(low(120_000), WaitingReason::GoesAlong);
        assert_eq!(low(3_600_000), WaitingReason::NextSnapshot);
        let closed = WaitingPath { opens_ms: 500_000, ..path(0, 0) };
        assert_eq!(closed.reason(499_999), WaitingReason::Scheduled { opens_ms: 500_000 });
        assert_eq!(closed.reason(500_000), WaitingReason::NextSnapshot);
        // Of a machine whose clock goes ahead.
        assert_eq!(path(9_000, 9_000).reason(0), WaitingReason::Settling { quiet_ms: 0 });
    }
}
