//! What was found, a line each.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    Ok,
    Warning,
    Problem,
}

/// What was found, in the order in which it was looked for.
#[derive(Clone, Debug, Default)]
pub struct Findings(Vec<(Weight, String)>);

impl Findings {
    pub(super) fn ok(&mut self, line: impl Into<String>) {
        self.0.push((Weight::Ok, line.into()));
    }

    pub(super) fn warning(&mut self, line: impl Into<String>) {
        self.0.push((Weight::Warning, line.into()));
    }

    pub(super) fn problem(&mut self, line: impl Into<String>) {
        self.0.push((Weight::Problem, line.into()));
    }

    /// Whether something has to be done.
    pub fn has_problem(&self) -> bool {
        self.0.iter().any(|(weight, _)| *weight == Weight::Problem)
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (weight, line)) in self.0.iter().enumerate() {
            let word = match weight {
                Weight::Ok => "ok",
                Weight::Warning => "warning",
                Weight::Problem => "problem",
            };
            write!(formatter, "{}{word}: {line}", if index > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}
