//! Whether a path is backed up, as far as its name and what is told of it say: nobody looks at the machine.

use super::{Facts, LeftOut, PathKind, Rules, Source};
use std::time::Duration;

/// What the rules say of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It lies in a root, and nothing leaves it out.
    Kept {
        /// The root.
        root: Vec<u8>,
    },
    /// A directory that is kept without its content, as it leads to a root.
    LeadsToRoot,
    /// No root contains it.
    OutsideRoots,
    /// Left out.
    LeftOut {
        /// What is left out: it, or a directory above it.
        at: Vec<u8>,
        /// Why.
        why: Reason,
    },
}

/// What leaves a path out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A pattern.
    Pattern(String),
    /// Its size.
    TooLarge,
    /// A trait.
    Trait(Source),
}

impl Rules {
    /// What becomes of an absolute path. Tags of caches and borders of file systems are not known here.
    pub fn verdict(&self, path: &[u8], facts: &Facts) -> Verdict {
        let above = Facts { kind: PathKind::Directory, size: 0, age: Duration::ZERO };
        let path = if path.len() > 1 { path.strip_suffix(b"/").unwrap_or(path) } else { path };
        let ends = (1..=path.len()).filter(|&end| path.get(end).is_none_or(|byte| *byte == b'/') && end > 1);
        let mut node = Some(&*self.roots);
        let mut root = self.roots.root.map(|_| &b"/"[..]);
        for level in ends.map(|end| &path[..end]) {
            let name = level.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            node = node.and_then(|node| node.children.get(name)).map(|child| &**child);
            if node.is_some_and(|node| node.root.is_some()) {
                root = Some(level);
                continue;
            }
            let facts = if level.len() == path.len() { facts } else { &above };
            match (root.and_then(|_| self.reason(level, facts)), node) {
                (Some(_), Some(_)) => root = None,
                (Some(why), None) => return Verdict::LeftOut { at: level.to_vec(), why },
                (None, None) if root.is_none() => return Verdict::OutsideRoots,
                (None, _) => {}
            }
        }
        match (root, node) {
            (Some(root), _) => Verdict::Kept { root: root.to_vec() },
            (None, Some(_)) => Verdict::LeadsToRoot,
            (None, None) => Verdict::OutsideRoots,
        }
    }

    fn reason(&self, path: &[u8], facts: &Facts) -> Option<Reason> {
        let by_trait = || self.explain(path, facts).into_iter().find(|choice| choice.setting == "exclude");
        match self.why_left_out(path, facts)? {
            LeftOut::Pattern(_) => {
                self.excluding(path, facts.kind == PathKind::Directory).map(|text| Reason::Pattern(text.to_owned()))
            }
            LeftOut::TooLarge => Some(Reason::TooLarge),
            LeftOut::Attachment(_) | LeftOut::BuiltIn => by_trait().map(|choice| Reason::Trait(choice.source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{RuleFile, RuleRoot};
    use std::path::Path;

    #[test]
    fn a_path_is_judged_by_its_name_and_what_is_told_of_it() {
        let file = RuleFile {
            roots: ["/home", "/home/ada/tmp/keep", "/srv/deep/data"].map(|path| RuleRoot::new(Path::new(path))).into(),
            exclude: vec!["tmp/".into(), "*.o".into()],
            max_file_bytes: Some(1000),
            ..RuleFile::default()
        };
        let rules = Rules::compile(&file).unwrap();
        let verdict = |path: &str, size| {
            let kind = if path.ends_with('/') { PathKind::Directory } else { PathKind::File };
            rules.verdict(path.as_bytes(), &Facts { kind, size, age: Duration::ZERO })
        };
        let kept = |root: &str| Verdict::Kept { root: root.into() };
        let out = |at: &str, why| Verdict::LeftOut { at: at.into(), why };
        let pattern = |text: &str| Reason::Pattern(text.into());
        assert_eq!(verdict("/home/ada/x", 1000), kept("/home"));
        assert_eq!(verdict("/home/", 0), kept("/home"));
        assert_eq!(verdict("/home/ada/x", 1001), out("/home/ada/x", Reason::TooLarge));
        assert_eq!(verdict("/home/x.o", 0), out("/home/x.o", pattern("*.o")));
        assert_eq!(verdict("/home/bob/tmp/deep/x", 0), out("/home/bob/tmp", pattern("tmp/")));
        assert_eq!(verdict("/home/ada/tmp/keep/x", 0), kept("/home/ada/tmp/keep"));
        assert_eq!(verdict("/home/ada/tmp/", 0), Verdict::LeadsToRoot);
        assert_eq!(verdict("/home/ada/tmp/lost", 0), Verdict::OutsideRoots);
        assert_eq!((verdict("/srv/deep/", 0), verdict("/", 0)), (Verdict::LeadsToRoot, Verdict::LeadsToRoot));
        assert_eq!(verdict("/etc/passwd", 0), Verdict::OutsideRoots);
        let all = RuleFile { roots: vec![RuleRoot::new(Path::new("/"))], ..RuleFile::default() };
        let facts = Facts { kind: PathKind::File, size: 0, age: Duration::ZERO };
        assert_eq!(Rules::compile(&all).unwrap().verdict(b"/etc/passwd", &facts), kept("/"));
    }
}
