//! `kill -9` at random moments: nothing that was acknowledged is lost, and every run goes on.
//!
//! `IOTABACKUP_KILLS` sets how often (60), `IOTABACKUP_SEED` where the dice begin.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod appliance;

use appliance::{
    Agent, Appliance,
    tree::{self, Dice, Look},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    thread::sleep,
    time::Duration,
};

type Points = BTreeMap<u64, BTreeMap<PathBuf, Look>>;

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

/// Commits that were acknowledged, and what the folder looked like then.
struct Story {
    appliance: Appliance,
    agent: Agent,
    live: PathBuf,
    points: Points,
    dice: Dice,
}

impl Story {
    fn begin(seed: u64) -> Self {
        let appliance = Appliance::start();
        let agent = Agent::join(&appliance, &appliance.setup_token());
        let live = agent.path("live");
        fs::create_dir(&live).unwrap();
        let mut dice = Dice::new(seed);
        tree::plant(&live, &mut dice);
        agent.done(&["include", live.to_str().unwrap()]);
        Self { appliance, agent, live, points: Points::new(), dice }
    }

    /// A backup that must succeed; remembers what it acknowledged.
    fn back_up(&mut self) {
        let before = tree::look(&self.live);
        let report = self.agent.json(&["backup"]);
        let seq = report["seq"].as_u64().unwrap();
        let newest = self.points.last_key_value().map_or(0, |(&seq, _)| seq);
        assert!(seq > newest, "commit {seq} after {newest}");
        assert_eq!(report["gap_count"].as_u64().unwrap_or(0), 0, "{report}");
        self.points.insert(seq, before);
    }

    /// Begins a backup and kills something while it runs.
    fn kill_something(&mut self) {
        let backup = self.agent.command(&["--json", "backup"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut backup = backup.unwrap();
        sleep(Duration::from_millis(self.dice.roll(400)));
        let victim = self.dice.roll(4);
        match victim {
            0 => backup.kill().unwrap(),
            1 => self.appliance.kill_server(),
            2 => self.appliance.kill_postgres(),
            _ => {
                self.appliance.kill_postgres();
                self.appliance.kill_server();
            }
        }
        if victim != 0 && self.dice.roll(2) == 0 {
            // The agent gives up before the server is back.
            let _ = backup.kill();
        }
        if matches!(victim, 1 | 3) {
            self.appliance.spawn();
        }
        self.appliance.wait_healthy();
        let output = backup.wait_with_output().unwrap();
        if output.status.success() {
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            self.points.insert(report["seq"].as_u64().unwrap(), tree::look(&self.live));
        }
    }

    /// Every acknowledged commit is there; restores some of them, the newest always.
    fn check(&mut self, restores: u64) {
        let listed = self.agent.json(&["snapshots", "--kit", self.agent.kit().to_str().unwrap()]);
        let listed: Vec<u64> =
            listed["snapshots"].as_array().unwrap().iter().map(|snapshot| snapshot["seq"].as_u64().unwrap()).collect();
        for seq in self.points.keys() {
            assert!(listed.contains(seq), "commit {seq} was acknowledged and is gone: {listed:?}");
        }
        let seqs: Vec<u64> = self.points.keys().copied().collect();
        let mut chosen = vec![*seqs.last().unwrap()];
        chosen.extend((0..restores).map(|_| seqs[self.dice.roll(seqs.len() as u64) as usize]));
        for seq in chosen {
            self.restore(seq);
        }
    }

    fn restore(&self, seq: u64) {
        let to = self.agent.path("restored");
        let _ = fs::remove_dir_all(&to);
        let (kit, at) = (self.agent.kit(), seq.to_string());
        self.agent.done(&[
            "--quiet",
            "restore",
            "--kit",
            kit.to_str().unwrap(),
            "--at",
            &at,
            "--to",
            to.to_str().unwrap(),
        ]);
        let restored = tree::look(&below(&to, &self.live));
        let differences = tree::differences(&restored, &self.points[&seq]);
        assert!(differences.is_empty(), "commit {seq}: {differences:?}");
    }
}

fn below(target: &Path, root: &Path) -> PathBuf {
    target.join(root.strip_prefix("/").unwrap())
}

#[test]
fn nothing_acknowledged_is_lost() {
    let (kills, seed) = (number("IOTABACKUP_KILLS", 60), number("IOTABACKUP_SEED", 1));
    let mut story = Story::begin(seed);
    story.back_up();
    for kill in 1..=kills {
        tree::change(&story.live, &mut story.dice);
        story.kill_something();
        story.back_up();
        if kill % 15 == 0 || kill == kills {
            println!("{kill} kills, {} acknowledged commits", story.points.len());
            story.check(2);
        }
    }
    story.appliance.stop();
    assert!(story.appliance.postgres_pid().is_none(), "Postgres ends with the server");
}
