//! What is left when disks lie or Postgres is gone: damage costs itself and is named, and packs are enough.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod appliance;

use appliance::{
    Agent, Appliance, succeed,
    tree::{self, Dice},
};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// An appliance with one machine, whose folder was backed up three times.
struct Kept {
    appliance: Appliance,
    agent: Agent,
    live: PathBuf,
}

fn kept(seed: u64) -> (Kept, Dice) {
    let appliance = Appliance::start();
    let agent = Agent::join(&appliance, &appliance.setup_token());
    let live = agent.path("live");
    fs::create_dir(&live).unwrap();
    let mut dice = Dice::new(seed);
    tree::plant(&live, &mut dice);
    agent.done(&["include", live.to_str().unwrap()]);
    for _ in 0..3 {
        agent.done(&["backup"]);
        tree::change(&live, &mut dice);
    }
    agent.done(&["backup"]);
    (Kept { appliance, agent, live }, dice)
}

impl Kept {
    /// Restores the newest commit with nothing but the kit; returns the exit code, the report, and what differs from the
    /// folder.
    fn restore(&self) -> (i32, serde_json::Value, Vec<PathBuf>) {
        let to = self.agent.path("restored");
        let _ = fs::remove_dir_all(&to);
        let kit = self.agent.kit();
        let output =
            self.agent.run(&["--json", "restore", "--kit", kit.to_str().unwrap(), "--to", to.to_str().unwrap()]);
        let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let root = to.join(self.live.strip_prefix("/").unwrap());
        let restored = if root.exists() { tree::look(&root) } else { Default::default() };
        (output.status.code().unwrap(), report, tree::differences(&restored, &tree::look(&self.live)))
    }

    fn packs(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.appliance.data().join("packs")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if fs::metadata(&path).unwrap().len() > 100_000 {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }
}

fn flip(pack: &Path, position: u64, bit: u8) {
    let file = fs::OpenOptions::new().read(true).write(true).open(pack).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, position).unwrap();
    file.write_all_at(&[byte[0] ^ (1 << bit)], position).unwrap();
}

#[test]
fn a_flipped_bit_costs_what_lies_there_and_is_named() {
    let (kept, mut dice) = kept(7);
    assert_eq!(kept.restore().0, 0);
    let mut seen_losses = false;
    for _ in 0..12 {
        let packs = kept.packs();
        let pack = &packs[dice.roll(packs.len() as u64) as usize];
        let position = 1000 + dice.roll(fs::metadata(pack).unwrap().len() - 1000);
        let bit = dice.roll(8) as u8;
        flip(pack, position, bit);
        let (code, report, differences) = kept.restore();
        match code {
            // What lies there is not part of this commit, or is only padding of the pack's own.
            0 => assert!(differences.is_empty(), "{differences:?}"),
            // Files are lost and named; a folder's time may be that of the restore.
            3 => {
                seen_losses = true;
                let named: BTreeSet<String> = report["losses"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(|loss| loss["path"].as_str().map(str::to_owned))
                    .collect();
                assert!(!named.is_empty(), "{report}");
                for path in differences {
                    let full = kept.live.join(&path);
                    let full = full.to_str().unwrap().trim_start_matches('/');
                    let explained = named.iter().any(|name| {
                        name.trim_start_matches('/').contains(full) || full.starts_with(name.trim_start_matches('/'))
                    }) || fs::symlink_metadata(kept.live.join(&path)).unwrap().is_dir();
                    assert!(explained, "{full} differs and is not named: {report}");
                }
            }
            // The commit itself is damaged: nothing is restored, and the reason is said.
            1 => assert!(report["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{report}"),
            other => panic!("exit code {other}: {report}"),
        }
        flip(pack, position, bit);
        // What was marked as damaged is read again by a full check, and by the next backup of the machine.
        kept.agent.done(&["backup"]);
    }
    assert!(seen_losses, "the dice never hit a file: take another seed");
}

#[test]
fn what_was_missing_from_a_backup_is_told_when_it_is_read() {
    let appliance = Appliance::start();
    let agent = Agent::join(&appliance, &appliance.setup_token());
    let live = agent.path("live");
    fs::create_dir_all(live.join("folder")).unwrap();
    fs::write(live.join("folder/file"), "content").unwrap();
    let missing = live.join("not mounted");
    fs::create_dir(&missing).unwrap();
    agent.done(&["include", live.join("folder").to_str().unwrap(), missing.to_str().unwrap()]);
    fs::remove_dir(&missing).unwrap();
    assert_eq!(agent.run(&["backup"]).status.code(), Some(3));
    let kit = agent.kit();
    let kit = kit.to_str().unwrap();
    let read = |arguments: &[&str]| {
        let output = agent.run(&[&["--json"], arguments, &["--kit", kit]].concat());
        (output.status.code().unwrap(), serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap())
    };
    let to = agent.path("all");
    let (code, report) = read(&["restore", "--to", to.to_str().unwrap()]);
    assert_eq!((code, &report["gap_count"], &report["loss_count"]), (3, &2.into(), &0.into()), "{report}");
    for data in [&["verify"][..], &["verify", "--data"]] {
        let (code, report) = read(data);
        assert_eq!((code, &report["gap_count"], &report["problem_count"]), (3, &2.into(), &0.into()), "{report}");
    }
    // What has no gap in it is whole.
    let to = agent.path("part");
    let (code, report) = read(&["restore", live.join("folder").to_str().unwrap(), "--to", to.to_str().unwrap()]);
    assert_eq!((code, &report["gap_count"]), (0, &0.into()), "{report}");
}

#[test]
fn a_server_without_its_packs_does_not_begin_anew() {
    let (mut kept, _) = kept(3);
    kept.appliance.stop();
    let (packs, away) = (kept.appliance.data().join("packs"), kept.agent.path("packs"));
    fs::rename(&packs, &away).unwrap();
    let refused = kept.appliance.command(&["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("mount its disk"), "{said}");
    let _ = fs::remove_dir_all(&packs);
    fs::rename(&away, &packs).unwrap();
    kept.appliance.restart();
    assert_eq!(kept.restore().0, 0);
}

#[test]
fn without_postgres_the_packs_are_enough() {
    let (mut kept, mut dice) = kept(11);
    let listed = kept.agent.json(&["snapshots", "--kit", kept.agent.kit().to_str().unwrap()]);
    kept.appliance.stop();
    fs::rename(kept.appliance.data().join("postgres"), kept.agent.path("postgres")).unwrap();
    succeed(kept.appliance.command(&["rebuild"]));
    kept.appliance.restart();
    // Everything as it was, with the kit and with the password.
    let (code, report, differences) = kept.restore();
    assert_eq!((code, differences.len()), (0, 0), "{report}");
    let again = kept.agent.json(&["snapshots", "--login", appliance::LOGIN]);
    assert_eq!(again["snapshots"], listed["snapshots"]);
    // The machine goes on where it was, and sends only what is new.
    tree::change(&kept.live, &mut dice);
    kept.agent.done(&["backup"]);
    let (code, report, differences) = kept.restore();
    assert_eq!((code, differences.len()), (0, 0), "{report}");
    let doctor = kept.appliance.command(&["doctor", "--full"]).output().unwrap();
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
}
