//! Restoring over what is there: what is replaced, what stays, and what is said before.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    history::Moment,
    restore::{Forecast, LossReason, Options, Overwrite, Report, forecast},
};
use iota_core::path::TreePath;
use std::{
    fs::{self, FileTimes},
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt, symlink},
    },
    path::Path,
    time::{Duration, SystemTime},
};
use support::{Rig, open_history};

fn time(path: &Path, seconds: u64) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))).unwrap();
}

const KEPT: [&str; 8] = ["same", "older", "newer", "silent", "by link", "by folder", "missing", "mode"];
const BACKED_UP_S: u64 = 1_600_000_000;

/// Backs up a folder, then changes what is there in every way.
fn changed(rig: &Rig, root: &Path) {
    for name in KEPT {
        fs::write(root.join(name), format!("{name} as it was")).unwrap();
        time(&root.join(name), BACKED_UP_S);
    }
    symlink("same", root.join("link")).unwrap();
    fs::hard_link(root.join("older"), root.join("second")).unwrap();
    rig.backup_roots(&[root]).unwrap();
    for (name, seconds) in [("older", BACKED_UP_S - 9), ("newer", BACKED_UP_S + 9)] {
        fs::remove_file(root.join(name)).unwrap();
        fs::write(root.join(name), "another").unwrap();
        time(&root.join(name), seconds);
    }
    fs::write(root.join("silent"), "silent as it is.").unwrap();
    fs::write(root.join("silent"), "SILENT as it was").unwrap();
    time(&root.join("silent"), BACKED_UP_S);
    for name in ["by link", "by folder", "missing", "link"] {
        fs::remove_file(root.join(name)).unwrap();
    }
    fs::write(root.join("bystander"), "bystander").unwrap();
    time(&root.join("bystander"), 1_500_000_000);
    symlink("bystander", root.join("by link")).unwrap();
    fs::create_dir(root.join("by folder")).unwrap();
    fs::write(root.join("by folder/inside"), "inside").unwrap();
    symlink("nowhere", root.join("link")).unwrap();
    fs::set_permissions(root.join("mode"), fs::Permissions::from_mode(0o600)).unwrap();
}

fn tree_path(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes()[1..].to_vec()
}

fn foretell(rig: &Rig, root: &Path, options: Options) -> Forecast {
    let owner = rig.owner();
    let point = open_history(&owner).at(Moment::Seq(1)).unwrap();
    forecast(&point, &[TreePath::parse(&tree_path(root)).unwrap()], Path::new("/"), options).unwrap()
}

fn in_place(rig: &Rig, root: &Path, overwrite: Overwrite) -> (Forecast, Report) {
    let options = Options { overwrite, in_place: true, ..Options::default() };
    let foretold = foretell(rig, root, options);
    (foretold, rig.restore_to(1, &[&tree_path(root)], Path::new("/"), options))
}

fn content(root: &Path, name: &str) -> String {
    fs::read_to_string(root.join(name)).unwrap()
}

/// What always holds.
fn unharmed(root: &Path) {
    assert_eq!(content(root, "bystander"), "bystander");
    assert_eq!(content(root, "by folder/inside"), "inside");
    assert_eq!(content(root, "same"), "same as it was");
    assert_eq!(content(root, "missing"), "missing as it was");
    let drafts = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(drafts.into_iter().all(|name| !name.as_bytes().starts_with(b".iota")));
}

#[test]
fn never_replaces_nothing_and_names_what_is_in_the_way() {
    let (rig, source) = (Rig::new(), tempfile::tempdir().unwrap());
    let root = source.path();
    changed(&rig, root);
    let (foretold, report) = in_place(&rig, root, Overwrite::Never);
    assert_eq!((foretold.made, foretold.replaced, foretold.newer, foretold.in_the_way_count), (1, 0, 0, 5));
    assert_eq!((report.files, report.replaced), (1, 0));
    assert_eq!((content(root, "older"), content(root, "newer")), ("another".into(), "another".into()));
    assert!(report.losses.iter().any(|loss| loss.reason == LossReason::Exists));
    unharmed(root);
}

#[test]
fn only_older_ones_are_replaced_by_newer_ones() {
    let (rig, source) = (Rig::new(), tempfile::tempdir().unwrap());
    let root = source.path();
    changed(&rig, root);
    let (foretold, report) = in_place(&rig, root, Overwrite::IfNewer);
    assert_eq!((content(root, "older"), content(root, "newer")), ("older as it was".into(), "another".into()));
    assert_eq!((foretold.made, foretold.in_the_way_count), (1, 1));
    assert!(foretold.newer >= 1 && report.replaced >= 1, "{foretold:?} {report:?}");
    unharmed(root);
}

#[test]
fn what_changed_is_replaced_and_nothing_is_followed() {
    let (rig, source) = (Rig::new(), tempfile::tempdir().unwrap());
    let root = source.path();
    changed(&rig, root);
    let above = fs::metadata(root.parent().unwrap()).unwrap();
    let (foretold, report) = in_place(&rig, root, Overwrite::IfChanged);
    // Older, newer, by link, link; the folder stays. The second name of the older one is linked anew.
    assert_eq!((foretold.made, foretold.replaced, foretold.in_the_way_count), (1, 4, 1), "{foretold:?}");
    assert_eq!(foretold.in_the_way[0].name(), b"by folder");
    assert_eq!(report.replaced, foretold.replaced + 1, "{report:?}");
    for name in ["older", "newer", "by link", "second", "mode"] {
        let was = if name == "second" { "older" } else { name };
        assert_eq!(content(root, name), format!("{was} as it was"));
        assert_eq!(fs::symlink_metadata(root.join(name)).unwrap().mtime(), BACKED_UP_S as i64, "{name}");
    }
    assert_eq!(fs::metadata(root.join("older")).unwrap().ino(), fs::metadata(root.join("second")).unwrap().ino());
    assert!(fs::symlink_metadata(root.join("by link")).unwrap().is_file());
    assert_eq!(fs::read_link(root.join("link")).unwrap(), Path::new("same"));
    assert_eq!(fs::metadata(root.join("mode")).unwrap().permissions().mode() & 0o777, 0o644);
    // Same size and time, other bytes: found, told, and left.
    assert_eq!(content(root, "silent"), "SILENT as it was");
    let exist = report.losses.iter().filter(|loss| loss.reason == LossReason::Exists).count();
    assert_eq!(exist, 2, "{:?}", report.losses);
    // The directories above are somebody else's.
    let after = fs::metadata(root.parent().unwrap()).unwrap();
    assert_eq!((above.mode(), above.uid(), above.mtime()), (after.mode(), after.uid(), after.mtime()));
    unharmed(root);

    let again = in_place(&rig, root, Overwrite::IfChanged).1;
    assert_eq!((again.files, again.replaced), (0, 0), "{again:?}");
}

#[test]
fn always_brings_everything_back() {
    let (rig, source) = (Rig::new(), tempfile::tempdir().unwrap());
    let root = source.path();
    changed(&rig, root);
    let (foretold, report) = in_place(&rig, root, Overwrite::Always);
    assert_eq!((foretold.same, foretold.in_the_way_count), (0, 1));
    assert_eq!(content(root, "silent"), "silent as it was");
    assert_eq!(report.loss_count, 1, "{:?}", report.losses);
    unharmed(root);
}

#[test]
fn a_forecast_changes_nothing() {
    let (rig, source) = (Rig::new(), tempfile::tempdir().unwrap());
    let root = source.path();
    changed(&rig, root);
    let was = support::compare::look(root);
    foretell(&rig, root, Options { overwrite: Overwrite::Always, in_place: true, ..Options::default() });
    assert!(support::compare::differences(&was, &support::compare::look(root)).is_empty());
    let nowhere = source.path().join("not there yet");
    let owner = rig.owner();
    let point = open_history(&owner).at(Moment::Seq(1)).unwrap();
    let all = forecast(&point, &[], &nowhere, Options::default()).unwrap();
    assert_eq!((all.made, all.same, all.bytes > 0), (10, 0, true));
    assert!(!nowhere.exists());
}
