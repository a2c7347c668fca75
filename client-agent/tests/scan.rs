//! The walk over a real file system.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use iota_agent::{
    backup::source::{Event, Found, FoundKind, Segment, Source},
    platform::{Node, make_node, open_given_directory, own_user, set_attribute_of},
    rules::{RuleFile, RuleRoot, Rules},
    scan::Scan,
};
use iota_core::{commit::GapReason, path::TreePath};
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::{
        fd::AsFd,
        unix::{
            ffi::OsStrExt,
            fs::{FileExt, PermissionsExt, symlink},
            process::CommandExt,
        },
    },
    path::Path,
};

fn rules(roots: &[&Path]) -> RuleFile {
    RuleFile { roots: roots.iter().map(|root| RuleRoot::new(root)).collect(), ..RuleFile::default() }
}

fn scan(rules: &RuleFile) -> Scan {
    Scan::start(Rules::compile(rules).unwrap(), &[]).unwrap()
}

fn events(mut scan: Scan) -> Vec<Event> {
    std::iter::from_fn(|| scan.next().unwrap()).collect()
}

fn found(events: &[Event]) -> Vec<&Found> {
    events.iter().filter_map(|event| if let Event::Found(found) = event { Some(found) } else { None }).collect()
}

/// Paths below `root`, as they were told.
fn told(events: &[Event], root: &Path) -> Vec<String> {
    let root = TreePath::parse(&root.as_os_str().as_bytes()[1..]).unwrap();
    let inside =
        found(events).into_iter().map(|found| &found.path).filter(|path| path.starts_with(&root) && **path != root);
    inside.map(|path| path.as_bytes()[root.as_bytes().len() + 1..].escape_ascii().to_string()).collect()
}

fn gaps(events: &[Event]) -> Vec<(String, GapReason, bool)> {
    let gap = |event: &Event| match event {
        Event::Gap { path, reason, below } => Some((path.escape_ascii().to_string(), *reason, *below)),
        Event::Found(_) => None,
    };
    events.iter().filter_map(gap).collect()
}

fn make(root: &Path, files: &[&str]) {
    for file in files {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
}

#[test]
fn everything_is_told_once_in_key_order_with_what_leads_to_the_root() {
    let source = tempfile::tempdir().unwrap();
    make(source.path(), &["b/x", "a.txt", "a/z/deep", "a/z.y/f", "a/x", "b.d/e", "z"]);
    fs::write(source.path().join(OsStr::from_bytes(b"a\xff\n")), "").unwrap();
    let events = events(scan(&rules(&[source.path()])));
    let order =
        ["a", "a.txt", "a\\xff\\n", "b", "b.d", "z", "a/x", "a/z", "a/z.y", "a/z/deep", "a/z.y/f", "b/x", "b.d/e"];
    assert_eq!(told(&events, source.path()), order);
    let paths: Vec<_> = found(&events).iter().map(|found| &found.path).collect();
    assert!(paths.is_sorted() && paths.windows(2).all(|pair| pair[0] != pair[1]));
    for ancestor in source.path().ancestors().filter(|path| *path != Path::new("/")) {
        let path = TreePath::parse(&ancestor.as_os_str().as_bytes()[1..]).unwrap();
        assert!(found(&events).iter().any(|found| found.path == path && found.kind == FoundKind::Dir), "{ancestor:?}");
    }
}

#[test]
fn each_kind_is_told_as_what_it_is_and_nothing_but_files_is_opened() {
    let source = tempfile::tempdir().unwrap();
    let root = source.path();
    let directory = open_given_directory(root).unwrap();
    make(root, &["file"]);
    symlink("no/where", root.join("link")).unwrap();
    // A pipe that was opened for reading would wait for ever.
    make_node(directory.as_fd(), b"pipe", Node::Fifo).unwrap();
    make_node(directory.as_fd(), b"socket", Node::Socket).unwrap();
    let mut wanted: BTreeMap<&str, FoundKind> = BTreeMap::from([
        ("file", FoundKind::File { link: None }),
        ("link", FoundKind::Symlink { target: (*b"no/where").into() }),
        ("pipe", FoundKind::Fifo),
        ("socket", FoundKind::Socket),
    ]);
    if own_user() == 0 {
        make_node(directory.as_fd(), b"null", Node::Char(1, 3)).unwrap();
        wanted.insert("null", FoundKind::Char { major: 1, minor: 3 });
    } else {
        eprintln!("not root: devices are not tested");
    }
    let mut scan = scan(&rules(&[root]));
    let mut kinds = BTreeMap::new();
    while let Some(event) = scan.next().unwrap() {
        let Event::Found(found) = event else { panic!("{event:?}") };
        scan.metadata(&found).unwrap();
        if found.kind != FoundKind::Dir {
            kinds.insert(String::from_utf8(found.path.name().to_vec()).unwrap(), found.kind);
        }
    }
    assert_eq!(kinds.iter().map(|(name, kind)| (&name[..], kind.clone())).collect::<BTreeMap<_, _>>(), wanted);
}

#[test]
fn hard_links_name_their_first_path() {
    let source = tempfile::tempdir().unwrap();
    make(source.path(), &["b/one", "single"]);
    fs::create_dir(source.path().join("a")).unwrap();
    for link in ["a/two", "z"] {
        fs::hard_link(source.path().join("b/one"), source.path().join(link)).unwrap();
    }
    let events = events(scan(&rules(&[source.path()])));
    let mut leaders = BTreeMap::new();
    for found in found(&events) {
        if let FoundKind::File { link } = &found.kind {
            leaders.insert(found.path.name().to_vec(), link.as_ref().map(|link| link.name().to_vec()));
        }
    }
    let z = || Some(b"z".to_vec());
    let wanted = [(&b"one"[..], z()), (b"single", None), (b"two", z()), (b"z", z())];
    assert_eq!(leaders, wanted.into_iter().map(|(path, leader)| (path.to_vec(), leader)).collect());
}

#[test]
fn holes_are_told_as_holes_and_files_are_read_whole() {
    let source = tempfile::tempdir().unwrap();
    let file = fs::File::create(source.path().join("sparse")).unwrap();
    file.set_len(3 << 20).unwrap();
    file.write_all_at(&[7; 5000], 1 << 20).unwrap();
    file.sync_all().unwrap();
    let mut scan = scan(&rules(&[source.path()]));
    let found = loop {
        let Some(Event::Found(found)) = scan.next().unwrap() else { panic!("the file is not told") };
        if found.path.name() == b"sparse" {
            break found;
        }
    };
    let mut open = scan.open(&found).unwrap().unwrap();
    let (mut content, mut holes, mut buffer) = (Vec::new(), 0, vec![0; 10_000]);
    while let Some(segment) = open.segment().unwrap() {
        match segment {
            Segment::Hole(bytes) => {
                holes += bytes;
                content.resize(content.len() + bytes as usize, 0);
            }
            Segment::Data(bytes) => {
                let end = content.len() + bytes as usize;
                while content.len() < end {
                    let count = open.read(&mut buffer).unwrap();
                    assert!(count > 0);
                    content.extend_from_slice(&buffer[..count]);
                }
                assert_eq!(open.read(&mut buffer).unwrap(), 0, "the stretch ends where it was said to");
            }
        }
    }
    assert_eq!(content, fs::read(source.path().join("sparse")).unwrap());
    assert!(holes >= (3 << 20) - 16_384, "{holes}");
    assert_eq!(open.stamp().unwrap(), found.stamp);
}

#[test]
fn metadata_has_mode_owner_names_times_and_attributes() {
    let source = tempfile::tempdir().unwrap();
    let path = source.path().join("file");
    let file = fs::File::create(&path).unwrap();
    set_attribute_of(file.as_fd(), b"user.b", b"2").unwrap();
    set_attribute_of(file.as_fd(), b"user.a", b"\0\xff").unwrap();
    let mut acl = 2u32.to_le_bytes().to_vec();
    for (tag, bits, id) in
        [(1u16, 6u16, u32::MAX), (2, 4, 1234), (4, 4, u32::MAX), (16, 6, u32::MAX), (32, 0, u32::MAX)]
    {
        acl.extend([&tag.to_le_bytes()[..], &bits.to_le_bytes(), &id.to_le_bytes()].concat());
    }
    set_attribute_of(file.as_fd(), b"system.posix_acl_access", &acl).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::new(1_234_567_890, 987_654_321);
    file.set_times(fs::FileTimes::new().set_modified(time)).unwrap();
    let mut scan = scan(&rules(&[source.path()]));
    let metadata = loop {
        let Some(Event::Found(found)) = scan.next().unwrap() else { panic!("the file is not told") };
        if found.path.name() == b"file" {
            break scan.metadata(&found).unwrap().metadata;
        }
    };
    assert_eq!(metadata.mode, 0o660, "the group bits are the mask of the ACL");
    assert_eq!((metadata.mtime.seconds, metadata.mtime.nanoseconds), (1_234_567_890, 987_654_321));
    assert_eq!(metadata.uid, own_user());
    if own_user() == 0 {
        assert_eq!((&*metadata.user, &*metadata.group), (&b"root"[..], &b"root"[..]));
    }
    let attributes: Vec<_> = metadata.xattrs.iter().map(|xattr| (&*xattr.name, &*xattr.value)).collect();
    assert_eq!(attributes, [(&b"system.posix_acl_access"[..], &acl[..]), (b"user.a", b"\0\xff"), (b"user.b", b"2")]);
}

#[test]
fn excludes_sizes_and_caches_leave_things_out() {
    let source = tempfile::tempdir().unwrap();
    let root = source.path();
    make(root, &["keep.o", "x.o", "src/y.o", "target/deep/file", "src/ok", "cache/content", "no cache/content"]);
    fs::write(root.join("large"), vec![1; 5000]).unwrap();
    fs::write(root.join("cache/CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55\n# more").unwrap();
    fs::write(root.join("no cache/CACHEDIR.TAG"), "something else").unwrap();
    let exclude = ["*.o", "!keep.o", "target/"].map(str::to_owned).to_vec();
    let rules = RuleFile { exclude, max_file_bytes: Some(4999), ..rules(&[root]) };
    let wanted = [
        "cache",
        "keep.o",
        "no cache",
        "src",
        "cache/CACHEDIR.TAG",
        "no cache/CACHEDIR.TAG",
        "no cache/content",
        "src/ok",
    ];
    assert_eq!(told(&events(scan(&rules)), root), wanted);
    let all = RuleFile { skip_caches: false, max_file_bytes: None, exclude: vec![], ..rules };
    assert_eq!(told(&events(scan(&all)), root).len(), 15);
}

#[test]
fn roots_inside_of_roots_and_of_what_is_left_out() {
    let source = tempfile::tempdir().unwrap();
    let root = source.path();
    make(root, &["out/file", "out/in/file", "in/file", "in/deep/file"]);
    let inner = [root.to_owned(), root.join("out/in"), root.join("in/deep")];
    let inner: Vec<&Path> = inner.iter().map(|path| &**path).collect();
    let rules = RuleFile { exclude: vec!["out/".into()], ..rules(&inner) };
    let wanted = ["in", "out", "in/deep", "in/file", "in/deep/file", "out/in", "out/in/file"];
    assert_eq!(told(&events(scan(&rules)), root), wanted);
}

#[test]
fn a_link_as_root_is_told_as_a_link_and_not_followed() {
    let source = tempfile::tempdir().unwrap();
    make(source.path(), &["real/file"]);
    let link = source.path().join("link");
    symlink("real", &link).unwrap();
    let events = events(scan(&rules(&[&link])));
    assert_eq!(told(&events, source.path()), ["link"]);
    assert!(gaps(&events).is_empty());
}

#[test]
fn a_root_that_is_not_there_is_a_gap_that_keeps_what_was_below() {
    let source = tempfile::tempdir().unwrap();
    let root = source.path().join("not mounted");
    let events = events(scan(&rules(&[&root])));
    let gaps = gaps(&events);
    assert_eq!(gaps.len(), 2);
    assert!(gaps.iter().all(|(path, reason, _)| path.ends_with("not mounted") && *reason == GapReason::Vanished));
    assert!(gaps.iter().any(|(_, _, below)| *below));
}

#[test]
fn other_file_systems_are_entered_when_asked_and_those_of_the_kernel_never() {
    let shm = Path::new("/dev/shm");
    let mounted = iota_agent::platform::status_of(open_given_directory(shm).unwrap()).unwrap().mount_point;
    if !mounted || !Path::new("/dev/pts/ptmx").exists() {
        eprintln!("/dev/shm or /dev/pts is not mounted here: crossing is not tested");
        return;
    }
    let inside = tempfile::tempdir_in(shm).unwrap();
    make(inside.path(), &["file"]);
    let device = Path::new("/dev");
    let count = |one_file_system: bool| {
        let events = events(scan(&RuleFile { one_file_system, ..rules(&[device]) }));
        let paths = told(&events, device);
        let below = |directory: &str| paths.iter().filter(|path| path.starts_with(directory)).count();
        (below("shm/"), below("pts/"), paths.iter().filter(|path| *path == "shm" || *path == "pts").count())
    };
    assert_eq!(count(true), (0, 0, 2));
    let (shm, pts, themselves) = count(false);
    assert!(shm >= 2, "{shm}");
    assert_eq!((pts, themselves), (0, 2));
}

#[test]
fn directories_that_vanish_or_turn_into_links_are_not_followed() {
    let (source, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = source.path();
    make(root, &["a/file", "b/file", "c/file", "d/file"]);
    make(outside.path(), &["secret"]);
    let mut scan = scan(&rules(&[root]));
    let mut events = Vec::new();
    while let Some(event) = scan.next().unwrap() {
        let last = matches!(&event, Event::Found(found) if found.path.name() == b"d");
        events.push(event);
        if last {
            for name in ["a", "b", "c"] {
                fs::rename(root.join(name), outside.path().join(name)).unwrap();
            }
            symlink(outside.path(), root.join("b")).unwrap();
            make(root, &["c/other"]);
        }
    }
    assert_eq!(told(&events, root), ["a", "b", "c", "d", "d/file"]);
    let names: Vec<_> = gaps(&events)
        .into_iter()
        .map(|(path, reason, below)| {
            assert!(below);
            (path.rsplit('/').next().unwrap().to_owned(), reason)
        })
        .collect();
    assert_eq!(names, [("b".to_owned(), GapReason::Vanished), ("c".to_owned(), GapReason::Vanished)]);
}

#[test]
fn files_that_turn_into_something_else_are_not_read() {
    let source = tempfile::tempdir().unwrap();
    let root = source.path();
    make(root, &["gone", "link", "pipe"]);
    let mut scan = scan(&rules(&[root]));
    let mut seen = 0;
    while let Some(event) = scan.next().unwrap() {
        let Event::Found(found) = event else { panic!("{event:?}") };
        let FoundKind::File { .. } = found.kind else { continue };
        seen += 1;
        let path = root.join(OsStr::from_bytes(found.path.name()));
        fs::remove_file(&path).unwrap();
        match found.path.name() {
            b"link" => symlink("/etc/passwd", &path).unwrap(),
            b"pipe" => make_node(open_given_directory(root).unwrap().as_fd(), b"pipe", Node::Fifo).unwrap(),
            _ => {}
        }
        // Something else under the name is a change; only a name that is gone has vanished.
        let gone = found.path.name() == b"gone";
        let reason = if gone { GapReason::Vanished } else { GapReason::Torn };
        assert_eq!(scan.metadata(&found).unwrap_err(), reason);
        assert_eq!(scan.open(&found).map(|file| file.is_some()), if gone { Ok(false) } else { Err(reason) });
    }
    assert_eq!(seen, 3);
}

const AS_NOBODY: &str = "IOTA_TEST_AS_NOBODY";

/// Permissions mean nothing to root, so this test runs itself again as somebody else.
#[test]
fn what_may_not_be_read_is_a_gap() {
    if own_user() == 0 && std::env::var_os(AS_NOBODY).is_none() {
        let program = tempfile::tempdir().unwrap();
        fs::set_permissions(program.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let copy = program.path().join("scan");
        fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        let mut command = std::process::Command::new(&copy);
        command.args(["--exact", "what_may_not_be_read_is_a_gap"]).env(AS_NOBODY, "1").uid(65_534).gid(65_534);
        let output = command.current_dir("/").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    assert_ne!(own_user(), 0);
    let source = tempfile::tempdir().unwrap();
    let root = source.path();
    make(root, &["file", "secret", "closed/file", "blind/file"]);
    let forbid = |name: &str, mode| fs::set_permissions(root.join(name), fs::Permissions::from_mode(mode)).unwrap();
    forbid("secret", 0);
    forbid("closed", 0);
    // Its names can be read, but nothing else.
    forbid("blind", 0o400);
    let mut scan = scan(&rules(&[root]));
    let (mut events, mut refused) = (Vec::new(), Vec::new());
    while let Some(event) = scan.next().unwrap() {
        if let Event::Found(found) = &event
            && let Err(reason) = scan.metadata(found)
        {
            refused.push((found.path.name().to_vec(), reason));
        }
        events.push(event);
    }
    forbid("closed", 0o700);
    forbid("blind", 0o700);
    assert_eq!(told(&events, root), ["blind", "closed", "file", "secret"]);
    assert_eq!(refused, [(b"secret".to_vec(), GapReason::Permission)]);
    let names: Vec<_> = gaps(&events)
        .into_iter()
        .map(|(path, reason, below)| {
            assert_eq!(reason, GapReason::Permission);
            (path[root.as_os_str().len()..].to_owned(), below)
        })
        .collect();
    assert_eq!(names, [("blind/file".to_owned(), false), ("closed".to_owned(), true)]);
}

#[test]
fn the_agents_own_directories_are_left_out() {
    let source = tempfile::tempdir().unwrap();
    make(source.path(), &["config/identity", "file"]);
    let own = source.path().join("config");
    let scan =
        Scan::start(Rules::compile(&rules(&[source.path()])).unwrap(), &[&own, &source.path().join("none")]).unwrap();
    assert_eq!(told(&events(scan), source.path()), ["file"]);
}

fn resident_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_directory_of_200_000_entries_takes_little_memory() {
    let source = tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap());
    for number in 0..200_000 {
        fs::File::create(source.path().join(format!("file with a usual name {number}"))).unwrap();
    }
    let before = resident_kb();
    let mut scan = scan(&rules(&[source.path()]));
    let (mut count, mut most) = (0, 0);
    while scan.next().unwrap().is_some() {
        count += 1;
        if count % 10_000 == 0 {
            most = most.max(resident_kb());
        }
    }
    assert!(count > 200_000);
    assert!(most.saturating_sub(before) < 30_000, "{} KB", most - before);
}
