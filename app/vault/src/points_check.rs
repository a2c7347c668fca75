//! Whether the snapshots of a machine are as they should be: each that the server lists is proved to stand under the head, with the time at which it was
//! received, and what lies between them must have gone by the account's word.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use iota_core::api::json::SnapshotInfo;
use iota_core::commit::{Header, SignedHeader};
use iota_core::history::HistoryError;
use iota_core::retention::{Decisions, Point, Shown, apart_ms, unexplained};
use iota_core::vault::{CheckPoints, MissingView, PointsCheck};

use crate::api;
use crate::history::History;
use crate::keys::OpenVault;
use crate::machines;
use crate::platform::Platform;
use crate::problem::{Result, Tell, missing};
use crate::retention;

/// Snapshots asked for at a time.
const LIST_LIMIT: usize = 1000;
/// Questions that are under way at a time.
const AT_ONCE: usize = 6;

/// Answers [`CheckPoints`].
///
/// # Errors
/// [`iota_core::vault::ProblemKind::Altered`] when a snapshot is not on the chain under the head, or a decision does not hold.
pub async fn check(platform: &impl Platform, open: &OpenVault, question: &CheckPoints) -> Result<PointsCheck> {
    let history = machines::history(platform, open, question.set).await?;
    let Some(head) = &history.head else { return Ok(PointsCheck::default()) };
    let decisions = retention::decisions(platform, open).await?;
    let listed = listed(platform, &history, head).await?;
    let sets = api::sets(platform).await?;
    let newest = sets.iter().find(|info| info.set == question.set).and_then(|info| info.head.as_ref());
    // Nothing above signs when the head was received: that is the server's word.
    let received_ms = newest.filter(|newest| newest.seq == head.header.seq).map(|newest| newest.received_ms);
    let head_ms = received_ms.unwrap_or(head.header.device_time_ms);
    let shown = shown(platform, &history, (head, head_ms), listed, &decisions).await?;
    let gaps = unexplained(&decisions, question.set, &shown, platform.now_ms());
    let view =
        |gap: iota_core::retention::Gap| MissingView { first: gap.first, last: gap.last, received_ms: gap.received_ms };
    Ok(PointsCheck {
        missing: gaps.into_iter().map(view).collect(),
        apart_ms: apart_ms(shown.iter().map(|shown| shown.point)),
    })
}

/// The headers that the server lists, newest first, without the head; falling, and of this log.
async fn listed(platform: &impl Platform, history: &History, head: &SignedHeader) -> Result<Vec<SignedHeader>> {
    let mut all = Vec::new();
    let mut before = head.header.seq;
    loop {
        let path = format!("/sets/{}/snapshots?limit={LIST_LIMIT}&before={before}", history.set);
        let infos: Vec<SnapshotInfo> = api::get(platform, &path).await?;
        if infos.is_empty() {
            return Ok(all);
        }
        for info in infos {
            let signed = SignedHeader::decode(&info.header.0).tell()?;
            history.certificates.of(&signed.header).tell()?;
            if signed.header.seq >= before || signed.header.seq != info.seq {
                return Err(HistoryError::OtherCommits).tell();
            }
            before = signed.header.seq;
            all.push(signed);
        }
    }
}

/// What is judged, ascending: all that is listed, and the ends of deletions.
async fn shown(
    platform: &impl Platform,
    history: &History,
    (head, head_ms): (&SignedHeader, u64),
    listed: Vec<SignedHeader>,
    decisions: &Decisions,
) -> Result<Vec<Shown>> {
    let mut by_seq: BTreeMap<u64, SignedHeader> =
        listed.into_iter().map(|signed| (signed.header.seq, signed)).collect();
    let own = decisions.standing().filter(|(_, deletion, _)| deletion.set == history.set);
    for seq in own.flat_map(|(_, deletion, _)| [deletion.first, deletion.last]) {
        if seq < head.header.seq && !by_seq.contains_key(&seq) {
            let signed = api::path(platform, history.set, head.header.seq, seq).await?.pop();
            by_seq.insert(seq, signed.ok_or_else(|| missing("point in time"))?);
        }
    }
    by_seq.insert(head.header.seq, head.clone());
    let headers: Vec<SignedHeader> = by_seq.into_values().collect();
    let point = |index: usize| {
        let headers = &headers;
        async move {
            let header = &headers[index].header;
            let received_ms = match headers.get(index + 1).map(|above| &above.header) {
                None => head_ms,
                Some(above) if above.seq == header.seq + 1 => linked(header, above)?,
                Some(_) => receipt(platform, history, &headers[index]).await?,
            };
            let point = Point { seq: header.seq, received_ms, device_ms: header.device_time_ms };
            Ok::<_, iota_core::vault::Problem>(Shown { point, prev_received_ms: header.prev_received_ms })
        }
    };
    stream::iter(0..headers.len()).map(point).buffered(AT_ONCE).try_collect().await
}

/// When a commit was received, as the one above it signed it.
fn linked(header: &Header, above: &Header) -> Result<u64> {
    if above.prev == header.hash() { Ok(above.prev_received_ms) } else { Err(HistoryError::OtherCommits).tell() }
}

/// The same of one whose next is not listed; so it is proved to stand under the head, too.
async fn receipt(platform: &impl Platform, history: &History, signed: &SignedHeader) -> Result<u64> {
    let seq = signed.header.seq;
    let path = api::path(platform, history.set, history.place().0, seq + 1).await?;
    history.certificates.verify_path(&path, history.place(), seq + 1).tell()?;
    let next = path.last().ok_or(HistoryError::OtherCommits).tell()?;
    let step = [next.clone(), signed.clone()];
    history.certificates.verify_path(&step, (seq + 1, next.header.hash()), seq).tell()?;
    Ok(next.header.prev_received_ms)
}
