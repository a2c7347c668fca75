//! `iota run` as a service manager runs it: started, paused, killed, ended.

use crate::{
    LOGIN,
    appliance::{Appliance, Fault},
    command::{Home, account, text},
};
use iota_core::api::json::code;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::{
    fs,
    io::Read,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A machine with something to back up.
fn joined(appliance: &Appliance) -> Home {
    let home = Home::new();
    account(&home, appliance);
    assert_eq!(home.json(&["enroll", "--server", &appliance.url, "--login", LOGIN]).0, 0);
    assert_eq!(home.json(&["include", text(&home.path("data"))]).0, 0);
    home
}

/// A service that ends with the test.
struct Service(Child);

impl Service {
    fn spawn(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    fn start(home: &Home) -> Self {
        Self::spawn(home.command(&["run"]))
    }

    /// Waits until it ends by itself, and gives its exit code and what it said.
    fn ended(mut self) -> (Option<i32>, String) {
        let begun = Instant::now();
        while self.0.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it goes on");
            std::thread::sleep(Duration::from_millis(100));
        }
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.0.wait().unwrap().code(), said)
    }

    fn end(mut self, signal: Signal) -> Option<i32> {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
        self.0.wait().unwrap().code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn status(home: &Home) -> Value {
    home.json(&["status"]).1
}

fn until(what: &str, home: &Home, holds: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let status = status(home);
        if holds(&status) {
            return status;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}: {status}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn seq(status: &Value) -> u64 {
    status["server_head"]["seq"].as_u64().unwrap_or(0)
}

#[test]
fn the_service_backs_up_what_changes_until_it_is_ended() {
    let appliance = Appliance::start();
    let home = joined(&appliance);
    let service = Service::start(&home);
    let rests = |status: &Value| status["service"]["stage"] == "idle" && status["service"]["last_commit"][0] == 1;
    let first = until("the first backup", &home, rests);
    assert!(first["service"]["watched"].as_u64().unwrap() >= 2, "{first}");

    fs::write(home.path("data/file"), "changed").unwrap();
    let waiting = until("the change waits", &home, |status| status["service"]["waiting"] == 1);
    let path = &waiting["service"]["first"][0];
    assert_eq!((&path["path"], &path["settle_ms"]), (&text(&home.path("data/file")).into(), &5000.into()));

    // While it rests nothing is backed up, and nothing is forgotten when it is killed.
    assert_eq!(home.json(&["pause", "--for", "5m"]).0, 0);
    until("the pause", &home, |status| status["service"]["stage"] == "paused");
    assert_eq!(service.end(Signal::KILL), None);
    until("no service", &home, |status| status["service"].is_null());
    let service = Service::start(&home);
    until("the pause again", &home, |status| {
        status["service"]["stage"] == "paused" && status["service"]["waiting"] == 1
    });
    assert_eq!(seq(&status(&home)), 1);
    assert_eq!(home.json(&["resume"]).1["was_paused"], true);
    until("the second backup", &home, |status| seq(status) == 2 && status["service"]["waiting"] == 0);

    // New rules are taken over while it runs.
    fs::create_dir(home.path("more")).unwrap();
    fs::write(home.path("more/other"), "other").unwrap();
    assert_eq!(home.json(&["include", text(&home.path("more"))]).0, 0);
    until("the third backup", &home, |status| seq(status) == 3);

    assert_eq!(service.end(Signal::TERM), Some(0));
    let target = home.path("restored");
    assert_eq!(home.json(&["restore", "--login", LOGIN, "--to", text(&target)]).0, 0);
    let restored = |name: &str| fs::read_to_string(target.join(home.path(name).strip_prefix("/").unwrap())).unwrap();
    assert_eq!((restored("data/file"), restored("more/other")), ("changed".into(), "other".into()));
}

#[test]
fn a_pause_holds_the_first_backup_in_its_middle_and_it_ends_afterwards() {
    let appliance = Appliance::start();
    let home = joined(&appliance);
    let mut noise = vec![0; 600_000];
    getrandom::fill(&mut noise).unwrap();
    fs::write(home.path("data/noise"), &noise).unwrap();
    let rules = home.path("config/rules.toml");
    let slow = "\n[[bandwidth]]\nup = \"100K\"\n";
    fs::write(&rules, fs::read_to_string(&rules).unwrap() + slow).unwrap();
    let _service = Service::start(&home);
    until("the first backup begins", &home, |status| status["service"]["stage"] == "full-backup");
    assert_eq!(home.json(&["pause", "--for", "5m"]).0, 0);
    let paused = until("the pause", &home, |status| status["service"]["stage"] == "paused");
    assert_eq!((seq(&paused), &paused["service"]["resting"]), (0, &Value::Null));
    assert_eq!(home.json(&["resume"]).1["was_paused"], true);
    let rests = |status: &Value| status["service"]["stage"] == "idle" && seq(status) == 1;
    until("the end of the first backup", &home, rests);
    let target = home.path("restored");
    assert_eq!(home.json(&["restore", "--login", LOGIN, "--to", text(&target)]).0, 0);
    let restored = target.join(home.path("data/noise").strip_prefix("/").unwrap());
    assert_eq!(fs::read(restored).unwrap(), noise);
}

#[test]
fn a_service_without_rules_waits_for_them() {
    let appliance = Appliance::start();
    let home = Home::new();
    account(&home, &appliance);
    assert_eq!(home.json(&["enroll", "--server", &appliance.url, "--login", LOGIN]).0, 0);
    let _service = Service::start(&home);
    until("its word", &home, |status| {
        status["service"]["troubles"][0]["reason"].as_str().is_some_and(|error| error.contains("iota include"))
    });
    assert_eq!(home.json(&["include", text(&home.path("data"))]).0, 0);
    let roots = json!([text(&home.path("data"))]);
    // The head is the server's word, the folders are the service's own.
    until("the first backup, and its folders", &home, |status| seq(status) == 1 && status["service"]["roots"] == roots);
}

#[test]
fn a_service_whose_machine_was_replaced_ends_though_there_is_nothing_to_do() {
    for paused in [false, true] {
        let appliance = Appliance::start();
        let home = joined(&appliance);
        let mut command = home.command(&["run"]);
        command.stderr(Stdio::piped());
        let service = Service::spawn(command);
        until("the end of the first backup", &home, |status| status["service"]["stage"] == "idle" && seq(status) == 1);
        if paused {
            assert_eq!(home.json(&["pause", "--for", "5m"]).0, 0);
        }
        let replaced = Fault::Refused(403, code::DEVICE_REPLACED, None);
        appliance.site.fail(std::iter::repeat_n(replaced, 200));
        let (code, said) = service.ended();
        assert_eq!(code, Some(4));
        assert!(said.contains("refused: device_replaced"), "{said}");
    }
}
