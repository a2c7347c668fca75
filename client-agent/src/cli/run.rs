//! `iota run`: the service. `iota pause` and `iota resume`.

use super::{Coded, Context, Outcome, Usage, backup::remember_head, forecast::forecast, restores};
use anyhow::Result;
use clap::Args;
use iota_agent::{
    backup::{self, BackupError, Options, Report},
    commands::{CommandError, Commands},
    config::RunLock,
    durable,
    history::show_time,
    identity::Identity,
    live::{
        Live, Store, Turn, Work,
        channel::Channel,
        pause,
        rest::{self, Rests, SystemReasons},
        status::{Board, Pause as PauseNow},
        urgency::Urgency,
        watch::{SystemWatch, Watch},
    },
    monitor::{Clock, SystemClock},
    remote::{
        RemoteError,
        http::{HttpRemote, Patience},
    },
    rules::{self, RuleFile, Rules, preview},
    scan::{Scan, Scope},
};
use iota_core::{
    api::json::code,
    live::{Order, Stage},
};
use iota_crypto::{domain::Domains, live::Place};
use serde_json::json;
use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, Scope as ThreadScope},
    time::Duration,
};

/// How long events gather before they are looked at.
const GATHER: Duration = Duration::from_millis(500);
/// How often somebody who paused, or changed the rules, is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// How long the service waits, at first and at most, when it cannot talk to the server.
const TALK_AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// What `iota pause` takes.
#[derive(Debug, Args)]
pub struct Pause {
    /// For how long: minutes, or with m, h, d; at most a week
    #[arg(long = "for", value_name = "TIME", default_value = "1h")]
    duration: String,
}

/// Runs `iota pause`.
pub fn pause(context: &Context, arguments: &Pause) -> Result<Outcome> {
    let until_ms = SystemClock.now_ms() + parse_duration(&arguments.duration)?.as_millis() as u64;
    pause::set(&context.state_dir, until_ms)?;
    context.output.line(format!(
        "Paused until {}: nothing more is sent, and what is under way goes on then. `iota resume` goes on at once.",
        show_time(until_ms)
    ));
    context.output.object(&json!({"until_ms": until_ms}));
    Ok(Outcome::Done)
}

/// Runs `iota resume`.
pub fn resume(context: &Context) -> Result<Outcome> {
    let was_paused = go_on(&context.state_dir)?;
    context.output.line(if was_paused { "Goes on." } else { "There was no pause." });
    context.output.object(&json!({"was_paused": was_paused}));
    Ok(Outcome::Done)
}

/// Ends a pause that was asked for, and one that was not. Says whether there was one.
fn go_on(state_dir: &Path) -> io::Result<bool> {
    Ok(pause::end(state_dir)? | rest::enough(state_dir)?)
}

fn parse_duration(text: &str) -> Result<Duration> {
    let wrong = || Usage(format!("{text:?} is no time up to a week; write minutes, or 90m, 8h, 2d"));
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let seconds: u64 = match &text[digits.len()..] {
        "" | "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return Err(wrong().into()),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    let duration = Duration::from_secs(count.checked_mul(seconds).ok_or_else(wrong)?);
    if duration.is_zero() || duration > pause::LONGEST { Err(wrong().into()) } else { Ok(duration) }
}

/// Runs `iota run`, until a signal ends it, or the server says that this machine may not do anything any more.
pub fn run(context: &Context) -> Result<Outcome> {
    let identity = context.identity()?;
    identity.ratchet(&context.config_dir)?;
    durable::create_private_dir(&context.state_dir)?;
    let board = Arc::new(Board::new(&context.state_dir));
    let (ended, walk_now, restores) = (AtomicBool::new(false), AtomicBool::new(false), AtomicBool::new(true));
    let (counted, refused) = (AtomicU64::new(0), OnceLock::new());
    let follower = Follower {
        context,
        board: &board,
        walk_now: &walk_now,
        restores: &restores,
        ended: &ended,
        refused: &refused,
        counted,
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                if let Err(error) = board.write(SystemClock.now_ms()) {
                    context.output.note(format!("The status cannot be written: {error}"));
                }
                thread::sleep(WRITE_EVERY);
            }
            board.remove();
        });
        scope.spawn(|| talk(scope, &identity, &follower));
        scope.spawn(|| restores::serve(context, &identity, &board, &restores, &ended));
        let result = serve(context, &identity, &board, &walk_now, &refused);
        ended.store(true, Ordering::Relaxed);
        result
    })
}

/// What is there to follow orders with.
struct Follower<'a> {
    context: &'a Context,
    board: &'a Board,
    walk_now: &'a AtomicBool,
    /// There may be orders to restore.
    restores: &'a AtomicBool,
    ended: &'a AtomicBool,
    /// Why this machine may not do anything any more.
    refused: &'a OnceLock<RemoteError>,
    /// Number of the last order that asked how much rules cover; older counts end.
    counted: AtomicU64,
}

/// Says how things stand to whoever looks, and takes orders, until the service ends.
fn talk<'scope>(scope: &'scope ThreadScope<'scope, '_>, identity: &Identity, follower: &'scope Follower<'scope>) {
    let (context, board) = (follower.context, follower.board);
    let place = Place { account: identity.account, set: identity.set };
    let opened = context.http(Some(identity), Patience::PERSON).and_then(|http| {
        let channel = Channel::open(&identity.live, place, &context.config_dir)?;
        Ok((channel, HttpRemote::new(http, identity.speaker())))
    });
    let (mut channel, line) = match opened {
        Ok(opened) => opened,
        Err(error) => return context.output.note(format!("Orders of the owner cannot be heard: {error}")),
    };
    let mut pause = TALK_AGAIN.0;
    while !follower.ended.load(Ordering::Relaxed) {
        let now_ms = SystemClock.now_ms();
        match channel.turn(&line, board.word(now_ms), now_ms) {
            Ok(orders) => {
                pause = TALK_AGAIN.0;
                if channel.take_restores() {
                    follower.restores.store(true, Ordering::Relaxed);
                }
                for (number, order) in orders {
                    if let Err(error) = follower.follow(scope, number, order) {
                        context.output.note(format!("An order of the owner could not be followed: {error}"));
                    }
                }
            }
            // The service ends when it finds this.
            Err(error) if error.is_replaced() => return drop(follower.refused.set(error)),
            Err(_) => {
                channel.failed();
                thread::sleep(pause);
                pause = (pause * 2).min(TALK_AGAIN.1);
            }
        }
    }
}

impl<'a> Follower<'a> {
    fn follow<'scope>(&'scope self, scope: &'scope ThreadScope<'scope, '_>, number: u64, order: Order) -> Result<()>
    where
        'a: 'scope,
    {
        let state_dir = &self.context.state_dir;
        match order {
            Order::Pause { for_ms } => {
                let for_ms = for_ms.min(pause::LONGEST.as_millis() as u64);
                Ok(pause::set(state_dir, SystemClock.now_ms() + for_ms)?)
            }
            Order::Resume => Ok(go_on(state_dir).map(drop)?),
            Order::BackUpNow => {
                self.walk_now.store(true, Ordering::Relaxed);
                Ok(go_on(state_dir).map(drop)?)
            }
            Order::ShowRules { draft } => {
                let rules = rules::load(&self.context.config_dir)?;
                self.counted.store(number, Ordering::Relaxed);
                let asked = draft.map_or_else(|| rules.clone(), |draft| *draft);
                self.board.show_rules(SystemClock.now_ms(), |view| view.rules = rules);
                scope.spawn(move || self.count(number, &asked));
                Ok(())
            }
            Order::SetRules { rules } => {
                let refused = self.set_rules(&rules).err().map(|error| error.to_string());
                let in_force = rules::load(&self.context.config_dir)?;
                self.board.show_rules(SystemClock.now_ms(), |view| {
                    (view.rules, view.refused) = (in_force, refused);
                });
                Ok(())
            }
        }
    }

    /// The service looks for changed rules by itself.
    fn set_rules(&self, file: &RuleFile) -> Result<()> {
        file.check().map_err(anyhow::Error::msg)?;
        if file.roots.is_empty() {
            anyhow::bail!("nothing would be backed up: keep at least one path");
        }
        Ok(rules::save(file, &self.context.config_dir)?)
    }

    fn count(&self, number: u64, file: &RuleFile) {
        let own = [self.context.config_dir.as_path(), self.context.state_dir.as_path()];
        let wanted = || !self.ended.load(Ordering::Relaxed) && self.counted.load(Ordering::Relaxed) == number;
        match preview::count(file, &own, wanted) {
            Ok(coverage) if coverage.whole => {
                self.board.show_rules(SystemClock.now_ms(), |view| view.coverage = Some((number, coverage)));
            }
            Ok(_) => {}
            Err(error) => self.board.show_rules(SystemClock.now_ms(), |view| view.refused = Some(error.to_string())),
        }
    }
}

fn serve(
    context: &Context,
    identity: &Identity,
    board: &Arc<Board>,
    walk_now: &AtomicBool,
    refused: &OnceLock<RemoteError>,
) -> Result<Outcome> {
    let domains = identity.domains();
    let rules = wait_for_rules(context, board, refused)?;
    let compiled = Rules::compile(&rules)?;
    board.include(&rules.roots);
    let rule_file = Arc::new(Mutex::new(rules));
    let pauses = Arc::new(Pauses {
        state_dir: context.state_dir.clone(),
        rests: Rests::new(&context.state_dir, SystemReasons::default()),
        rule_file: Arc::clone(&rule_file),
        board: Arc::clone(board),
    });
    let http = context.http_for_backup(identity, Patience::PERSON, {
        let (pauses, rule_file) = (Arc::clone(&pauses), Arc::clone(&rule_file));
        move |now| {
            if pauses.look(SystemClock.now_ms()) { Some(0) } else { lock(&rule_file).upload_limit(now) }
        }
    })?;
    let mut service = Service {
        context,
        identity,
        domains: &domains,
        remote: HttpRemote::new(http, identity.speaker()),
        board,
        watch: Arc::new(SystemWatch::start(compiled.clone())?),
        rules: compiled,
        rule_file,
        ever_complete: identity.ratchet(&context.config_dir)?.n > 0,
        state_bytes: 0,
    };
    board.watch_by(&service.watch);
    let mut live = Live::start(Store::open(&context.state_dir)?, &service)?;
    context.output.note("Watching begins; everything is walked first.");
    let mut patience = Duration::ZERO;
    loop {
        require_allowed(refused)?;
        let hints = service.watch.hear(patience);
        let now_ms = service.now_ms();
        if service.follow_rules()? {
            context.output.note("The rules have changed; everything is walked again.");
            live.walk_now(now_ms);
        }
        if walk_now.swap(false, Ordering::Relaxed) {
            live.walk_now(now_ms);
        }
        board.note(&live);
        if pauses.look(now_ms) {
            live.keep(hints, &service)?;
            thread::sleep(LOOK_EVERY);
            continue;
        }
        let turn = live.turn(hints, &mut service)?;
        let now_ms = service.now_ms();
        match turn {
            Turn::Wait { until_ms } => {
                let stage = if live.is_failing() { Stage::Offline } else { Stage::Idle };
                board.enter(stage, live.is_failing().then_some(until_ms), now_ms);
                patience = Duration::from_millis(until_ms.saturating_sub(now_ms)).clamp(GATHER, LOOK_EVERY);
                thread::sleep(GATHER);
            }
            Turn::Part(report) | Turn::Whole(report) => {
                board.done(&report, now_ms);
                pauses.rests.again(now_ms)?;
                tell(context, &report);
            }
            Turn::Failed(error) => {
                board.failed(&error, now_ms);
                context.output.note(format!("{error}; it will be tried again"));
            }
        }
    }
}

/// Fails once the server has said that this machine may not do anything any more.
fn require_allowed(refused: &OnceLock<RemoteError>) -> Result<()> {
    let coded = |error: &RemoteError| Coded { code: code::DEVICE_REPLACED, message: error.to_string() }.into();
    refused.get().map_or(Ok(()), |error| Err(coded(error)))
}

fn tell(context: &Context, report: &Report) {
    if report.changes > 0 {
        let gaps = if report.gap_count > 0 { format!(", {} gaps", report.gap_count) } else { String::new() };
        context.output.note(format!("Snapshot {}: {} changes{gaps}.", report.seq, report.changes));
    }
}

/// The rules, once there are any.
fn wait_for_rules(context: &Context, board: &Board, refused: &OnceLock<RemoteError>) -> Result<RuleFile> {
    let mut told = false;
    loop {
        require_allowed(refused)?;
        match load_rules(context) {
            Err(error) if error.is::<Coded>() => {
                board.failed(&error, SystemClock.now_ms());
                if !told {
                    context.output.note(format!("Waits: {error}"));
                }
                told = true;
                thread::sleep(LOOK_EVERY);
            }
            loaded => return loaded,
        }
    }
}

fn load_rules(context: &Context) -> Result<RuleFile> {
    let rules = rules::load(&context.config_dir)?;
    if rules.roots.is_empty() {
        let message = "nothing is included yet; say what to back up with `iota include PATH…`".to_owned();
        return Err(Coded { code: "nothing_included", message }.into());
    }
    Ok(rules)
}

/// What keeps the service from going on, also in the middle of a backup.
struct Pauses {
    state_dir: PathBuf,
    rests: Rests<SystemReasons>,
    rule_file: Arc<Mutex<RuleFile>>,
    board: Arc<Board>,
}

impl Pauses {
    /// Whether to rest now; the board tells it.
    fn look(&self, now_ms: u64) -> bool {
        let asked = pause::until_ms(&self.state_dir, now_ms).map(|until_ms| PauseNow { resting: None, until_ms });
        let pause = asked.or_else(|| {
            let rules = lock(&self.rule_file).rest.clone();
            match self.rests.now(&rules, now_ms) {
                Ok(rest) => rest.map(|(resting, until_ms)| PauseNow { resting: Some(resting), until_ms }),
                Err(error) => {
                    self.board.failed(&error, now_ms);
                    None
                }
            }
        });
        self.board.hold(pause, now_ms);
        pause.is_some()
    }
}

/// What the service works with.
struct Service<'a> {
    context: &'a Context,
    identity: &'a Identity,
    domains: &'a Domains,
    remote: HttpRemote,
    board: &'a Board,
    watch: Arc<SystemWatch>,
    rules: Rules,
    /// Uploads look their limits up in it while a backup is under way.
    rule_file: Arc<Mutex<RuleFile>>,
    ever_complete: bool,
    /// Bytes of all files, as the last run knew them; 0: not known.
    state_bytes: u64,
}

impl Service<'_> {
    /// Takes over rules that were changed meanwhile. Says whether they were. Rules that cannot be used leave the old ones in force.
    fn follow_rules(&mut self) -> Result<bool> {
        let file = match load_rules(self.context) {
            Ok(file) => file,
            Err(error) => {
                self.board.failed(&error, SystemClock.now_ms());
                return Ok(false);
            }
        };
        if file == *lock(&self.rule_file) {
            return Ok(false);
        }
        self.rules = Rules::compile(&file)?;
        self.watch = Arc::new(SystemWatch::start(self.rules.clone())?);
        self.board.watch_by(&self.watch);
        self.board.include(&file.roots);
        *lock(&self.rule_file) = file;
        Ok(true)
    }
}

impl Work for Service<'_> {
    fn now_ms(&self) -> u64 {
        SystemClock.now_ms()
    }

    fn urgency(&self, path: &[u8]) -> Urgency {
        Urgency::of_path(&self.rules, path, self.now_ms())
    }

    fn back_up(&mut self, scope: Option<Arc<Scope>>) -> Result<Report, BackupError> {
        let stage = match (&scope, self.ever_complete) {
            (Some(_), _) => Stage::Incremental,
            (None, true) => Stage::FullScan,
            (None, false) => Stage::FullBackup,
        };
        self.board.enter(stage, None, self.now_ms());
        let _lock = RunLock::take(&self.context.config_dir)?;
        let own = [self.context.config_dir.as_path(), self.context.state_dir.as_path()];
        let machine = self.identity.machine(self.domains, own[0], own[1]);
        let note = |error: &CommandError| {
            self.board.failed(error, self.now_ms());
            self.context.output.note(error);
        };
        let commands = if scope.is_none() { Commands::load(own[0])? } else { Commands::default() };
        let mut scope = scope;
        let open = || {
            let scope = scope.take().unwrap_or_else(|| Arc::new(Scope::whole()));
            let watch: Arc<dyn Watch> = self.watch.clone();
            Scan::start_in(self.rules.clone(), &own, scope, Some(watch)).map(Scan::heeding_schedules)
        };
        let ended = AtomicBool::new(false);
        let run = || {
            thread::scope(|scope| {
                match stage {
                    Stage::FullScan => self.board.expect(self.state_bytes),
                    Stage::FullBackup => {
                        if let Ok(walk) = Scan::start(self.rules.clone(), &own) {
                            // A walk that fails leaves the time left unknown, and no more than that.
                            scope.spawn(|| drop(forecast(walk, |bytes| self.board.expect(bytes), &ended)));
                        }
                    }
                    _ => {}
                }
                let report = backup::run(&machine, &self.remote, open, Options::default(), &SystemClock, self.board);
                ended.store(true, Ordering::Relaxed);
                report
            })
        };
        let report = commands.around(note, run);
        if let Ok(report) = &report {
            self.state_bytes = report.state_bytes;
        }
        if let Err(error) = remember_head(self.context, self.identity) {
            self.context.output.note(format!("The newest snapshot is not noted for readers: {error}"));
        }
        self.ever_complete |= report.is_ok();
        report
    }
}

fn lock(rules: &Mutex<RuleFile>) -> MutexGuard<'_, RuleFile> {
    rules.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_parse() {
        for (text, minutes) in [("5", 5), ("90m", 90), ("8h", 480), ("7d", 7 * 24 * 60)] {
            assert_eq!(parse_duration(text).unwrap(), Duration::from_secs(minutes * 60), "{text}");
        }
        for text in ["", "0", "8d", "1w", "-1", "h", "99999999999999999999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
