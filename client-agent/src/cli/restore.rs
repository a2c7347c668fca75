//! `iota restore`: files come back, below a directory that is never left.

use super::{
    Context, Outcome,
    output::{JsonPath, clean, human_bytes},
    reading::{At, shortcomings::Shortcomings, tree_path},
};
use anyhow::Result;
use clap::{Args, ValueEnum};
use iota_agent::restore::{self, Forecast, Loss, Options, Overwrite, Report};
use serde_json::{Value, json};
use std::{ffi::OsString, path::PathBuf};

/// What `iota restore` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    at: At,
    /// Files and directories, in full [default: everything]
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,
    /// Directory to restore into; each path keeps its full path below it. What is there and is the same counts as done.
    /// Directories that are there get the metadata of the snapshot
    #[arg(long, value_name = "DIR", required_unless_present = "in_place")]
    to: Option<PathBuf>,
    /// Restore to where it was, on this machine
    #[arg(long, conflicts_with = "to")]
    in_place: bool,
    /// Which files and links that are there are replaced [default: never; in place: if-changed]. What is not in the
    /// snapshot stays, and a directory is never replaced
    #[arg(long, value_enum, value_name = "WHEN")]
    overwrite: Option<When>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Make devices, too (root only)
    #[arg(long)]
    devices: bool,
    /// Give setuid and setgid bits and capabilities back (root only)
    #[arg(long)]
    trust: bool,
    /// Write files of which parts are lost, with zeros in their place
    #[arg(long)]
    keep_damaged: bool,
}

/// When what is there is replaced.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum When {
    /// Never; what is in the way is named
    Never,
    /// When it was changed before the one of the snapshot
    IfNewer,
    /// When it has another size or time
    IfChanged,
    /// Always
    Always,
}

impl From<When> for Overwrite {
    fn from(when: When) -> Self {
        match when {
            When::Never => Self::Never,
            When::IfNewer => Self::IfNewer,
            When::IfChanged => Self::IfChanged,
            When::Always => Self::Always,
        }
    }
}

/// Runs the command.
pub fn run(context: &Context, arguments: Arguments) -> Result<Outcome> {
    let Arguments { at, paths, to, in_place, overwrite, dry_run, devices, trust, keep_damaged } = arguments;
    let overwrite = overwrite.map_or(if in_place { Overwrite::IfChanged } else { Overwrite::Never }, Overwrite::from);
    let to = to.unwrap_or_else(|| PathBuf::from("/"));
    let paths: Vec<_> = paths.iter().map(|path| tree_path(path)).collect::<Result<_, _>>()?;
    // The top is everything.
    let selection = if paths.contains(&None) { Vec::new() } else { paths.into_iter().flatten().collect() };
    let options = Options { devices, trust, keep_damaged, overwrite, in_place };
    at.open(context, |_, point| {
        if dry_run {
            let forecast = restore::forecast(point, &selection, &to, options)?;
            foretell(context, point.header().seq, &forecast);
            let would_be_whole = forecast.in_the_way_count == 0 && forecast.lost == 0;
            return Ok(if would_be_whole { Outcome::Done } else { Outcome::Gaps });
        }
        let total_bytes = selection.is_empty().then_some(point.totals().bytes);
        let progress = context.progress(total_bytes);
        let report = restore::restore(point, &selection, &to, options, &progress)?;
        drop(progress);
        let shortcomings = Shortcomings::of(point, &selection);
        tell(context, point.header().seq, &report, &shortcomings);
        let complete = report.loss_count == 0 && shortcomings.is_none();
        Ok(if complete { Outcome::Done } else { Outcome::Gaps })
    })
}

fn foretell(context: &Context, seq: u64, forecast: &Forecast) {
    let output = context.output;
    let Forecast { made, replaced, same, newer, in_the_way, in_the_way_count, bytes, lost } = forecast;
    for path in in_the_way {
        output.line(format!(
            "/{}: something else is there, and would stay",
            clean(&String::from_utf8_lossy(path.as_bytes()))
        ));
    }
    output.note(format!(
        "From snapshot {seq}: {made} files and links would be made and {replaced} replaced, {}; {same} are there with the same size and time.",
        human_bytes(*bytes)
    ));
    if *newer > 0 {
        output.note(format!("{newer} are there, newer, and would stay."));
    }
    if *in_the_way_count > 0 {
        output.line(format!("{in_the_way_count} would be missing, because something else is there."));
    }
    if *lost > 0 {
        output.line(format!("{lost} entries of the snapshot cannot be read."));
    }
    let in_the_way: Vec<Value> = in_the_way.iter().map(|path| json!(JsonPath::in_tree(path.as_bytes()))).collect();
    output.object(&json!({
        "seq": seq,
        "dry_run": true,
        "made": made,
        "replaced": replaced,
        "same": same,
        "newer": newer,
        "in_the_way_count": in_the_way_count,
        "in_the_way": in_the_way,
        "bytes": bytes,
        "lost": lost,
    }));
}

fn tell(context: &Context, seq: u64, report: &Report, shortcomings: &Shortcomings) {
    let output = context.output;
    let Report { files, dirs, others, bytes, kept, replaced, losses, loss_count, owners_left } = report;
    for loss in losses {
        output.line(line(loss));
    }
    output.note(format!(
        "Restored from snapshot {seq}: {files} files, {dirs} directories, {others} others, {}.",
        human_bytes(*bytes)
    ));
    if *kept > 0 {
        output.note(format!("{kept} files were there already, the same or newer."));
    }
    if *replaced > 0 {
        output.note(format!("{replaced} of them took the place of others."));
    }
    if *owners_left > 0 {
        output.note(format!("{owners_left} of them belong to you now: only root can give them back to their owners."));
    }
    if *loss_count > 0 {
        output.line(format!("{loss_count} losses; what is named above is missing, or is not quite as it was."));
    }
    shortcomings.tell(output, seq);
    let losses: Vec<Value> = losses.iter().map(object).collect();
    let mut object = json!({
        "seq": seq,
        "files": files,
        "dirs": dirs,
        "others": others,
        "bytes": bytes,
        "kept": kept,
        "replaced": replaced,
        "owners_left": owners_left,
        "loss_count": loss_count,
        "losses": losses,
    });
    shortcomings.add_to(&mut object);
    output.object(&object);
}

fn line(loss: &Loss) -> String {
    let path = clean(&String::from_utf8_lossy(&loss.path));
    match loss.entries {
        1 => format!("/{path}: {}", loss.reason),
        entries => format!("/{path} and what followed, {entries} entries: {}", loss.reason),
    }
}

fn object(loss: &Loss) -> Value {
    let mut value = json!(JsonPath::in_tree(&loss.path));
    value["reason"] = loss.reason.code().into();
    value["detail"] = loss.reason.to_string().into();
    value["entries"] = loss.entries.into();
    value
}
