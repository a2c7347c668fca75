//! What a rebuild found.

use std::fmt;

use crate::packs::Walk;

/// What was found, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Packs.
    pub packs: u64,
    /// Accounts.
    pub accounts: u64,
    /// Backup sets.
    pub sets: u64,
    /// Commits that the newest ones lead to.
    pub commits: u64,
    /// Objects.
    pub objects: u64,
    /// Objects that commits use and that are in no pack.
    pub lost_objects: u64,
    /// Everything that is not as it should be, one sentence each.
    pub problems: Vec<String>,
}

impl Report {
    pub(super) fn problem(&mut self, sentence: String) {
        self.problems.push(sentence);
    }

    pub(super) fn note_walk(&mut self, walk: &Walk) {
        self.packs += 1;
        for fault in &walk.faults {
            let path = walk.path.display();
            self.problem(format!("{path} is damaged at {}: {}", fault.position, fault.reason));
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{} packs with {} objects", self.packs, self.objects)?;
        write!(formatter, "{} accounts, {} backup sets, {} commits", self.accounts, self.sets, self.commits)?;
        if self.lost_objects > 0 {
            let lost = self.lost_objects;
            write!(
                formatter,
                "\nproblem: {lost} objects are in no pack; machines that still have them send them again"
            )?;
        }
        for problem in &self.problems {
            write!(formatter, "\nproblem: {problem}")?;
        }
        Ok(())
    }
}
