//! How much changed each day: what deltas say, and what bases differ in from the snapshot before them.

use iota_core::commit::{Body as CommitBody, Change, Header};
use iota_core::entry::Entry;
use iota_core::operation::Operation;
use iota_core::vault::{DayChurn, ReadChurn};

use crate::compare::Between;
use crate::keys::OpenVault;
use crate::machines;
use crate::platform::Platform;
use crate::point::{Point, part};
use crate::problem::Result;
use crate::space::bytes_counted;

/// Answers [`ReadChurn`], one part of the history after another, the newest first, until one begins before the days do.
///
/// # Errors
/// When a part of the history cannot be opened.
pub async fn read(platform: &impl Platform, open: &OpenVault, question: &ReadChurn) -> Result<Vec<Option<DayChurn>>> {
    let history = match open.history(question.set).filter(|history| history.place().0 >= question.to) {
        Some(history) => history,
        None => machines::history(platform, open, question.set).await?,
    };
    let mut days = Days { begin_ms: &question.days_ms, churn: vec![None; question.days_ms.len()] };
    let (mut next, mut later) = (Some(question.to), None::<Point>);
    while let Some(at) = next.take() {
        let (base, deltas) = part(platform, open, &history, at).await?;
        deltas.iter().for_each(|(header, body)| days.add(header, &of_delta(body)));
        if let Some(later) = later.take() {
            let mut last = Point { header: base.header.clone(), state: base.state.clone() };
            last.advance(deltas);
            let churn = of_base(platform, open, &last, &later).await?;
            days.add(&later.header, &churn);
        }
        if days.place(&base.header).is_some() {
            next = history.kept(platform, base.header.seq, at).await?.below;
            later = Some(base);
        }
    }
    Ok(days.churn)
}

fn of_delta(body: &CommitBody) -> DayChurn {
    let mut churn = DayChurn::default();
    if let Change::Delta(operations) = &body.change {
        for operation in operations {
            match operation {
                Operation::Put(entry) => put(&mut churn, entry),
                Operation::Remove(_) => churn.removed += 1,
            }
        }
    }
    churn
}

/// What differs in a base from the snapshot before it.
async fn of_base(platform: &impl Platform, open: &OpenVault, before: &Point, base: &Point) -> Result<DayChurn> {
    let mut churn = DayChurn::default();
    let mut between = Between::begin(platform, open, (before, base), None).await?;
    while let Some(difference) = between.next().await? {
        match difference.entries().1 {
            Some(entry) => put(&mut churn, entry),
            None => churn.removed += 1,
        }
    }
    churn.lost = between.lost();
    Ok(churn)
}

fn put(churn: &mut DayChurn, entry: &Entry) {
    if let Some(bytes) = bytes_counted(entry) {
        churn.files += 1;
        churn.bytes = churn.bytes.saturating_add(bytes);
    }
}

struct Days<'a> {
    begin_ms: &'a [u64],
    churn: Vec<Option<DayChurn>>,
}

impl Days<'_> {
    /// The day of a commit; none before all days.
    fn place(&self, header: &Header) -> Option<usize> {
        self.begin_ms.partition_point(|&begin| begin <= header.device_time_ms).checked_sub(1)
    }

    fn add(&mut self, header: &Header, more: &DayChurn) {
        let Some(place) = self.place(header) else { return };
        let day = self.churn[place].get_or_insert_default();
        day.files += more.files;
        day.bytes = day.bytes.saturating_add(more.bytes);
        day.removed += more.removed;
        day.lost += more.lost;
    }
}
