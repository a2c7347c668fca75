//! What the backup itself left out: gaps, and all that a scan which had not finished did not see.

use crate::cli::output::{JsonPath, Output, clean};
use iota_agent::history::Point;
use iota_core::{
    commit::{Flags, Gap},
    path::TreePath,
};
use serde_json::{Value, json};

/// What a snapshot does not have, or has in an older version, as far as it concerns what is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shortcomings {
    /// The scan had not finished.
    partial: bool,
    /// Those that the snapshot lists.
    gaps: Vec<Gap>,
    /// How many gaps there are; those that it does not list may be anywhere.
    gap_count: u64,
}

impl Shortcomings {
    /// Those of `point` that concern `selection` (nothing: everything).
    pub fn of(point: &Point<'_>, selection: &[TreePath]) -> Self {
        let (gaps, gap_count) = point.gaps_in(selection);
        let gaps = gaps.into_iter().cloned().collect();
        Self { partial: point.header().flags.contains(Flags::PARTIAL), gaps, gap_count }
    }

    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        !self.partial && self.gap_count == 0
    }

    /// Tells them to people, also with `--quiet`.
    pub fn tell(&self, output: Output, seq: u64) {
        for gap in &self.gaps {
            let path = clean(&String::from_utf8_lossy(&gap.path));
            output.line(format!("/{path}: the backup has a gap here ({})", gap.reason.as_str()));
        }
        if self.gap_count > 0 {
            output.line(format!(
                "Snapshot {seq} was made with {} gaps: what they name is missing in it, or is an older version.",
                self.gap_count
            ));
        }
        if self.partial {
            output.line(format!(
                "Snapshot {seq} is partial: it was made before the scan had finished, and does not have everything."
            ));
        }
    }

    /// Adds them to an object for programs.
    pub fn add_to(&self, object: &mut Value) {
        object["partial"] = self.partial.into();
        object["gap_count"] = self.gap_count.into();
        object["gaps"] = self.gaps.iter().map(gap_object).collect();
    }
}

/// A gap for programs.
pub fn gap_object(gap: &Gap) -> Value {
    let mut object = json!(JsonPath::in_tree(&gap.path));
    object["reason"] = gap.reason.as_str().into();
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::commit::GapReason;

    #[test]
    fn gaps_keep_their_bytes_for_programs() {
        let gap = Gap { path: Box::from(&b"\xff"[..]), reason: GapReason::Permission };
        let some = Shortcomings { partial: true, gaps: vec![gap], gap_count: 9 };
        let mut object = json!({"seq": 3});
        some.add_to(&mut object);
        let gap = json!({"path": "/\u{fffd}", "path_hex": "2fff", "reason": "permission"});
        assert_eq!(object, json!({"seq": 3, "partial": true, "gap_count": 9, "gaps": [gap]}));
        assert!(!some.is_none() && Shortcomings::default().is_none());
    }
}
