//! A stretch of the history, opened: a base and commits after it. The state in it moves from one to another in steps as large as what they
//! change.

use iota_core::commit::{Body as CommitBody, Header};
use iota_core::id::SetId;
use iota_core::replay::Replay;

use crate::point::Point;
use crate::problem::{Result, Tell};

/// See the module.
pub struct Stretch {
    /// Ascending, without a gap; one at least.
    headers: Vec<Header>,
    /// Its places are those of the headers.
    replay: Replay,
}

impl Stretch {
    /// Stands at the first of `opened`, which is a base; deltas follow.
    ///
    /// # Errors
    /// When the first is none.
    pub fn start(opened: Vec<(Header, CommitBody)>) -> Result<Self> {
        let (headers, bodies): (Vec<_>, Vec<_>) = opened.into_iter().unzip();
        Ok(Self { headers, replay: Replay::start(bodies).tell()? })
    }

    /// Adds the commits that follow its end.
    pub fn extend(&mut self, opened: Vec<(Header, CommitBody)>) {
        let (headers, bodies): (Vec<_>, Vec<_>) = opened.into_iter().unzip();
        self.headers.extend(headers);
        self.replay.extend(bodies);
    }

    /// Its last commit.
    pub fn end(&self) -> &Header {
        &self.headers[self.headers.len() - 1]
    }

    /// Whether a commit of a set is in it.
    pub fn holds(&self, set: SetId, seq: u64) -> bool {
        self.end().set == set && (self.headers[0].seq..=self.end().seq).contains(&seq)
    }

    /// Goes to a commit, and shares its state; `None` when it is not in it.
    pub fn walk_to(&mut self, seq: u64) -> Option<Point> {
        let place = usize::try_from(seq.checked_sub(self.headers[0].seq)?).ok()?;
        let header = self.headers.get(place)?.clone();
        self.replay.go(place).then(|| Point { header, state: self.replay.state().clone() })
    }
}
