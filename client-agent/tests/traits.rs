//! The document about traits says what is so, and a walk does what traits say.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    backup::{
        Options,
        source::{Event, Source},
    },
    rules::{self, Attachment, Edit, Facts, Notice, PathKind, RuleFile, RuleRoot, Rules, Trait, Verdict, explain},
    scan::Scan,
};
use std::{fs, path::Path, time::Duration};
use support::Rig;

const DOCUMENT: &str = include_str!("../../docs/traits.md");

fn examples() -> Vec<&'static str> {
    DOCUMENT.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

#[test]
fn every_example_of_the_document_is_valid_and_comes_back_as_it_was_written() {
    assert_eq!(examples().len(), 5);
    for example in examples() {
        let file = rules::parse(example).unwrap();
        assert_eq!(rules::parse(&rules::to_text(&file)).unwrap(), file);
        // As a browser sends it.
        assert_eq!(serde_json::from_str::<RuleFile>(&serde_json::to_string(&file).unwrap()).unwrap(), file);
    }
}

#[test]
fn the_example_of_commands_is_valid() {
    let example = DOCUMENT.split("```toml commands.toml\n").nth(1).unwrap().split("```").next().unwrap();
    let directory = tempfile::tempdir().unwrap();
    iota_agent::durable::write(&directory.path().join("commands.toml"), example.as_bytes()).unwrap();
    let commands = iota_agent::commands::Commands::load(directory.path()).unwrap();
    assert_eq!((commands.before.len(), commands.output.len(), commands.after.len()), (1, 1, 1));
}

#[test]
fn the_table_names_every_setting_and_what_it_is_without_traits() {
    let rules = Rules::compile(&RuleFile::default()).unwrap();
    let facts = Facts { kind: PathKind::File, size: 1, age: Duration::ZERO };
    let choices = rules.explain(b"/a", &facts);
    assert_eq!(choices.len(), 7, "all but the schedule");
    for choice in choices {
        let row = DOCUMENT.lines().find(|line| line.starts_with(&format!("| `{}` |", choice.setting))).unwrap();
        let without = row.rsplit('|').nth(1).unwrap();
        assert!(without.contains(&format!("`{}`", choice.value)), "{row}: {}", choice.value);
    }
}

#[test]
fn the_second_example_does_what_it_says() {
    let rules = Rules::compile(&rules::parse(examples()[1]).unwrap()).unwrap();
    let file = |size, days: u64| Facts { kind: PathKind::File, size, age: Duration::from_secs(days * 86_400) };
    let database = rules.settings(b"/var/lib/mysql/shop/orders.ibd", &file(1 << 30, 0));
    assert_eq!((database.settle, database.longest_wait), (Duration::from_secs(600), Duration::from_secs(6 * 3600)));
    assert!(rules.settings(b"/x/a.mkv", &file(100_000_001, 0)).schedule.is_some());
    assert!(rules.settings(b"/x/a.mkv", &file(100_000_000, 0)).schedule.is_none());
    assert!(rules.trait_excludes(b"/home/ada/Downloads/x/y", &file(1, 91)));
    assert!(!rules.trait_excludes(b"/home/ada/Downloads/x/y", &file(1, 89)));
}

fn with_traits(root: &Path, traits: &[(&str, Trait)], attach: &[(&str, &str)]) -> Rules {
    let attachment = |(name, pattern): &(&str, &str)| Attachment {
        name: (*name).into(),
        paths: vec![(*pattern).into()],
        ..Attachment::default()
    };
    let file = RuleFile {
        roots: vec![RuleRoot::new(root)],
        traits: traits.iter().map(|(name, settings)| ((*name).to_owned(), settings.clone())).collect(),
        attach: attach.iter().map(attachment).collect(),
        ..RuleFile::default()
    };
    Rules::compile(&file).expect("valid rules")
}

#[test]
fn a_walk_leaves_out_what_a_trait_leaves_out_and_says_why() {
    let source = tempfile::tempdir().unwrap();
    let root = source.path().canonicalize().unwrap();
    for name in ["out/in/a", "keep/b.log", "c.log"] {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), name).unwrap();
    }
    let (out, back) =
        (Trait { exclude: Some(true), ..Trait::default() }, Trait { exclude: Some(false), ..Trait::default() });
    let rules =
        with_traits(&root, &[("out", out), ("in", back)], &[("out", "out/"), ("out", "*.log"), ("in", "b.log")]);
    let mut scan = Scan::start(rules.clone(), &[]).unwrap();
    let mut found = Vec::new();
    while let Some(event) = scan.next().unwrap() {
        if let Event::Found(found_here) = event
            && let Ok(below) =
                Path::new("/").join(String::from_utf8_lossy(found_here.path.as_bytes()).as_ref()).strip_prefix(&root)
        {
            found.push(below.display().to_string());
        }
    }
    assert_eq!(found, ["", "keep", "keep/b.log"]);
    // What is said without looking at the machine agrees.
    let facts = Facts { kind: PathKind::File, size: 5, age: Duration::ZERO };
    for name in ["out/in/a", "keep/b.log", "c.log"] {
        let path = root.join(name);
        let verdict = rules.verdict(path.as_os_str().as_encoded_bytes(), &facts);
        let is_kept = explain(&rules, &path, 0).unwrap().decision.is_kept();
        assert_eq!(matches!(verdict, Verdict::Kept { .. }), is_kept, "{name}: {verdict:?}");
    }
    let why = explain(&rules, &root.join("out/in/a"), 0).unwrap();
    assert_eq!(
        why.decision.to_string(),
        format!("left out: {0}, by the trait out: out/ matches {0}", root.join("out").display())
    );
    assert!(!why.decision.is_kept() && why.settings.is_empty());
    assert_eq!(explain(&rules, &root.join("keep/b.log"), 0).unwrap().settings.len(), 7);
}

#[test]
fn outside_of_its_schedule_what_was_kept_of_a_file_stays_and_the_file_is_told() {
    let source = tempfile::tempdir().unwrap();
    let root = source.path().canonicalize().unwrap();
    fs::write(root.join("film"), "first").unwrap();
    fs::write(root.join("letter"), "first").unwrap();
    let rig = Rig::new();
    let open = with_traits(&root, &[], &[]);
    rig.run(|| Scan::start(open.clone(), &[]), Options::default()).unwrap();
    fs::write(root.join("film"), "second").unwrap();
    fs::write(root.join("letter"), "second").unwrap();
    fs::write(root.join("new film"), "first").unwrap();
    // A window of one minute, twelve hours from now.
    let now = jiff::Zoned::now();
    let hour = (now.hour() + 12) % 24;
    let schedule = format!("{hour}:00-{hour}:01").parse().unwrap();
    let closed = Trait { schedule: Some(schedule), ..Trait::default() };
    let rules = with_traits(&root, &[("night", closed)], &[("night", "*film")]);
    let report = rig.run(|| Scan::start(rules.clone(), &[]).map(Scan::heeding_schedules), Options::default()).unwrap();
    let postponed: Vec<_> =
        report.postponed.iter().map(|path| String::from_utf8_lossy(path.name()).into_owned()).collect();
    assert_eq!(postponed, ["film", "new film"]);
    assert_eq!(report.gap_count, 0);
    let content = |rig: &Rig, name: &str| {
        let target = tempfile::tempdir().unwrap();
        let options =
            iota_agent::restore::Options { devices: false, trust: false, keep_damaged: false, ..Default::default() };
        rig.restore_to(rig.server.head_seq(), &[], target.path(), options);
        fs::read_to_string(target.path().join(root.strip_prefix("/").unwrap()).join(name)).ok()
    };
    assert_eq!(content(&rig, "film").as_deref(), Some("first"));
    assert_eq!(content(&rig, "letter").as_deref(), Some("second"));
    assert_eq!(content(&rig, "new film"), None);
    // Who asks for a backup gets it.
    rig.run(|| Scan::start(rules.clone(), &[]), Options::default()).unwrap();
    assert_eq!(content(&rig, "film").as_deref(), Some("second"));
    assert_eq!(content(&rig, "new film").as_deref(), Some("first"));
}

#[test]
fn chunking_and_compression_are_as_the_traits_say() {
    let source = tempfile::tempdir().unwrap();
    let root = source.path().canonicalize().unwrap();
    let mut text = String::new();
    for number in 0..200_000 {
        text.push_str(&format!("{number} "));
    }
    fs::write(root.join("text"), &text).unwrap();
    let sent = |traits: Trait| {
        let rig = Rig::new();
        let rules = with_traits(&root, &[("a", traits)], &[("a", "text")]);
        let report = rig.run(|| Scan::start(rules.clone(), &[]), Options::default()).unwrap();
        (report.sent_bytes, rig.server.sent_count())
    };
    let auto = sent(Trait { priority: Some(rules::Priority::High), ..Trait::default() });
    let stored = sent(Trait { compression: Some(false), ..Trait::default() });
    let fine = sent(Trait { chunking: Some(rules::Chunking::Fine), ..Trait::default() });
    assert!(stored.0 > text.len() as u64 && auto.0 < text.len() as u64, "{stored:?} {auto:?} of {}", text.len());
    assert!(fine.1 > 3 * auto.1, "{fine:?} {auto:?}");
}

#[test]
fn commands_leave_traits_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let mut file = rules::parse(examples()[1]).unwrap();
    let notices = file.include(directory.path()).unwrap();
    assert!(notices.iter().any(|notice| matches!(notice, Notice::Inside { .. })), "{notices:?}");
    rules::save(&file, directory.path()).unwrap();
    let again = rules::load(directory.path()).unwrap();
    assert_eq!((again.traits.len(), again.attach.len(), again.roots.len()), (5, 5, 2));
}

#[test]
fn what_is_isolated_is_shared_within_the_machine_alone() {
    let source = tempfile::tempdir().unwrap();
    let root = source.path().canonicalize().unwrap();
    let contents =
        [(0..3_000_000u32).flat_map(|i| (i / 7).to_le_bytes()).collect::<Vec<u8>>(), b"a short secret".repeat(40)];
    let write = |directory: &str| {
        fs::create_dir_all(root.join(directory)).unwrap();
        for (name, content) in ["large", "small"].iter().zip(&contents) {
            fs::write(root.join(directory).join(name), content).unwrap();
        }
    };
    let isolated = Trait { domain: Some(rules::Sharing::Isolated), ..Trait::default() };
    let alone = with_traits(&root, &[("alone", isolated.clone())], &[("alone", "alone/"), ("alone", "again/")]);
    let backup = |rig: &Rig, rules: &Rules, full| {
        rig.clock.0.fetch_add(120_000, std::sync::atomic::Ordering::SeqCst);
        let options = Options { full, ..Options::default() };
        rig.run(|| Scan::start(rules.clone(), &[]), options).unwrap().new_bytes
    };
    let objects = |rig: &Rig| -> std::collections::BTreeSet<_> {
        rig.server.inner.lock().unwrap().objects.keys().copied().collect()
    };
    let total: u64 = contents.iter().map(|content| content.len() as u64).sum();
    let rig = Rig::new();
    write("shared");
    assert_eq!(backup(&rig, &alone, false), total);
    write("alone");
    assert_eq!(backup(&rig, &alone, false), total, "not shared with what all machines share");
    write("again");
    assert_eq!(backup(&rig, &alone, false), 0, "shared with what is isolated on this machine");
    for directory in ["shared", "alone", "again"] {
        let target = tempfile::tempdir().unwrap();
        let options = iota_agent::restore::Options { devices: false, ..Default::default() };
        let report = rig.restore_to(rig.server.head_seq(), &[], target.path(), options);
        assert!(report.losses.is_empty(), "{:?}", report.losses);
        let restored = target.path().join(root.strip_prefix("/").unwrap()).join(directory);
        assert_eq!([fs::read(restored.join("large")).unwrap(), fs::read(restored.join("small")).unwrap()], contents);
    }

    // Another machine of the account, with the same content and the same trait: it shares what is shared, and nothing else.
    let other = Rig::of_set(iota_core::id::SetId([0x77; 16]));
    fs::remove_dir_all(root.join("shared")).unwrap();
    backup(&other, &alone, false);
    assert!(objects(&rig).is_disjoint(&objects(&other)));
    write("shared");
    backup(&other, &alone, false);
    assert!(!objects(&rig).is_disjoint(&objects(&other)));

    // Shared again: what is read anew is found among what is shared.
    assert_eq!(backup(&rig, &with_traits(&root, &[("alone", isolated)], &[]), true), 0);
}
