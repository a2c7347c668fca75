//! Files taken out: byte for byte, or not at all.

use crate::support::{Rig, crafted::Crafted, tree::MemoryTree};
use crate::tab::{Collected, Tab, about_object};
use iota_agent::{
    backup::Options,
    rules::{RuleFile, RuleRoot, Rules, Sharing, Trait},
    scan::Scan,
};
use iota_core::{
    id::Cid,
    vault::{CancelDownload, Download, Lock, ProblemKind, VaultEvent, Wanted, Way},
};
use std::rc::Rc;

/// Alters an object.
type Alter = Rc<dyn Fn(&mut Vec<u8>)>;

fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut output = vec![0; bytes];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut output);
    output
}

fn rig_with(files: &[(&str, Vec<u8>)]) -> Rig {
    let (rig, mut tree) = (Rig::new(), MemoryTree::default());
    for (path, content) in files {
        tree.file(path, content.clone());
    }
    rig.backup(&tree).unwrap();
    rig
}

#[test]
fn files_of_every_size_come_out_as_they_went_in() {
    let repeated = noise(300_000, 1).repeat(40);
    let files = [
        ("empty", vec![]),
        ("one", b"x".to_vec()),
        ("small", noise(5000, 2)),
        ("bundle neighbour", noise(60_000, 3)),
        ("large", noise(9_000_000, 4)),
        ("repeated", repeated),
    ];
    let rig = rig_with(&files);
    let tab = Tab::unlocked(&rig);
    for (path, content) in &files {
        let (result, collected) = tab.download(&rig, 1, &tab.walk_to(&rig, 1, path));
        let view = result.unwrap();
        assert_eq!((view.name.as_str(), view.bytes), (*path, content.len() as u64));
        assert!(collected.bytes == *content && collected.finished && collected.aborted.is_none(), "{path}");
        assert!(collected.longest <= 1 << 20);
    }
}

#[test]
fn what_a_machine_shares_with_no_other_comes_out_like_all_else() {
    let source = tempfile::tempdir().unwrap();
    let root = source.path().canonicalize().unwrap();
    let files = [("large", noise(3_000_000, 5)), ("small", noise(500, 6))];
    files.iter().for_each(|(name, content)| std::fs::write(root.join(name), content).unwrap());
    let isolated = Trait { domain: Some(Sharing::Isolated), ..Trait::default() };
    let file = RuleFile {
        roots: vec![RuleRoot::new(&root)],
        traits: [("default".to_owned(), isolated)].into(),
        ..RuleFile::default()
    };
    let (rig, rules) = (Rig::new(), Rules::compile(&file).unwrap());
    rig.run(|| Scan::start(rules.clone(), &[]), Options::default()).unwrap();
    let tab = Tab::unlocked(&rig);
    for (name, content) in &files {
        let path = root.join(name);
        let token = tab.walk_to(&rig, 1, path.strip_prefix("/").unwrap().to_str().unwrap());
        let (result, collected) = tab.download(&rig, 1, &token);
        assert_eq!(result.unwrap().bytes, content.len() as u64);
        assert!(collected.bytes == *content, "{name}");
    }
}

#[test]
fn a_file_that_repeats_itself_is_fetched_once() {
    let rig = rig_with(&[("repeated", noise(200_000, 1).repeat(100))]);
    let tab = Tab::unlocked(&rig);
    let path = tab.walk_to(&rig, 1, "repeated");
    tab.browser.0.fetched_bytes.set(0);
    tab.download(&rig, 1, &path).0.unwrap();
    let fetched = tab.browser.0.fetched_bytes.get();
    assert!(fetched < 3_000_000, "{fetched}");
}

#[test]
fn holes_are_zeros() {
    let (rig, mut tree) = (Rig::new(), Crafted::default());
    tree.file("sparse", b"start").hole = 5 << 20;
    rig.run(|| Ok(tree.walk()), Options::default()).unwrap();
    let tab = Tab::unlocked(&rig);
    let (result, collected) = tab.download(&rig, 1, &tab.walk_to(&rig, 1, "sparse"));
    assert_eq!(result.unwrap().bytes, 5 + (5 << 20));
    assert!(collected.bytes.starts_with(b"start") && collected.bytes[5..].iter().all(|&byte| byte == 0));
}

#[test]
fn a_damaged_or_swapped_piece_stops_it_and_nothing_is_finished() {
    let content = noise(3_000_000, 7);
    let rig = rig_with(&[("file", content.clone()), ("other", noise(500_000, 8))]);
    let sent: Vec<(Cid, Vec<u8>)> = {
        let inner = rig.server.inner.lock().unwrap();
        inner.objects.iter().map(|(&cid, object)| (cid, object.clone())).collect()
    };
    let large: Vec<Cid> = sent.iter().filter(|(_, object)| object.len() > 60_000).map(|(cid, _)| *cid).collect();
    let tab = Tab::unlocked(&rig);
    let path = tab.walk_to(&rig, 1, "file");
    let mut stopped = 0;
    for cid in large {
        let other = sent.iter().find(|(other, _)| *other != cid).unwrap().1.clone();
        let alterations: [Alter; 4] = [
            Rc::new(|object| object[1000] ^= 1),
            Rc::new(|object| object.truncate(5000)),
            Rc::new(|object| object.clear()),
            Rc::new(move |object| *object = other.clone()),
        ];
        for alter in alterations {
            tab.browser.0.lie.replace(Some(about_object(cid, move |object| alter(object))));
            let (result, collected) = tab.download(&rig, 1, &path);
            match result {
                // The piece belongs to the other file.
                Ok(_) => assert!(collected.bytes == content),
                Err(problem) => {
                    assert_eq!(problem.kind, ProblemKind::Damaged);
                    assert!(!collected.finished && collected.aborted.is_some());
                    assert!(content.starts_with(&collected.bytes));
                    stopped += 1;
                }
            }
        }
    }
    assert!(stopped >= 20, "{stopped}");
}

#[test]
fn who_cancels_or_locks_stops_it_between_pieces() {
    let rig = rig_with(&[("file", noise(12_000_000, 9))]);
    for by_lock in [false, true] {
        let tab = Rc::new(Tab::unlocked(&rig));
        let path = tab.walk_to(&rig, 1, "file");
        let other = Rc::clone(&tab);
        let before: Rc<dyn Fn(usize)> = Rc::new(move |bytes| {
            if bytes > 1_000_000 {
                let download = other.browser.0.events.borrow().iter().find_map(|event| match event {
                    VaultEvent::Progress { download, .. } => Some(*download),
                    _ => None,
                });
                if by_lock {
                    other.ask(Lock {}).unwrap();
                } else {
                    other.ask(CancelDownload { download: download.unwrap() }).unwrap();
                }
            }
        });
        let sink = Collected { before: Some(before), ..Collected::default() };
        let (result, collected) = tab.download_into(&rig, 1, &path, sink);
        let kind = result.unwrap_err().kind;
        assert!(matches!(kind, ProblemKind::Cancelled | ProblemKind::Locked), "{kind:?}");
        assert!(!collected.finished && collected.aborted.is_some() && collected.bytes.len() < 4_000_000);
    }
}

#[test]
fn only_files_come_out_and_only_small_ones_into_memory() {
    let (rig, mut tree) = (Rig::new(), Crafted::default());
    tree.dir("d");
    tree.link("link", "d");
    tree.file("large", b"").hole = 65 << 20;
    rig.run(|| Ok(tree.walk()), Options::default()).unwrap();
    let tab = Tab::unlocked(&rig);
    for path in ["d", "link"] {
        assert_eq!(tab.download(&rig, 1, &tab.walk_to(&rig, 1, path)).0.unwrap_err().kind, ProblemKind::Missing);
    }
    let path = tab.walk_to(&rig, 1, "large");
    let question = Download { set: rig.set, at: 1, what: Wanted::File(path), way: Way::Blob };
    let refused = futures::executor::block_on(tab.desk.download(&question, Collected::default()));
    assert!(refused.is_err());
}
