//! Which settings a path has, and why.

use super::{
    Attachment, Chunking, MAX_ITEMS, PathKind, Priority, RuleError, RuleFile, Rules, Schedule, Sharing, Size, Span,
    Trait, pattern::Pattern,
};
use std::{borrow::Cow, time::Duration};

/// The trait that all paths have.
const OF_ALL: &str = "default";
/// The trait of files above [`LARGE`].
const OF_LARGE: &str = "large";
const LARGE: Size = Size(20_000_000);
/// Attachments of the program, before those of the file.
const OWN: usize = 2;

/// What is known of a path apart from its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// What it is.
    pub kind: PathKind,
    /// Size of a file, bytes.
    pub size: u64,
    /// How long ago it was modified.
    pub age: Duration,
}

/// How a path is treated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// It is left out.
    pub exclude: bool,
    /// How long there must be no change before it is backed up.
    pub settle: Duration,
    /// How long it waits when it never rests.
    pub longest_wait: Duration,
    /// When its changes are backed up; `None`: always.
    pub schedule: Option<Schedule>,
    /// Whose turn comes first.
    pub priority: Priority,
    /// Whether its chunks are compressed.
    pub compression: bool,
    /// How it is cut.
    pub chunking: Chunking,
    /// Who shares its chunks.
    pub sharing: Sharing,
}

/// A setting of a path, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Name of the setting, as it is written.
    pub setting: &'static str,
    /// Its value, as it is written.
    pub value: String,
    /// The trait that sets it.
    pub source: Source,
}

/// What decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Name of the trait.
    pub trait_name: String,
    /// The pattern that matched, unless the trait is everywhere.
    pub pattern: Option<String>,
    /// The path that it matched: the one that was asked about, or a directory above it.
    pub at: Vec<u8>,
}

/// A trait on paths, ready to decide.
#[derive(Debug, Clone)]
pub(super) struct Attached {
    name: String,
    settings: Trait,
    conditions: Attachment,
    /// Empty: everywhere.
    paths: Vec<Pattern>,
}

/// The attachments of a file, after those of the program.
pub(super) fn attach(file: &RuleFile) -> Result<Vec<Attached>, RuleError> {
    let mut patterns = 0;
    for (name, settings) in &file.traits {
        settings.check(name)?;
    }
    let large = Attachment { name: OF_LARGE.into(), larger_than: Some(LARGE), ..Attachment::default() };
    let own = [Attachment { name: OF_ALL.into(), ..Attachment::default() }, large];
    let mut attached = Vec::new();
    for conditions in own.iter().chain(&file.attach) {
        let named = file.traits.get(&conditions.name);
        let settings = match (conditions.name.as_str(), named) {
            (OF_ALL, named) => named.cloned().unwrap_or_default().or(&Trait::of_all()),
            (OF_LARGE, named) => named.cloned().unwrap_or_default().or(&Trait::of_large_files()),
            (_, Some(named)) => named.clone(),
            (name, None) => return Err(RuleError::NoSuchTrait(name.to_owned())),
        };
        let paths = conditions.paths.iter().map(|text| parse_path(text)).collect::<Result<Vec<_>, _>>()?;
        patterns += paths.len();
        attached.push(Attached { name: conditions.name.clone(), settings, conditions: conditions.clone(), paths });
    }
    if patterns > MAX_ITEMS { Err(RuleError::TooMany("patterns of traits")) } else { Ok(attached) }
}

fn parse_path(text: &str) -> Result<Pattern, RuleError> {
    let pattern = Pattern::parse(text)?;
    if pattern.brings_back() {
        let message = "a trait cannot be taken back by a pattern; attach another one nearer to the path".to_owned();
        return Err(RuleError::Pattern { pattern: text.to_owned(), message });
    }
    Ok(pattern)
}

impl Attached {
    /// How near to the path: the number of names up to where a pattern matches, and that pattern. `None`: it is not on the path.
    fn depth(&self, path: &[u8], facts: &Facts) -> Option<(usize, Option<&Pattern>)> {
        if !self.holds(facts) {
            return None;
        }
        if self.paths.is_empty() {
            return Some((0, None));
        }
        let directory = facts.kind == PathKind::Directory;
        levels(path).find_map(|level| {
            let directory = directory || level.len() < path.len();
            let pattern = self.paths.iter().find(|pattern| pattern.matches(level, directory))?;
            Some((level.iter().filter(|byte| **byte == b'/').count(), Some(pattern)))
        })
    }

    fn holds(&self, facts: &Facts) -> bool {
        let conditions = &self.conditions;
        let of_files = [conditions.larger_than.is_some(), conditions.smaller_than.is_some()].contains(&true)
            || [conditions.older_than.is_some(), conditions.newer_than.is_some()].contains(&true);
        (!of_files || facts.kind == PathKind::File)
            && conditions.kind.is_none_or(|kind| kind == facts.kind)
            && conditions.larger_than.is_none_or(|limit| facts.size > limit.0)
            && conditions.smaller_than.is_none_or(|limit| facts.size < limit.0)
            && conditions.older_than.is_none_or(|limit| facts.age > limit.0)
            && conditions.newer_than.is_none_or(|limit| facts.age < limit.0)
    }
}

/// A path and the directories above it, up to the first below `/`.
fn levels(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(Some(path), |level| {
        let slash = level.iter().rposition(|byte| *byte == b'/')?;
        (slash > 0).then(|| &level[..slash])
    })
}

/// The traits of a path, the nearest first.
struct Nearest<'a> {
    path: &'a [u8],
    traits: Vec<(usize, Option<&'a Pattern>, &'a Attached)>,
}

impl<'a> Nearest<'a> {
    fn of(attached: &'a [Attached], path: &'a [u8], facts: &Facts) -> Self {
        let on_path = |attached: &'a Attached| {
            let (depth, pattern) = attached.depth(path, facts)?;
            Some((depth, pattern, attached))
        };
        // Of those that are equally near, the last that was written.
        let mut traits: Vec<_> = attached.iter().rev().filter_map(on_path).collect();
        traits.sort_by_key(|(depth, ..)| std::cmp::Reverse(*depth));
        Self { path, traits }
    }

    fn get<T>(&self, setting: impl Fn(&'a Trait) -> Option<T>) -> Option<T> {
        self.traits.iter().find_map(|(.., attached)| setting(&attached.settings))
    }

    fn choice(&self, setting: &'static str, value: impl Fn(&Trait) -> Option<String>) -> Option<Choice> {
        self.traits.iter().find_map(|(depth, pattern, attached)| {
            let value = value(&attached.settings)?;
            let at = levels(self.path).find(|level| level.iter().filter(|byte| **byte == b'/').count() == *depth);
            let source = Source {
                trait_name: attached.name.clone(),
                pattern: pattern.map(|pattern| pattern.text().to_owned()),
                at: at.unwrap_or(b"/").to_vec(),
            };
            Some(Choice { setting, value, source })
        })
    }
}

impl Rules {
    /// The attachments of the file that are on an absolute path, by their places in it, the nearest first.
    pub(super) fn attachments_on(&self, path: &[u8], facts: &Facts) -> Vec<(usize, &Trait)> {
        let mut on_path: Vec<_> = (0..)
            .zip(self.attached.iter())
            .skip(OWN)
            .filter_map(|(place, attached): (usize, _)| {
                Some((attached.depth(path, facts)?.0, place - OWN, &attached.settings))
            })
            .collect();
        on_path.sort_by_key(|(depth, place, _)| std::cmp::Reverse((*depth, *place)));
        on_path.into_iter().map(|(_, place, settings)| (place, settings)).collect()
    }

    /// How an absolute path is treated.
    pub fn settings(&self, path: &[u8], facts: &Facts) -> Settings {
        let nearest = Nearest::of(&self.attached, path, facts);
        // The trait that all paths have sets everything but a schedule.
        let span = |setting: fn(&Trait) -> Option<Span>| nearest.get(setting).map_or(Duration::ZERO, |span| span.0);
        Settings {
            exclude: nearest.get(|settings| settings.exclude).unwrap_or_default(),
            settle: span(|settings| settings.settle),
            longest_wait: span(|settings| settings.longest_wait),
            schedule: nearest.get(|settings| settings.schedule.clone()),
            priority: nearest.get(|settings| settings.priority).unwrap_or_default(),
            compression: nearest.get(|settings| settings.compression).unwrap_or(true),
            chunking: nearest.get(|settings| settings.chunking).unwrap_or_default(),
            sharing: nearest.get(|settings| settings.domain).unwrap_or_default(),
        }
    }

    /// Whether a trait leaves an absolute path out.
    pub fn trait_excludes(&self, path: &[u8], facts: &Facts) -> bool {
        let any = self.attached.iter().any(|attached| attached.settings.exclude == Some(true));
        any && Nearest::of(&self.attached, path, facts).get(|settings| settings.exclude) == Some(true)
    }

    /// Whether any trait of the file could bind a path to a schedule.
    pub fn has_schedules(&self) -> bool {
        self.attached.iter().any(|attached| attached.settings.schedule.is_some())
    }

    /// Every setting of an absolute path with its reason; a schedule only if there is one.
    pub fn explain(&self, path: &[u8], facts: &Facts) -> Vec<Choice> {
        let nearest = Nearest::of(&self.attached, path, facts);
        let yes_no = |yes: bool| if yes { "true" } else { "false" }.to_owned();
        let choices = [
            nearest.choice("exclude", |settings| settings.exclude.map(yes_no)),
            nearest.choice("settle", |settings| settings.settle.map(|span| span.to_string())),
            nearest.choice("longest_wait", |settings| settings.longest_wait.map(|span| span.to_string())),
            nearest.choice("schedule", |settings| settings.schedule.as_ref().map(ToString::to_string)),
            nearest.choice("priority", |settings| settings.priority.map(|priority| priority.to_string())),
            nearest.choice("compression", |settings| settings.compression.map(yes_no)),
            nearest.choice("chunking", |settings| settings.chunking.map(|chunking| chunking.to_string())),
            nearest.choice("domain", |settings| settings.domain.map(|sharing| sharing.to_string())),
        ];
        choices.into_iter().flatten().collect()
    }
}

impl Source {
    /// In words, for people.
    pub fn describe(&self) -> String {
        let at: Cow<'_, str> = String::from_utf8_lossy(&self.at);
        match &self.pattern {
            Some(pattern) => format!("trait {}: {pattern} matches {at}", self.trait_name),
            None => format!("trait {}, which is everywhere", self.trait_name),
        }
    }
}
