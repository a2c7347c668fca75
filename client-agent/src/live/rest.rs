//! A rest that nobody asked for: on battery, on a metered network. Since when it goes on lies in a file of the state directory, so that restarts
//! do not make it longer.

use crate::{
    durable,
    platform::{self, POWER_SUPPLIES},
};
use iota_core::{live::Resting, rules::Rest};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const FILE_NAME: &str = "resting";
/// How often it is asked whether the network is metered.
const ASK_EVERY: Duration = Duration::from_secs(60);

/// Why this machine would rest now, as far as the rules want to know.
pub trait Reasons: Send + Sync {
    /// The first that holds.
    fn now(&self, rest: &Rest) -> Option<Resting>;
}

/// What the system says.
#[derive(Debug, Default)]
pub struct SystemReasons {
    metered: Mutex<Option<(Instant, bool)>>,
}

impl Reasons for SystemReasons {
    fn now(&self, rest: &Rest) -> Option<Resting> {
        if rest.on_battery && platform::is_on_battery(Path::new(POWER_SUPPLIES)) {
            return Some(Resting::OnBattery);
        }
        (rest.on_metered && self.is_metered()).then_some(Resting::OnMetered)
    }
}

impl SystemReasons {
    fn is_metered(&self) -> bool {
        let mut known = self.metered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((asked, metered)) = *known
            && asked.elapsed() < ASK_EVERY
        {
            return metered;
        }
        let metered = platform::is_metered().unwrap_or(false);
        *known = Some((Instant::now(), metered));
        metered
    }
}

/// Rests of the service that works with a state directory.
pub struct Rests<R> {
    path: PathBuf,
    reasons: R,
}

impl<R: Reasons> Rests<R> {
    /// See [`Rests`].
    pub fn new(state_dir: &Path, reasons: R) -> Self {
        Self { path: state_dir.join(FILE_NAME), reasons }
    }

    /// Why to rest, and until when, milliseconds since 1970. `None` when there is no reason, or it has rested for as long as the rules let it.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn now(&self, rest: &Rest, now_ms: u64) -> io::Result<Option<(Resting, u64)>> {
        let Some(reason) = self.reasons.now(rest) else {
            remove(&self.path)?;
            return Ok(None);
        };
        let since_ms = match since_ms(&self.path).filter(|since_ms| *since_ms <= now_ms) {
            Some(since_ms) => since_ms,
            None => {
                write(&self.path, now_ms)?;
                now_ms
            }
        };
        let until_ms = since_ms + rest.longest.0.as_millis() as u64;
        Ok((until_ms > now_ms).then_some((reason, until_ms)))
    }

    /// It has backed up: the rest begins anew.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn again(&self, now_ms: u64) -> io::Result<()> {
        if since_ms(&self.path).is_some() { write(&self.path, now_ms) } else { Ok(()) }
    }
}

/// Somebody wants the service that works with `state_dir` to go on: it has rested for long enough. Says whether it rested.
///
/// # Errors
/// Those of the file system.
pub fn enough(state_dir: &Path) -> io::Result<bool> {
    let path = state_dir.join(FILE_NAME);
    let rested = since_ms(&path).is_some_and(|since_ms| since_ms > 0);
    if rested {
        write(&path, 0)?;
    }
    Ok(rested)
}

/// What is no time of ours is none.
fn since_ms(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn write(path: &Path, since_ms: u64) -> io::Result<()> {
    durable::write(path, since_ms.to_string().as_bytes())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::rules::Span;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[derive(Default)]
    struct Battery(AtomicBool);

    impl Reasons for &Battery {
        fn now(&self, rest: &Rest) -> Option<Resting> {
            (rest.on_battery && self.0.load(Ordering::Relaxed)).then_some(Resting::OnBattery)
        }
    }

    #[test]
    fn a_rest_has_an_end_that_restarts_do_not_move_and_begins_anew_after_a_backup() {
        let (state, battery) = (tempfile::tempdir().unwrap(), Battery::default());
        let rest = Rest { on_battery: true, longest: Span(Duration::from_millis(100)), ..Rest::default() };
        let rests = || Rests::new(state.path(), &battery);
        assert_eq!(rests().now(&rest, 1_000).unwrap(), None, "no reason");
        rests().again(1_000).unwrap();
        assert!(!enough(state.path()).unwrap());

        battery.0.store(true, Ordering::Relaxed);
        assert_eq!(rests().now(&Rest::default(), 1_000).unwrap(), None, "not wanted");
        let resting = |until_ms| Some((Resting::OnBattery, until_ms));
        assert_eq!(rests().now(&rest, 1_000).unwrap(), resting(1_100));
        assert_eq!(rests().now(&rest, 1_099).unwrap(), resting(1_100));
        assert_eq!(rests().now(&rest, 1_100).unwrap(), None, "long enough");
        assert_eq!(rests().now(&rest, 9_000).unwrap(), None, "until something was backed up");
        rests().again(9_000).unwrap();
        assert_eq!(rests().now(&rest, 9_001).unwrap(), resting(9_100));

        assert!(enough(state.path()).unwrap() && !enough(state.path()).unwrap());
        assert_eq!(rests().now(&rest, 9_002).unwrap(), None, "somebody said so");
        rests().again(9_003).unwrap();
        assert_eq!(rests().now(&rest, 9_004).unwrap(), resting(9_103));
        // A clock that was set back.
        assert_eq!(rests().now(&rest, 5_000).unwrap(), resting(5_100));

        battery.0.store(false, Ordering::Relaxed);
        assert_eq!(rests().now(&rest, 5_001).unwrap(), None);
        battery.0.store(true, Ordering::Relaxed);
        assert_eq!(rests().now(&rest, 5_050).unwrap(), resting(5_150), "another rest");
    }

    #[test]
    fn the_system_is_asked_only_for_what_the_rules_want_to_know() {
        let reasons = SystemReasons::default();
        assert_eq!(reasons.now(&Rest::default()), None);
        assert!(reasons.metered.lock().unwrap().is_none());
    }
}
