//! `iota snapshots`: what can be restored.

use super::{
    Context, Outcome,
    output::{clean, human_bytes},
    reading::{Set, missing::Missing},
};
use anyhow::Result;
use clap::Args;
use iota_agent::history::{Snapshot, show_time};
use iota_core::commit::{CommitKind, Flags, Totals};
use serde_json::{Value, json};

/// What `iota snapshots` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    set: Set,
    /// Say what each snapshot contains, not only those since the last base; reads all of the log
    #[arg(long)]
    totals: bool,
}

/// Runs the command.
pub fn run(context: &Context, arguments: Arguments) -> Result<Outcome> {
    arguments.set.open(context, |set, history| {
        let snapshots = history.snapshots()?;
        // The newest is worth reading its segment, which tells of the others in it as well.
        let asked = if arguments.totals { snapshots.len() } else { snapshots.len().min(1) };
        let totals = history.totals(&snapshots[..asked])?;
        let output = context.output;
        output.note(format!("Snapshots of {} ({}):", clean(&set.name), set.info.set));
        output.line(format!("{:>8}  {:<20}  {:<20}  {:<5}  NOTES", "NUMBER", "RECEIVED", "MADE", "KIND"));
        let of = |snapshot: &Snapshot| totals.get(&snapshot.header.seq).copied();
        for snapshot in &snapshots {
            output.line(row(snapshot, of(snapshot)));
        }
        let listed: Vec<Value> = snapshots.iter().map(|snapshot| object(snapshot, of(snapshot))).collect();
        let missing = Missing::among(context, history, &snapshots)?;
        missing.tell(output);
        output.object(&json!({
            "set": set.info.set,
            "name": set.name,
            "snapshots": listed,
            "missing": missing.objects(),
            "clocks_apart_ms": missing.apart_ms(),
        }));
        Ok(if missing.is_none() { Outcome::Done } else { Outcome::Problems })
    })
}

fn kind(snapshot: &Snapshot) -> &'static str {
    match snapshot.header.kind {
        CommitKind::Base => "base",
        CommitKind::Delta => "delta",
    }
}

fn flags(snapshot: &Snapshot) -> Vec<&'static str> {
    let words = [(Flags::PARTIAL, "partial"), (Flags::GAPS, "gaps")];
    words.into_iter().filter(|(flag, _)| snapshot.header.flags.contains(*flag)).map(|(_, word)| word).collect()
}

fn row(snapshot: &Snapshot, totals: Option<Totals>) -> String {
    let mut notes = flags(snapshot).join(", ");
    if let Some(Totals { files, dirs, bytes, .. }) = totals {
        let separator = if notes.is_empty() { "" } else { "; " };
        notes.push_str(&format!("{separator}{files} files, {dirs} directories, {}", human_bytes(bytes)));
    }
    let (received, made) = (show_time(snapshot.received_ms), show_time(snapshot.header.device_time_ms));
    format!("{:>8}  {received:<20}  {made:<20}  {:<5}  {notes}", snapshot.header.seq, kind(snapshot))
}

fn object(snapshot: &Snapshot, totals: Option<Totals>) -> Value {
    let mut value = json!({
        "seq": snapshot.header.seq,
        "hash": snapshot.header.hash(),
        "received": show_time(snapshot.received_ms),
        "received_ms": snapshot.received_ms,
        "device_time": show_time(snapshot.header.device_time_ms),
        "kind": kind(snapshot),
        "flags": flags(snapshot),
    });
    if let Some(Totals { files, dirs, others, bytes }) = totals {
        value["files"] = files.into();
        value["dirs"] = dirs.into();
        value["others"] = others.into();
        value["bytes"] = bytes.into();
    }
    value
}
