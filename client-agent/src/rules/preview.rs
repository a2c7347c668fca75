//! How much rules would cover, counted by a walk that looks and does not read.

use super::{Facts, PathKind, RuleFile, Rules, age};
use crate::{
    backup::source::{Event, Found, FoundKind, Source},
    monitor::{Clock, SystemClock},
    scan::Scan,
};
use iota_core::rules::{Counter, RuleCoverage};
use std::{io, path::Path};

/// Counts what `file` covers. `own` are directories of the agent; the walk ends early when `go_on` says so.
///
/// # Errors
/// When the rules cannot be, or the walk cannot begin.
pub fn count(file: &RuleFile, own: &[&Path], go_on: impl Fn() -> bool) -> io::Result<RuleCoverage> {
    let rules = Rules::compile(file).map_err(io::Error::other)?;
    // What is left out is counted, too.
    let all =
        RuleFile { exclude: Vec::new(), max_file_bytes: None, traits: [].into(), attach: Vec::new(), ..file.clone() };
    let mut scan = Scan::start(Rules::compile(&all).map_err(io::Error::other)?, own)?;
    let mut counter = Counter::new(file, &rules);
    let now_ms = SystemClock.now_ms();
    while let Some(event) = scan.next()? {
        if !go_on() {
            return Ok(counter.end(false));
        }
        if let Event::Found(found) = event {
            let path = [b"/", found.path.as_bytes()].concat();
            counter.meet(&path, &facts_of(&found, now_ms));
        }
    }
    Ok(counter.end(true))
}

fn facts_of(found: &Found, now_ms: u64) -> Facts {
    let kind = match found.kind {
        FoundKind::File { .. } => PathKind::File,
        FoundKind::Dir => PathKind::Directory,
        FoundKind::Symlink { .. } => PathKind::Link,
        _ => PathKind::Other,
    };
    Facts { kind, size: found.stamp.size, age: age(found.stamp.mtime, now_ms) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{RuleRoot, parse};
    use iota_core::rules::Share;
    use std::fs;

    #[test]
    fn each_rule_is_told_what_it_covers() {
        let source = tempfile::tempdir().unwrap();
        let root = source.path().canonicalize().unwrap();
        for (name, bytes) in [
            ("a.txt", 10),
            ("b.tmp", 20),
            ("out/deep/c.txt", 30),
            ("out/deep/d.tmp", 40),
            ("large", 5000),
            ("films/e.mkv", 200),
            ("keep/f.old", 7),
            ("own/out/g", 3),
        ] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, vec![0; bytes]).unwrap();
        }
        let text = "version = 1\nmax_file_bytes = 1000\nexclude = [\"*.tmp\", \"out/\", \"nothing\"]\n\
            [trait.film]\ncompression = false\n[trait.gone]\nexclude = true\n\
            [[attach]]\ntrait = \"film\"\npaths = [\"*.mkv\"]\n[[attach]]\ntrait = \"gone\"\npaths = [\"*.old\"]\n";
        let mut file = parse(text).unwrap();
        // A root that lies in what is left out is a root all the same.
        file.roots = vec![RuleRoot::new(&root), RuleRoot::new(&root.join("own/out"))];
        let coverage = count(&file, &[], || true).unwrap();
        let share = |files, bytes| Share { files, bytes };
        assert_eq!(coverage.exclude, [share(1, 20), share(2, 70), share(0, 0)]);
        assert_eq!(coverage.attach, [share(1, 200), share(1, 7)]);
        assert_eq!(coverage.roots, [share(2, 210), share(1, 3)]);
        assert_eq!((coverage.kept, coverage.too_large), (share(3, 213), share(1, 5000)));
        assert!(coverage.whole);
        assert!(!count(&file, &[], || false).unwrap().whole);
    }
}
