//! `iota history`: the versions of a path.

use super::{
    Context, Outcome, Usage,
    changes::{Words, size},
    ls,
    output::{JsonPath, clean},
    reading::{Set, told, tree_path},
};
use anyhow::Result;
use clap::Args;
use iota_agent::history::{Version, Versions, show_time};
use serde_json::{Value, json};
use std::ffi::OsString;

const WORDS: Words = Words { appears: "created", goes: "deleted" };

/// What `iota history` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    set: Set,
    /// File or directory, in full; it need not be there any more. Of a directory, its own versions are listed
    #[arg(value_name = "PATH")]
    path: OsString,
}

/// Runs the command.
pub fn run(context: &Context, arguments: Arguments) -> Result<Outcome> {
    let path = tree_path(&arguments.path)?.ok_or_else(|| Usage("/ has no versions; name a path in it".into()))?;
    arguments.set.open(context, |set, history| {
        let Versions { versions, losses } = history.versions(&history.snapshots()?, &path)?;
        let losses = losses.into_iter().map(told).collect::<Result<Vec<_>, _>>()?;
        let output = context.output;
        let shown = clean(&String::from_utf8_lossy(path.as_bytes()));
        output.note(format!("Versions of /{shown} in {} ({}):", clean(&set.name), set.info.set));
        output.line(format!("{:>8}  {:<20}  {:<20}  {:>14}  MODIFIED", "NUMBER", "RECEIVED", "CHANGE", "SIZE"));
        let newest_first = || versions.iter().rev();
        newest_first().for_each(|version| output.line(row(version)));
        losses.iter().for_each(|loss| output.note(format!("{loss}; versions may be missing")));
        let mut object = json!(JsonPath::in_tree(path.as_bytes()));
        object["set"] = json!(set.info.set);
        object["name"] = json!(set.name);
        object["versions"] = newest_first().map(object_of).collect();
        object["losses"] = json!(losses);
        output.object(&object);
        Ok(if losses.is_empty() { Outcome::Done } else { Outcome::Gaps })
    })
}

fn row(version: &Version) -> String {
    let Version { snapshot, change } = version;
    let (_, after) = change.entries();
    let modified = after.map_or_else(|| "-".to_owned(), |entry| ls::time(entry.metadata.mtime));
    format!(
        "{:>8}  {:<20}  {:<20}  {:>14}  {modified}",
        snapshot.header.seq,
        show_time(snapshot.received_ms),
        WORDS.say(change),
        size(after)
    )
}

fn object_of(version: &Version) -> Value {
    let Version { snapshot, change } = version;
    let mut value = WORDS.object(change);
    value["seq"] = snapshot.header.seq.into();
    value["received"] = show_time(snapshot.received_ms).into();
    value["received_ms"] = snapshot.received_ms.into();
    value
}
