//! Shows a run to whoever watches.
//!
//! On a terminal one bar with files, bytes, rate and (when the total is known) the time left; elsewhere a line every
//! half minute; nothing at all when nobody wants to know.

use crate::cli::output::{clean, human_bytes};
use indicatif::{ProgressBar, ProgressStyle};
use iota_agent::monitor::{Monitor, Stage};
use iota_core::{commit::Gap, path::TreePath};
use std::{
    io::{IsTerminal, Write},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const LINE_EVERY: Duration = Duration::from_secs(30);
const FRAME_EVERY: Duration = Duration::from_millis(100);

/// See the module. Clears the bar when it is dropped.
pub struct Progress {
    face: Face,
    files: AtomicU64,
    bytes: AtomicU64,
    gaps: AtomicU64,
    /// Bytes altogether; 0 while nobody knows.
    total_bytes: AtomicU64,
    begun: Instant,
    last: Mutex<(Instant, Option<Stage>)>,
}

enum Face {
    Nobody,
    Terminal(ProgressBar),
    Lines,
}

impl Progress {
    /// Begins to show; `total_bytes` is what will be done altogether, when that is known.
    pub fn start(wanted: bool, total_bytes: Option<u64>) -> Self {
        let face = if !wanted {
            Face::Nobody
        } else if std::io::stderr().is_terminal() {
            Face::Terminal(bar(total_bytes))
        } else {
            Face::Lines
        };
        let (zero, now) = (|| AtomicU64::new(0), Instant::now());
        let (files, bytes, gaps) = (zero(), zero(), zero());
        let total_bytes = AtomicU64::new(total_bytes.unwrap_or(0));
        Self { face, files, bytes, gaps, total_bytes, begun: now, last: Mutex::new((now, None)) }
    }

    /// Whether anybody looks.
    pub fn is_shown(&self) -> bool {
        !matches!(self.face, Face::Nobody)
    }

    /// From here on it is known how much will be done altogether.
    pub fn expect(&self, total_bytes: u64) {
        self.total_bytes.store(total_bytes, Ordering::Relaxed);
        if let Face::Terminal(bar) = &self.face {
            bar.set_length(total_bytes);
            bar.set_style(style(KNOWN));
        }
    }

    fn show(&self) {
        let every = match self.face {
            Face::Nobody => return,
            Face::Terminal(_) => FRAME_EVERY,
            Face::Lines => LINE_EVERY,
        };
        // Another thread that shows at the same moment is enough.
        let Ok(mut last) = self.last.try_lock() else { return };
        if last.0.elapsed() < every {
            return;
        }
        last.0 = Instant::now();
        match &self.face {
            Face::Nobody => {}
            Face::Terminal(bar) => {
                bar.set_position(self.bytes.load(Ordering::Relaxed));
                bar.set_prefix(format!("{} files", self.files.load(Ordering::Relaxed)));
            }
            Face::Lines => self.line(),
        }
    }

    fn line(&self) {
        let total_bytes = Some(self.total_bytes.load(Ordering::Relaxed)).filter(|&total| total > 0);
        let bytes = self.bytes.load(Ordering::Relaxed);
        let rate = (bytes as f64 / self.begun.elapsed().as_secs_f64().max(0.001)) as u64;
        let total = total_bytes.map_or(String::new(), |total| format!(" of {}", human_bytes(total)));
        let left = total_bytes
            .filter(|_| rate > 0)
            .map_or(String::new(), |total| format!(", {} s left", total.saturating_sub(bytes) / rate));
        let files = self.files.load(Ordering::Relaxed);
        say(&format!("{files} files, {}{total}, {}/s{left}", human_bytes(bytes), human_bytes(rate)));
    }
}

const KNOWN: &str = "{msg} [{bar:24}] {prefix}, {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
const UNKNOWN: &str = "{spinner} {msg} {prefix}, {bytes}, {bytes_per_sec}, {elapsed}";

fn bar(total_bytes: Option<u64>) -> ProgressBar {
    let (bar, template) = match total_bytes {
        Some(total) => (ProgressBar::new(total), KNOWN),
        None => (ProgressBar::new_spinner(), UNKNOWN),
    };
    bar.set_style(style(template));
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are fixed and tested").progress_chars("=> ")
}

fn say(line: &str) {
    // Nobody may be there to read.
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Scan => "Reading",
        Stage::Base => "Writing the whole state",
        Stage::Commit => "Committing",
        Stage::Restore => "Restoring",
        Stage::Verify => "Verifying",
    }
}

impl Monitor for Progress {
    fn stage(&self, stage: Stage) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.1 == Some(stage) {
            return;
        }
        last.1 = Some(stage);
        match &self.face {
            Face::Nobody => {}
            Face::Terminal(bar) => bar.set_message(word(stage)),
            Face::Lines => say(word(stage)),
        }
    }

    fn file(&self, _path: &TreePath, _bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.show();
    }

    fn unchanged(&self, bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.progress(bytes);
    }

    fn progress(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.show();
    }

    fn gap(&self, gap: &Gap) {
        const MOST: u64 = 100;
        let line = || format!("gap: /{} ({})", clean(&String::from_utf8_lossy(&gap.path)), gap.reason.as_str());
        match (&self.face, self.gaps.fetch_add(1, Ordering::Relaxed)) {
            (Face::Nobody, _) | (_, MOST..) => {}
            (Face::Terminal(bar), _) => bar.println(line()),
            (Face::Lines, _) => say(&line()),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Face::Terminal(bar) = &self.face {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_counted_and_templates_are_valid() {
        drop((bar(None), bar(Some(9))));
        let progress = Progress::start(false, None);
        let path = TreePath::parse(b"a").unwrap();
        progress.stage(Stage::Scan);
        for _ in 0..3 {
            progress.file(&path, 5);
            progress.progress(5);
        }
        progress.unchanged(7);
        progress.expect(40);
        assert_eq!((progress.files.load(Ordering::Relaxed), progress.bytes.load(Ordering::Relaxed)), (4, 22));
        assert_eq!(progress.total_bytes.load(Ordering::Relaxed), 40);
    }
}
