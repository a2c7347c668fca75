//! Moving through time: a state that goes to the commit after, and back to the one before.
//!
//! A step takes as long as what it changes is large. Taken, it has become the step the other way: what it put in place and what
//! stood there have changed places.

use crate::{
    commit::{Body, Change, Gap, Totals},
    id::Digest,
    operation::Operation,
    page::PageRef,
    state::{Overlay, ReplayError, State, Word},
};
use ::core::mem::swap;
use std::sync::Arc;

/// The way from a commit to a neighbour.
#[derive(Debug, Clone)]
pub struct Step {
    change: StepChange,
    totals: Totals,
    state_root: Digest,
    gap_count: u64,
    gaps: Vec<Gap>,
}

#[derive(Debug, Clone)]
enum StepChange {
    /// Another base, and what was changed since.
    Base(Vec<PageRef>, Overlay),
    /// By key, what the overlay says then: nothing where the base has the word.
    Overlay(Vec<(Arc<[u8]>, Option<Word>)>),
}

impl Step {
    /// The step from the commit before to the one with `body`.
    pub fn to(body: Body) -> Self {
        let Body { change, totals, state_root, gap_count, gaps, .. } = body;
        let change = match change {
            Change::Base(top) => StepChange::Base(top, Overlay::default()),
            Change::Delta(operations) => {
                let by_key =
                    |operation: Operation| (Arc::from(operation.path().key().as_bytes()), Some(Arc::new(operation)));
                StepChange::Overlay(operations.into_iter().map(by_key).collect())
            }
        };
        Self { change, totals, state_root, gap_count, gaps }
    }

    /// Takes `state` to the other end, and becomes the step back.
    pub(crate) fn take(&mut self, state: &mut State) {
        match &mut self.change {
            StepChange::Base(top, overlay) => {
                swap(&mut state.top, top);
                swap(&mut state.overlay, overlay);
            }
            StepChange::Overlay(words) => words.iter_mut().for_each(|(key, word)| state.overlay.exchange(key, word)),
        }
        swap(&mut state.totals, &mut self.totals);
        swap(&mut state.state_root, &mut self.state_root);
        swap(&mut state.gap_count, &mut self.gap_count);
        swap(&mut state.gaps, &mut self.gaps);
    }
}

/// A state that moves through commits, which begin with a base; further bases may follow. It holds what all of them change once,
/// and no entry of a base.
#[derive(Debug, Clone)]
pub struct Replay {
    state: State,
    /// Those before `at` lead back, the others on.
    steps: Vec<Step>,
    at: usize,
}

impl Replay {
    /// Stands at the first of `bodies`; the others lie ahead.
    ///
    /// # Errors
    /// [`ReplayError::NoBase`] when there is no body or the first is a delta.
    pub fn start(bodies: impl IntoIterator<Item = Body>) -> Result<Self, ReplayError> {
        let mut bodies = bodies.into_iter();
        let state = State::begin(bodies.next().ok_or(ReplayError::NoBase)?)?;
        Ok(Self { state, steps: bodies.map(Step::to).collect(), at: 0 })
    }

    /// Further commits lie ahead, after the last.
    pub fn extend(&mut self, bodies: impl IntoIterator<Item = Body>) {
        self.steps.extend(bodies.into_iter().map(Step::to));
    }

    /// Goes to the commit with this place, from 0 for the first, one step after the other; `false`, and nothing happens, when there is
    /// none.
    pub fn go(&mut self, to: usize) -> bool {
        if to > self.steps.len() {
            return false;
        }
        while self.at < to && self.advance() {}
        while self.at > to && self.rewind() {}
        true
    }

    /// The state at the commit where it stands. A copy of it costs nothing that grows with what changed.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Goes to the commit after; `false`, and nothing happens, at the last.
    pub fn advance(&mut self) -> bool {
        let Some(step) = self.steps.get_mut(self.at) else { return false };
        step.take(&mut self.state);
        self.at += 1;
        true
    }

    /// Goes to the commit before; `false`, and nothing happens, at the first.
    pub fn rewind(&mut self) -> bool {
        let Some(before) = self.at.checked_sub(1) else { return false };
        self.steps[before].take(&mut self.state);
        self.at = before;
        true
    }
}
