//! `iota restore`: files come back, below a directory that is never left.

use super::{
    Context, Outcome,
    output::{JsonPath, clean, human_bytes},
    reading::{At, shortcomings::Shortcomings, tree_path},
};
use anyhow::Result;
use clap::Args;
use iota_agent::restore::{self, Loss, Options, Report};
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
    /// Directory to restore into; each path keeps its full path below it. Nothing that is there is overwritten; what is there
    /// and is the same counts as done. Directories that are there get the metadata of the snapshot
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
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

/// Runs the command.
pub fn run(context: &Context, arguments: Arguments) -> Result<Outcome> {
    let Arguments { at, paths, to, devices, trust, keep_damaged } = arguments;
    let paths: Vec<_> = paths.iter().map(|path| tree_path(path)).collect::<Result<_, _>>()?;
    // The top is everything.
    let selection = if paths.contains(&None) { Vec::new() } else { paths.into_iter().flatten().collect() };
    let options = Options { devices, trust, keep_damaged };
    at.open(context, |_, point| {
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

fn tell(context: &Context, seq: u64, report: &Report, shortcomings: &Shortcomings) {
    let output = context.output;
    let Report { files, dirs, others, bytes, kept, losses, loss_count, owners_left } = report;
    for loss in losses {
        output.line(line(loss));
    }
    output.note(format!(
        "Restored from snapshot {seq}: {files} files, {dirs} directories, {others} others, {}.",
        human_bytes(*bytes)
    ));
    if *kept > 0 {
        output.note(format!("{kept} files were there already, the same."));
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
