//! Where Postgres' programs are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{PostgresError, Result};

/// Where Debian and its relatives put each version: `<version>/bin`.
const INSTALLATIONS: &str = "/usr/lib/postgresql";

/// One installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    folder: PathBuf,
    /// Major version, as in `PG_VERSION`.
    pub version: String,
}

impl Programs {
    /// The installation for data of a version, or the newest one for new data.
    ///
    /// # Errors
    /// [`PostgresError::NotInstalled`] and [`PostgresError::OtherVersion`].
    pub fn find(configured: Option<&Path>, data: &Path, data_version: Option<&str>) -> Result<Self> {
        let (found, searched) = match configured {
            Some(folder) => (Self::in_folder(folder).into_iter().collect(), folder.display().to_string()),
            None => (Self::installed(Path::new(INSTALLATIONS)), INSTALLATIONS.to_owned()),
        };
        choose(found, data, data_version, searched)
    }

    /// A program's path.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn installed(root: &Path) -> Vec<Self> {
        let entries = fs::read_dir(root).into_iter().flatten();
        entries.filter_map(|entry| Self::in_folder(&entry.ok()?.path().join("bin"))).collect()
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        let major = version.split(|c: char| !c.is_ascii_digit()).next()?;
        Some(Self { folder: folder.to_path_buf(), version: major.to_owned() })
    }
}

fn choose(found: Vec<Programs>, data: &Path, data_version: Option<&str>, searched: String) -> Result<Programs> {
    let versions: Vec<_> = found.iter().map(|programs| programs.version.clone()).collect();
    let fits = |programs: &Programs| data_version.is_none_or(|version| programs.version == version);
    let newest = found.into_iter().filter(fits).max_by_key(|programs| programs.version.parse().unwrap_or(0));
    match (newest, data_version) {
        (Some(programs), _) => Ok(programs),
        (None, Some(version)) if !versions.is_empty() => Err(PostgresError::OtherVersion {
            data: data.to_path_buf(),
            data_version: version.to_owned(),
            found: format!("{searched} has {}", versions.join(", ")),
        }),
        (None, _) => Err(PostgresError::NotInstalled { searched }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(versions: &[&str]) -> Vec<Programs> {
        let programs = |version: &&str| Programs { folder: version.into(), version: (*version).into() };
        versions.iter().map(programs).collect()
    }

    fn chosen(versions: &[&str], data_version: Option<&str>) -> Result<String> {
        choose(installed(versions), Path::new("/data/postgres"), data_version, "/usr".into()).map(|found| found.version)
    }

    #[test]
    fn new_data_takes_the_newest_and_old_data_its_own() {
        assert_eq!(chosen(&["9", "15", "17"], None).unwrap(), "17");
        assert_eq!(chosen(&["9", "15", "17"], Some("15")).unwrap(), "15");
    }

    #[test]
    fn a_version_that_does_not_fit_is_told() {
        let refused = chosen(&["15", "17"], Some("16")).unwrap_err().to_string();
        assert!(
            refused.contains("/data/postgres was made by Postgres 16, and /usr has 15, 17: install postgresql-16"),
            "{refused}"
        );
        assert!(matches!(chosen(&[], None), Err(PostgresError::NotInstalled { .. })));
        assert!(matches!(chosen(&[], Some("15")), Err(PostgresError::NotInstalled { .. })));
    }
}
