//! Rules and traits: patterns, nearness, conditions, and what is refused.

use iota_core::rules::{
    Attachment, Bandwidth, Chunking, Facts, LocalTime, PathKind, Priority, RuleError, RuleFile, RuleRoot, Rules, Size,
    Span, Trait,
};
use proptest::prelude::*;
use std::{path::Path, time::Duration};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn excluding(patterns: &[&str]) -> Result<Rules, RuleError> {
    let exclude = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
    Rules::compile(&RuleFile { exclude, ..RuleFile::default() })
}

fn file(size: u64) -> Facts {
    Facts { kind: PathKind::File, size, age: DAY }
}

fn attach(name: &str, paths: &[&str]) -> Attachment {
    let paths = paths.iter().map(|&path| path.to_owned()).collect();
    Attachment { name: name.into(), paths, ..Attachment::default() }
}

fn rules(traits: &[(&str, Trait)], attach: &[Attachment]) -> Rules {
    let traits = traits.iter().map(|(name, settings)| ((*name).to_owned(), settings.clone())).collect();
    Rules::compile(&RuleFile { traits, attach: attach.to_vec(), ..RuleFile::default() }).expect("valid rules")
}

fn settle(minutes: u32) -> Trait {
    Trait { settle: Some(Span(minutes * MINUTE)), ..Trait::default() }
}

#[test]
fn patterns_mean_what_gitignore_says() {
    let rules = excluding(&[
        "*.o",
        "/home/ada/.cache/",
        "!keep.o",
        "target",
        "/var/**/log",
        "a?b",
        "/lib*/x",
        "*.{tmp,bak}",
        "[!k]ey",
    ]);
    let rules = rules.unwrap();
    let cases: [(&[u8], bool, bool); 21] = [
        (b"/src/x.o", false, true),
        (b"/src/keep.o", false, false),
        (b"/home/ada/.cache", true, true),
        (b"/home/ada/.cache", false, false),
        (b"/home/bob/.cache", true, false),
        (b"/x/home/ada/.cache", true, false),
        (b"/deep/er/target", true, true),
        (b"/deep/er/target", false, true),
        (b"/deep/er/targets", true, false),
        (b"/var/a/b/log", true, true),
        (b"/var/log", true, true),
        (b"/x/\xff\xfe.o", false, true),
        (b"/x/a\xffb", false, true),
        (b"/x/\xff", false, false),
        (b"/lib64/x", false, true),
        (b"/lib/a/x", false, false),
        (b"/.hidden.o", false, true),
        (b"/a/b.bak", false, true),
        (b"/a/hey", false, true),
        (b"/a/key", false, false),
        (b"/a/.o", false, true),
    ];
    for (path, directory, out) in cases {
        assert_eq!(rules.excluding(path, directory).is_some(), out, "{}", path.escape_ascii());
    }
    assert_eq!(rules.excluding(b"/src/x.o", false), Some("*.o"));
}

#[test]
fn misleading_patterns_are_refused() {
    for pattern in ["", "!", "# x", "./x", "~/x", "../x", "a\nb", "a[", "{a", "a\\", "/", "!/"] {
        assert!(matches!(excluding(&[pattern]), Err(RuleError::Pattern { .. })), "{pattern:?}");
    }
    assert!(excluding(&[&"x".repeat(5000)]).is_err());
    assert_eq!(excluding(&["x"; 1001]).unwrap_err(), RuleError::TooMany("patterns"));
}

#[test]
fn without_traits_files_are_treated_by_size() {
    let rules = rules(&[], &[]);
    let small = rules.settings(b"/a", &file(20_000_000));
    let large = rules.settings(b"/a", &file(20_000_001));
    assert_eq!((small.settle, small.longest_wait), (Duration::from_secs(5), 60 * MINUTE));
    assert_eq!((large.settle, large.longest_wait), (2 * MINUTE, 60 * MINUTE));
    assert_eq!((small.priority, small.compression, small.chunking), (Priority::Normal, true, Chunking::Auto));
    assert!(!small.exclude && small.schedule.is_none());
    // A directory has no size of its own.
    let directory = Facts { kind: PathKind::Directory, ..file(1 << 40) };
    assert_eq!(rules.settings(b"/a", &directory).settle, Duration::from_secs(5));
}

#[test]
fn the_nearest_wins_for_each_setting() {
    let low = Trait { priority: Some(Priority::Low), settle: Some(Span(MINUTE)), ..Trait::default() };
    let rules = rules(
        &[("far", low), ("near", settle(2)), ("name", settle(3)), ("late", settle(4))],
        &[
            attach("name", &["*.log"]),
            attach("near", &["/srv/data/"]),
            attach("far", &["/srv"]),
            attach("late", &["/srv/data/"]),
        ],
    );
    let settings = |path: &[u8]| {
        let settings = rules.settings(path, &file(1));
        (settings.settle.as_secs() / 60, settings.priority)
    };
    assert_eq!(settings(b"/srv/x"), (1, Priority::Low));
    assert_eq!(settings(b"/srv/data/x"), (4, Priority::Low), "of two that are equally near the later one");
    assert_eq!(settings(b"/srv/data/x.log"), (3, Priority::Low), "the path itself is nearest");
    assert_eq!(settings(b"/x.log/deep/er"), (3, Priority::Normal), "what is in a directory has its traits");
    assert_eq!(settings(b"/elsewhere"), (0, Priority::Normal));
    assert_eq!(settings(b"/srv/data"), (1, Priority::Low), "the pattern is for a directory");
    let why: Vec<_> = rules.explain(b"/srv/data/x", &file(1)).into_iter().collect();
    let said = |setting| why.iter().find(|choice| choice.setting == setting).unwrap();
    assert_eq!((said("settle").value.as_str(), said("settle").source.at.as_slice()), ("4m", &b"/srv/data"[..]));
    assert_eq!(said("settle").source.describe(), "trait late: /srv/data/ matches /srv/data");
    assert_eq!(said("priority").source.describe(), "trait far: /srv matches /srv");
    assert_eq!(said("compression").source.describe(), "trait default, which is everywhere");
    assert!(why.iter().all(|choice| choice.setting != "schedule"));
}

#[test]
fn conditions_of_size_and_age_are_for_files() {
    let out = Trait { exclude: Some(true), ..Trait::default() };
    let old_and_large = Attachment {
        larger_than: Some(Size(1000)),
        smaller_than: Some(Size(5000)),
        older_than: Some(Span(30 * DAY)),
        newer_than: Some(Span(300 * DAY)),
        ..attach("out", &["*.iso"])
    };
    let links = Attachment { kind: Some(PathKind::Link), ..attach("out", &["/links/"]) };
    let back = Attachment { ..attach("in", &["/keep/"]) };
    let rules = rules(
        &[("out", out), ("in", Trait { exclude: Some(false), ..Trait::default() })],
        &[old_and_large, links, back],
    );
    let old = |size, days| Facts { kind: PathKind::File, size, age: days * DAY };
    let cases = [
        (&b"/a.iso"[..], old(1001, 31), true),
        (b"/a.iso", old(1000, 31), false),
        (b"/a.iso", old(5000, 31), false),
        (b"/a.iso", old(1001, 30), false),
        (b"/a.iso", old(1001, 300), false),
        (b"/a.iso", Facts { kind: PathKind::Directory, ..old(1001, 31) }, false),
        (b"/a.txt", old(1001, 31), false),
        // The file's own pattern is nearer than that of its directory.
        (b"/keep/a.iso", old(1001, 31), true),
        (b"/links/a", Facts { kind: PathKind::Link, ..old(0, 0) }, true),
        (b"/links/a", old(0, 0), false),
    ];
    for (path, facts, excluded) in cases {
        assert_eq!(rules.trait_excludes(path, &facts), excluded, "{} {facts:?}", path.escape_ascii());
        assert_eq!(rules.settings(path, &facts).exclude, excluded);
    }
}

#[test]
fn what_the_program_sets_can_be_set_otherwise() {
    let rules = rules(&[("default", settle(1)), ("large", Trait { compression: Some(false), ..settle(9) })], &[]);
    assert_eq!(rules.settings(b"/a", &file(1)).settle, MINUTE);
    assert_eq!(rules.settings(b"/a", &file(1)).longest_wait, 60 * MINUTE);
    let large = rules.settings(b"/a", &file(30_000_000));
    assert_eq!((large.settle, large.compression), (9 * MINUTE, false));
}

#[test]
fn traits_that_cannot_be_are_refused() {
    let refused = |name: &str, settings: Trait, attachment: Attachment| {
        let traits = [(name.to_owned(), settings)].into();
        Rules::compile(&RuleFile { traits, attach: vec![attachment], ..RuleFile::default() }).unwrap_err()
    };
    let long = |days: u32| Trait { settle: Some(Span(days * DAY)), ..Trait::default() };
    assert!(matches!(refused("a", Trait::default(), attach("a", &[])), RuleError::Trait { .. }));
    assert!(matches!(refused("a", long(8), attach("a", &[])), RuleError::Trait { .. }));
    assert!(matches!(refused("a b", long(1), attach("a b", &[])), RuleError::Trait { .. }));
    assert_eq!(refused("a", long(1), attach("b", &[])), RuleError::NoSuchTrait("b".into()));
    assert!(matches!(refused("a", long(1), attach("a", &["!x"])), RuleError::Pattern { .. }));
    let many = vec!["x"; 1001];
    assert_eq!(refused("a", long(1), attach("a", &many)), RuleError::TooMany("patterns of traits"));
}

#[test]
fn the_least_limit_of_bandwidth_that_counts_now_holds() {
    let limit = |up: &str, schedule: Option<&str>| Bandwidth {
        up: Some(up.parse().unwrap()),
        down: None,
        schedule: schedule.map(|schedule| schedule.parse().unwrap()),
    };
    let bandwidth = vec![limit("4M", None), limit("500K", Some("mon-fri 8:00-18:00")), limit("1M", Some("mon"))];
    let file = RuleFile { bandwidth, ..RuleFile::default() };
    let at = |day, hour: u32| file.upload_limit(LocalTime::new(day, hour * 60));
    assert_eq!(
        (at(0, 9), at(0, 20), at(1, 20), at(5, 9)),
        (Some(500_000), Some(1_000_000), Some(4_000_000), Some(4_000_000))
    );
    assert_eq!(RuleFile::default().upload_limit(LocalTime::new(0, 0)), None);
    let slow = RuleFile { bandwidth: vec![limit("99K", None)], ..RuleFile::default() };
    assert_eq!(Rules::compile(&slow).unwrap_err(), RuleError::Bandwidth(Size(99_000)));
    // What comes down has limits of its own.
    let down = |size| Bandwidth { up: None, down: Some(Size(size)), schedule: None };
    let file = RuleFile { bandwidth: vec![limit("4M", None), down(7_000_000), down(6_000_000)], ..file };
    let at = LocalTime::new(0, 0);
    assert_eq!((file.upload_limit(at), file.download_limit(at)), (Some(4_000_000), Some(6_000_000)));
    for (limit, error) in [
        (down(99_000), RuleError::Bandwidth(Size(99_000))),
        (Bandwidth { up: None, down: None, schedule: None }, RuleError::NoBandwidth),
    ] {
        let wrong = RuleFile { bandwidth: vec![limit], ..RuleFile::default() };
        assert_eq!(Rules::compile(&wrong).unwrap_err(), error);
    }
}

#[test]
fn roots_are_absolute() {
    for path in ["", "a", "/a/../b", "/a//b", "/./a"] {
        let roots = vec![RuleRoot::new(Path::new(path))];
        assert!(Rules::compile(&RuleFile { roots, ..RuleFile::default() }).is_err(), "{path:?}");
    }
    let both = RuleRoot { hex: Some("2f61".into()), ..RuleRoot::new(Path::new("/a")) };
    assert!(both.path().is_err());
    let hex = RuleRoot { path: None, hex: Some("2F61ff".into()), one_file_system: None };
    assert_eq!(hex.path().unwrap(), b"/a\xff");
}

proptest! {
    #[test]
    fn no_pattern_and_no_path_is_too_much(patterns in prop::collection::vec("\\PC{0,40}", 0..8), path in prop::collection::vec(any::<u8>(), 0..60)) {
        let valid: Vec<_> = patterns.iter().map(String::as_str).filter(|pattern| excluding(&[pattern]).is_ok()).collect();
        let rules = excluding(&valid).unwrap();
        let path = [b"/", &path[..]].concat();
        let named = rules.excluding(&path, false);
        prop_assert!(named.is_none_or(|pattern| valid.contains(&pattern)));
    }

    #[test]
    fn a_literal_pattern_matches_its_name_only(name in "[a-z0-9.~ -]{1,12}", other in "[a-z0-9.~ -]{1,12}") {
        prop_assume!(!name.trim().is_empty() && !name.starts_with("~/") && name != other);
        let rules = excluding(&[&name]).unwrap();
        let below = |name: &str| format!("/x/{name}").into_bytes();
        prop_assert!(rules.excluding(&below(&name), false).is_some());
        prop_assert!(rules.excluding(&below(&other), false).is_none());
    }
}
