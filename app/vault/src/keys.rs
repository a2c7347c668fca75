//! The open vault: what is gone when it locks.

use std::cell::{Ref, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;

use iota_core::commit::{Body as CommitBody, CommitKind, Header};
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
use crate::stretch::Stretch;
use crate::versions::{Known, LaterVersion};

/// States that are kept open; each holds the changes since its base.
const MAX_POINTS: usize = 4;
/// Stretches of the history that are kept open; each holds what its commits change.
const MAX_STRETCHES: usize = 2;

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
    /// What was walked through last, the newest last: points in it are opened without the server.
    stretches: RefCell<Vec<Stretch>>,
    heard: RefCell<HashMap<SetId, Heard>>,
    names: RefCell<Option<Rc<RefCell<Names>>>>,
    /// Versions of the path that was asked for last.
    versions: RefCell<Option<Known>>,
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
            stretches: RefCell::default(),
            heard: RefCell::default(),
            names: RefCell::default(),
            versions: RefCell::default(),
        }
    }

    /// It was locked: the keys are wiped, and whoever still works with it stops at the next step.
    pub fn end(&self) {
        self.keys.take();
        self.histories.take();
        self.points.take();
        self.stretches.take();
        self.names.take();
        self.versions.take();
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

    /// What was last verified of all sets.
    pub fn histories(&self) -> Vec<Rc<History>> {
        self.histories.borrow().clone()
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

    /// The version of a path from which a search that ends before a commit goes on.
    pub fn told(&self, set: SetId, path: &TreePath, before: u64) -> Option<Rc<LaterVersion>> {
        let versions = self.versions.borrow();
        let known = versions.as_ref().filter(|known| (known.set, &known.path) == (set, path))?;
        known.told.get(&before).cloned()
    }

    /// Keeps versions that were told of a path, in place of another path's.
    pub fn keep_told(&self, set: SetId, path: &TreePath, told: impl Iterator<Item = (u64, LaterVersion)>) {
        let mut versions = self.versions.borrow_mut();
        if versions.as_ref().is_none_or(|known| (known.set, &known.path) != (set, path)) {
            versions.replace(Known { set, path: path.clone(), told: BTreeMap::new() });
        }
        if let Some(known) = versions.as_mut() {
            known.told.extend(told.map(|(before, version)| (before, Rc::new(version))));
        }
    }

    /// A state that is open already.
    pub fn point(&self, set: SetId, seq: u64) -> Option<Rc<Point>> {
        self.points.borrow().iter().find(|point| (point.header.set, point.header.seq) == (set, seq)).cloned()
    }

    /// Walks to a state in a stretch that is open.
    pub fn walk_to(&self, set: SetId, seq: u64) -> Option<Point> {
        let mut stretches = self.stretches.borrow_mut();
        let place = stretches.iter().position(|stretch| stretch.holds(set, seq))?;
        let stretch = stretches.remove(place);
        stretches.push(stretch);
        stretches.last_mut()?.walk_to(seq)
    }

    /// The end of an open stretch of a set that lies nearest before a commit.
    pub fn end_before(&self, set: SetId, seq: u64) -> Option<Header> {
        let stretches = self.stretches.borrow();
        let ends = stretches.iter().map(Stretch::end).filter(|end| end.set == set && end.seq < seq);
        ends.max_by_key(|end| end.seq).cloned()
    }

    /// Keeps opened commits: a new stretch, in place of the one that was walked through longest ago, or the continuation of one.
    ///
    /// # Errors
    /// When they are no commits of a log.
    pub fn keep_stretch(&self, opened: Vec<(Header, CommitBody)>) -> Result<()> {
        let mut stretches = self.stretches.borrow_mut();
        let Some((first, _)) = opened.first() else { return Ok(()) };
        if first.kind == CommitKind::Base {
            stretches.retain(|stretch| !stretch.holds(first.set, first.seq));
            if stretches.len() >= MAX_STRETCHES {
                stretches.remove(0);
            }
            stretches.push(Stretch::start(opened)?);
        } else if let Some(stretch) = stretches.iter_mut().find(|stretch| stretch.end().hash() == first.prev) {
            stretch.extend(opened);
        }
        Ok(())
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
