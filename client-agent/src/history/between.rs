//! What lies between two states, read at the cost of what changed: pages that both share are not opened.

use super::{History, LostRange, Moment, Objects, Point, ReadError, Result, WalkError, pages::Pages};
use iota_core::{
    commit::Header,
    difference::{Difference, differences},
    path::TreePath,
    replay::Replay,
    state::{State, subtree_bounds},
};
use iota_crypto::history::open_bodies;
use std::collections::VecDeque;

/// From which key on, and before which (`None`: to the last).
#[derive(Debug, Clone, Default)]
pub(super) struct KeyRange {
    pub start: Vec<u8>,
    pub end: Option<Vec<u8>>,
}

impl KeyRange {
    /// A path by itself.
    pub fn of(path: &TreePath) -> Self {
        let start = path.key().as_bytes().to_vec();
        let end = [&start[..], &[0]].concat();
        Self { start, end: Some(end) }
    }

    fn below(path: &TreePath) -> Self {
        let (start, end) = subtree_bounds(path);
        Self { start, end: Some(end) }
    }
}

/// Differences in key order. What may stand in a lost page of the later state is passed over, not told as removed. After
/// [`WalkError::Fatal`] there is nothing more; after the others it goes on.
pub(super) struct Differences<'p> {
    found: Box<dyn Iterator<Item = std::result::Result<Difference, WalkError>> + 'p>,
    /// Not told yet.
    losses: VecDeque<LostRange>,
    lost: Vec<LostRange>,
    needs_both: bool,
    ended: bool,
}

impl<'p> Differences<'p> {
    /// Of everything, the state roots of both are checked at the end.
    pub(super) fn new(objects: &'p Objects<'p>, before: &'p State, after: &'p State, range: KeyRange) -> Result<Self> {
        let KeyRange { start, end } = range;
        let ([old, new], losses) = Pages::telling(objects, [before, after], &start, end.as_deref())?;
        let is_whole = start.is_empty() && end.is_none() && losses.is_empty();
        let roots = is_whole.then_some((before.state_root, after.state_root));
        let old = before.overlay.merge(old, start.clone(), end.clone());
        let new = after.overlay.merge(new, start, end);
        let found = Box::new(differences(old, new, roots));
        Ok(Self { found, losses: losses.into(), lost: Vec::new(), needs_both: false, ended: false })
    }

    /// Likewise what may stand in a lost page of the earlier state: not told as added.
    fn of_both(self) -> Self {
        Self { needs_both: true, ..self }
    }

    /// Notes a loss; `None` when it is known from the other state.
    fn lose(&mut self, range: LostRange) -> Option<WalkError> {
        let is_known = self.lost.iter().any(|lost| lost.object == range.object);
        self.lost.push(range.clone());
        (!is_known).then_some(WalkError::Lost(range))
    }

    /// Whether the other state may have it in a lost page.
    fn is_lost(&self, difference: &Difference) -> bool {
        match difference {
            Difference::Changed { .. } => return false,
            Difference::Added(_) if !self.needs_both => return false,
            Difference::Added(_) | Difference::Removed(_) => {}
        }
        let key = difference.path().key();
        let holds = |range: &LostRange| {
            key.as_bytes() >= &range.start[..] && range.end.as_ref().is_none_or(|end| key.as_bytes() < &end[..])
        };
        self.lost.iter().any(holds)
    }
}

impl Iterator for Differences<'_> {
    type Item = std::result::Result<Difference, WalkError>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(range) = self.losses.pop_front() {
            if let Some(loss) = self.lose(range) {
                return Some(Err(loss));
            }
        }
        while !self.ended {
            match self.found.next()? {
                Ok(difference) if self.is_lost(&difference) => {}
                Err(WalkError::Lost(range)) => {
                    if let Some(loss) = self.lose(range) {
                        return Some(Err(loss));
                    }
                }
                other => {
                    self.ended = matches!(other, Err(WalkError::Fatal(_)));
                    return Some(other);
                }
            }
        }
        None
    }
}

impl<'a> Point<'a> {
    /// What lies between this state and a `later` one of the same set, at `path` and below it (`None`: everywhere, and then the
    /// state roots of both are checked). What may stand in a lost page of one of them is passed over.
    ///
    /// # Errors
    /// [`ReadError::Remote`].
    pub fn differences<'p>(
        &'p self,
        later: &'p Self,
        path: Option<&TreePath>,
    ) -> Result<impl Iterator<Item = std::result::Result<Difference, WalkError>> + 'p> {
        let between =
            |range| Differences::new(self.objects(), self.state(), later.state(), range).map(Differences::of_both);
        let (own, below) = match path {
            None => (None, between(KeyRange::default())?),
            Some(path) => (Some(between(KeyRange::of(path))?), between(KeyRange::below(path))?),
        };
        Ok(own.into_iter().flatten().chain(below))
    }
}

impl<'a> History<'a> {
    /// The states at two moments. What is read of the log is read once when one base is that of both.
    ///
    /// # Errors
    /// As [`History::at`].
    pub fn at_both(&self, one: Moment, other: Moment) -> Result<(Point<'a>, Point<'a>)> {
        let seqs = (self.seq_of(one)?, self.seq_of(other)?);
        let (low, high) = (seqs.0.min(seqs.1), seqs.0.max(seqs.1));
        let segment = self.segment(high)?;
        let headers: Vec<Header> = segment.commits().map(|(commit, _)| commit.header.header.clone()).collect();
        let mut replay = Replay::start(open_bodies(&segment, &self.owner.master)?)?;
        while replay.advance() {}
        let header = |seq: u64| headers.iter().find(|header| header.seq == seq).cloned();
        let later = header(high).map(|header| Point::new(header, replay.state().clone(), self.objects()));
        let later = later.ok_or(ReadError::NoPoint(format!("commit {high}")))?;
        let earlier = match header(low) {
            Some(header) => {
                for _ in low..high {
                    replay.rewind();
                }
                Point::new(header, replay.state().clone(), self.objects())
            }
            None => self.at(Moment::Seq(low))?,
        };
        Ok(if seqs.0 <= seqs.1 { (earlier, later) } else { (later, earlier) })
    }
}
