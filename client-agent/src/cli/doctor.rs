//! `iota doctor`: checks everything that a backup needs, and says what to do.

use super::{Context, Outcome, output::Output};
use anyhow::Result;
use iota_agent::{
    identity::Identity,
    monitor::{Clock, SystemClock},
    ratchet::Ratchet,
    remote::{
        Remote,
        http::{Http, HttpRemote, Patience},
    },
    rules::{self as agent_rules, Edit, Rules},
    state::State,
};
use serde_json::json;
use std::{fs, path::Path, sync::Arc, time::UNIX_EPOCH};

/// More difference between the clocks than this is worth a word.
const CLOCK_TOLERANCE_S: u64 = 5 * 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Ok,
    Warning,
    Problem,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

#[derive(Debug)]
struct Finding {
    check: &'static str,
    level: Level,
    message: String,
}

/// What was found so far; each finding is told at once.
struct Findings {
    output: Output,
    list: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, check: &'static str, level: Level, message: impl ToString) {
        let message = message.to_string();
        self.output.line(format!("{:<8} {check}: {message}", level.word()));
        self.list.push(Finding { check, level, message });
    }

    fn ok(&mut self, check: &'static str, message: impl ToString) {
        self.add(check, Level::Ok, message);
    }

    fn problem(&mut self, check: &'static str, message: impl ToString) {
        self.add(check, Level::Problem, message);
    }
}

/// Runs the command; exit code 1 when there is a problem.
pub fn run(context: &Context) -> Result<Outcome> {
    let mut findings = Findings { output: context.output, list: Vec::new() };
    rules(&mut findings, &context.config_dir);
    match Identity::load(&context.config_dir) {
        Err(error) => findings.problem("identity", error),
        Ok(identity) => {
            findings.ok("identity", format!("{}, readable by its user only", identity.name));
            enrolled(&mut findings, context, &identity);
        }
    }
    let worst = findings.list.iter().map(|finding| finding.level).max();
    let checks: Vec<_> = findings
        .list
        .iter()
        .map(|finding| json!({"check": finding.check, "level": finding.level.word(), "message": finding.message}))
        .collect();
    context.output.object(&json!({"checks": checks}));
    Ok(if worst == Some(Level::Problem) { Outcome::Problems } else { Outcome::Done })
}

fn rules(findings: &mut Findings, config_dir: &Path) {
    let file = match agent_rules::load(config_dir) {
        Err(error) => return findings.problem("rules", error),
        Ok(file) if file.roots.is_empty() => {
            return findings.problem("rules", "nothing is included; run `iota include PATH…`");
        }
        Ok(file) => file,
    };
    if let Err(error) = Rules::compile(&file) {
        return findings.problem("rules", error);
    }
    for path in file.roots.iter().filter_map(|root| agent_rules::root_path(root).ok()) {
        match fs::symlink_metadata(&path) {
            Ok(_) => findings.ok("root", path.display()),
            Err(error) => {
                let advice = "mount it, or take it away with `iota include --remove`; what is kept of it stays";
                findings.add("root", Level::Warning, format!("{} cannot be seen ({error}); {advice}", path.display()));
            }
        }
    }
    for notice in file.contradictions().unwrap_or_default() {
        findings.add("rules", Level::Warning, notice);
    }
}

fn enrolled(findings: &mut Findings, context: &Context, identity: &Identity) {
    let ratchet = match identity.ratchet(&context.config_dir) {
        Ok(ratchet) => {
            findings.ok("ratchet", format!("after snapshot {}", ratchet.chain.head().0));
            Some(ratchet)
        }
        Err(error) => {
            findings.problem("ratchet", error);
            None
        }
    };
    cache(findings, &context.state_dir);
    let http = Http::new(identity.server.clone(), Patience::PERSON).map(Arc::new);
    match http.and_then(|http| Ok((http.server_info_and_date()?, http))) {
        Err(error) => findings.problem("server", error),
        Ok(((info, _), _)) if info.server_id != identity.server_id => findings.problem(
            "server",
            format!(
                "{} is server {}, not {}, to which this machine belongs; check the address",
                identity.server.address, info.server_id, identity.server_id
            ),
        ),
        Ok(((info, date), http)) => {
            findings.ok("server", format!("{} answers, version {}", identity.server.address, info.version));
            clock(findings, date.as_deref());
            head(findings, ratchet.as_ref(), &HttpRemote::new(http, identity.speaker()));
        }
    }
}

fn cache(findings: &mut Findings, state_dir: &Path) {
    if State::exists(state_dir) {
        findings.ok("cache", state_dir.display());
    } else {
        let message =
            format!("none in {}; the next backup reads every file, and sends what is new only", state_dir.display());
        findings.add("cache", Level::Warning, message);
    }
}

fn clock(findings: &mut Findings, date: Option<&str>) {
    let server_s = date.and_then(|date| httpdate::parse_http_date(date).ok());
    let server_s = server_s.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs());
    let Some(server_s) = server_s else { return };
    let difference_s = (SystemClock.now_ms() / 1000).abs_diff(server_s);
    if difference_s <= CLOCK_TOLERANCE_S {
        findings.ok("clock", "agrees with the server's");
    } else {
        let message = format!(
            "differs from the server's by {difference_s} s; set it right (backups are safe, but their times are told wrong)"
        );
        findings.add("clock", Level::Warning, message);
    }
}

fn head(findings: &mut Findings, ratchet: Option<&Ratchet>, remote: &dyn Remote) {
    let head = match remote.head() {
        Err(error) => return findings.problem("machine", error),
        Ok(head) => head,
    };
    findings.ok("machine", "the server lets it in");
    let Some(ratchet) = ratchet else { return };
    let known = ratchet.chain.head();
    let (seq, same) = head.map_or((0, known.0 == 0), |head| {
        let own = head.seq == known.0 + 1 && ratchet.pending.contains(&head.hash);
        (head.seq, (head.seq, head.hash) == known || own)
    });
    if same {
        findings.ok("head", format!("snapshot {seq}, as this machine knows it"));
    } else {
        findings.problem(
            "head",
            format!(
                "the server's newest snapshot is {seq}, this machine knows {}: it was cloned or restored from an image, or \
                 the server shows an old state; `iota enroll` takes the set over with its history",
                known.0
            ),
        );
    }
}
