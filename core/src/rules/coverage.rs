//! How much each rule covers, in files and bytes.

use super::{Facts, RuleFile, Rules};
use crate::rules::PathKind;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Files and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Regular files.
    pub files: u64,
    /// Their sizes together, bytes.
    pub bytes: u64,
}

/// What each rule of a file covers, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCoverage {
    /// What is backed up.
    pub kept: Share,
    /// Of each root: what is backed up because of it.
    pub roots: Vec<Share>,
    /// Of each pattern: what it leaves out.
    pub exclude: Vec<Share>,
    /// Of each attachment: what it is on, also if a nearer one decides.
    pub attach: Vec<Share>,
    /// What is too large.
    pub too_large: Share,
    /// Everything was counted.
    pub whole: bool,
}

/// Why a path is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// By a pattern, by its place in the file.
    Pattern(usize),
    /// By an attachment, by its place in the file.
    Attachment(usize),
    /// By a trait of the program.
    BuiltIn,
    /// By its size.
    TooLarge,
}

/// Counts a walk of everything below the roots, parents before children.
#[derive(Debug)]
pub struct Counter<'a> {
    rules: &'a Rules,
    roots: HashMap<Vec<u8>, usize>,
    /// Directories that are left out, and why.
    left_out: HashMap<Vec<u8>, LeftOut>,
    coverage: RuleCoverage,
}

impl Share {
    fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}

impl<'a> Counter<'a> {
    /// Counts by `rules`, which `file` was compiled to.
    pub fn new(file: &RuleFile, rules: &'a Rules) -> Self {
        let roots = file.roots.iter().enumerate().filter_map(|(place, root)| Some((root.path().ok()?, place)));
        let none = |count| vec![Share::default(); count];
        let coverage = RuleCoverage {
            roots: none(file.roots.len()),
            exclude: none(file.exclude.len()),
            attach: none(file.attach.len()),
            ..RuleCoverage::default()
        };
        Self { rules, roots: roots.collect(), left_out: HashMap::new(), coverage }
    }

    /// A path was met.
    pub fn meet(&mut self, path: &[u8], facts: &Facts) {
        let is_root = self.roots.contains_key(path);
        let above = levels_above(path).next().and_then(|parent| self.left_out.get(parent)).copied();
        let on_path = self.rules.attachments_on(path, facts);
        let left_out = if is_root { None } else { above.or_else(|| self.rules.why_left_out(path, facts)) };
        if facts.kind == PathKind::Directory {
            if let Some(reason) = left_out {
                self.left_out.insert(path.to_vec(), reason);
            }
            return;
        }
        if facts.kind != PathKind::File {
            return;
        }
        match left_out {
            None => {
                for (place, _) in on_path {
                    self.coverage.attach[place].add(facts.size);
                }
                self.coverage.kept.add(facts.size);
                let root = std::iter::once(path).chain(levels_above(path)).find_map(|level| self.roots.get(level));
                if let Some(root) = root.or_else(|| self.roots.get(&b"/"[..])) {
                    self.coverage.roots[*root].add(facts.size);
                }
            }
            Some(LeftOut::Pattern(place)) => self.coverage.exclude[place].add(facts.size),
            Some(LeftOut::Attachment(place)) => self.coverage.attach[place].add(facts.size),
            Some(LeftOut::TooLarge) => self.coverage.too_large.add(facts.size),
            Some(LeftOut::BuiltIn) => {}
        }
    }

    /// What was counted; `whole`: nothing is missing.
    pub fn end(self, whole: bool) -> RuleCoverage {
        RuleCoverage { whole, ..self.coverage }
    }
}

/// The directories above a path, the nearest first, without `/`.
fn levels_above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let up = |level: &[u8]| level.iter().rposition(|byte| *byte == b'/').filter(|slash| *slash > 0);
    std::iter::successors(up(path).map(|slash| &path[..slash]), move |level| Some(&level[..up(level)?]))
}

impl Rules {
    /// What leaves an absolute path out, apart from what leaves out a directory above it.
    pub fn why_left_out(&self, path: &[u8], facts: &Facts) -> Option<LeftOut> {
        if let Some((place, _)) = self.excluding_pattern(path, facts.kind == PathKind::Directory) {
            return Some(LeftOut::Pattern(place));
        }
        if facts.kind == PathKind::File && self.is_too_large(facts.size) {
            return Some(LeftOut::TooLarge);
        }
        if !self.trait_excludes(path, facts) {
            return None;
        }
        let deciding = self.attachments_on(path, facts).into_iter().find(|(_, settings)| settings.exclude.is_some());
        Some(deciding.map_or(LeftOut::BuiltIn, |(place, _)| LeftOut::Attachment(place)))
    }
}
