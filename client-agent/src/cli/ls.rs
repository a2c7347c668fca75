//! `iota ls`: what is in a snapshot.

use super::{
    Context, Outcome,
    output::{JsonPath, clean},
    reading::{At, told, tree_path},
};
use anyhow::Result;
use clap::Args;
use iota_agent::history::{Point, ReadError, show_time};
use iota_core::{
    entry::{Entry, Kind, Timestamp},
    path::TreePath,
};
use serde_json::{Value, json};
use std::ffi::OsString;

/// What `iota ls` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    at: At,
    /// Directory or file [default: the top]
    #[arg(value_name = "PATH")]
    path: Option<OsString>,
}

/// Runs the command.
pub fn run(context: &Context, arguments: Arguments) -> Result<Outcome> {
    let path = arguments.path.as_deref().map(tree_path).transpose()?.flatten();
    arguments.at.open(context, |_, point| {
        let (mut listed, mut lost) = (Vec::new(), Vec::new());
        entries(point, path.as_ref(), |entry| match entry {
            Ok(entry) => {
                context.output.line(row(&entry));
                if context.output.json {
                    listed.push(object(&entry));
                }
            }
            Err(error) => {
                context.output.note(&error);
                lost.push(error);
            }
        })?;
        let seq = point.header().seq;
        context.output.object(&json!({"seq": seq, "entries": listed, "losses": lost}));
        Ok(if lost.is_empty() { Outcome::Done } else { Outcome::Gaps })
    })
}

/// The children of a directory, or the one entry that is none.
fn entries(point: &Point<'_>, path: Option<&TreePath>, mut each: impl FnMut(Result<Entry, String>)) -> Result<()> {
    if let Some(path) = path {
        match point.entry(path) {
            Ok(Some(entry)) if entry.kind == Kind::Dir => {}
            Ok(Some(entry)) => {
                each(Ok(entry));
                return Ok(());
            }
            Ok(None) => return Err(ReadError::NoPath(format!("/{}", path.as_bytes().escape_ascii())).into()),
            Err(error) => each(Err(told(error)?)),
        }
    }
    for entry in point.list(path) {
        match entry {
            Ok(entry) => each(Ok(entry)),
            Err(error) => each(Err(told(error)?)),
        }
    }
    Ok(())
}

/// The words of [`word`].
pub const KINDS: [&str; 7] = ["file", "dir", "symlink", "fifo", "char", "block", "socket"];

/// What an entry is, in one word.
pub fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::File { .. } => "file",
        Kind::Dir => "dir",
        Kind::Symlink { .. } => "symlink",
        Kind::Fifo => "fifo",
        Kind::Char { .. } => "char",
        Kind::Block { .. } => "block",
        Kind::Socket => "socket",
    }
}

/// As `ls -l` shows it: `-rw-r--r--`.
fn mode_text(entry: &Entry) -> String {
    let mode = entry.metadata.mode;
    let first = match entry.kind {
        Kind::File { .. } => '-',
        Kind::Dir => 'd',
        Kind::Symlink { .. } => 'l',
        Kind::Fifo => 'p',
        Kind::Char { .. } => 'c',
        Kind::Block { .. } => 'b',
        Kind::Socket => 's',
    };
    let mut text = String::from(first);
    for (shift, special, with, without) in [(6, 0o4000, 's', 'S'), (3, 0o2000, 's', 'S'), (0, 0o1000, 't', 'T')] {
        let bits = mode >> shift;
        text.push(if bits & 4 > 0 { 'r' } else { '-' });
        text.push(if bits & 2 > 0 { 'w' } else { '-' });
        text.push(match (mode & special > 0, bits & 1 > 0) {
            (true, true) => with,
            (true, false) => without,
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

fn owner(name: &[u8], number: u32) -> String {
    if name.is_empty() { number.to_string() } else { clean(&String::from_utf8_lossy(name)) }
}

/// A time of a file system.
pub fn time(mtime: Timestamp) -> String {
    u64::try_from(mtime.seconds)
        .map_or_else(|_| format!("{} s", mtime.seconds), |seconds| show_time(seconds.saturating_mul(1000)))
}

fn row(entry: &Entry) -> String {
    let metadata = &entry.metadata;
    let (user, group) = (owner(&metadata.user, metadata.uid), owner(&metadata.group, metadata.gid));
    let size = match entry.kind {
        Kind::Char { major, minor } | Kind::Block { major, minor } => format!("{major}, {minor}"),
        _ => entry.size().to_string(),
    };
    let mut name = clean(&String::from_utf8_lossy(entry.path.name()));
    if let Kind::Symlink { target } = &entry.kind {
        name.push_str(&format!(" -> {}", clean(&String::from_utf8_lossy(target))));
    }
    format!("{} {user:<8} {group:<8} {size:>12} {} {name}", mode_text(entry), time(metadata.mtime))
}

/// An entry for programs.
pub fn object(entry: &Entry) -> Value {
    let metadata = &entry.metadata;
    let mut value = json!(JsonPath::in_tree(entry.path.as_bytes()));
    value["kind"] = word(&entry.kind).into();
    value["mode"] = format!("{:04o}", metadata.mode).into();
    value["uid"] = metadata.uid.into();
    value["gid"] = metadata.gid.into();
    value["user"] = String::from_utf8_lossy(&metadata.user).into();
    value["group"] = String::from_utf8_lossy(&metadata.group).into();
    value["mtime"] = json!({"seconds": metadata.mtime.seconds, "nanoseconds": metadata.mtime.nanoseconds});
    value["torn"] = metadata.torn.into();
    value["xattrs"] = metadata.xattrs.iter().map(|xattr| String::from_utf8_lossy(&xattr.name)).collect();
    match &entry.kind {
        Kind::File { size, link, .. } => {
            value["size"] = (*size).into();
            if let Some(link) = link {
                value["link"] = json!(JsonPath::in_tree(link.as_bytes()));
            }
        }
        Kind::Symlink { target } => value["target"] = json!(JsonPath::new(target)),
        Kind::Char { major, minor } | Kind::Block { major, minor } => value["device"] = json!([major, minor]),
        _ => {}
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::entry::Metadata;

    #[test]
    fn rows_look_like_those_of_ls_and_cannot_steer_a_terminal() {
        let entry = |mode: u32, kind: Kind| Entry {
            path: TreePath::parse(b"a/\x1b[2J\xff").unwrap(),
            metadata: Metadata { mode, user: (*b"ada").into(), gid: 7, ..Metadata::default() },
            kind,
        };
        let link = row(&entry(0o777, Kind::Symlink { target: (*b"x\n").into() }));
        assert!(link.starts_with("lrwxrwxrwx ada      7 "), "{link}");
        assert!(link.ends_with("1970-01-01T00:00:00Z ‹U+001B›[2J\u{fffd} -> x‹U+000A›"), "{link}");
        assert_eq!(mode_text(&entry(0o7640, Kind::Dir)), "drwSr-S--T");
        assert_eq!(mode_text(&entry(0o7755, Kind::Fifo)), "prwsr-sr-t");
        let value = object(&entry(0o640, Kind::Block { major: 8, minor: 1 }));
        assert_eq!((&value["mode"], &value["device"]), (&json!("0640"), &json!([8, 1])));
        assert_eq!(value["path_hex"], "2f612f1b5b324aff");
    }
}
