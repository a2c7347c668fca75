//! `iota find`: names across all snapshots.

use super::{
    Context, Outcome, Usage, ls,
    output::{JsonPath, clean},
    reading::{Set, told},
};
use anyhow::Result;
use clap::{Args, builder::PossibleValuesParser};
use iota_agent::{
    history::{Findings, Found, Place, Stretch, show_time},
    monitor::{Clock, SystemClock},
};
use iota_core::{
    entry::{Entry, Kind},
    rules::{Search, Size, Span},
};
use serde_json::{Value, json};

/// What `iota find` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    set: Set,
    /// A part of the name, or of the whole path when it has a `/`; or a pattern as in .gitignore: *.odt, /home/*/letters/
    #[arg(value_name = "PATTERN")]
    pattern: String,
    #[command(flatten)]
    filter: Filter,
}

/// Which versions count. Those of size and age are for files only.
#[derive(Debug, Args)]
struct Filter {
    /// Only files above this size: 500K, 20M, 4G
    #[arg(long, value_name = "SIZE")]
    larger: Option<Size>,
    /// Only files below this size
    #[arg(long, value_name = "SIZE")]
    smaller: Option<Size>,
    /// Only files changed within this time: 8h, 2d, 3w
    #[arg(long, value_name = "AGE")]
    newer: Option<Span>,
    /// Only files not changed within this time
    #[arg(long, value_name = "AGE")]
    older: Option<Span>,
    /// Only what is this
    #[arg(long, value_parser = PossibleValuesParser::new(ls::KINDS))]
    kind: Option<String>,
}

impl Filter {
    fn fits(&self, entry: &Entry, now_s: i64) -> bool {
        let Self { larger, smaller, newer, older, kind } = self;
        let is_for_files = larger.is_some() || smaller.is_some() || newer.is_some() || older.is_some();
        if is_for_files && !matches!(entry.kind, Kind::File { .. }) {
            return false;
        }
        let age = |span: &Span| i64::try_from(span.0.as_secs()).map_or(i64::MIN, |age_s| now_s.saturating_sub(age_s));
        let (size, mtime_s) = (entry.size(), entry.metadata.mtime.seconds);
        larger.is_none_or(|limit| size > limit.0)
            && smaller.is_none_or(|limit| size < limit.0)
            && newer.as_ref().is_none_or(|span| mtime_s >= age(span))
            && older.as_ref().is_none_or(|span| mtime_s < age(span))
            && kind.as_ref().is_none_or(|kind| ls::word(&entry.kind) == kind)
    }
}

/// Runs the command.
pub fn run(context: &Context, arguments: Arguments) -> Result<Outcome> {
    let Arguments { set, pattern, filter } = arguments;
    let search = Search::parse(&pattern).map_err(|error| Usage(error.to_string()))?;
    let now_s = i64::try_from(SystemClock.now_ms() / 1000).unwrap_or(i64::MAX);
    set.open(context, |set, history| {
        let Findings { found, losses } =
            history.find(&history.snapshots()?, &search, |entry| filter.fits(entry, now_s))?;
        let losses = losses.into_iter().map(told).collect::<Result<Vec<_>, _>>()?;
        let output = context.output;
        output.note(format!("Found in {} ({}):", clean(&set.name), set.info.set));
        output.line(format!("{:>15}  {:<20}  {:<20}  {:>14}  PATH", "SNAPSHOTS", "FROM", "TO", "SIZE"));
        for found in &found {
            rows(found).for_each(|row| output.line(row));
        }
        output.note(format!("{} paths.", found.len()));
        losses.iter().for_each(|loss| output.note(format!("{loss}; paths and times may be missing")));
        let listed: Vec<Value> = found.iter().map(object).collect();
        output.object(&json!({"set": set.info.set, "name": set.name, "found": listed, "losses": losses}));
        Ok(if losses.is_empty() { Outcome::Done } else { Outcome::Gaps })
    })
}

/// One for each stretch of snapshots.
fn rows(found: &Found) -> impl Iterator<Item = String> + '_ {
    let path = clean(&String::from_utf8_lossy(found.path.as_bytes()));
    let size = match found.kind {
        Kind::File { size, .. } => size.to_string(),
        _ => ls::word(&found.kind).to_owned(),
    };
    found.stretches.iter().enumerate().map(move |(index, Stretch { first, last })| {
        let is_there = found.is_there && index + 1 == found.stretches.len();
        let (numbers, to) = if is_there {
            (format!("{}-", first.seq), "is there".to_owned())
        } else {
            (format!("{}-{}", first.seq, last.seq), show_time(last.received_ms))
        };
        format!("{numbers:>15}  {:<20}  {to:<20}  {size:>14}  /{path}", show_time(first.received_ms))
    })
}

fn object(found: &Found) -> Value {
    let place = |place: Place| json!({"seq": place.seq, "received": show_time(place.received_ms), "received_ms": place.received_ms});
    let mut value = json!(JsonPath::in_tree(found.path.as_bytes()));
    value["kind"] = ls::word(&found.kind).into();
    if let Kind::File { size, .. } = found.kind {
        value["size"] = size.into();
    }
    value["mtime"] = json!({"seconds": found.mtime.seconds, "nanoseconds": found.mtime.nanoseconds});
    value["there"] = found.is_there.into();
    let stretches = found.stretches.iter();
    value["stretches"] =
        stretches.map(|stretch| json!({"first": place(stretch.first), "last": place(stretch.last)})).collect();
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::{
        entry::{Metadata, Timestamp},
        extent::{Content, Extent},
        path::TreePath,
    };

    fn entry(length: u64, seconds: i64) -> Entry {
        let content = Content::Inline(vec![Extent::Hole { length }]);
        let mtime = Timestamp { seconds, nanoseconds: 0 };
        let kind = Kind::File { size: length, link: None, content };
        Entry { path: TreePath::parse(b"a\n").unwrap(), metadata: Metadata { mtime, ..Metadata::default() }, kind }
    }

    #[test]
    fn filters_are_of_size_age_and_kind() {
        let none = || Filter { larger: None, smaller: None, newer: None, older: None, kind: None };
        let (now_s, hour) = (10_000, "1h".parse::<Span>().unwrap());
        let file = entry(5, 10_000 - 3600);
        let dir = Entry { kind: Kind::Dir, ..file.clone() };
        for (filter, of_file, of_dir) in [
            (none(), true, true),
            (Filter { larger: Some(Size(4)), ..none() }, true, false),
            (Filter { larger: Some(Size(5)), ..none() }, false, false),
            (Filter { smaller: Some(Size(6)), ..none() }, true, false),
            (Filter { smaller: Some(Size(5)), ..none() }, false, false),
            (Filter { newer: Some(hour), ..none() }, true, false),
            (Filter { older: Some(hour), ..none() }, false, false),
            (Filter { older: Some("59m".parse().unwrap()), ..none() }, true, false),
            (Filter { kind: Some("dir".into()), ..none() }, false, true),
        ] {
            let fits = (filter.fits(&file, now_s), filter.fits(&dir, now_s));
            assert_eq!(fits, (of_file, of_dir), "{filter:?}");
        }
    }

    #[test]
    fn rows_say_when_it_was_there() {
        let place = |seq| Place { seq, received_ms: seq * 1000 };
        let Entry { path, kind, metadata } = entry(5, 0);
        let stretches = vec![Stretch { first: place(1), last: place(2) }, Stretch { first: place(4), last: place(9) }];
        let found = Found { path, kind, mtime: metadata.mtime, stretches, is_there: true };
        let rows: Vec<String> = rows(&found).map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            rows,
            [
                "1-2 1970-01-01T00:00:01Z 1970-01-01T00:00:02Z 5 /a‹U+000A›",
                "4- 1970-01-01T00:00:04Z is there 5 /a‹U+000A›"
            ]
        );
        let value = object(&found);
        assert_eq!(
            (&value["there"], &value["size"], &value["stretches"][1]["last"]["seq"]),
            (&json!(true), &json!(5), &json!(9))
        );
    }
}
