//! `docs/fidelity.md` is true: each row of its table has a check here, and each check a row.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    history::Moment,
    platform::{
        FileKind, Node, make_node, make_symlink, open_given_directory, open_handle, own_user, set_attribute_at,
        set_attribute_of, set_mode, set_mtime, set_mtime_at, set_owner,
    },
    restore::Options,
};
use iota_core::{entry::Timestamp, path::TreePath};
use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{
            ffi::OsStrExt,
            fs::{FileExt, MetadataExt},
        },
    },
    path::{Path, PathBuf},
};
use support::{
    Rig,
    compare::{Tree, differences, look},
    corpus::{Random, acl},
    open_history,
};

/// What was backed up and what came back of one row's directory.
struct Outcome {
    source: PathBuf,
    /// Restored without flags.
    plain: PathBuf,
    /// Restored with `--devices --trust`.
    full: PathBuf,
}

struct Check {
    id: &'static str,
    as_root: bool,
    make: fn(&Path),
    holds: fn(&Outcome),
}

fn check(id: &'static str, make: fn(&Path), holds: fn(&Outcome)) -> Check {
    Check { id, as_root: false, make, holds }
}

fn root_check(id: &'static str, make: fn(&Path), holds: fn(&Outcome)) -> Check {
    Check { id, as_root: true, make, holds }
}

fn is_same(was: &Path, is: &Path) {
    let lines = differences(&look(was), &look(is));
    assert!(lines.is_empty(), "{lines:#?}");
}

/// It comes back, with and without flags.
fn same(outcome: &Outcome) {
    assert!(!look(&outcome.source).is_empty());
    is_same(&outcome.source, &outcome.plain);
    is_same(&outcome.source, &outcome.full);
}

/// It comes back with the flags only; without them what is in `change` is done to it.
fn with_flags(outcome: &Outcome, change: impl Fn(&mut Tree)) {
    is_same(&outcome.source, &outcome.full);
    let mut wanted = look(&outcome.source);
    change(&mut wanted);
    let lines = differences(&wanted, &look(&outcome.plain));
    assert!(lines.is_empty(), "{lines:#?}");
    assert!(wanted != look(&outcome.source), "the flags make no difference");
}

fn open(path: &Path) -> OwnedFd {
    open_given_directory(path).unwrap()
}

fn file(path: &Path, name: &str) -> fs::File {
    fs::write(path.join(name), name).unwrap();
    fs::File::open(path.join(name)).unwrap()
}

fn node(path: &Path, name: &str, node: Node) {
    make_node(open(path).as_fd(), name.as_bytes(), node).unwrap();
}

fn at(seconds: i64, nanoseconds: u32) -> Timestamp {
    Timestamp { seconds, nanoseconds }
}

fn contents() -> Vec<Check> {
    vec![
        check("content", |path| fs::write(path.join("f"), Random(1).bytes(300_000)).unwrap(), same),
        check("empty-file", |path| fs::write(path.join("f"), "").unwrap(), same),
        check("large-file", |path| fs::write(path.join("f"), Random(2).bytes(6_000_000)).unwrap(), same),
        check(
            "holes",
            |path| {
                let file = fs::File::create(path.join("f")).unwrap();
                file.set_len(10 << 20).unwrap();
                file.write_all_at(b"data", 5 << 20).unwrap();
                file.sync_all().unwrap();
            },
            |outcome| {
                same(outcome);
                let blocks = |path: &Path| fs::metadata(path.join("f")).unwrap().blocks();
                assert!(blocks(&outcome.full) <= 64, "{}", blocks(&outcome.full));
            },
        ),
        check(
            "small-holes",
            |path| fs::File::create(path.join("f")).unwrap().set_len(60_000).unwrap(),
            |outcome| {
                same(outcome);
                assert!(fs::metadata(outcome.full.join("f")).unwrap().blocks() > 0);
            },
        ),
        check("hard-links", make_links, same),
        check("hard-links-part", make_links, |outcome| {
            let is = look(&outcome.full);
            let parted = look(&outcome.full.join("../parted"));
            assert_eq!(is[&b"d/b"[..]].same_as.as_deref(), Some(&b"a"[..]));
            assert_eq!(parted[&b"c"[..]].same_as.as_deref(), Some(&b"b"[..]));
            assert_eq!(parted[&b"b"[..]].content, is[&b"a"[..]].content);
        }),
    ]
}

fn make_links(path: &Path) {
    fs::write(path.join("a"), "content").unwrap();
    fs::create_dir(path.join("d")).unwrap();
    for name in ["d/b", "d/c"] {
        fs::hard_link(path.join("a"), path.join(name)).unwrap();
    }
}

fn kinds() -> Vec<Check> {
    vec![
        check("directory", |path| fs::create_dir_all(path.join("a/b")).unwrap(), same),
        check(
            "symlink",
            |path| {
                for (name, target) in [("a", &b"/etc"[..]), ("b", b"a"), ("c", b"../\xff nowhere")] {
                    make_symlink(open(path).as_fd(), name.as_bytes(), target).unwrap();
                }
            },
            same,
        ),
        check("fifo", |path| node(path, "p", Node::Fifo), same),
        check("socket", |path| node(path, "s", Node::Socket), same),
        root_check(
            "character-device",
            |path| node(path, "null", Node::Char(1, 3)),
            |outcome| with_flags(outcome, Tree::clear),
        ),
        root_check(
            "block-device",
            |path| node(path, "loop", Node::Block(7, 99)),
            |outcome| with_flags(outcome, Tree::clear),
        ),
    ]
}

fn permissions() -> Vec<Check> {
    vec![
        check(
            "mode",
            |path| {
                for mode in [0o400, 0o421, 0o777, 0o1777] {
                    set_mode(file(path, &format!("f{mode:o}")).as_fd(), mode).unwrap();
                }
                fs::create_dir(path.join("d")).unwrap();
                set_mode(open(&path.join("d")).as_fd(), 0o1730).unwrap();
            },
            same,
        ),
        root_check(
            "setuid",
            |path| {
                for mode in [0o4755, 0o2755, 0o6755] {
                    set_mode(file(path, &format!("f{mode:o}")).as_fd(), mode).unwrap();
                }
            },
            |outcome| with_flags(outcome, |tree| tree.values_mut().for_each(|node| node.mode &= 0o1777)),
        ),
        check(
            "setgid-directory",
            |path| {
                fs::create_dir(path.join("d")).unwrap();
                set_mode(open(&path.join("d")).as_fd(), 0o2775).unwrap();
            },
            same,
        ),
        root_check("owner", |path| set_owner(file(path, "f").as_fd(), Some(1234), Some(4321)).unwrap(), same),
        check(
            "owner-name",
            |path| drop(file(path, "f")),
            |outcome| {
                same(outcome);
                // The names stand in the entry; what they are here is the system's business.
                let told = look(&outcome.source)[&b"f"[..]].uid;
                assert_eq!(fs::metadata(outcome.full.join("f")).unwrap().uid(), told);
            },
        ),
        root_check(
            "symlink-owner",
            |path| {
                make_symlink(open(path).as_fd(), b"l", b"x").unwrap();
                set_owner(open_handle(open(path).as_fd(), b"l").unwrap().as_fd(), Some(5), Some(6)).unwrap();
            },
            same,
        ),
        root_check(
            "capabilities",
            |path| {
                let value = [&[1, 0, 0, 2, 0, 4, 0, 0][..], &[0; 12]].concat();
                set_attribute_of(file(path, "f").as_fd(), b"security.capability", &value).unwrap();
            },
            |outcome| with_flags(outcome, |tree| tree.values_mut().for_each(|node| node.xattrs.clear())),
        ),
    ]
}

fn times() -> Vec<Check> {
    vec![
        check("mtime", |path| set_mtime(file(path, "f").as_fd(), at(1_234_567_890, 123_456_789)).unwrap(), same),
        check("mtime-early", |path| set_mtime(file(path, "f").as_fd(), at(-1_000_000, 1)).unwrap(), same),
        check(
            "mtime-directory",
            |path| {
                fs::create_dir(path.join("d")).unwrap();
                file(&path.join("d"), "f");
                make_symlink(open(&path.join("d")).as_fd(), b"l", b"f").unwrap();
                set_mtime(open(&path.join("d")).as_fd(), at(1_000_000_000, 1)).unwrap();
            },
            same,
        ),
        check(
            "mtime-symlink",
            |path| {
                make_symlink(open(path).as_fd(), b"l", b"x").unwrap();
                set_mtime_at(open(path).as_fd(), b"l", at(1_000_000_000, 7)).unwrap();
            },
            same,
        ),
        check(
            "atime",
            |path| {
                let times = fs::FileTimes::new().set_accessed(std::time::UNIX_EPOCH);
                file(path, "f");
                fs::File::options().write(true).open(path.join("f")).unwrap().set_times(times).unwrap();
            },
            |outcome| assert!(fs::metadata(outcome.full.join("f")).unwrap().atime() > 1_000_000),
        ),
        check(
            "birth-time",
            |path| drop(file(path, "f")),
            |outcome| {
                let born = |path: &Path| fs::metadata(path.join("f")).unwrap().created().ok();
                assert!(born(&outcome.source) <= born(&outcome.full));
                assert!(born(&outcome.full).is_none() || born(&outcome.source) != born(&outcome.full));
            },
        ),
    ]
}

fn attributes() -> Vec<Check> {
    vec![
        check(
            "xattr",
            |path| {
                set_attribute_of(file(path, "f").as_fd(), b"user.x \xff", b"\0\x01").unwrap();
                set_attribute_of(file(path, "g").as_fd(), b"user.empty", b"").unwrap();
                fs::create_dir(path.join("d")).unwrap();
                set_attribute_of(open(&path.join("d")).as_fd(), b"user.d", &[1; 2000]).unwrap();
            },
            same,
        ),
        root_check(
            "xattr-trusted",
            |path| {
                set_attribute_of(file(path, "f").as_fd(), b"trusted.x", b"1").unwrap();
                make_symlink(open(path).as_fd(), b"l", b"x").unwrap();
                set_attribute_at(open(path).as_fd(), b"l", b"trusted.x", b"2").unwrap();
            },
            same,
        ),
        check(
            "acl",
            |path| set_attribute_of(file(path, "f").as_fd(), b"system.posix_acl_access", &acl(99)).unwrap(),
            same,
        ),
        check(
            "acl-default",
            |path| {
                fs::create_dir(path.join("d")).unwrap();
                file(&path.join("d"), "before");
                set_attribute_of(open(&path.join("d")).as_fd(), b"system.posix_acl_default", &acl(99)).unwrap();
                file(&path.join("d"), "after");
                fs::create_dir(path.join("d/e")).unwrap();
            },
            same,
        ),
        check(
            "inode-flags",
            |path| drop(file(path, "f")),
            |outcome| {
                same(outcome);
                // No entry has a place for them: what `chattr` sets is not asked for, so it cannot come back.
                let status = std::process::Command::new("chattr").arg("+d").arg(outcome.source.join("f")).status();
                if !status.is_ok_and(|status| status.success()) {
                    eprintln!("inode-flags: this system has no chattr +d to compare with");
                    return;
                }
                is_same(&outcome.source, &outcome.full);
            },
        ),
    ]
}

fn names() -> Vec<Check> {
    vec![
        check(
            "names",
            |path| {
                for byte in (1..=255u8).filter(|byte| !b"/.".contains(byte)) {
                    fs::write(path.join(OsStr::from_bytes(&[byte])), [byte]).unwrap();
                }
            },
            same,
        ),
        check(
            "long-names",
            |path| {
                let mut at = open(path);
                for _ in 0..12 {
                    iota_agent::platform::make_directory(at.as_fd(), &[b'n'; 255]).unwrap();
                    at = iota_agent::platform::open_directory(at.as_fd(), &[b'n'; 255]).unwrap();
                }
            },
            |outcome| {
                same(outcome);
                assert_eq!(look(&outcome.full).last_key_value().unwrap().0.len(), 12 * 256 - 1);
            },
        ),
    ]
}

fn checks() -> Vec<Check> {
    [contents(), kinds(), permissions(), times(), attributes(), names()].into_iter().flatten().collect()
}

/// Ids of the table's rows.
fn rows() -> BTreeSet<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fidelity.md")).unwrap();
    let id = |line: &str| line.strip_prefix("| `")?.split('`').next().map(str::to_owned);
    text.lines().filter_map(id).collect()
}

#[test]
fn every_row_has_a_check_and_every_check_a_row() {
    let (rows, checks) = (rows(), checks());
    let ids: BTreeSet<String> = checks.iter().map(|check| check.id.to_owned()).collect();
    assert_eq!(ids.len(), checks.len(), "an id stands twice");
    assert!(rows.len() > 25);
    assert_eq!(rows, ids);
}

#[test]
fn every_row_is_true() {
    let is_root = own_user() == 0;
    let mut checks = checks();
    checks.retain(|check| {
        let wanted = is_root || !check.as_root;
        if !wanted {
            eprintln!("not root: {} is not checked", check.id);
        }
        wanted
    });
    let source = tempfile::tempdir().unwrap();
    for check in &checks {
        fs::create_dir(source.path().join(check.id)).unwrap();
        (check.make)(&source.path().join(check.id));
    }
    let rig = Rig::new();
    let backup = rig.backup_roots(&[source.path()]).unwrap();
    assert_eq!(backup.gap_count, 0, "{:?}", backup.gaps);
    let targets = tempfile::tempdir().unwrap();
    let restore = |name: &str, options, selection: &[&[u8]]| {
        let target = targets.path().join(name);
        rig.restore_to(1, selection, &target, options);
        target.join(source.path().strip_prefix("/").unwrap())
    };
    // A default ACL of the target is not handed down to what is restored.
    fs::create_dir(targets.path().join("plain")).unwrap();
    let target = open(&targets.path().join("plain"));
    set_attribute_of(target.as_fd(), b"system.posix_acl_default", &acl(7)).unwrap();
    let plain = restore("plain", Options::default(), &[]);
    let full = restore("full", Options { devices: true, trust: true, keep_damaged: false, ..Default::default() }, &[]);
    let part = source.path().join("hard-links-part/d");
    let parted = restore("part", Options::default(), &[&part.as_os_str().as_bytes()[1..]]);
    std::os::unix::fs::symlink(parted.join("hard-links-part/d"), full.join("parted")).unwrap();
    for Check { id, holds, .. } in &checks {
        eprintln!("{id}");
        holds(&Outcome { source: source.path().join(id), plain: plain.join(id), full: full.join(id) });
    }
    names_of_owners_are_kept(&rig, &source.path().join("owner-name/f"));
}

fn names_of_owners_are_kept(rig: &Rig, file: &Path) {
    let owner = rig.owner();
    let point = open_history(&owner).at(Moment::Latest).unwrap();
    let path = TreePath::parse(&file.as_os_str().as_bytes()[1..]).unwrap();
    let entry = point.entry(&path).unwrap().unwrap();
    if own_user() == 0 {
        assert_eq!((&*entry.metadata.user, &*entry.metadata.group), (&b"root"[..], &b"root"[..]));
    }
    assert_eq!(look(file.parent().unwrap())[&b"f"[..]].kind, FileKind::File);
}
