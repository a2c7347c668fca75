//! `iota backup`: one run.

use super::{Coded, Context, Outcome, forecast::forecast, output::human_bytes, reading::shortcomings::gap_object};
use anyhow::Result;
use clap::Args;
use iota_agent::{
    backup::{self, Options, Report},
    commands::{CommandError, Commands},
    config::RunLock,
    identity::Identity,
    monitor::SystemClock,
    remote::http::{HttpRemote, Patience},
    rules::{self, Rules},
    scan::Scan,
    witness::Witness,
};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};

/// What `iota backup` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Read every file, also those that did not change
    #[arg(long)]
    full: bool,
}

/// Runs the command.
pub fn run(context: &Context, arguments: Arguments) -> Result<Outcome> {
    let identity = context.identity()?;
    let _lock = RunLock::take(&context.config_dir)?;
    identity.ratchet(&context.config_dir)?;
    let file = rules::load(&context.config_dir)?;
    if file.roots.is_empty() {
        let message = "nothing is included yet; say what to back up with `iota include PATH…`".to_owned();
        return Err(Coded { code: "nothing_included", message }.into());
    }
    let rules = Rules::compile(&file)?;
    let http = context.http_for_backup(&identity, Patience::BACKUP, move |now| file.upload_limit(now))?;
    let remote = HttpRemote::new(http, identity.speaker());
    let domains = identity.domains();
    let machine = identity.machine(&domains, &context.config_dir, &context.state_dir);
    let own = [context.config_dir.as_path(), context.state_dir.as_path()];
    let progress = context.progress(None);
    let open = || Scan::start(rules.clone(), &own);
    let options = Options { full: arguments.full, ..Options::default() };
    let note = |error: &CommandError| context.output.note(error);
    let commands = Commands::load(&context.config_dir)?;
    let ended = AtomicBool::new(false);
    let run = || {
        std::thread::scope(|scope| {
            if progress.is_shown()
                && let Ok(walk) = open()
            {
                // A walk that fails leaves the time left unknown, and no more than that.
                scope.spawn(|| drop(forecast(walk, |bytes| progress.expect(bytes), &ended)));
            }
            let report = backup::run(&machine, &remote, open, options, &SystemClock, &progress);
            ended.store(true, Ordering::Relaxed);
            report
        })
    };
    let report = commands.around(note, run);
    drop(progress);
    // Also after a run that failed: it may have made commits before.
    if let Err(error) = remember_head(context, &identity) {
        context.output.note(format!("The newest snapshot is not noted for readers: {error}"));
    }
    let report = report?;
    tell(context, &report);
    Ok(if report.gap_count > 0 { Outcome::Gaps } else { Outcome::Done })
}

/// Whoever reads this set from here expects what was acknowledged, even if identity and ratchet are gone by then.
pub(super) fn remember_head(context: &Context, identity: &Identity) -> Result<()> {
    let mut witness = Witness::load(&context.config_dir, identity.account)?;
    witness.remember_own(&identity.ratchet(&context.config_dir)?);
    Ok(witness.save()?)
}

fn tell(context: &Context, report: &Report) {
    let output = context.output;
    output.note(format!(
        "Snapshot {}: {} files, {} directories, {}.",
        report.seq,
        report.files,
        report.dirs,
        human_bytes(report.state_bytes)
    ));
    output.note(format!(
        "Read {}, of which {} was new; sent {}.",
        human_bytes(report.read_bytes),
        human_bytes(report.new_bytes),
        human_bytes(report.sent_bytes)
    ));
    if report.gap_count > 0 {
        output.note(format!(
            "Complete with {} gaps: what is named above is missing, or is kept in an older version.",
            report.gap_count
        ));
    }
    output.object(&of_report(report));
}

fn of_report(report: &Report) -> serde_json::Value {
    let gaps: Vec<_> = report.gaps.iter().map(gap_object).collect();
    json!({
        "seq": report.seq,
        "files": report.files,
        "dirs": report.dirs,
        "state_bytes": report.state_bytes,
        "read_bytes": report.read_bytes,
        "new_bytes": report.new_bytes,
        "sent_bytes": report.sent_bytes,
        "changes": report.changes,
        "gap_count": report.gap_count,
        "gaps": gaps,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::commit::{Gap, GapReason};

    #[test]
    fn gaps_are_listed_with_their_bytes() {
        let gap = |path: &[u8]| Gap { path: path.into(), reason: GapReason::Permission };
        let report = Report { seq: 3, gaps: vec![gap(b"a"), gap(b"\xff")], gap_count: 9, ..Report::default() };
        let value = of_report(&report);
        assert_eq!((&value["seq"], &value["gap_count"]), (&3.into(), &9.into()));
        assert_eq!(value["gaps"][0], json!({"path": "/a", "reason": "permission"}));
        assert_eq!(value["gaps"][1]["path_hex"], "2fff");
    }
}
