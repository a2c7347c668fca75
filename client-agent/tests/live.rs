//! The service against a file system that changes before, during and after the first backup: real events, a clock that the tests move. When changes
//! stop, what restores equals the disk.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    backup::{
        BackupError, Options, Report,
        source::{Described, Event, Found, KeyRange, OpenFile, Source},
    },
    live::{
        COMMIT_APART, Live, SCAN_EVERY, Store, Turn, Work,
        urgency::Urgency,
        watch::{Hint, SystemWatch, Watch},
    },
    monitor::Clock,
    rules::{Attachment, RuleFile, RuleRoot, Rules, Span, Trait},
    scan::{Scan, Scope},
};
use iota_core::commit::GapReason;
use std::{
    cell::RefCell,
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};
use support::{
    Rig,
    compare::{Tree, look},
    mutator::Mutator,
};
use tempfile::TempDir;

/// How many seeds; `scripts/torture` asks for more.
fn seeds(variable: &str, usual: u64) -> std::ops::Range<u64> {
    let from = std::env::var("IOTA_LIVE_FROM").map_or(0, |text| text.parse().unwrap());
    from..from + std::env::var(variable).map_or(usual, |text| text.parse::<u64>().unwrap())
}

/// A machine with its service, one directory, and somebody who changes it.
struct Machine {
    rig: Rig,
    source: TempDir,
    rules: Rules,
    watch: Arc<SystemWatch>,
    mutator: Rc<RefCell<Mutator>>,
    /// One in so many events of a walk is followed by a change.
    meddle_every: Option<u64>,
    /// Requests fail.
    offline: bool,
    backups: u64,
}

impl Machine {
    fn new(seed: u64) -> Self {
        let source = tempfile::tempdir().unwrap();
        let rules = RuleFile { roots: vec![RuleRoot::new(source.path())], ..RuleFile::default() };
        let rules = Rules::compile(&rules).unwrap();
        Self {
            rig: Rig::new(),
            watch: Arc::new(SystemWatch::start(rules.clone()).unwrap()),
            mutator: Rc::new(RefCell::new(Mutator::new(source.path(), seed))),
            rules,
            source,
            meddle_every: None,
            offline: false,
            backups: 0,
        }
    }

    fn live(&self) -> Live {
        Live::start(Store::open(self.rig.state.path()).unwrap(), self).unwrap()
    }

    fn change(&self, count: u64) {
        (0..count).for_each(|_| drop(self.mutator.borrow_mut().change()));
    }

    fn advance(&self, by: Duration) {
        self.rig.clock.advance_ms(by.as_millis() as u64);
    }

    /// Everything that the system has to tell so far: what was asked of it before the marker comes before the marker.
    fn hear(&self) -> Vec<Hint> {
        let marker = self.source.path().join("marker");
        fs::write(&marker, self.backups.to_string()).unwrap();
        let (mut hints, begun) = (Vec::new(), Instant::now());
        let is_marker =
            |hint: &Hint| matches!(hint, Hint::Changed { path, .. } if **path == *marker.as_os_str().as_bytes());
        while !hints.iter().any(is_marker) {
            assert!(begun.elapsed() < Duration::from_secs(20), "the system does not tell of {}", marker.display());
            hints.extend(self.watch.hear(Duration::from_millis(20)));
        }
        // Creation and closing of the marker are two events.
        hints.extend(self.watch.hear(Duration::from_millis(1)));
        hints
    }

    fn restored(&self) -> Tree {
        let target = tempfile::tempdir().unwrap();
        let options =
            iota_agent::restore::Options { devices: true, trust: true, keep_damaged: false, ..Default::default() };
        let report = self.rig.restore_to(self.rig.server.head_seq(), &[], target.path(), options);
        assert_eq!(report.loss_count, 0, "{:?}", report.losses);
        look(&target.path().join(self.source.path().strip_prefix("/").unwrap()))
    }
}

impl Work for Machine {
    fn now_ms(&self) -> u64 {
        self.rig.clock.now_ms()
    }

    fn urgency(&self, path: &[u8]) -> Urgency {
        Urgency::of_path(&self.rules, path, self.now_ms())
    }

    fn back_up(&mut self, scope: Option<Arc<Scope>>) -> Result<Report, BackupError> {
        self.backups += 1;
        if self.offline {
            let (server, reason) = ("nowhere".to_owned(), "no route".to_owned());
            return Err(iota_agent::remote::RemoteError::Unreachable { server, reason }.into());
        }
        let mut scope = scope;
        let open = || {
            let scope = scope.take().unwrap_or_else(|| Arc::new(Scope::whole()));
            let watch: Arc<dyn Watch> = self.watch.clone();
            let scan = Scan::start_in(self.rules.clone(), &[], scope, Some(watch))?;
            Ok(Meddling { scan, mutator: Rc::clone(&self.mutator), every: self.meddle_every, count: 0 })
        };
        self.rig.run(open, Options { commit_every: Duration::MAX, ..Options::default() })
    }
}

/// A walk in which somebody changes what is walked.
struct Meddling {
    scan: Scan,
    mutator: Rc<RefCell<Mutator>>,
    every: Option<u64>,
    count: u64,
}

impl Source for Meddling {
    fn ranges(&self) -> Vec<KeyRange> {
        self.scan.ranges()
    }

    fn next(&mut self) -> io::Result<Option<Event>> {
        self.count += 1;
        if self.every.is_some_and(|every| self.count.is_multiple_of(every)) {
            self.mutator.borrow_mut().change();
        }
        self.scan.next()
    }

    fn metadata(&mut self, found: &Found) -> Result<Described, GapReason> {
        self.scan.metadata(found)
    }

    fn open(&mut self, found: &Found) -> Result<Option<Box<dyn OpenFile + '_>>, GapReason> {
        self.scan.open(found)
    }
}

/// Lets time pass until nothing waits.
fn come_to_rest(live: &mut Live, machine: &mut Machine) {
    let hints = machine.hear();
    live.turn(hints, machine).unwrap();
    for _ in 0..100 {
        machine.advance(COMMIT_APART);
        if matches!(live.turn([], machine).unwrap(), Turn::Wait { .. }) && live.queue().is_empty() {
            return;
        }
    }
    panic!("there is no rest");
}

fn run(seed: u64, steps: u64, lost_in_100: u64) {
    let mut machine = Machine::new(seed);
    machine.change(30);
    machine.meddle_every = Some(3);
    let mut live = machine.live();
    assert!(matches!(live.turn([], &mut machine).unwrap(), Turn::Whole(_)));
    for _ in 0..steps {
        let changes = machine.mutator.borrow_mut().below(6);
        machine.change(changes);
        let mut hints = machine.hear();
        hints.retain(|_| machine.mutator.borrow_mut().below(100) >= lost_in_100);
        let seconds = machine.mutator.borrow_mut().below(90);
        machine.advance(Duration::from_secs(seconds));
        live.turn(hints, &mut machine).unwrap();
    }
    machine.meddle_every = None;
    if lost_in_100 > 0 {
        machine.advance(SCAN_EVERY);
        // What waits may go first.
        let turns = [live.turn([], &mut machine).unwrap(), live.turn([], &mut machine).unwrap()];
        assert!(turns.iter().any(|turn| matches!(turn, Turn::Whole(_))), "{turns:?}");
    }
    come_to_rest(&mut live, &mut machine);
    assert_same(&machine.restored(), &look(machine.source.path()), &format!("seed {seed}"));
}

fn assert_same(restored: &Tree, disk: &Tree, what: &str) {
    let show = |path: &Vec<u8>, tree: &Tree| format!("{} {:?}", path.escape_ascii(), tree.get(path));
    let differing = disk.keys().chain(restored.keys()).filter(|path| restored.get(*path) != disk.get(*path));
    let lines: Vec<_> =
        differing.map(|path| format!("restored {}\ndisk {}", show(path, restored), show(path, disk))).collect();
    assert!(lines.is_empty(), "{what}\n{}", lines.join("\n"));
}

#[test]
fn short_runs_converge() {
    seeds("IOTA_LIVE_SEEDS", 100).for_each(|seed| run(seed, 6, 0));
}

#[test]
fn long_runs_converge() {
    seeds("IOTA_LIVE_LONG_SEEDS", 2).for_each(|seed| run(1_000_000 + seed, 150, 0));
}

#[test]
fn a_watcher_that_drops_events_converges_with_the_daily_walk() {
    seeds("IOTA_LIVE_LOSSY_SEEDS", 20).for_each(|seed| run(2_000_000 + seed, 10, 30));
}

fn hint(path: &Path) -> Hint {
    Hint::Changed { path: path.as_os_str().as_bytes().into(), below: false }
}

/// A service that has walked everything, and a file.
fn at_rest(name: &str) -> (Machine, Live, PathBuf) {
    let mut machine = Machine::new(1);
    let path = machine.source.path().join(name);
    fs::write(&path, "first").unwrap();
    let mut live = machine.live();
    assert!(matches!(live.turn([], &mut machine).unwrap(), Turn::Whole(_)));
    machine.advance(COMMIT_APART);
    (machine, live, path)
}

#[test]
fn a_log_that_always_grows_is_backed_up_within_its_longest_wait() {
    let (mut machine, mut live, path) = at_rest("log");
    let head = machine.rig.server.head_seq();
    for second in 0..3600 {
        fs::write(&path, format!("{second}")).unwrap();
        assert!(matches!(live.turn([hint(&path)], &mut machine).unwrap(), Turn::Wait { .. }), "{second}");
        machine.advance(Duration::from_secs(1));
    }
    assert!(matches!(live.turn([hint(&path)], &mut machine).unwrap(), Turn::Part(_)));
    assert_eq!(machine.rig.server.head_seq(), head + 1);
}

#[test]
fn what_waits_goes_before_a_walk_of_everything_and_does_not_hold_it_up() {
    let (mut machine, mut live, path) = at_rest("note");
    machine.advance(SCAN_EVERY - COMMIT_APART - Duration::from_secs(3));
    fs::write(&path, "second").unwrap();
    live.turn([hint(&path)], &mut machine).unwrap();
    machine.advance(Duration::from_secs(10));
    assert!(matches!(live.turn([], &mut machine).unwrap(), Turn::Part(_)));
    assert!(matches!(live.turn([], &mut machine).unwrap(), Turn::Whole(_)));
}

#[test]
fn a_trait_with_a_shorter_longest_wait_holds_for_a_log_too() {
    let (mut machine, mut live, path) = at_rest("log");
    let log = Trait { longest_wait: Some(Span(Duration::from_secs(120))), ..Trait::default() };
    let file = RuleFile {
        roots: vec![RuleRoot::new(machine.source.path())],
        traits: [("log".into(), log)].into(),
        attach: vec![Attachment { name: "log".into(), paths: vec!["log".into()], ..Attachment::default() }],
        ..RuleFile::default()
    };
    machine.rules = Rules::compile(&file).unwrap();
    for second in 0..120 {
        fs::write(&path, format!("{second}")).unwrap();
        assert!(matches!(live.turn([hint(&path)], &mut machine).unwrap(), Turn::Wait { .. }), "{second}");
        machine.advance(Duration::from_secs(1));
    }
    assert!(matches!(live.turn([hint(&path)], &mut machine).unwrap(), Turn::Part(_)));
}

#[test]
fn a_large_file_that_is_written_twice_a_minute_gives_few_versions() {
    let (mut machine, mut live, path) = at_rest("film");
    let head = machine.rig.server.head_seq();
    fs::File::create(&path).unwrap().set_len(25_000_000).unwrap();
    for step in 0..60 {
        let hints = (step % 10 == 0 && step < 60).then(|| {
            fs::OpenOptions::new()
                .append(true)
                .open(&path)
                .and_then(|mut file| io::Write::write_all(&mut file, b"x"))
                .unwrap();
            hint(&path)
        });
        live.turn(hints, &mut machine).unwrap();
        machine.advance(Duration::from_secs(3));
    }
    assert_eq!(machine.rig.server.head_seq(), head);
    machine.advance(Duration::from_secs(120));
    live.turn([], &mut machine).unwrap();
    assert_eq!(machine.rig.server.head_seq(), head + 1);
}

#[test]
fn after_calm_a_change_is_backed_up_in_seconds_and_steady_change_once_a_minute() {
    let (mut machine, mut live, path) = at_rest("note");
    let head = machine.rig.server.head_seq();
    let mut commits = Vec::new();
    for second in 0..300 {
        let other = machine.source.path().join(format!("{second}"));
        fs::write(&other, "x").unwrap();
        let hints = if second == 0 { vec![hint(&path), hint(&other)] } else { vec![hint(&other)] };
        if matches!(live.turn(hints, &mut machine).unwrap(), Turn::Part(_)) {
            commits.push(second);
        }
        machine.advance(Duration::from_secs(1));
    }
    assert_eq!(commits, [5, 65, 125, 185, 245]);
    assert_eq!(machine.rig.server.head_seq(), head + 5);
}

#[test]
fn a_server_that_is_away_loses_nothing_and_is_asked_ever_less_often() {
    let (mut machine, mut live, path) = at_rest("note");
    machine.offline = true;
    fs::write(&path, "second").unwrap();
    live.turn([hint(&path)], &mut machine).unwrap();
    let before = machine.backups;
    for _ in 0..3600 {
        machine.advance(Duration::from_secs(1));
        live.turn([], &mut machine).unwrap();
    }
    assert!((12..30).contains(&(machine.backups - before)), "{}", machine.backups - before);
    // The service is killed meanwhile.
    drop(live);
    let mut live = machine.live();
    assert_eq!(live.queue().len(), 1);
    machine.offline = false;
    assert!(matches!(live.turn([], &mut machine).unwrap(), Turn::Whole(_)));
    assert!(live.queue().is_empty());
    assert_eq!(machine.restored(), look(machine.source.path()));
}

#[test]
fn lost_events_are_answered_with_a_walk_of_everything() {
    let (mut machine, mut live, path) = at_rest("note");
    fs::write(&path, "second").unwrap();
    live.turn([Hint::Lost], &mut machine).unwrap();
    assert_eq!(live.lost_ms(), Some(machine.now_ms()));
    machine.advance(Duration::from_secs(5 * 60));
    assert!(matches!(live.turn([], &mut machine).unwrap(), Turn::Whole(_)));
    assert_eq!(live.lost_ms(), None);
    assert_eq!(machine.restored(), look(machine.source.path()));
}

#[test]
fn a_clock_that_is_set_back_a_year_stops_nothing() {
    let (mut machine, mut live, path) = at_rest("note");
    const YEAR_MS: u64 = 365 * 24 * 3600 * 1000;
    machine.rig.clock.0.fetch_sub(YEAR_MS, std::sync::atomic::Ordering::SeqCst);
    fs::write(&path, "second").unwrap();
    live.turn([hint(&path)], &mut machine).unwrap();
    machine.advance(COMMIT_APART);
    assert!(matches!(live.turn([], &mut machine).unwrap(), Turn::Part(_)));
    machine.advance(SCAN_EVERY);
    assert!(matches!(live.turn([], &mut machine).unwrap(), Turn::Whole(_)));
}

#[test]
fn a_burst_of_files_is_one_commit() {
    let (mut machine, mut live, _) = at_rest("note");
    let head = machine.rig.server.head_seq();
    for number in 0..2000 {
        fs::write(machine.source.path().join(format!("{number}")), number.to_string()).unwrap();
    }
    let hints = machine.hear();
    live.turn(hints, &mut machine).unwrap();
    machine.advance(Duration::from_secs(5));
    live.turn([], &mut machine).unwrap();
    assert_eq!(machine.rig.server.head_seq(), head + 1);
    assert_eq!(machine.restored(), look(machine.source.path()));
}
