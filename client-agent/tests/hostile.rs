//! Trees that were made to break out of the target, or to break the program: each gives what the table says, writes nothing
//! outside, and never ends in a panic.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    backup::source::FoundKind,
    history::Moment,
    platform::own_user,
    restore::{Options, Report},
};
use iota_core::{
    entry::{Timestamp, Xattr},
    path::TreePath,
};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};
use support::{Rig, compare::look, crafted::Crafted, open_history};

/// A playground: `target` to restore into, `outside` that must stay as it is.
struct Ground {
    base: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        let base = tempfile::tempdir().unwrap();
        fs::create_dir(base.path().join("target")).unwrap();
        let outside = base.path().join("outside");
        fs::create_dir_all(outside.join("deep")).unwrap();
        fs::write(outside.join("secret"), "secret").unwrap();
        fs::write(outside.join("deep/file"), "precious").unwrap();
        fs::set_permissions(&outside, fs::Permissions::from_mode(0o711)).unwrap();
        Self { base }
    }

    fn target(&self) -> PathBuf {
        self.base.path().join("target")
    }

    fn outside(&self) -> PathBuf {
        self.base.path().join("outside")
    }
}

/// One case: what is in the backup, what is in the target beforehand, and what must come out.
struct Case {
    name: String,
    tree: Crafted,
    plant: Box<dyn Fn(&Ground)>,
    options: Options,
    expect: Expect,
}

/// Paths that must be there (with content) or absent, and the codes of the losses, in any order.
#[derive(Default)]
struct Expect {
    files: Vec<(&'static str, &'static str)>,
    absent: Vec<&'static str>,
    losses: Vec<&'static str>,
    check: Option<fn(&Path)>,
}

fn case(name: impl Into<String>, build: impl FnOnce(&mut Crafted), expect: Expect) -> Case {
    let mut tree = Crafted::default();
    build(&mut tree);
    Case { name: name.into(), tree, plant: Box::new(|_| ()), options: Options::default(), expect }
}

impl Case {
    fn plant(mut self, plant: impl Fn(&Ground) + 'static) -> Self {
        self.plant = Box::new(plant);
        self
    }

    fn options(mut self, devices: bool, trust: bool) -> Self {
        self.options = Options { devices, trust, keep_damaged: false, ..Default::default() };
        self
    }

    fn run(&self) {
        let ground = Ground::new();
        (self.plant)(&ground);
        let before = look(&ground.outside());
        let mode = fs::metadata(ground.outside()).unwrap().mode();
        let rig = Rig::new();
        rig.run(|| Ok(self.tree.walk()), Default::default()).unwrap();
        let report = rig.restore_to(1, &[], &ground.target(), self.options);
        self.check(&ground, &report);
        let after = look(&ground.outside());
        assert!(before == after, "{}: something was written outside", self.name);
        assert_eq!(mode, fs::metadata(ground.outside()).unwrap().mode(), "{}", self.name);
        let beside: Vec<_> =
            fs::read_dir(ground.base.path()).unwrap().map(|child| child.unwrap().file_name()).collect();
        assert_eq!(beside.len(), 2, "{}: {beside:?}", self.name);
    }

    fn check(&self, ground: &Ground, report: &Report) {
        let (name, target) = (&self.name, ground.target());
        for (path, content) in &self.expect.files {
            let path = target.join(path);
            assert!(fs::symlink_metadata(&path).unwrap_or_else(|error| panic!("{name}: {path:?}: {error}")).is_file());
            assert_eq!(fs::read(&path).unwrap(), content.as_bytes(), "{name}: {path:?}");
        }
        for path in &self.expect.absent {
            assert!(fs::symlink_metadata(target.join(path)).is_err(), "{name}: {path} is there");
        }
        let mut codes: Vec<_> = report.losses.iter().map(|loss| loss.reason.code()).collect();
        let mut wanted = self.expect.losses.clone();
        codes.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(codes, wanted, "{name}: {:?}", report.losses);
        assert_eq!(report.loss_count, wanted.len() as u64, "{name}");
        if let Some(check) = self.expect.check {
            check(&target);
        }
    }
}

/// A tree `a/b/c/file` with a sibling in each directory.
fn branch(tree: &mut Crafted) {
    for dir in ["a", "a/b", "a/b/c"] {
        tree.dir(dir);
    }
    for file in ["top", "a/one", "a/b/two", "a/b/c/file"] {
        tree.file(file, "restored");
    }
}

/// Where a link stands, which files come back nevertheless, and how many losses there are.
type Planted = (&'static str, &'static [(&'static str, &'static str)], usize);

/// Links that stood in the target before, at each position of the path and to each kind of place.
fn planted_links() -> Vec<Case> {
    let mut cases = Vec::new();
    let positions: [Planted; 4] = [
        ("a", &[("top", "restored")], 6),
        ("a/b", &[("top", "restored"), ("a/one", "restored")], 4),
        ("a/b/c", &[("top", "restored"), ("a/b/two", "restored")], 2),
        ("a/b/c/file", &[("top", "restored"), ("a/b/two", "restored")], 1),
    ];
    for (position, files, lost) in positions {
        for place in ["outside", "outside/deep", "outside/deep/file", "outside/none", "target"] {
            let mut losses = vec!["parent"; lost - 1];
            losses.push("exists");
            let expect = Expect { files: files.to_vec(), losses, ..Expect::default() };
            let made = case(format!("a link at {position} to {place}"), branch, expect);
            cases.push(made.plant(move |ground| {
                let link = ground.target().join(position);
                fs::create_dir_all(link.parent().unwrap()).unwrap();
                symlink(ground.base.path().join(place), link).unwrap();
            }));
        }
    }
    for (name, target) in [("up", "../outside"), ("dot", "."), ("far up", "../../../../../../../../etc"), ("self", "a")]
    {
        let losses = vec!["exists", "parent", "parent", "parent", "parent", "parent"];
        let expect = Expect { files: vec![("top", "restored")], losses, ..Expect::default() };
        let made = case(format!("a relative link: {name}"), branch, expect);
        cases.push(made.plant(move |ground| symlink(target, ground.target().join("a")).unwrap()));
    }
    cases
}

/// Other things that stood in the target before.
fn planted_things() -> Vec<Case> {
    let lost_branch = || vec!["exists", "parent", "parent", "parent", "parent", "parent"];
    vec![
        case("a file where a directory belongs", branch, Expect { losses: lost_branch(), ..Expect::default() })
            .plant(|ground| fs::write(ground.target().join("a"), "mine").unwrap()),
        case(
            "a directory where a file belongs",
            branch,
            Expect { files: vec![("a/one", "restored")], losses: vec!["exists"], ..Expect::default() },
        )
        .plant(|ground| fs::create_dir(ground.target().join("top")).unwrap()),
        case(
            "another file of the same name",
            branch,
            Expect { files: vec![("top", "mine")], losses: vec!["exists"], ..Expect::default() },
        )
        .plant(|ground| fs::write(ground.target().join("top"), "mine").unwrap()),
        case("a pipe where a file belongs", branch, Expect { losses: vec!["exists"], ..Expect::default() })
            .plant(|ground| make_fifo(&ground.target().join("top"))),
        case("a pipe where a directory belongs", branch, Expect { losses: lost_branch(), ..Expect::default() })
            .plant(|ground| make_fifo(&ground.target().join("a"))),
        case("a hard link to a file outside", branch, Expect { losses: vec!["exists"], ..Expect::default() })
            .plant(|ground| fs::hard_link(ground.outside().join("secret"), ground.target().join("top")).unwrap()),
        case(
            "a hard link outside of the same size and time",
            |tree| tree.file("top", "SECRET").metadata.mtime = Timestamp { seconds: 9, nanoseconds: 9 },
            Expect { files: vec![("top", "secret")], losses: vec!["exists"], ..Expect::default() },
        )
        .plant(|ground| {
            let path = ground.outside().join("secret");
            let time = std::time::UNIX_EPOCH + std::time::Duration::new(9, 9);
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_times(fs::FileTimes::new().set_modified(time)).unwrap();
            fs::hard_link(path, ground.target().join("top")).unwrap();
        }),
        case(
            "a link where a link belongs",
            |tree| {
                tree.link("link", "there");
            },
            Expect { losses: vec!["exists"], ..Expect::default() },
        )
        .plant(|ground| symlink(ground.outside(), ground.target().join("link")).unwrap()),
        case(
            "the same link",
            |tree| {
                tree.link("link", "there");
            },
            Expect::default(),
        )
        .plant(|ground| symlink("there", ground.target().join("link")).unwrap()),
        case(
            "a pipe where a pipe belongs",
            |tree| {
                tree.put("pipe", FoundKind::Fifo);
            },
            Expect {
                check: Some(|target| assert_eq!(fs::metadata(target.join("pipe")).unwrap().mode() & 0o777, 0o644)),
                ..Expect::default()
            },
        )
        .plant(|ground| make_fifo(&ground.target().join("pipe"))),
        case("a draft's name is taken", branch, Expect { files: vec![("top", "restored")], ..Expect::default() })
            .plant(|ground| {
                for number in 0..4 {
                    let name = format!(".iota-restore-{}-{number}", std::process::id());
                    symlink(ground.outside().join("secret"), ground.target().join(name)).unwrap();
                }
            }),
    ]
}

fn make_fifo(path: &Path) {
    let directory = iota_agent::platform::open_given_directory(path.parent().unwrap()).unwrap();
    let name = path.file_name().unwrap().as_encoded_bytes();
    iota_agent::platform::make_node(std::os::fd::AsFd::as_fd(&directory), name, iota_agent::platform::Node::Fifo)
        .unwrap();
}

/// Links in the backup itself, and paths that pretend to lie behind them.
fn links_in_the_backup() -> Vec<Case> {
    let mut cases = Vec::new();
    for target in ["../outside", "/etc", "..", ".", "/", "a", "outside/../../outside", "/proc/self/cwd", "/dev/null"] {
        let build = move |tree: &mut Crafted| {
            tree.link("a", target);
            tree.file("a/evil", "evil");
            tree.dir("a/dir");
            tree.file("a/dir/evil", "evil");
        };
        let expect = Expect { losses: vec!["parent"; 3], absent: vec!["a/dir/evil"], ..Expect::default() };
        cases.push(case(format!("a file behind a link to {target}"), build, expect));
    }
    cases.push(case(
        "a link whose target is terminal codes and blanks",
        |tree| {
            tree.link("a", b"\x1b]0;x\x07 \n\xff");
        },
        Expect {
            check: Some(|target| assert!(fs::symlink_metadata(target.join("a")).unwrap().is_symlink())),
            ..Expect::default()
        },
    ));
    cases.push(case(
        "the longest target",
        |tree| {
            tree.link("a", [b'x'; 4095]);
        },
        Expect {
            check: Some(|target| assert_eq!(fs::read_link(target.join("a")).unwrap().as_os_str().len(), 4095)),
            ..Expect::default()
        },
    ));
    cases.push(case(
        "a target that is too long for the system",
        |tree| {
            tree.link("a", [b'x'; 4096]);
        },
        Expect { losses: vec!["write"], ..Expect::default() },
    ));
    cases
}

/// Paths whose directory is not what it should be.
fn broken_parents() -> Vec<Case> {
    vec![
        case(
            "no directory at all",
            |tree| {
                tree.file("none/evil", "evil");
            },
            Expect { absent: vec!["none"], losses: vec!["parent"], ..Expect::default() },
        ),
        case(
            "no directory in between",
            |tree| {
                tree.dir("a");
                tree.file("a/none/evil", "evil");
                tree.file("a/good", "good");
            },
            Expect {
                files: vec![("a/good", "good")],
                absent: vec!["a/none"],
                losses: vec!["parent"],
                ..Expect::default()
            },
        ),
        case(
            "a file and paths below it",
            |tree| {
                tree.file("a", "file");
                tree.file("a/evil", "evil");
                tree.dir("a/b");
                tree.file("a/b/c", "evil");
            },
            Expect { files: vec![("a", "file")], losses: vec!["parent"; 3], ..Expect::default() },
        ),
        case(
            "a pipe and a path below it",
            |tree| {
                tree.put("a", FoundKind::Fifo);
                tree.file("a/evil", "evil");
            },
            Expect { losses: vec!["parent"], ..Expect::default() },
        ),
        case(
            "a device and a path below it",
            |tree| {
                tree.put("a", FoundKind::Char { major: 1, minor: 3 });
                tree.file("a/evil", "evil");
            },
            Expect { losses: vec!["parent", "withheld"], absent: vec!["a"], ..Expect::default() },
        ),
        case(
            "255 directories, one missing",
            |tree| {
                let full = vec!["d"; 254];
                for depth in (1..=254).filter(|&depth| depth != 100) {
                    tree.dir(full[..depth].join("/"));
                }
            },
            Expect { losses: vec!["parent"; 154], ..Expect::default() },
        ),
    ]
}

/// Hard links to what is not theirs.
fn hard_links() -> Vec<Case> {
    let mut cases = Vec::new();
    for leader in ["etc/passwd", "none", "a/b", "z"] {
        let build = move |tree: &mut Crafted| {
            tree.dir("a");
            tree.hard_link("a/x", leader, b"own content");
            tree.hard_link("a/y", leader, b"own content");
        };
        let expect = Expect { files: vec![("a/x", "own content"), ("a/y", "own content")], ..Expect::default() };
        cases.push(case(format!("a leader that is not restored: {leader}"), build, expect));
    }
    cases.push(case(
        "a leader that is a link out",
        |tree| {
            tree.link("a", "../outside/secret");
            tree.hard_link("b", "a", b"own content");
        },
        Expect { files: vec![("b", "own content")], ..Expect::default() },
    ));
    cases.push(case(
        "a leader that is a directory",
        |tree| {
            tree.dir("a");
            tree.hard_link("b", "a", b"own content");
        },
        Expect { files: vec![("b", "own content")], ..Expect::default() },
    ));
    cases.push(
        case(
            "a leader that was there before",
            |tree| {
                tree.hard_link("a", "a", b"restored!!");
                tree.hard_link("b", "a", b"restored!!");
            },
            Expect { files: vec![("a", "mine"), ("b", "restored!!")], losses: vec!["exists"], ..Expect::default() },
        )
        .plant(|ground| fs::write(ground.target().join("a"), "mine").unwrap()),
    );
    cases.push(
        case(
            "a leader that links outside beforehand",
            |tree| {
                tree.hard_link("a", "a", b"restored!!");
                tree.hard_link("b", "a", b"restored!!");
            },
            Expect { files: vec![("b", "restored!!")], losses: vec!["exists"], ..Expect::default() },
        )
        .plant(|ground| symlink(ground.outside().join("secret"), ground.target().join("a")).unwrap()),
    );
    cases
}

/// Metadata that asks for more than its due.
fn metadata() -> Vec<Case> {
    let root = own_user() == 0;
    let plain_mode = |target: &Path| assert_eq!(fs::metadata(target.join("f")).unwrap().mode() & 0o7777, 0o755);
    let mut cases = vec![
        case(
            "a setuid program",
            |tree| tree.file("f", "#!").metadata.mode = 0o4755,
            Expect { losses: vec!["withheld"], check: Some(plain_mode), ..Expect::default() },
        ),
        case(
            "a setgid program",
            |tree| tree.file("f", "#!").metadata.mode = 0o2755,
            Expect { losses: vec!["withheld"], check: Some(plain_mode), ..Expect::default() },
        ),
        case(
            "capabilities",
            |tree| {
                let name = b"security.capability"[..].into();
                let value = b"\x01\0\0\x02\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0"[..].into();
                tree.file("f", "#!").metadata.xattrs = vec![Xattr { name, value }];
            },
            Expect {
                losses: vec!["withheld"],
                check: Some(|target| assert!(look(target)[&b"f"[..]].xattrs.is_empty())),
                ..Expect::default()
            },
        ),
        case(
            "a device without being asked for",
            |tree| {
                tree.put("sda", FoundKind::Block { major: 8, minor: 0 });
            },
            Expect { absent: vec!["sda"], losses: vec!["withheld"], ..Expect::default() },
        ),
        case(
            "an attribute of no name space",
            |tree| {
                tree.file("f", "x").metadata.xattrs =
                    vec![Xattr { name: b"nonsense"[..].into(), value: b"1"[..].into() }];
            },
            Expect { files: vec![("f", "x")], losses: vec!["metadata"], ..Expect::default() },
        ),
        case(
            "an ACL that is none",
            |tree| {
                let name = b"system.posix_acl_access"[..].into();
                tree.file("f", "x").metadata.xattrs = vec![Xattr { name, value: b"garbage"[..].into() }];
            },
            Expect { files: vec![("f", "x")], losses: vec!["metadata"], ..Expect::default() },
        ),
        case(
            "an attribute on a link",
            |tree| {
                tree.link("l", "x").metadata.xattrs =
                    vec![Xattr { name: b"user.x"[..].into(), value: b"1"[..].into() }];
            },
            Expect { losses: vec!["metadata"], ..Expect::default() },
        ),
        case(
            "times out of all bounds",
            |tree| {
                tree.file("f", "x").metadata.mtime = Timestamp { seconds: i64::MAX, nanoseconds: 999_999_999 };
                tree.file("g", "x").metadata.mtime = Timestamp { seconds: i64::MIN, nanoseconds: 0 };
            },
            Expect { files: vec![("f", "x"), ("g", "x")], ..Expect::default() },
        ),
        case(
            "a directory that nobody may enter",
            |tree| {
                tree.dir("d").metadata.mode = 0;
                tree.dir("d/e").metadata.mode = 0;
                tree.file("d/e/f", "deep inside");
            },
            Expect {
                check: Some(|target| assert_eq!(fs::metadata(target.join("d")).unwrap().mode() & 0o7777, 0)),
                ..Expect::default()
            },
        ),
    ];
    if root {
        cases.push(case(
            "the number that means no owner",
            |tree| {
                let made = tree.file("f", "x");
                (made.metadata.uid, made.metadata.gid) = (u32::MAX, u32::MAX);
            },
            Expect { files: vec![("f", "x")], losses: vec!["metadata"], ..Expect::default() },
        ));
        cases.push(
            case(
                "a setuid program, trusted",
                |tree| tree.file("f", "#!").metadata.mode = 0o4755,
                Expect {
                    check: Some(|target| assert_eq!(fs::metadata(target.join("f")).unwrap().mode() & 0o7777, 0o4755)),
                    ..Expect::default()
                },
            )
            .options(false, true),
        );
        cases.push(
            case(
                "devices, asked for",
                |tree| {
                    tree.put("null", FoundKind::Char { major: 1, minor: 3 });
                },
                Expect {
                    check: Some(|target| assert_eq!(fs::metadata(target.join("null")).unwrap().rdev(), 0x103)),
                    ..Expect::default()
                },
            )
            .options(true, false),
        );
        cases.push(
            case(
                "a device that is a link beforehand",
                |tree| {
                    tree.put("null", FoundKind::Char { major: 1, minor: 3 });
                },
                Expect { losses: vec!["exists"], ..Expect::default() },
            )
            .options(true, true)
            .plant(|ground| symlink(ground.outside().join("secret"), ground.target().join("null")).unwrap()),
        );
    }
    cases
}

/// Names and sizes at the edge.
fn names_and_sizes() -> Vec<Case> {
    vec![
        case(
            "names of control characters",
            |tree| {
                for byte in (1..=255u8).filter(|&byte| byte != b'/' && byte != b'.') {
                    tree.file([byte], "x");
                }
            },
            Expect {
                files: vec![("\n", "x"), ("\x1b", "x"), ("\\", "x"), ("-", "x"), ("*", "x")],
                ..Expect::default()
            },
        ),
        case(
            "names that mean something elsewhere",
            |tree| {
                for name in
                    ["CON", "aux.txt", "a:b", "...", ".. ", "~", "-rf", "$HOME", "%2e%2e", "C:\\x", "\u{2024}\u{2024}"]
                {
                    tree.file(name, "x");
                }
            },
            Expect { files: vec![("...", "x"), (".. ", "x"), ("-rf", "x"), ("%2e%2e", "x")], ..Expect::default() },
        ),
        case(
            "names that differ in case and form only",
            |tree| {
                for name in ["a", "A", "\u{e9}", "e\u{301}"] {
                    tree.file(name, name);
                }
            },
            Expect {
                files: vec![("a", "a"), ("A", "A"), ("\u{e9}", "\u{e9}"), ("e\u{301}", "e\u{301}")],
                ..Expect::default()
            },
        ),
        case(
            "a huge file of nothing",
            |tree| tree.file("f", "").hole = i64::MAX as u64,
            Expect { absent: vec!["f"], losses: vec!["write"], ..Expect::default() },
        ),
        case(
            "a large file of nothing",
            |tree| tree.file("f", "").hole = 1 << 40,
            Expect {
                check: Some(|target| {
                    let found = fs::metadata(target.join("f")).unwrap();
                    assert_eq!((found.len(), found.blocks()), (1 << 40, 0));
                }),
                ..Expect::default()
            },
        ),
        case(
            "the longest path",
            |tree| {
                let name = "n".repeat(255);
                for depth in 1..=15 {
                    tree.dir(vec![&name[..]; depth].join("/"));
                }
                tree.file(format!("{}/{}", vec![&name[..]; 15].join("/"), "f".repeat(255)), "deep");
            },
            Expect::default(),
        ),
    ]
}

#[test]
fn every_crafted_tree_gives_its_result_and_writes_nothing_outside() {
    let groups = [
        planted_links(),
        planted_things(),
        links_in_the_backup(),
        broken_parents(),
        hard_links(),
        metadata(),
        names_and_sizes(),
    ];
    let cases: Vec<Case> = groups.into_iter().flatten().collect();
    assert!(cases.len() >= 60, "{}", cases.len());
    cases.iter().for_each(Case::run);
}

#[test]
fn paths_that_escape_do_not_even_parse() {
    for path in ["", "/", "/etc", "..", "../x", "a/..", "a/../b", ".", "a/./b", "a//b", "a/", "a\0b", "\0"] {
        assert!(TreePath::parse(path.as_bytes()).is_err(), "{path:?}");
    }
}

#[test]
fn a_directory_that_becomes_a_link_between_making_and_opening_is_not_followed() {
    let mut tree = Crafted::default();
    for dir in 0..60 {
        tree.dir(format!("d{dir}"));
        for file in 0..5 {
            tree.file(format!("d{dir}/f{file}"), format!("{dir} {file}"));
        }
    }
    let rig = Rig::new();
    rig.run(|| Ok(tree.walk()), Default::default()).unwrap();
    for _ in 0..15 {
        let ground = Ground::new();
        let before = look(&ground.outside());
        let (target, outside, stop) = (ground.target(), ground.outside(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    for dir in 0..60 {
                        let path = target.join(format!("d{dir}"));
                        if fs::rename(&path, target.join(format!("moved {dir}"))).is_ok() {
                            // It loses against a restore that makes it anew.
                            let _ = symlink(&outside, &path);
                        }
                    }
                }
            });
            let owner = rig.owner();
            let point = open_history(&owner).at(Moment::Latest).unwrap();
            let report =
                iota_agent::restore::restore(&point, &[], &target, Options::default(), &iota_agent::monitor::Silent);
            stop.store(true, Ordering::SeqCst);
            report.unwrap();
        });
        assert!(before == look(&ground.outside()), "something was written outside");
    }
}
