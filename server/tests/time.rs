//! Time by command line, from a real server: versions of a path, what lies between snapshots, names that were there.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod appliance;

use appliance::{Agent, Appliance};
use serde_json::{Value, json};
use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
};

/// A machine whose folder was backed up four times, and changed in between.
struct Kept {
    _appliance: Appliance,
    agent: Agent,
    live: PathBuf,
}

fn kept() -> Kept {
    let appliance = Appliance::start();
    let agent = Agent::join(&appliance, &appliance.setup_token());
    let live = agent.path("live");
    fs::create_dir_all(live.join("old name")).unwrap();
    fs::write(live.join("old name/inside"), "moves with its folder").unwrap();
    fs::write(live.join("letter"), "first").unwrap();
    fs::write(live.join("silent"), "one bytes").unwrap();
    fs::write(live.join("turns"), "a file").unwrap();
    agent.done(&["include", live.to_str().unwrap()]);
    agent.done(&["backup"]);

    fs::write(live.join("letter"), "second, longer").unwrap();
    fs::rename(live.join("old name"), live.join("new name")).unwrap();
    fs::write(live.join(OsStr::from_bytes(b"na\xffme \x1b[2J")), "no text").unwrap();
    agent.done(&["backup"]);

    fs::remove_file(live.join("letter")).unwrap();
    let silent = fs::File::options().write(true).open(live.join("silent")).unwrap();
    let modified = silent.metadata().unwrap().modified().unwrap();
    std::os::unix::fs::FileExt::write_all_at(&silent, b"two", 0).unwrap();
    silent.set_modified(modified).unwrap();
    agent.done(&["backup"]);

    fs::write(live.join("letter"), "third").unwrap();
    fs::set_permissions(live.join("new name/inside"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(live.join("turns")).unwrap();
    fs::create_dir(live.join("turns")).unwrap();
    agent.done(&["backup"]);
    Kept { _appliance: appliance, agent, live }
}

impl Kept {
    /// Exit code and the one object of a command that reads with the kit.
    fn read(&self, arguments: &[&OsStr]) -> (i32, Value) {
        let kit = self.agent.kit();
        let output = self.agent.command(&["--json", "--kit", kit.to_str().unwrap()]).args(arguments).output().unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
    }

    fn done(&self, arguments: &[&str]) -> Value {
        let (code, value) = self.read(&arguments.iter().map(OsStr::new).collect::<Vec<_>>());
        assert_eq!(code, 0, "{arguments:?}: {value}");
        value
    }

    /// What a person sees.
    fn shown(&self, arguments: &[&str]) -> String {
        let kit = self.agent.kit();
        self.agent.done(&[&["--kit", kit.to_str().unwrap()], arguments].concat())
    }

    fn path(&self, name: &str) -> String {
        self.live.join(name).to_str().unwrap().to_owned()
    }

    /// What is different, by path below the folder.
    fn differences(&self, arguments: &[&str]) -> Vec<(String, String, bool)> {
        let value = self.done(&[&["diff"], arguments].concat());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let below =
            |path: &Value| Path::new(&text(path)).strip_prefix(&self.live).unwrap().to_str().unwrap().to_owned();
        let listed = value["differences"].as_array().unwrap().iter();
        // The folder itself changes its time whenever something in it comes or goes.
        listed
            .map(|one| (below(&one["path"]), text(&one["change"]), one["same_time"] == true))
            .filter(|(path, ..)| !path.is_empty())
            .collect()
    }
}

fn changes(versions: &Value) -> Vec<(u64, &str)> {
    let versions = versions["versions"].as_array().unwrap().iter();
    versions.map(|version| (version["seq"].as_u64().unwrap(), version["change"].as_str().unwrap())).collect()
}

#[test]
fn versions_differences_and_names_are_told() {
    let kept = kept();
    let of = |name: &str| kept.done(&["history", &kept.path(name)]);
    let letter = of("letter");
    assert_eq!(changes(&letter), [(4, "created"), (3, "deleted"), (2, "content"), (1, "created")]);
    assert_eq!(
        (&letter["versions"][1]["after"], &letter["versions"][1]["before"]["size"]),
        (&Value::Null, &json!(14)),
        "{letter}"
    );
    assert_eq!(changes(&of("silent")), [(3, "content"), (1, "created")]);
    assert_eq!(of("silent")["versions"][0]["same_time"], true);
    assert_eq!(changes(&of("turns")), [(4, "type"), (1, "created")]);
    assert_eq!(changes(&of("old name/inside")), [(2, "deleted"), (1, "created")]);
    assert_eq!(changes(&of("new name/inside")), [(4, "metadata"), (2, "created")]);
    let nasty = kept.live.join(OsStr::from_bytes(b"na\xffme \x1b[2J"));
    let (code, versions) = kept.read(&[OsStr::new("history"), nasty.as_os_str()]);
    assert_eq!((code, changes(&versions)), (0, vec![(2, "created")]));
    assert!(versions["path_hex"].as_str().unwrap().ends_with("6e61ff6d65201b5b324a"));
    let shown = kept.shown(&["history", &kept.path("letter")]);
    let rows: Vec<Vec<&str>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((rows.len(), rows[0][0], rows[2][0], rows[2][2]), (5, "NUMBER", "3", "deleted"), "{shown}");

    let differences = |arguments: &[&str]| {
        let found = kept.differences(arguments);
        found.into_iter().map(|(path, change, same_time)| format!("{path}: {change} {same_time}")).collect::<Vec<_>>()
    };
    let moved = [
        "letter: content false",
        "na\u{fffd}me \u{1b}[2J: added false",
        "new name: added false",
        "old name: removed false",
    ];
    let inside = ["new name/inside: added false", "old name/inside: removed false"];
    assert_eq!(differences(&["1", "2"]), [&moved[..], &inside].concat());
    assert_eq!(differences(&["2", "3"]), ["letter: removed false", "silent: content true"]);
    assert_eq!(differences(&["4", "3"])[0], "letter: removed false");
    assert_eq!(differences(&["2", "latest", &kept.path("new name")]), ["new name/inside: metadata false"]);
    assert_eq!(differences(&["3", "3"]), [""; 0]);
    let shown = kept.shown(&["diff", "1", "4"]);
    assert!(shown.contains("file to dir") && shown.contains("content, same time"), "{shown}");
    assert!(!shown.contains('\u{1b}') && shown.contains("na\u{fffd}me ‹U+001B›[2J"), "{shown}");

    let found = kept.done(&["find", "letter"]);
    let letter = &found["found"][0];
    let runs = |found: &Value| {
        let seq = |place: &Value| place["seq"].as_u64().unwrap();
        let stretches = found["stretches"].as_array().unwrap().iter();
        stretches.map(|stretch| (seq(&stretch["first"]), seq(&stretch["last"]))).collect::<Vec<_>>()
    };
    assert_eq!((runs(letter), &letter["there"], &letter["size"]), (vec![(1, 2), (4, 4)], &json!(true), &json!(5)));
    assert_eq!(found["found"].as_array().map(Vec::len), Some(1));
    let found = kept.done(&["find", "/old name/"]);
    assert_eq!(found["found"].as_array().map(Vec::len), Some(0), "a pattern counts from the root");
    let found = kept.done(&["find", "old*/"]);
    assert_eq!((runs(&found["found"][0]), &found["found"][0]["there"]), (vec![(1, 1)], &json!(false)));
    let count = |arguments: &[&str]| kept.done(&[&["find"], arguments].concat())["found"].as_array().unwrap().len();
    assert_eq!(count(&["inside", "--kind", "file", "--newer", "1d", "--larger", "20", "--smaller", "1K"]), 2);
    assert_eq!((count(&["inside", "--older", "1d"]), count(&["tur*", "--kind", "dir"])), (0, 1));
    assert_eq!(count(&["na?me*", "--kind", "file"]), 1);
    let shown = kept.shown(&["find", "me "]);
    assert!(!shown.contains('\u{1b}') && shown.contains("is there"), "{shown}");
}

#[test]
fn what_is_not_there_is_said_with_what_to_do() {
    let kept = kept();
    let never = kept.path("never");
    for (arguments, exit, code, says) in [
        (&["history", &never][..], 1, "no_path", "`iota find`"),
        (&["diff", "1", "2", &never], 1, "no_path", "`iota ls`"),
        (&["diff", "1", "99"], 1, "no_snapshot", "`iota snapshots`"),
        (&["diff", "2020-01-01", "latest"], 1, "no_snapshot", "`iota snapshots`"),
        (&["diff", "soon", "latest"], 2, "usage", "`iota snapshots`"),
        (&["history", "/"], 2, "usage", "name a path"),
        (&["history", "../x"], 2, "usage", "in full"),
        (&["find", "[a"], 2, "usage", ".gitignore"),
        (&["find", "a", "--larger", "big"], 2, "usage", "20M"),
        (&["history", &never, "--set", "another"], 1, "no_set", "another"),
    ] {
        let (found, value) = kept.read(&arguments.iter().map(OsStr::new).collect::<Vec<_>>());
        assert_eq!((found, &value["error"]["code"]), (exit, &json!(code)), "{arguments:?}: {value}");
        assert!(value["error"]["message"].as_str().unwrap().contains(says), "{arguments:?}: {value}");
    }
}

#[test]
fn what_is_kept_is_shown_changed_and_deleted() {
    let kept = kept();
    let sign_in = ["--login", "ada@example.org"];
    let owner = |arguments: &[&str]| {
        let output = kept.agent.command(&[&["--json"], &sign_in[..], arguments].concat()).output().unwrap();
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), value)
    };
    let shown = kept.done(&["retention"]);
    assert_eq!((&shown["policy"], &shown["version"]), (&json!("7d,31d,366d,forever"), &json!(0)), "{shown}");
    assert_eq!(shown["kept"], json!({"recent: everything is kept": 3, "the newest": 1}));
    let (code, set) = owner(&["retention", "set", "8d,31d,366d,3650d"]);
    assert_eq!((code, &set["version"]), (0, &json!(1)), "{set}");
    let shown = kept.done(&["retention"]);
    assert_eq!(shown["policy"], "8d,31d,366d,3650d");
    // What was kept before stays for a while.
    assert_eq!(shown["in_force"]["policy"], "8d,31d,366d,forever");
    assert!(shown["in_force"]["until"].is_string(), "{shown}");
    assert_eq!(kept.done(&["retention", "--what-if", "7d,7d,7d,7d"])["goes"], json!([]));
    let (code, bad) = owner(&["retention", "set", "6d,31d,366d,forever"]);
    assert_eq!((code, &bad["error"]["code"]), (2, &json!("usage")), "{bad}");

    let seqs = || {
        let listed = kept.done(&["snapshots"]);
        assert_eq!(listed["missing"], json!([]), "{listed}");
        let snapshots = listed["snapshots"].as_array().unwrap().iter();
        snapshots.map(|snapshot| snapshot["seq"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let (code, deleted) = owner(&["delete", "2", "--to", "3"]);
    assert_eq!((code, &deleted["deletion"], seqs()), (0, &json!(2), vec![4, 1]), "{deleted}");
    assert_eq!(kept.done(&["retention"])["deleted"][0]["version"], 2);
    assert_eq!(kept.done(&["verify"])["missing"], json!([]));
    let (code, refused) = owner(&["delete", "4"]);
    assert_eq!((code, &refused["error"]["code"]), (1, &json!("conflict")), "{refused}");
    assert_eq!((owner(&["undelete", "2"]).0, seqs()), (0, vec![4, 3, 2, 1]));
    let (code, again) = owner(&["undelete", "2"]);
    assert_eq!((code, &again["error"]["code"]), (1, &json!("conflict")), "{again}");
}
