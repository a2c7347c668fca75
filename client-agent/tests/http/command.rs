//! The program itself, as a person or a script runs it.

use crate::{
    LOGIN, PASSWORD,
    appliance::{Appliance, INVITE, SERVER_ID},
};
use rustix::fs::{Mode, OFlags};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

pub struct Home {
    directory: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("password"), format!("{PASSWORD}\n")).unwrap();
        fs::create_dir(directory.path().join("data")).unwrap();
        fs::write(directory.path().join("data/file"), "contents").unwrap();
        Self { directory }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iota"));
        for variable in
            ["IOTA_SERVER", "IOTA_SERVER_PIN", "IOTA_ENROL_CODE", "IOTA_PASSPHRASE_FILE", "IOTA_INVITE", "IOTA_CODE"]
        {
            command.env_remove(variable);
        }
        command
            .env("IOTA_CONFIG_DIR", self.path("config"))
            .env("IOTA_STATE_DIR", self.path("state"))
            .env("IOTA_PASSWORD_FILE", self.path("password"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// With `--json`: exit code and the one object.
    pub fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.run(&[arguments, &["--json"]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), value)
    }
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_machine_is_set_up_and_backed_up() {
    let (appliance, home) = (Appliance::start(), Home::new());
    let (kit, key_file) = (home.path("kit"), home.path("key"));
    let (code, made) = home.json(&[
        "account",
        "create",
        "--server",
        &appliance.url,
        "--login",
        LOGIN,
        "--invite",
        INVITE,
        "--kit",
        text(&kit),
        "--key-file",
        text(&key_file),
    ]);
    assert_eq!((code, &made["administrator"]), (0, &true.into()), "{made}");

    assert_eq!(home.json(&["backup"]).1["error"]["code"], "not_enrolled");
    let (code, joined) = home.json(&["enroll", "--server", &appliance.url, "--login", LOGIN, "--name", "attic"]);
    assert_eq!((code, &joined["name"], &joined["key_epoch"]), (0, &"attic".into(), &1.into()), "{joined}");
    assert_eq!(home.json(&["backup"]).1["error"]["code"], "nothing_included");

    // The config directory lies inside of what is included: it is left out all the same.
    let (code, rules) = home.json(&["include", text(home.directory.path())]);
    assert_eq!((code, rules["roots"].as_array().map(Vec::len)), (0, Some(1)), "{rules}");
    let (code, rules) = home.json(&["exclude", "*.o", "!keep.o"]);
    assert_eq!((code, &rules["exclude"]), (0, &serde_json::json!(["*.o", "!keep.o"])));
    let (_, rules) = home.json(&["rules", "--max-file-size", "4G"]);
    assert_eq!(rules["max_file_bytes"], 4_000_000_000u64);

    let (code, report) = home.json(&["backup"]);
    assert_eq!((code, &report["seq"], &report["gap_count"]), (0, &1.into(), &0.into()), "{report}");
    assert_eq!(report["files"], 4, "file, kit, key and password, and nothing of the agent itself");
    let (code, report) = home.json(&["backup", "--full"]);
    assert_eq!((code, &report["seq"], &report["new_bytes"]), (0, &2.into(), &0.into()), "{report}");

    let (code, status) = home.json(&["status"]);
    assert_eq!((code, &status["last"]["seq"], &status["server_head"]["seq"]), (0, &2.into(), &2.into()), "{status}");
    assert_eq!(status["server_id"], SERVER_ID.to_string());
    let (code, found) = home.json(&["doctor"]);
    assert_eq!(code, 0, "{found}");
    assert!(found["checks"].as_array().unwrap().iter().all(|check| check["level"] == "ok"), "{found}");

    // What was lost comes back by the kit alone, on any machine.
    let elsewhere = Home::new();
    let vault = ["--server", &appliance.url, "--kit", text(&kit)];
    let (code, listed) = elsewhere.json(&[&["snapshots"][..], &vault].concat());
    assert_eq!((code, listed["snapshots"].as_array().map(Vec::len)), (0, Some(2)), "{listed}");
    let target = elsewhere.path("restored");
    let (code, restored) = elsewhere.json(&[&["restore", "--to", text(&target)][..], &vault].concat());
    assert_eq!(code, 0, "{restored}");
    let below = |name: &str| target.join(home.path(name).strip_prefix("/").unwrap());
    assert_eq!(fs::read_to_string(below("data/file")).unwrap(), "contents");
    assert_eq!(fs::read(below("kit")).unwrap(), fs::read(&kit).unwrap());
    assert!(!below("config").exists() && !below("state").exists());

    // Enrolling again takes over the machine's own set.
    let (code, joined) = home.json(&["enroll", "--login", LOGIN]);
    assert_eq!((code, &joined["key_epoch"]), (0, &2.into()), "{joined}");
    assert_eq!(home.json(&["backup"]).1["seq"], 3);
}

/// A path that is longer than the format has room for: a gap, also for root.
fn make_too_deep(top: &Path) {
    let mut directory = rustix::fs::open(top, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    let name = "d".repeat(250);
    for _ in 0..18 {
        rustix::fs::mkdirat(&directory, &name, Mode::RWXU).unwrap();
        directory = rustix::fs::openat(&directory, &name, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    }
}

#[test]
fn what_a_backup_left_out_is_told_by_whoever_reads_it() {
    let (appliance, home) = (Appliance::start(), Home::new());
    account(&home, &appliance);
    let data = home.path("data");
    fs::create_dir(data.join("deep")).unwrap();
    make_too_deep(&data.join("deep"));
    assert_eq!(home.json(&["enroll", "--server", &appliance.url, "--login", LOGIN]).0, 0);
    assert_eq!(home.json(&["include", text(&data)]).0, 0);
    let (code, report) = home.json(&["backup"]);
    assert_eq!((code, &report["gap_count"]), (3, &1.into()), "{report}");

    let target = home.path("restored");
    let restore = ["restore", "--login", LOGIN, "--to", text(&target)];
    for arguments in [&restore[..], &["verify", "--login", LOGIN], &["verify", "--data", "--login", LOGIN]] {
        let (code, told) = home.json(arguments);
        assert_eq!((code, &told["gap_count"], &told["partial"]), (3, &1.into(), &false.into()), "{told}");
        assert_eq!(told["gaps"], report["gaps"]);
        let output = home.run(&[arguments, &["--quiet"]].concat());
        assert_eq!(output.status.code(), Some(3));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("was made with 1 gaps") && said.contains("(unsupported)"), "{said}");
    }
    // What has no gap is complete.
    let file = data.join("file");
    let (code, told) = home.json(&[&restore[..], &[text(&file)]].concat());
    assert_eq!((code, &told["gap_count"], &told["kept"]), (0, &0.into(), &1.into()), "{told}");
    let output = home.run(&["verify", "--login", LOGIN]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("content was not checked (use --data)"));
}

#[test]
fn a_machine_expects_its_own_snapshots_from_the_server() {
    let (appliance, home) = (Appliance::start(), Home::new());
    account(&home, &appliance);
    let vault = ["--login", LOGIN];
    assert_eq!(home.json(&["enroll", "--server", &appliance.url, "--login", LOGIN]).0, 0);
    assert_eq!(home.json(&["include", text(&home.path("data"))]).0, 0);
    assert_eq!(home.json(&[&["snapshots"][..], &vault].concat()).1["error"]["code"], "no_snapshot");
    assert_eq!(home.json(&["backup"]).0, 0);
    assert_eq!(home.json(&["backup"]).0, 0);
    let witness = home.path("config/witness.json");
    let seen: Value = serde_json::from_slice(&fs::read(&witness).unwrap()).unwrap();
    assert!(seen["accounts"].to_string().contains(r#""seq":2"#), "{seen}");
    let (code, listed) = home.json(&[&["snapshots"][..], &vault].concat());
    assert_eq!((code, &listed["snapshots"][0]["seq"]), (0, &2.into()), "{listed}");
    for listed in [listed, home.json(&[&["snapshots", "--totals"][..], &vault].concat()).1] {
        assert!((0..2).all(|number| listed["snapshots"][number]["files"] == 1), "{listed}");
    }
    // The server goes back; each of the two is enough to notice.
    let memory = appliance.site.inner().sets.values().next().unwrap().memory.clone();
    let hidden = memory.inner.lock().unwrap().commits.pop().unwrap();
    let ratchet = fs::read(home.path("config/ratchet")).unwrap();
    for lost in ["ratchet", "witness.json"] {
        fs::write(home.path("config/ratchet"), &ratchet).unwrap();
        fs::remove_file(home.path("config").join(lost)).unwrap();
        let (code, failed) = home.json(&[&["snapshots"][..], &vault].concat());
        assert_eq!((code, &failed["error"]["code"]), (1, &"history".into()), "{failed}");
    }
    memory.inner.lock().unwrap().commits.push(hidden);
    assert_eq!(home.json(&[&["verify"][..], &vault].concat()).0, 0);
}

/// The first line that a program under way prints on standard output or error.
fn first_line(stream: impl std::io::Read) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

pub fn account(home: &Home, appliance: &Appliance) {
    let kit = home.path("kit");
    let create = ["account", "create", "--invite", INVITE, "--kit", text(&kit)];
    let (code, made) = home.json(&[&create[..], &["--server", &appliance.url, "--login", LOGIN]].concat());
    assert_eq!(code, 0, "{made}");
}

/// The owner's side on another machine, waiting; and the code that it shows.
fn admit(home: &Home, appliance: &Appliance) -> (Child, String) {
    let arguments = ["admit", "--server", &appliance.url, "--login", LOGIN, "--quiet"];
    let mut owner = home.command(&arguments).spawn().unwrap();
    let code = first_line(owner.stdout.take().unwrap());
    assert!(code.starts_with("IOTA-ENROL-1-"), "{code}");
    (owner, code)
}

#[test]
fn a_second_factor_comes_from_the_environment_where_nobody_types() {
    let (appliance, home) = (Appliance::start(), Home::new());
    account(&home, &appliance);
    appliance.site.inner().second = Some("ABCD-EFGH-2345-6777".into());
    let slots = |code: &str| {
        let arguments = ["account", "slots", "--json", "--server", &appliance.url, "--login", LOGIN];
        // Without a terminal: of a session of its own.
        let mut command = Command::new("setsid");
        let program = home.command(&arguments);
        command.arg("--wait").arg(program.get_program()).args(program.get_args());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let output = command.env("IOTA_CODE", code).stdin(Stdio::null()).output().unwrap();
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), value)
    };
    let (code, listed) = slots("ABCD-EFGH-2345-6777");
    assert_eq!((code, listed["slots"].as_array().map(Vec::len)), (0, Some(2)), "{listed}");
    let (code, refused) = slots("ABCD-EFGH-2345-6770");
    assert_eq!((code, &refused["error"]["code"]), (1, &"second_factor".into()), "{refused}");
    let (code, silent) = slots("");
    assert_eq!((code, &silent["error"]["code"]), (2, &"usage".into()), "{silent}");
    assert!(silent["error"]["message"].as_str().unwrap().ends_with("give it in IOTA_CODE"), "{silent}");
}

#[test]
fn a_machine_joins_with_a_code_and_without_a_password() {
    let (appliance, at_owner, machine) = (Appliance::start(), Home::new(), Home::new());
    account(&at_owner, &appliance);
    let (mut owner, code) = admit(&at_owner, &appliance);
    fs::remove_file(machine.path("password")).unwrap();
    let arguments = ["enroll", "--server", &appliance.url, "--name", "cellar", "--json"];
    let output = machine.command(&arguments).env("IOTA_ENROL_CODE", &code).output().unwrap();
    let joined: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &joined["name"]), (Some(0), &"cellar".into()), "{joined}");
    assert!(owner.wait().unwrap().success());
    let (exit, _) = machine.json(&["include", text(&machine.path("data"))]);
    assert_eq!(exit, 0);
    assert_eq!(machine.json(&["backup"]).1["seq"], 1);
}

#[test]
fn a_code_may_be_an_argument_and_is_remarked_upon() {
    let (appliance, at_owner, machine) = (Appliance::start(), Home::new(), Home::new());
    account(&at_owner, &appliance);
    let (mut owner, code) = admit(&at_owner, &appliance);
    let output = machine.run(&["enroll", &code, "--server", &appliance.url]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("IOTA_ENROL_CODE") && !said.contains(&code), "{said}");
    assert!(owner.wait().unwrap().success());
}

#[test]
fn enough_sheets_open_what_a_machine_stored() {
    let (appliance, home) = (Appliance::start(), Home::new());
    account(&home, &appliance);
    let joined = home.json(&["enroll", "--server", &appliance.url, "--login", LOGIN, "--name", "attic"]);
    assert_eq!(joined.0, 0, "{}", joined.1);
    assert_eq!(home.json(&["include", text(&home.path("data"))]).0, 0);
    assert_eq!(home.json(&["backup"]).0, 0);
    let sheets = home.path("sheets");
    let add = |threshold: &str| {
        let numbers = ["account", "add-shares", "--threshold", threshold, "--count", "3", "--to", text(&sheets)];
        home.json(&[&numbers[..], &["--server", &appliance.url, "--login", LOGIN]].concat())
    };
    let (code, refused) = add("4");
    assert_eq!(
        (code, refused["error"]["message"].as_str().unwrap().contains("2 to 16 sheets")),
        (1, true),
        "{refused}"
    );
    let (code, made) = add("2");
    assert_eq!(code, 0, "{made}");
    let sheet = |number: u8| {
        let id = &made["slot"].as_str().unwrap()[..8];
        sheets.join(format!("iotabackup-sheet-{id}-{number}.txt"))
    };
    let (_, slots) = home.json(&["account", "slots", "--server", &appliance.url, "--login", LOGIN]);
    assert!(slots["slots"].as_array().unwrap().iter().any(|slot| slot["kind"] == "shares"), "{slots}");

    let elsewhere = Home::new();
    let snapshots = |numbers: &[u8]| {
        let files: Vec<_> = numbers.iter().map(|&number| sheet(number)).collect();
        let options = files.iter().flat_map(|file| ["--share", text(file)]);
        let options: Vec<_> = ["snapshots", "--server", &appliance.url].into_iter().chain(options).collect();
        elsewhere.json(&options)
    };
    for numbers in [&[1, 3][..], &[3, 2]] {
        let (code, answer) = snapshots(numbers);
        assert_eq!((code, answer["snapshots"].as_array().map(Vec::len)), (0, Some(1)), "{answer}");
    }
    for (numbers, words) in [(&[2][..], "2 of 3 sheets are needed, 1 given"), (&[2, 2], "sheet 2 is given twice")] {
        let (code, answer) = snapshots(numbers);
        assert_eq!((code, answer["error"]["message"].as_str().unwrap().contains(words)), (1, true), "{answer}");
    }
    let altered = fs::read_to_string(sheet(1)).unwrap().replace("IOTA-SHARE-1-", "IOTA-SHARE-1-A");
    fs::write(sheet(1), altered).unwrap();
    let (code, answer) = snapshots(&[1, 2]);
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(code == 1 && message.contains("-1.txt"), "{message}");
}

#[test]
fn signals_end_it_politely() {
    let (appliance, home) = (Appliance::start(), Home::new());
    account(&home, &appliance);
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let (mut owner, _) = admit(&home, &appliance);
        let id = rustix::process::Pid::from_child(&owner);
        rustix::process::kill_process(id, signal).unwrap();
        assert_eq!(owner.wait().unwrap().code(), Some(1));
        assert!(first_line(owner.stderr.take().unwrap()).contains("run `iota admit` again"));
    }
}

#[test]
fn slots_are_managed() {
    let (appliance, home) = (Appliance::start(), Home::new());
    let kit = home.path("kit");
    let server = ["--server", &appliance.url, "--login", LOGIN];
    let create = ["account", "create", "--invite", INVITE, "--kit", text(&kit)];
    assert_eq!(home.json(&[&create[..], &server].concat()).0, 0);
    let (code, failed) = home.json(&[&create[..], &server].concat());
    assert_eq!((code, failed["error"]["message"].as_str().unwrap().contains("never overwritten")), (1, true));
    let (_, slots) = home.json(&[&["account", "slots"][..], &server].concat());
    let kind = |slots: &Value, kind: &str| {
        let slots = slots["slots"].as_array().unwrap();
        slots.iter().find(|slot| slot["kind"] == kind).map(|slot| slot["slot"].as_str().unwrap().to_owned())
    };
    let words = kind(&slots, "recovery-words").unwrap();
    let remove = |id: &str| home.json(&[&["account", "remove-slot", id][..], &server].concat());
    assert_eq!(remove(&words).0, 1, "two slots stay");
    let key_file = home.path("key");
    assert_eq!(home.json(&[&["account", "add-key-file", text(&key_file)][..], &server].concat()).0, 0);
    assert_eq!(remove(&words).0, 0);
    let (_, slots) = home.json(&[&["account", "slots"][..], &server].concat());
    assert_eq!((kind(&slots, "recovery-words"), kind(&slots, "key-file").is_some()), (None, true));
    assert_eq!(slots["version"], 3);
    // A server that shows a list of before is found out.
    let slot_list = |replacement: Option<Vec<u8>>| {
        let mut inner = appliance.site.inner();
        let account = inner.accounts.values_mut().next().unwrap();
        let before = account.slot_list.clone();
        account.slot_list = replacement.unwrap_or_else(|| before.clone());
        before
    };
    let older = slot_list(None);
    let another = home.path("another");
    assert_eq!(home.json(&[&["account", "add-key-file", text(&another)][..], &server].concat()).0, 0);
    let newest = slot_list(Some(older));
    let list = || home.json(&[&["account", "slots"][..], &server].concat());
    let (code, failed) = list();
    assert_eq!((code, &failed["error"]["code"]), (1, &"history".into()), "{failed}");
    assert!(failed["error"]["message"].as_str().unwrap().contains("version 3"), "{failed}");
    slot_list(Some(newest));
    assert_eq!(list().1["version"], 4);
}

#[test]
fn mistakes_end_with_their_exit_code() {
    let home = Home::new();
    for (arguments, code) in [
        (&["nothing"][..], "usage"),
        (&["enroll"], "usage"),
        (&["enroll", "IOTA-ENROL-1-AAAA", "--server", "https://a.example"], "failed"),
        (&["account", "slots", "--login", "a@b"], "usage"),
        (&["account", "slots", "--login", "a@b", "--server", "http://backup.example.org"], "usage"),
        (&["exclude", "./x"], "rules"),
        (&["include", "/does/not/exist"], "rules"),
        (&["rules", "--max-file-size", "big"], "usage"),
    ] {
        let (exit, value) = home.json(arguments);
        assert_eq!(value["error"]["code"], code, "{arguments:?}: {value}");
        assert_eq!(exit, if code == "usage" { 2 } else { 1 }, "{arguments:?}");
    }
    fs::create_dir(home.path("config")).unwrap_or_default();
    fs::set_permissions(home.path("config"), fs::Permissions::from_mode(0o755)).unwrap();
    let (exit, value) = home.json(&["enroll", "--server", "http://127.0.0.1:1", "--login", LOGIN]);
    assert_eq!((exit, &value["error"]["code"]), (1, &"exposed".into()), "{value}");
    let output = home.run(&["status", "--quiet"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().contains("not enrolled"));
    assert_eq!(home.run(&["doctor"]).status.code(), Some(1));
    assert_eq!(home.run(&["--help"]).status.code(), Some(0));
}
