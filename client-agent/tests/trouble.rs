//! What goes wrong under a run, and how it goes on or ends.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    backup::{
        BackupError, CommitError, Options,
        source::{Described, Event, Found, OpenFile, Source},
    },
    platform::own_user,
    rules::{RuleFile, RuleRoot, Rules},
    scan::Scan,
    state::State,
};
use iota_core::commit::GapReason;
use std::{fs, io, path::Path, process::Command, sync::atomic::Ordering};
use support::{Rig, tree::MemoryTree};

#[test]
fn a_commit_is_sent_in_a_few_sessions_and_not_for_ever() {
    for whole_list in [false, true] {
        for (short_sessions, good) in [(1, true), (3, true), (i64::MAX, false)] {
            let rig = Rig::new();
            let mut tree = MemoryTree::default();
            tree.file("file", "before");
            rig.backup(&tree).unwrap();
            if whole_list {
                State::discard(rig.state.path()).unwrap();
            }
            tree.file("file", "after");
            rig.server.short_sessions.store(short_sessions, Ordering::SeqCst);
            let result = rig.backup(&tree);
            rig.server.short_sessions.store(0, Ordering::SeqCst);
            match result {
                Ok(_) => assert!(good),
                Err(error) => {
                    assert!(!good && matches!(error, BackupError::Commit(CommitError::Sessions)), "{error}");
                    rig.backup(&tree).unwrap();
                }
            }
            assert_eq!(rig.restore_latest().contents(), tree.contents());
        }
    }
}

fn rules(root: &Path) -> Rules {
    Rules::compile(&RuleFile { roots: vec![RuleRoot::new(root)], ..RuleFile::default() }).unwrap()
}

/// Too large for a bundle, which would be written anew when half of it is not needed.
fn large(text: &str) -> String {
    text.repeat(10_000)
}

/// A program that saves a file anew, by rename, this often while it is read.
struct Saving<'a> {
    scan: Scan,
    file: &'a Path,
    times: usize,
}

impl Source for Saving<'_> {
    fn next(&mut self) -> io::Result<Option<Event>> {
        self.scan.next()
    }

    fn metadata(&mut self, found: &Found) -> Result<Described, GapReason> {
        self.scan.metadata(found)
    }

    fn open(&mut self, found: &Found) -> Result<Option<Box<dyn OpenFile + '_>>, GapReason> {
        if self.times > 0 {
            self.times -= 1;
            let draft = self.file.with_extension("draft");
            fs::write(&draft, large(&format!("saved, {} to go", self.times))).unwrap();
            fs::rename(&draft, self.file).unwrap();
        }
        self.scan.open(found)
    }
}

#[test]
fn a_file_that_is_saved_anew_while_it_is_read_is_kept_as_it_is_then() {
    for (times, gap_count) in [(1, 0), (2, 0), (3, 1)] {
        let source = tempfile::tempdir().unwrap();
        let file = source.path().join("file");
        fs::write(&file, large("as it was listed")).unwrap();
        let rig = Rig::new();
        let walk = |times| Ok(Saving { scan: Scan::start(rules(source.path()), &[])?, file: &file, times });
        let report = rig.run(|| walk(times), Options::default()).unwrap();
        assert_eq!(report.gap_count, gap_count, "{:?}", report.gaps);
        // The next run has to read it only if it never came to rest.
        let report = rig.run(|| walk(0), Options::default()).unwrap();
        assert_eq!((report.gap_count, report.read_bytes > 0), (0, gap_count > 0));
        let key = iota_core::path::TreePath::parse(&file.to_str().unwrap().as_bytes()[1..]).unwrap().key();
        let restored = rig.restore_latest().contents();
        assert_eq!(restored[key.as_bytes()].as_deref(), Some(large("saved, 0 to go").as_bytes()));
    }
}

const WITHOUT_PROC: &str = "IOTA_TEST_WITHOUT_PROC";

/// Runs itself again where nothing is mounted at `/proc`.
#[test]
fn without_proc_a_walk_does_not_begin() {
    if std::env::var_os(WITHOUT_PROC).is_none() {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", "mount -t tmpfs none /proc && echo hidden && exec \"$0\" --exact \"$1\""]);
        command.arg(std::env::current_exe().unwrap()).arg("without_proc_a_walk_does_not_begin");
        let Ok(output) = command.env(WITHOUT_PROC, "1").output() else { return };
        if own_user() != 0 || !output.stdout.starts_with(b"hidden") {
            eprintln!("/proc cannot be hidden here: this is not tested");
            return;
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let refused = Scan::start(rules(Path::new("/tmp")), &[]).map(drop).unwrap_err().to_string();
    assert!(refused.contains("/proc") && refused.contains("mount it"), "{refused}");
}
