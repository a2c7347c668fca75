//! `iota verify`: is everything there, and does it open?

use super::{
    Context, Outcome,
    output::{JsonPath, clean, human_bytes},
    reading::{At, missing::Missing, shortcomings::Shortcomings},
};
use anyhow::Result;
use clap::Args;
use iota_agent::{
    history::Doubt,
    verify::{self, Problem, Report},
};
use serde_json::{Value, json};

/// What `iota verify` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    at: At,
    /// Read and open all content, too
    #[arg(long)]
    data: bool,
}

/// Runs the command.
pub fn run(context: &Context, arguments: Arguments) -> Result<Outcome> {
    arguments.at.open(context, |history, point| {
        let progress = context.progress(None);
        let mut report = verify::verify(point, arguments.data, &progress)?;
        history.doubts()?.into_iter().for_each(|doubt| report.add(Problem::Doubt(doubt)));
        drop(progress);
        let shortcomings = Shortcomings::of(point, &[]);
        let missing = Missing::among(context, history, &history.snapshots()?)?;
        tell(context, point.header().seq, arguments.data, &report, (&shortcomings, &missing));
        if !missing.is_none() {
            return Ok(Outcome::Problems);
        }
        let complete = report.problem_count == 0 && shortcomings.is_none();
        Ok(if complete { Outcome::Done } else { Outcome::Gaps })
    })
}

fn tell(context: &Context, seq: u64, data: bool, report: &Report, (shortcomings, missing): (&Shortcomings, &Missing)) {
    let output = context.output;
    report.problems.iter().for_each(|problem| output.line(line(problem)));
    let totals = report.totals;
    output.note(format!(
        "Snapshot {seq}: {} files, {} directories, {} objects; {}.",
        totals.files,
        totals.dirs,
        report.objects,
        if data {
            format!("{} of content opened", human_bytes(report.read_bytes))
        } else {
            "content not read".to_owned()
        }
    ));
    output.line(match (report.problem_count, data) {
        (0, true) => format!("Snapshot {seq} is whole."),
        (0, false) => format!("Snapshot {seq}: the tree is whole; content was not checked (use --data)."),
        (count, _) => format!("Snapshot {seq} has {count} problems."),
    });
    shortcomings.tell(output, seq);
    missing.tell(output);
    let problems: Vec<Value> = report.problems.iter().map(object).collect();
    let mut object = json!({
        "seq": seq,
        "data": data,
        "files": totals.files,
        "dirs": totals.dirs,
        "others": totals.others,
        "bytes": totals.bytes,
        "objects": report.objects,
        "read_bytes": report.read_bytes,
        "problem_count": report.problem_count,
        "problems": problems,
        "missing": missing.objects(),
        "clocks_apart_ms": missing.apart_ms(),
    });
    shortcomings.add_to(&mut object);
    output.object(&object);
}

fn shown(path: &[u8]) -> String {
    format!("/{}", clean(&String::from_utf8_lossy(path)))
}

fn line(problem: &Problem) -> String {
    match problem {
        Problem::Content { object, paths, files } => {
            let paths: Vec<String> = paths.iter().map(|path| shown(path)).collect();
            let more = files.saturating_sub(paths.len() as u64);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let lost =
                if paths.is_empty() { "files whose names could not be read again".into() } else { paths.join(", ") };
            format!("{object}; lost with it: {lost}{more}")
        }
        Problem::Page { object, first, entries } => {
            format!("{object}; lost with it: {entries} entries from {}", shown(first))
        }
        Problem::Parent(path) => format!("{}: its directory is not in the snapshot", shown(path)),
        Problem::StateRoot => "the entries do not add up to the state that was signed".to_owned(),
        Problem::Totals => "the snapshot contains something else than its commit says".to_owned(),
        Problem::References => "the snapshot uses other objects than its header counts".to_owned(),
        Problem::Doubt(doubt) => doubt.to_string(),
    }
}

fn object(problem: &Problem) -> Value {
    let paths = |paths: &[Box<[u8]>]| paths.iter().map(|path| json!(JsonPath::in_tree(path))).collect::<Vec<_>>();
    match problem {
        Problem::Content { object, paths: listed, files } => {
            json!({"what": "content", "object": object.cid, "fault": object.fault.word(), "paths": paths(listed), "files": files})
        }
        Problem::Page { object, first, entries } => {
            let first = JsonPath::in_tree(first);
            json!({"what": "page", "object": object.cid, "fault": object.fault.word(), "first": first, "entries": entries})
        }
        Problem::Parent(path) => json!({"what": "parent", "paths": paths(std::slice::from_ref(path))}),
        Problem::StateRoot => json!({"what": "state_root"}),
        Problem::Totals => json!({"what": "totals"}),
        Problem::References => json!({"what": "references"}),
        Problem::Doubt(Doubt::Hidden { set, seq, by }) => json!({"what": "hidden", "set": set, "seq": seq, "by": by}),
        Problem::Doubt(Doubt::Unreadable { set, reason }) => {
            json!({"what": "unreadable", "set": set, "detail": reason})
        }
    }
}
