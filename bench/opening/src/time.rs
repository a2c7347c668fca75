//! The past of a large set: points, the steps between them, names across all of them, comparisons, and a zip.

use std::rc::Rc;

use futures::FutureExt;
use iota_core::vault::{
    Compare, Download, LoadNames, NameFilter, OpenPoint, Problem, ReadFound, SearchNames, Selection, Wanted, Way,
};
use iota_vault::platform::Sink;

use crate::fixture::{Done, Fixture, Later};
use crate::measure::{MeasureError, Result, Tab};
use crate::memory;
use crate::report::{Opened, Past, Repeated, Step};

/// Points of each kind that are opened, at most.
const POINTS: usize = 20;
/// Steps in each direction, at most.
const STEPS: u64 = 20;
/// How often each search is made.
const SEARCHES: usize = 5;
/// Rows that a page of results shows at first.
const ROWS: u32 = 100;

/// A base and the commits until the next.
#[derive(Clone, Copy)]
struct Run {
    base: u64,
    last: u64,
}

impl Run {
    fn deltas(&self) -> u64 {
        self.last - self.base
    }

    fn at(&self, quarters: u64) -> u64 {
        self.base + self.deltas() * quarters / 4
    }
}

/// Measures everything that `later` has.
///
/// # Errors
/// As [`crate::measure::measure`].
pub fn measure(fixture: &Rc<Fixture>) -> Result<Past> {
    let later = &fixture.known.later;
    let newest = later.commits.last().ok_or(MeasureError::Incomplete("there is no past"))?.seq;
    let bases = fixture.bases(newest);
    // The run that the measure of the newest state is about is another matter, and the last may not be over.
    let runs: Vec<Run> = bases.windows(2).skip(1).map(|pair| Run { base: pair[0], last: pair[1] - 1 }).collect();
    let longest = *runs.iter().max_by_key(|run| run.deltas()).ok_or(MeasureError::Incomplete("there are no runs"))?;
    let days: Vec<Run> = runs.into_iter().filter(|run| run.deltas() <= longest.deltas() / 4).collect();
    let day = *days.get(days.len() / 2).ok_or(MeasureError::Incomplete("there is one run only"))?;

    // Names first: memory that was used before counts neither as new nor as in use.
    let mut named = Vec::new();
    let (names, names_memory) = Visit::new(fixture)?.search(&mut named)?;
    let visit = Visit::new(fixture)?;
    let mut waits = Vec::new();
    visit.open_points("of a base", days.iter().map(|run| run.base), &mut waits)?;
    let deltas = day.deltas();
    visit.open_points(&format!("with {deltas} deltas, before a base"), days.iter().map(|run| run.last), &mut waits)?;
    let deltas = longest.deltas();
    visit.open_points(&format!("with up to {deltas} deltas"), (1..=4).map(|part| longest.at(part)), &mut waits)?;
    drop(visit);
    // Nothing of these is at hand but where the steps begin.
    Visit::new(fixture)?.step_through(day, &mut waits)?;
    Visit::new(fixture)?.step_through(longest, &mut waits)?;

    Visit::new(fixture)?.compare_neighbours(day, &mut waits)?;
    for span in &later.spans {
        let compared = Visit::new(fixture)?.compare(span.from, newest, span.changes)?;
        let commits = newest - span.from;
        waits.push(Repeated::of(format!("comparison over {commits} commits, {}", span.what), &[compared]));
    }
    waits.append(&mut named);
    let zip = Visit::new(fixture)?.zip(newest, &mut waits)?;
    Ok(Past { commits: newest, bases: bases.len() as u32, waits, zip, names, names_memory })
}

/// A browser that was never here, with an open vault.
struct Visit<'f> {
    tab: Tab,
    later: &'f Later,
}

impl<'f> Visit<'f> {
    fn new(fixture: &'f Rc<Fixture>) -> Result<Self> {
        let later = &fixture.known.later;
        let tab = Tab::new(fixture, &later.sets);
        tab.unlock()?;
        tab.ask(OpenPoint { set: later.sets[0].set, at: None })?;
        Ok(Self { tab, later })
    }

    fn done(&self, seq: u64) -> Result<&Done> {
        let place = self.later.commits.partition_point(|done| done.seq < seq);
        self.later.commits.get(place).ok_or(MeasureError::Incomplete("a commit is missing"))
    }

    fn open(&self, seq: u64) -> Result<Step> {
        let (step, point) = self.tab.step(|| self.tab.ask(OpenPoint { set: self.later.sets[0].set, at: Some(seq) }))?;
        if (point.seq, point.files) == (seq, self.done(seq)?.files) {
            Ok(step)
        } else {
            Err(MeasureError::Incomplete("a point has another number of files"))
        }
    }

    /// Shows the folder that commit `of` changed, as it was at commit `at`.
    fn show(&self, at: u64, of: u64) -> Result<Step> {
        let done = self.done(of)?;
        let (step, listing) = self.tab.step(|| self.tab.show(at, Some(&done.folder)))?;
        if listing.lost == 0 && (listing.count == done.entries || at != of) {
            Ok(step)
        } else {
            Err(MeasureError::Incomplete("a folder of the past has other entries"))
        }
    }

    fn open_points(&self, what: &str, seqs: impl Iterator<Item = u64>, waits: &mut Vec<Repeated>) -> Result<()> {
        let (mut opened, mut shown) = (Vec::new(), Vec::new());
        for seq in seqs.take(POINTS) {
            opened.push(self.open(seq)?);
            shown.push(self.show(seq, seq)?);
        }
        waits.push(Repeated::of(format!("point {what}"), &opened));
        waits.push(Repeated::of(format!("– a folder there, {what}"), &shown));
        Ok(())
    }

    /// From the middle of a run on and back again, always in the same folder.
    fn step_through(&self, run: Run, waits: &mut Vec<Repeated>) -> Result<()> {
        let (middle, steps) = (run.at(2), STEPS.min(run.deltas() / 2));
        self.open(middle)?;
        self.show(middle, middle)?;
        let on = middle + 1..=middle + steps;
        let back = on.clone().rev().map(|seq| seq - 1);
        let ways: [(&str, Vec<u64>); 2] = [("forward", on.collect()), ("back", back.collect())];
        let mut shown = Vec::new();
        for (way, seqs) in ways {
            let mut opened = Vec::new();
            for seq in seqs {
                opened.push(self.open(seq)?);
                shown.push(self.show(seq, middle)?);
            }
            waits.push(Repeated::of(format!("step {way} among {} deltas", run.deltas()), &opened));
        }
        waits.push(Repeated::of(format!("– the same folder there, among {} deltas", run.deltas()), &shown));
        Ok(())
    }

    fn compare_neighbours(&self, run: Run, waits: &mut Vec<Repeated>) -> Result<()> {
        let mut compared = Vec::new();
        for to in run.base..=run.last.min(run.base + STEPS) {
            let changes = self.done(to)?.changes;
            compared.push(self.compare(to - 1, to, changes)?);
        }
        waits.push(Repeated::of("comparison with the point before", &compared));
        Ok(())
    }

    fn compare(&self, from: u64, to: u64, changes: u32) -> Result<Step> {
        let question = Compare { set: self.later.sets[0].set, from, to, folder: None };
        let (step, shown) = self.tab.step(|| self.tab.ask(question))?;
        // Files that were stored anew for the sake of their bundle have other pieces, and are told as changed.
        if (shown.counts.all() - shown.counts.silent, shown.lost) == (changes, 0) {
            Ok(step)
        } else {
            Err(MeasureError::Incomplete("a comparison finds other changes"))
        }
    }

    /// Reads the names, and looks for some; says how many there are, and how much memory reading took.
    fn search(&self, waits: &mut Vec<Repeated>) -> Result<(u64, Option<u64>)> {
        let (set, browser) = (self.later.sets[0].set, &self.tab.desk.platform);
        let (before, kept) = (memory::begin(), browser.kept_bytes());
        let (step, read) = self.tab.step(|| self.tab.ask(LoadNames { set }))?;
        let kept = browser.kept_bytes() - kept;
        let memory = memory::most().zip(before).map(|(most, before)| most.saturating_sub(before).saturating_sub(kept));
        if !read.complete || (read.names, read.lost) != (self.later.names, 0) {
            return Err(MeasureError::Incomplete("there are other names"));
        }
        waits.push(Repeated::of("names of all points read", &[step]));
        for sought in &self.later.searches {
            let mut steps = Vec::new();
            for _ in 0..SEARCHES {
                let question = SearchNames { set, text: sought.text.clone(), filter: NameFilter::default() };
                let (step, found) = self.tab.step(|| {
                    let found = self.tab.ask(question)?;
                    self.tab.ask(ReadFound { found: found.found, from: 0, count: ROWS })?;
                    Ok(found)
                })?;
                if (found.there, found.gone) != (sought.there, sought.gone) {
                    return Err(MeasureError::Incomplete("a search finds other names"));
                }
                steps.push(step);
            }
            let (hits, what) = (sought.there + sought.gone, &sought.what);
            waits.push(Repeated::of(format!("– search {what}: {hits} of them"), &steps));
        }
        Ok((read.names, memory))
    }

    fn zip(&self, at: u64, waits: &mut Vec<Repeated>) -> Result<Opened> {
        let zip = &self.later.zip;
        let selection = Selection { folder: Some(zip.folder.clone()), only: Vec::new() };
        let question = Download { set: self.later.sets[0].set, at, what: Wanted::Zip(selection), way: Way::Stream };
        let (step, written) = self.tab.step(|| {
            let begun = self.tab.desk.download(&question, Written::default()).now_or_never();
            let (view, work) = begun.ok_or(MeasureError::Waits)?.map_err(MeasureError::Vault)?;
            let (result, written) = work.now_or_never().ok_or(MeasureError::Waits)?;
            result.map_err(MeasureError::Vault)?;
            if view.bytes == zip.bytes { Ok(written) } else { Err(MeasureError::Incomplete("a zip of other files")) }
        })?;
        // The files and their folder; no text about what is different.
        if !written.finished || written.members() != Some(zip.files + 1) || written.bytes <= zip.bytes {
            return Err(MeasureError::Incomplete("a zip without all of its files"));
        }
        waits.push(Repeated::of(format!("zip of {} files", zip.files), &[step]));
        Ok(Opened { bytes: zip.bytes, ms: step.ms })
    }
}

/// What became of a zip; its bytes are gone, but for the last.
#[derive(Default)]
struct Written {
    bytes: u64,
    end: Vec<u8>,
    finished: bool,
}

impl Written {
    /// The record at the end of a zip, without a comment.
    const END_BYTES: usize = 22;

    /// Members of the archive, as that record counts them.
    fn members(&self) -> Option<u32> {
        let count = self.end.get(10..12)?.try_into().ok()?;
        Some(u16::from_le_bytes(count).into())
    }
}

impl Sink for Written {
    async fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), Problem> {
        self.bytes += bytes.len() as u64;
        self.end.extend_from_slice(&bytes[bytes.len().saturating_sub(Self::END_BYTES)..]);
        self.end.drain(..self.end.len().saturating_sub(Self::END_BYTES));
        Ok(())
    }

    async fn finish(&mut self) -> std::result::Result<(), Problem> {
        self.finished = true;
        Ok(())
    }

    async fn abort(&mut self, _problem: &Problem) {}
}
