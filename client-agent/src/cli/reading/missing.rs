//! Snapshots that should be there: what the account decided does not explain that the server lists them no more. And clocks that disagree, so
//! that nothing goes by rule.

use crate::cli::{Context, output::Output};
use anyhow::Result;
use iota_agent::{
    decide::require_not_older,
    history::{History, Snapshot, show_time},
    monitor::{Clock, SystemClock},
    witness::Witness,
};
use iota_core::retention::{Decisions, Gap, apart_ms};
use serde_json::{Value, json};

/// See the module.
pub struct Missing {
    gaps: Vec<Gap>,
    apart_ms: Option<i64>,
}

/// What the account decided, as the newest that was ever seen from here.
pub fn decisions(context: &Context, history: &History<'_>) -> Result<Decisions> {
    let decisions = history.decisions()?;
    let mut witness = Witness::load(&context.config_dir, history.head().header.account)?;
    require_not_older(&decisions, witness.decisions())?;
    witness.remember_decisions(decisions.version());
    witness.save()?;
    Ok(decisions)
}

impl Missing {
    /// What is missing among all listed snapshots, newest first.
    pub fn among(context: &Context, history: &History<'_>, snapshots: &[Snapshot]) -> Result<Self> {
        let decisions = decisions(context, history)?;
        Ok(Self {
            gaps: history.missing(&decisions, snapshots, SystemClock.now_ms())?,
            apart_ms: apart_ms(snapshots.iter().map(Snapshot::point)),
        })
    }

    /// Whether nothing is.
    pub fn is_none(&self) -> bool {
        self.gaps.is_empty()
    }

    /// Tells it to people, also with `--quiet`.
    pub fn tell(&self, output: Output) {
        for Gap { first, last, received_ms } in &self.gaps {
            let (which, are) = if first == last {
                (format!("Snapshot {first}"), "is")
            } else {
                (format!("Snapshots {first} to {last}"), "are")
            };
            output.line(format!(
                "ALARM: {which} (until {}) {are} missing, and nothing that you decided let them go. The server lost or hides them, or \
                 the clock of this machine is behind.",
                show_time(*received_ms)
            ));
        }
        if let Some(ms) = self.apart_ms {
            let behind = if ms < 0 { "ahead of" } else { "behind" };
            output.line(format!(
                "The machine's clock is {:.1} hours {behind} the server's: nothing of it is let go by rule until both agree. Set the one that is wrong.",
                ms.unsigned_abs() as f64 / 3_600_000.0
            ));
        }
    }

    /// How far the server's clock is ahead of the machine's (below zero: behind), when both mostly disagree.
    pub fn apart_ms(&self) -> Option<i64> {
        self.apart_ms
    }

    /// For programs.
    pub fn objects(&self) -> Vec<Value> {
        let object = |gap: &Gap| json!({"first": gap.first, "last": gap.last, "received": show_time(gap.received_ms)});
        self.gaps.iter().map(object).collect()
    }
}
