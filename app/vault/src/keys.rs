//! The open vault: what is gone when it locks.

use std::cell::{Ref, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use iota_core::history::VerifiedSegment;
use iota_core::id::{AccountId, SetId, VerifyingKey};
use iota_core::path::TreePath;
use iota_core::vault::PathToken;
use iota_crypto::keys::{DedupKey, FIRST_EPOCH, MasterKey, PathKey, SigningKey};
use iota_crypto::path_token;

use crate::history::History;
use crate::live::Heard;
use crate::names::Names;
use crate::point::Point;
use crate::problem::{Result, locked, missing};
use crate::versions::Oldest;

/// States that are kept open; each holds the changes since its base.
const MAX_POINTS: usize = 4;

/// The keys of an account, and what was opened with them.
pub struct OpenVault {
    /// The account.
    pub account: AccountId,
    /// Its public identity.
    pub identity: VerifyingKey,
    /// None once it was locked, also for work that is under way.
    keys: RefCell<Option<Keys>>,
    histories: RefCell<Vec<Rc<History>>>,
    points: RefCell<VecDeque<Rc<Point>>>,
    /// The newest that was fetched: its earlier points are opened without the server.
    segment: RefCell<Option<Rc<VerifiedSegment>>>,
    heard: RefCell<HashMap<SetId, Heard>>,
    names: RefCell<Option<Rc<RefCell<Names>>>>,
    oldest_version: RefCell<Option<Rc<Oldest>>>,
}

/// The keys.
pub struct Keys {
    /// The master key.
    pub master: MasterKey,
    /// Key of the private domain.
    pub dedup: DedupKey,
    paths: PathKey,
}

impl OpenVault {
    /// An open vault.
    pub fn new(account: AccountId, master: MasterKey) -> Self {
        Self {
            account,
            identity: master.identity(account).verifying_key(),
            keys: RefCell::new(Some(Keys {
                dedup: master.dedup_key(account, FIRST_EPOCH),
                paths: master.path_key(account),
                master,
            })),
            histories: RefCell::default(),
            points: RefCell::default(),
            segment: RefCell::default(),
            heard: RefCell::default(),
            names: RefCell::default(),
            oldest_version: RefCell::default(),
        }
    }

    /// It was locked: the keys are wiped, and whoever still works with it stops at the next step.
    pub fn end(&self) {
        self.keys.take();
        self.histories.take();
        self.points.take();
        self.segment.take();
        self.names.take();
        self.oldest_version.take();
    }

    /// # Errors
    /// A problem once it was locked.
    pub fn require_open(&self) -> Result<()> {
        self.keys().map(drop)
    }

    /// The keys, for one step: never held while something is waited for.
    ///
    /// # Errors
    /// A problem once it was locked.
    pub fn keys(&self) -> Result<Ref<'_, Keys>> {
        Ref::filter_map(self.keys.borrow(), Option::as_ref).map_err(|_| locked())
    }

    /// Signs as the account.
    ///
    /// # Errors
    /// A problem once it was locked.
    pub fn signing(&self) -> Result<SigningKey> {
        Ok(self.keys()?.master.identity(self.account))
    }

    /// The token of a path.
    ///
    /// # Errors
    /// A problem once it was locked.
    pub fn token(&self, path: &TreePath) -> Result<PathToken> {
        Ok(PathToken(path_token::seal(&self.keys()?.paths, path)))
    }

    /// The path of a token.
    ///
    /// # Errors
    /// A problem when this account did not seal it.
    pub fn path(&self, token: &PathToken) -> Result<TreePath> {
        path_token::open(&self.keys()?.paths, &token.0).ok_or_else(|| missing("file or folder"))
    }

    /// What was last verified of a set.
    pub fn history(&self, set: SetId) -> Option<Rc<History>> {
        self.histories.borrow().iter().find(|history| history.set == set).cloned()
    }

    /// Keeps what was verified of a set.
    pub fn keep_history(&self, history: History) -> Rc<History> {
        let history = Rc::new(history);
        let mut histories = self.histories.borrow_mut();
        histories.retain(|kept| kept.set != history.set);
        histories.push(Rc::clone(&history));
        history
    }

    /// What was heard of a machine.
    pub fn heard(&self, set: SetId) -> Option<Heard> {
        self.heard.borrow().get(&set).copied()
    }

    /// Keeps what was heard of a machine.
    pub fn keep_heard(&self, set: SetId, heard: Heard) {
        self.heard.borrow_mut().insert(set, heard);
    }

    /// The names of a set, as far as they were read.
    pub fn names(&self, set: SetId) -> Option<Rc<RefCell<Names>>> {
        self.names.borrow().clone().filter(|names| names.borrow().set == set)
    }

    /// Keeps the names of a set, in place of another's.
    pub fn keep_names(&self, names: &Rc<RefCell<Names>>) {
        self.names.replace(Some(Rc::clone(names)));
    }

    /// The oldest version that was told of a path, when what was asked for last ended just there.
    pub fn oldest_version(&self, set: SetId, path: &TreePath, before: u64) -> Option<Rc<Oldest>> {
        let oldest = self.oldest_version.borrow();
        oldest.clone().filter(|oldest| (oldest.set, &oldest.path, oldest.before) == (set, path, before))
    }

    /// Keeps the oldest version that was told of a path.
    pub fn keep_oldest_version(&self, oldest: Oldest) {
        self.oldest_version.replace(Some(Rc::new(oldest)));
    }

    /// A state that is open already.
    pub fn point(&self, set: SetId, seq: u64) -> Option<Rc<Point>> {
        self.points.borrow().iter().find(|point| (point.header.set, point.header.seq) == (set, seq)).cloned()
    }

    /// A segment that was fetched and holds this commit.
    pub fn segment(&self, set: SetId, seq: u64) -> Option<Rc<VerifiedSegment>> {
        let segment = self.segment.borrow();
        segment.as_ref().filter(|segment| segment.holds(set, seq)).map(Rc::clone)
    }

    /// Keeps a segment in place of the one before.
    pub fn keep_segment(&self, segment: VerifiedSegment) -> Rc<VerifiedSegment> {
        let segment = Rc::new(segment);
        self.segment.replace(Some(Rc::clone(&segment)));
        segment
    }

    /// Keeps a state open; the one that was opened longest ago makes room.
    pub fn keep_point(&self, point: Point) -> Rc<Point> {
        let point = Rc::new(point);
        let mut points = self.points.borrow_mut();
        if points.len() >= MAX_POINTS {
            points.pop_front();
        }
        points.push_back(Rc::clone(&point));
        point
    }
}
