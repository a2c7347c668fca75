//! The medians of all pairs of runs.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use iota_bench_opening::report::Report;

/// A set of a million files opens with less (10^6 bytes each).
const MAX_OPEN_BYTES: u64 = 5_000_000;

/// What a row is about.
type Value = fn(&Report) -> f64;

/// The table of lines of JSON, native and wasm in turn.
///
/// # Errors
/// When opening takes too many bytes, or the pairs did not do the same.
pub fn of(lines: &str) -> Result<String> {
    let reports = lines.lines().map(serde_json::from_str).collect::<Result<Vec<Report>, _>>()?;
    let pairs: Vec<(&Report, &Report)> = reports.chunks_exact(2).map(|pair| (&pair[0], &pair[1])).collect();
    let &(native, wasm) = pairs.first().context("there are no pairs of reports")?;
    for report in &reports {
        ensure!(same_traffic(report, native), "the runs fetched different things: {report:?}, {native:?}");
        let bytes = report.bytes_to_open();
        ensure!(bytes < MAX_OPEN_BYTES, "opening a set of {} files fetched {bytes} bytes", report.files);
    }
    let mut table = times(&pairs)?;
    table.push('\n');
    table += &fetched(wasm)?;
    table.push('\n');
    table += &past(&pairs)?;
    Ok(table)
}

fn same_traffic(one: &Report, other: &Report) -> bool {
    let of = |report: &Report| {
        let mut steps = vec![report.open, report.first, report.walk.all];
        steps.extend(report.past.waits.iter().map(|wait| wait.all));
        steps.into_iter().map(|step| (step.requests, step.objects, step.bytes)).collect::<Vec<_>>()
    };
    of(one) == of(other)
}

/// What was measured of the past: times, and what one of them fetches on average.
fn past(pairs: &[(&Report, &Report)]) -> Result<String> {
    let mut table = String::new();
    let first = &pairs[0].1.past;
    writeln!(
        table,
        "| {} commits, {} bases, medians in ms | native | wasm | requests | bytes |",
        first.commits, first.bases
    )?;
    writeln!(table, "|---|---|---|---|---|")?;
    for (place, wait) in first.waits.iter().enumerate().filter(|(_, wait)| wait.times > 0) {
        let of = |report: &Report| report.past.waits[place].median_ms;
        let native = median(pairs.iter().map(|(native, _)| of(native)));
        let wasm = median(pairs.iter().map(|(_, wasm)| of(wasm)));
        let each = |sum: u64| sum as f64 / f64::from(wait.times);
        let (requests, bytes) = (figure(each(wait.all.requests)), each(wait.all.bytes));
        writeln!(table, "| {} | {} | {} | {requests} | {bytes:.0} |", wait.what, figure(native), figure(wasm))?;
    }
    let zip = |report: &Report| report.past.zip.mb_per_s();
    let (native, wasm) = (pairs.iter().map(|pair| zip(pair.0)), pairs.iter().map(|pair| zip(pair.1)));
    writeln!(table, "| – MB/s | {} | {} | | |", figure(median(native)), figure(median(wasm)))?;
    let memory = |report: &Report| report.past.names_memory.map(|bytes| bytes as f64 / 1e6);
    let (native, wasm) =
        (pairs.iter().filter_map(|pair| memory(pair.0)), pairs.iter().filter_map(|pair| memory(pair.1)));
    let what = format!("memory to read {} names, at most, MB", first.names);
    writeln!(table, "| {what} | {} | {} | | |", figure(median(native)), figure(median(wasm)))?;
    Ok(table)
}

fn times(pairs: &[(&Report, &Report)]) -> Result<String> {
    let mut table = String::new();
    writeln!(table, "| medians of {} pairs | native | wasm | wasm / native |", pairs.len())?;
    writeln!(table, "|---|---|---|---|")?;
    let rows: [(&str, Value); 8] = [
        ("pieces opened, MB/s", |report| report.pieces().mb_per_s()),
        ("– source text, compressed", |report| report.text.mb_per_s()),
        ("– noise, stored", |report| report.noise.mb_per_s()),
        ("set opened, ms", |report| report.open.ms),
        ("first folder, ms", |report| report.first.ms),
        ("folders after the first, per second", |report| report.walk.folders_per_s()),
        ("– median, ms", |report| report.walk.median_ms),
        ("– 95th percentile, ms", |report| report.walk.p95_ms),
    ];
    for (name, value) in rows {
        let native = median(pairs.iter().map(|(native, _)| value(native)));
        let wasm = median(pairs.iter().map(|(_, wasm)| value(wasm)));
        let ratio = median(pairs.iter().map(|(native, wasm)| value(wasm) / value(native)));
        writeln!(table, "| {name} | {} | {} | {ratio:.2} |", figure(native), figure(wasm))?;
    }
    Ok(table)
}

fn fetched(report: &Report) -> Result<String> {
    let mut table = String::new();
    writeln!(table, "| set of {} files | requests | objects | bytes |", report.files)?;
    writeln!(table, "|---|---|---|---|")?;
    let folders = format!("{} folders after the first", report.walk.folders);
    let steps =
        [("vault unlocked, set opened", report.open), ("first folder", report.first), (&folders, report.walk.all)];
    for (name, step) in steps {
        writeln!(table, "| {name} | {} | {} | {} |", step.requests, step.objects, step.bytes)?;
    }
    Ok(table)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// Three digits that count.
fn figure(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
