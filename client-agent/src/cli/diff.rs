//! `iota diff`: what lies between two snapshots.

use super::{
    Context, Outcome,
    changes::{Words, size},
    output::{clean, human_bytes},
    reading::{Set, moment, told, tree_path},
};
use anyhow::Result;
use clap::Args;
use iota_agent::history::{Contents, Point, ReadError};
use iota_core::{commit::Flags, difference::Difference, path::TreePath};
use serde_json::{Value, json};
use std::ffi::OsString;

const WORDS: Words = Words { appears: "added", goes: "removed" };

/// What `iota diff` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    set: Set,
    /// From which snapshot: a number from `iota snapshots`, a time, or latest, as for --at of `iota ls`
    #[arg(value_name = "FROM")]
    from: String,
    /// To which snapshot
    #[arg(value_name = "TO")]
    to: String,
    /// File or directory, with all that is in it [default: everything]
    #[arg(value_name = "PATH")]
    path: Option<OsString>,
}

/// Runs the command.
pub fn run(context: &Context, arguments: Arguments) -> Result<Outcome> {
    let path = arguments.path.as_deref().map(tree_path).transpose()?.flatten();
    let (from, to) = (moment(&arguments.from)?, moment(&arguments.to)?);
    arguments.set.open(context, |_, history| {
        let (before, after) = history.at_both(from, to)?;
        if let Some(path) = &path {
            require(&before, &after, path)?;
        }
        let output = context.output;
        for header in [before.header(), after.header()] {
            if header.flags.contains(Flags::PARTIAL) {
                output.note(format!("Snapshot {} is partial: it does not have everything.", header.seq));
            }
        }
        let mut tally = Tally::default();
        let (mut listed, mut losses): (Vec<Value>, Vec<String>) = Default::default();
        let mut contents = Contents::new(after.objects());
        for difference in before.differences(&after, path.as_ref())? {
            match difference {
                Ok(difference) => {
                    let Some(difference) = contents.settle(difference)? else { continue };
                    tally.count(&difference);
                    output.line(row(&difference));
                    if output.json {
                        listed.push(WORDS.object_with_path(&difference));
                    }
                }
                Err(error) => {
                    let loss = told(error)?;
                    output.note(&loss);
                    losses.push(loss);
                }
            }
        }
        let (from, to) = (before.header().seq, after.header().seq);
        let Tally { added, added_bytes, removed, removed_bytes, changed } = tally;
        output.note(format!(
            "From snapshot {from} to {to}: {added} added ({}), {removed} removed ({}), {changed} changed.",
            human_bytes(added_bytes),
            human_bytes(removed_bytes)
        ));
        output.object(&json!({
            "from": from,
            "to": to,
            "added": added,
            "added_bytes": added_bytes,
            "removed": removed,
            "removed_bytes": removed_bytes,
            "changed": changed,
            "differences": listed,
            "losses": losses,
        }));
        Ok(if losses.is_empty() { Outcome::Done } else { Outcome::Gaps })
    })
}

/// Fails when `path` is in neither.
fn require(before: &Point<'_>, after: &Point<'_>, path: &TreePath) -> Result<(), ReadError> {
    match before.require(path) {
        Err(ReadError::NoPath(_)) => after.require(path),
        answer => answer,
    }
}

#[derive(Default)]
struct Tally {
    added: u64,
    added_bytes: u64,
    removed: u64,
    removed_bytes: u64,
    changed: u64,
}

impl Tally {
    fn count(&mut self, difference: &Difference) {
        match difference {
            Difference::Added(entry) => {
                self.added += 1;
                self.added_bytes = self.added_bytes.saturating_add(entry.size());
            }
            Difference::Removed(entry) => {
                self.removed += 1;
                self.removed_bytes = self.removed_bytes.saturating_add(entry.size());
            }
            Difference::Changed { .. } => self.changed += 1,
        }
    }
}

fn row(difference: &Difference) -> String {
    let sizes = match difference.entries() {
        (Some(before), Some(after)) if size(Some(before)) != size(Some(after)) => {
            format!("{} -> {}", size(Some(before)), size(Some(after)))
        }
        (before, after) => size(after.or(before)),
    };
    let path = clean(&String::from_utf8_lossy(difference.path().as_bytes()));
    format!("{:<18}  {sizes:>24}  /{path}", WORDS.say(difference))
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::{
        entry::{Entry, Kind, Metadata},
        extent::{Content, Extent},
    };

    #[test]
    fn rows_say_what_differs_and_cannot_steer_a_terminal() {
        let entry = |kind| Entry { path: TreePath::parse(b"a/\x1b\xff").unwrap(), metadata: Metadata::default(), kind };
        let file = |length| {
            entry(Kind::File { size: length, link: None, content: Content::Inline(vec![Extent::Hole { length }]) })
        };
        let between = |before, after| row(&Difference::between(before, after).unwrap());
        let of = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let path = "/a/‹U+001B›\u{fffd}";
        assert_eq!(of(between(None, Some(file(3)))), format!("added 3 {path}"));
        assert_eq!(of(between(Some(entry(Kind::Dir)), None)), format!("removed - {path}"));
        assert_eq!(of(between(Some(file(3)), Some(file(4)))), format!("content, same time 3 -> 4 {path}"));
        assert_eq!(of(between(Some(file(3)), Some(entry(Kind::Dir)))), format!("file to dir 3 -> - {path}"));
        let object = WORDS.object_with_path(&Difference::Added(file(3)));
        assert_eq!(
            (&object["path_hex"], &object["change"], &object["before"]),
            (&json!("2f612f1bff"), &json!("added"), &Value::Null)
        );
        assert_eq!(object["after"]["size"], 3);
    }
}
