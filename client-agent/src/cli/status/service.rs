//! What the service is doing, in lines.

use crate::cli::{
    Context, Outcome,
    output::{clean, human_ago, human_bytes},
};
use anyhow::Result;
use iota_agent::{
    history::show_time,
    live::status,
    monitor::{Clock, SystemClock},
};
use iota_core::live::{Resting, Stage, Status, WaitingPath, WaitingReason};
use std::{
    io::{self, Write},
    thread,
    time::Duration,
};

const REDRAW: Duration = Duration::from_secs(1);
/// Paths that a short answer names.
const NAMED: usize = 5;

/// The service, in a few lines.
pub fn lines(status: &Status, now_ms: u64) -> Vec<String> {
    let mut lines = vec![format!("Service:   {}", stage(status, now_ms))];
    if status.stage != Stage::Idle && status.files > 0 {
        lines.push(format!("           {}", progress(status, now_ms)));
    }
    if let Some(current) = &status.current {
        lines.push(format!("           reading {}", clean(current)));
    }
    lines.push(format!("Watching:  {}", coverage(status)));
    if let Some(walked_ms) = status.last_scan_ms {
        lines.push(format!("Walked:    everything, {}", human_ago(now_ms, walked_ms)));
    }
    if let Some(lost_ms) = status.lost_ms {
        let when = human_ago(now_ms, lost_ms);
        lines.push(format!(
            "           the system lost track of changes {when}; everything is looked through again soon"
        ));
    }
    if let Some((seq, at_ms)) = status.last_commit {
        lines.push(format!("Latest:    snapshot {seq}, {}", human_ago(now_ms, at_ms)));
    }
    if status.gap_count > 0 {
        lines.push(format!("Gaps:      {}; `iota backup` names them", status.gap_count));
    }
    for (place, trouble) in status.troubles.iter().enumerate() {
        let head = if place == 0 { "Errors:   " } else { "          " };
        let times = if trouble.count > 1 { format!(", {} times", trouble.count) } else { String::new() };
        lines.push(format!("{head} {}{times}: {}", human_ago(now_ms, trouble.last_ms), clean(&trouble.reason)));
    }
    lines.push(format!("Waiting:   {}", count(status.waiting, "path")));
    lines.extend(status.first.iter().take(NAMED).map(|path| format!("           {}", waiting(path, now_ms))));
    let more = status.waiting.saturating_sub(status.first.len().min(NAMED) as u64);
    if more > 0 && !status.first.is_empty() {
        lines.push(format!("           and {more} more"));
    }
    lines
}

/// Fills the screen and follows, until a signal ends it.
pub fn watch(context: &Context) -> Result<Outcome> {
    loop {
        let now_ms = SystemClock.now_ms();
        let shown = match status::read(&context.state_dir, now_ms)? {
            Some(status) => lines(&status, now_ms).join("\r\n"),
            None => "Service:   not running; `iota run` watches and backs up what changes".into(),
        };
        let mut out = io::stdout();
        // Home, the lines, and nothing below them. A terminal that has gone ends the program.
        write!(out, "\x1b[H\x1b[2J{shown}\r\n")?;
        out.flush()?;
        thread::sleep(REDRAW);
    }
}

fn stage(status: &Status, now_ms: u64) -> String {
    let until = status.until_ms.map_or(String::new(), |until_ms| format!("until {}", show_time(until_ms)));
    let since = span(now_ms.saturating_sub(status.since_ms));
    match status.stage {
        Stage::Starting => "starting".into(),
        Stage::FullBackup => format!("first backup of everything, for {since}"),
        Stage::FullScan => format!("looking through everything, for {since}"),
        Stage::Incremental => format!("backing up what changed, for {since}"),
        Stage::Idle if status.gap_count > 0 => format!(
            "idle, with {}; everything is looked through again {}",
            count(status.gap_count, "gap"),
            in_time(status.next_scan_ms, now_ms)
        ),
        Stage::Idle => format!("idle; everything is looked through again {}", in_time(status.next_scan_ms, now_ms)),
        Stage::Paused => match status.resting {
            None => format!("paused {until}; `iota resume` ends it"),
            Some(Resting::OnBattery) => format!("rests on battery, at most {until}; `iota resume` ends it"),
            Some(Resting::OnMetered) => format!("rests on a metered network, at most {until}; `iota resume` ends it"),
        },
        Stage::Offline => {
            format!("could not back up; tries again {}", in_time(status.until_ms.unwrap_or(now_ms), now_ms))
        }
    }
}

fn progress(status: &Status, now_ms: u64) -> String {
    let elapsed_s = now_ms.saturating_sub(status.since_ms) / 1000;
    let rate = status.bytes / elapsed_s.max(1);
    let left = status.left_ms(now_ms).map_or(String::new(), |left_ms| format!(", about {} left", span(left_ms)));
    let files = count(status.files, "file");
    format!("{files}, {}, {}/s{left}", human_bytes(status.bytes), human_bytes(rate))
}

fn coverage(status: &Status) -> String {
    let mut watched = format!("{} watched", directories(status.watched));
    if status.remote > 0 {
        watched +=
            &format!("; {} on network file systems: what others change there is found once an hour", status.remote);
    }
    match (status.refused, status.at_limit) {
        (0, _) => watched,
        (refused, true) => format!(
            "{watched}; {} not, as the system's limit is reached: raise fs.inotify.max_user_watches; until then changes there are found once an hour",
            directories(refused)
        ),
        (refused, false) => format!("{watched}; {} not: changes there are found once an hour", directories(refused)),
    }
}

/// Why a path waits.
pub fn waiting(path: &WaitingPath, now_ms: u64) -> String {
    let name = clean(&path.path);
    match path.reason(now_ms) {
        WaitingReason::NextSnapshot => format!("{name}  its turn comes with the next snapshot"),
        WaitingReason::GoesAlong => format!("{name}  low priority: it goes along with the next other change"),
        WaitingReason::Scheduled { opens_ms } => {
            format!("{name}  its schedule opens {}", in_time(opens_ms, now_ms))
        }
        WaitingReason::Restless { left_ms } => {
            format!("{name}  changes all the time; in {} it waits no longer", span(left_ms))
        }
        WaitingReason::Settling { quiet_ms } => {
            format!("{name}  settling, {} of {}", span(quiet_ms), span(path.settle_ms))
        }
    }
}

fn count(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn directories(count: u64) -> String {
    if count == 1 { "1 directory".into() } else { format!("{count} directories") }
}

fn in_time(then_ms: u64, now_ms: u64) -> String {
    format!("in {}", span(then_ms.saturating_sub(now_ms)))
}

/// `1:05`, `2:03:00`.
fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(first_ms: u64, last_ms: u64) -> WaitingPath {
        let path = "/a\u{1b}".into();
        let (settle_ms, longest_wait_ms, opens_ms, goes_along) = (120_000, 3_600_000, 0, false);
        WaitingPath { path, first_ms, last_ms, settle_ms, longest_wait_ms, opens_ms, goes_along }
    }

    #[test]
    fn why_a_path_waits_is_said() {
        assert_eq!(waiting(&path(0, 0), 80_000), "/a‹U+001B›  settling, 1:20 of 2:00");
        assert_eq!(waiting(&path(0, 0), 120_000), "/a‹U+001B›  its turn comes with the next snapshot");
        let scheduled = WaitingPath { opens_ms: 7_200_000, ..path(0, 0) };
        assert_eq!(waiting(&scheduled, 0), "/a‹U+001B›  its schedule opens in 2:00:00");
        let restless = waiting(&path(0, 3_590_000), 3_595_000);
        assert_eq!(restless, "/a‹U+001B›  changes all the time; in 0:05 it waits no longer");
    }

    #[test]
    fn what_is_not_watched_is_said() {
        let mut status = Status { watched: 1, ..Status::default() };
        assert_eq!(coverage(&status), "1 directory watched");
        (status.refused, status.at_limit) = (3, true);
        assert!(coverage(&status).contains("max_user_watches"));
    }

    #[test]
    fn the_service_is_told_in_lines() {
        let status = Status {
            stage: Stage::Incremental,
            since_ms: 1_000,
            files: 3,
            bytes: 4_000_000,
            current: Some("/home/ada/film".into()),
            waiting: 7,
            first: vec![path(0, 0)],
            last_commit: Some((17, 0)),
            ..Status::default()
        };
        let lines = lines(&status, 3_000);
        assert_eq!(lines[0], "Service:   backing up what changed, for 0:02");
        assert_eq!(lines[1].trim(), "3 files, 4.0 MB, 2.0 MB/s");
        assert_eq!(lines.last().unwrap().trim(), "and 6 more");
    }
}
