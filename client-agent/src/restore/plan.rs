//! The plan: which directories to make, which chunks go where, in the order of the walk.

mod files;

use super::{
    Batch, Loss, LossReason, Shared, count,
    dirs::{Dir, release},
};
use crate::{
    history::WalkError,
    platform::{FileKind, make_directory, status_at},
};
use crossbeam_channel::Sender;
use iota_core::{
    entry::{Entry, Kind, Metadata},
    path::TreePath,
};
use std::{
    collections::BTreeMap,
    io,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
};

pub(super) struct Planner<'s, 'a> {
    shared: &'s Shared<'a>,
    batches: Sender<Batch>,
    batch: Batch,
    /// The directories on the current branch, the target first.
    frames: Vec<Frame>,
    /// Hard links whose first file may still be under way.
    deferred: Vec<(Entry, Arc<Dir>)>,
    /// Keys that may have stood in lost pages.
    lost: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

struct Frame {
    dir: Arc<Dir>,
    open: Option<OwnedFd>,
    /// Subdirectories that were told and not entered, by name.
    waiting: BTreeMap<Box<[u8]>, Child>,
}

/// A subdirectory.
struct Child {
    metadata: Option<Metadata>,
    is_new: bool,
    /// It could not be made; nothing below it can.
    failed: bool,
}

impl Frame {
    fn new(dir: Arc<Dir>) -> Self {
        Self { dir, open: None, waiting: BTreeMap::new() }
    }

    /// The open directory.
    fn open(&mut self, shared: &Shared<'_>) -> io::Result<&OwnedFd> {
        let open = match self.open.take() {
            Some(open) => open,
            None => self.dir.open(shared)?,
        };
        Ok(self.open.insert(open))
    }

    fn child_path(&self, name: &[u8]) -> Option<TreePath> {
        match &self.dir.path {
            None => TreePath::parse(name).ok(),
            Some(path) => path.join(name).ok(),
        }
    }
}

impl<'s, 'a> Planner<'s, 'a> {
    pub fn new(shared: &'s Shared<'a>, batches: Sender<Batch>) -> Self {
        let frames = vec![Frame::new(Dir::target())];
        Self { shared, batches, batch: Batch::default(), frames, deferred: Vec::new(), lost: Vec::new() }
    }

    /// Plans `selection`, or everything, to the end.
    pub fn run(mut self, selection: &[TreePath]) {
        if selection.is_empty() {
            self.walk(None);
        }
        for path in outermost(selection) {
            self.ancestors(path);
            self.select(path);
        }
        self.settle_links();
        self.send();
        while self.frames.pop().is_some_and(|frame| self.leave(frame)) {}
    }

    fn select(&mut self, path: &TreePath) {
        let entry = self.shared.point.entry(path);
        let is_leaf = matches!(&entry, Ok(Some(entry)) if entry.kind != Kind::Dir);
        match entry {
            Ok(Some(entry)) => self.visit(entry),
            Ok(None) => {}
            Err(error) => self.note(error),
        }
        if !is_leaf {
            self.walk(Some(path));
        }
    }

    fn walk(&mut self, subtree: Option<&TreePath>) {
        for next in self.shared.point.walk(subtree) {
            if self.shared.is_stopped() {
                return;
            }
            match next {
                Ok(entry) => self.visit(entry),
                Err(error) => self.note(error),
            }
        }
    }

    fn note(&mut self, error: WalkError) {
        match error {
            WalkError::Fatal(error) => self.shared.stop(error.into()),
            WalkError::StateRoot(_) => {
                self.shared.losses.push(Loss { path: Box::default(), entries: 1, reason: LossReason::StateRoot });
            }
            WalkError::Lost(range) => {
                let path = iota_core::path::Key::parse(&range.start);
                let path = path.map_or_else(|_| Box::default(), |path| path.as_bytes().into());
                let reason = LossReason::Object(range.object);
                self.shared.losses.push(Loss { path, entries: range.entries, reason });
                self.lost.push((range.start, range.end));
            }
        }
    }

    /// Makes the directories that lead to a selected path, with their own metadata.
    fn ancestors(&mut self, path: &TreePath) {
        let mut ancestors: Vec<TreePath> = std::iter::successors(path.parent(), TreePath::parent).collect();
        ancestors.reverse();
        for ancestor in ancestors {
            let is_known = self.frames.iter().any(|frame| frame.dir.path.as_ref() == Some(&ancestor));
            if is_known {
                continue;
            }
            match self.shared.point.entry(&ancestor) {
                Ok(Some(entry)) => self.visit(entry),
                Ok(None) => {}
                Err(error) => self.note(error),
            }
            let child = self.frames.last_mut().and_then(|frame| frame.waiting.get_mut(ancestor.name()));
            if let Some(child) = child.filter(|child| self.shared.options.in_place && !child.is_new) {
                child.metadata = None;
            }
        }
    }

    fn visit(&mut self, entry: Entry) {
        if let Err(reason) = self.enter(entry.path.parent().as_ref()) {
            return self.shared.losses.add(&entry.path, reason);
        }
        let Some(frame) = self.frames.last_mut() else { return };
        match entry.kind {
            Kind::Dir => make(self.shared, frame, entry),
            Kind::File { .. } => self.plan_file(entry),
            Kind::Symlink { .. } => frame.dir.add_link(entry),
            _ => {
                let may_exist = !frame.dir.is_new;
                match frame.open(self.shared) {
                    Ok(directory) => self.shared.restore_node(directory.as_fd(), &entry, may_exist),
                    Err(error) => self.shared.losses.add(&entry.path, LossReason::Parent(error.to_string())),
                }
            }
        }
    }

    /// Makes `directory` the innermost frame. What was left on the way is done, as far as the plan goes.
    fn enter(&mut self, directory: Option<&TreePath>) -> Result<(), LossReason> {
        while self.frames.len() > 1 && !self.is_within(directory) {
            if let Some(frame) = self.frames.pop() {
                self.leave(frame);
            }
        }
        let Some(directory) = directory else { return Ok(()) };
        let below = self.frames.len() - 1;
        for name in directory.components().skip(below) {
            self.step_into(name)?;
        }
        Ok(())
    }

    /// Whether the innermost frame is `directory` or leads to it.
    fn is_within(&self, directory: Option<&TreePath>) -> bool {
        let innermost = self.frames.last().and_then(|frame| frame.dir.path.as_ref());
        match (innermost, directory) {
            (None, _) => true,
            (Some(innermost), Some(directory)) => directory.starts_with(innermost),
            (Some(_), None) => false,
        }
    }

    fn step_into(&mut self, name: &[u8]) -> Result<(), LossReason> {
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let after = frame.waiting.split_off(name);
        let passed = std::mem::replace(&mut frame.waiting, after);
        let dir = Arc::clone(&frame.dir);
        self.finish_empty(&dir, passed);
        release(self.shared, dir);
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let Some(path) = frame.child_path(name) else { return Ok(()) };
        if !frame.waiting.contains_key(name) {
            let key = path.key();
            let may_be_lost = |(start, end): &(Vec<u8>, Option<Vec<u8>>)| {
                &start[..] <= key.as_bytes() && end.as_ref().is_none_or(|end| key.as_bytes() < &end[..])
            };
            if !self.lost.iter().any(may_be_lost) {
                return Err(LossReason::Parent("it is no directory of this state".to_owned()));
            }
            // Its entry is lost, and what is below it is not.
            let entry = Entry { path: path.clone(), metadata: Metadata::default(), kind: Kind::Dir };
            make(self.shared, frame, entry);
            if let Some(child) = frame.waiting.get_mut(name) {
                child.metadata = None;
            }
        }
        match frame.waiting.get(name) {
            Some(child) if !child.failed => {}
            _ => return Err(LossReason::Parent("it could not be made".to_owned())),
        }
        if let Some(child) = frame.waiting.remove(name) {
            let dir = Dir::below(&frame.dir, path, child.metadata, child.is_new);
            self.frames.push(Frame::new(dir));
        }
        Ok(())
    }

    /// Finishes directories that nothing was told below.
    fn finish_empty(&self, parent: &Arc<Dir>, children: BTreeMap<Box<[u8]>, Child>) {
        for (name, child) in children.into_iter().filter(|(_, child)| !child.failed) {
            let path = match &parent.path {
                None => TreePath::parse(&name),
                Some(path) => path.join(&name),
            };
            if let Ok(path) = path {
                release(self.shared, Dir::below(parent, path, child.metadata, child.is_new));
            }
        }
    }

    /// The plan is done with a directory.
    fn leave(&mut self, frame: Frame) -> bool {
        self.finish_empty(&frame.dir, frame.waiting);
        release(self.shared, frame.dir);
        true
    }

    /// Hands the batch on.
    fn send(&mut self) {
        if !self.batch.is_empty() {
            // Workers take batches as long as there is a planner.
            let _ = self.batches.send(std::mem::take(&mut self.batch));
        }
    }
}

/// Makes a directory, or finds it.
fn make(shared: &Shared<'_>, frame: &mut Frame, entry: Entry) {
    let name = entry.path.name();
    let made = frame.open(shared).map(|directory| directory.as_fd()).and_then(|directory| {
        match make_directory(directory, name) {
            Ok(()) => Ok(Some(true)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let kind = status_at(directory, name)?.kind;
                shared.enter_existing(directory, name);
                Ok((kind == FileKind::Directory).then_some(false))
            }
            Err(error) => Err(error),
        }
    });
    let (is_new, failed) = match made {
        Ok(Some(is_new)) => (is_new, false),
        Ok(None) => {
            shared.losses.add(&entry.path, LossReason::Exists);
            (false, true)
        }
        Err(error) => {
            shared.not_made(&entry, &error);
            (false, true)
        }
    };
    frame.waiting.insert(name.into(), Child { metadata: Some(entry.metadata), is_new, failed });
}

/// Paths that do not lie below others, in the order of a walk.
pub(super) fn outermost(selection: &[TreePath]) -> Vec<&TreePath> {
    let mut paths: Vec<&TreePath> = selection.iter().collect();
    paths.sort_by(|a, b| a.components().cmp(b.components()));
    paths.dedup_by(|path, above| path.starts_with(above));
    paths
}
