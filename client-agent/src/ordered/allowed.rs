//! Where orders of the owner may write on this machine. Only somebody on the machine decides it: a browser cannot.

use crate::durable;
use iota_core::restore::Target;
use std::{fmt, fs, io, path::Path, str::FromStr};

const FILE_NAME: &str = "ordered_restores";

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Allowed {
    /// Wherever the owner says.
    #[default]
    Anywhere,
    /// Into a folder of their own; nothing goes back to where it was.
    Beside,
    /// Nowhere.
    Never,
}

impl Allowed {
    /// What is allowed on the machine of `config_dir`.
    ///
    /// # Errors
    /// Those of the file system. A file that is damaged is one: what was forbidden must not become allowed.
    pub fn load(config_dir: &Path) -> io::Result<Self> {
        let path = config_dir.join(FILE_NAME);
        match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map_err(|words| {
                io::Error::other(format!("{}: {words}; set it with `iota restores --allow`", path.display()))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Decides.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn save(self, config_dir: &Path) -> io::Result<()> {
        durable::write(&config_dir.join(FILE_NAME), format!("{self}\n").as_bytes())
    }

    /// Why a target is not allowed, and what to do.
    pub fn refusal(self, target: &Target) -> Option<String> {
        match (self, target) {
            (Self::Anywhere, _) | (Self::Beside, Target::Beside(_)) => None,
            (Self::Beside, Target::InPlace) => Some(
                "this machine restores into another folder only; order that, or run `iota restores --allow anywhere` on it"
                    .into(),
            ),
            (Self::Never, _) => {
                Some("this machine takes no orders to restore; run `iota restores --allow anywhere` on it".into())
            }
        }
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Anywhere => "anywhere",
            Self::Beside => "beside",
            Self::Never => "never",
        })
    }
}

impl FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "anywhere" => Ok(Self::Anywhere),
            "beside" => Ok(Self::Beside),
            "never" => Ok(Self::Never),
            _ => Err(format!("{text:?} is none of anywhere, beside, never")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_kept_and_never_guessed() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Allowed::load(directory.path()).unwrap(), Allowed::Anywhere);
        let (place, beside) = (Target::InPlace, Target::Beside("/srv/x".into()));
        for (allowed, in_place, elsewhere) in
            [(Allowed::Anywhere, true, true), (Allowed::Beside, false, true), (Allowed::Never, false, false)]
        {
            allowed.save(directory.path()).unwrap();
            let loaded = Allowed::load(directory.path()).unwrap();
            assert_eq!(loaded, allowed);
            assert_eq!((loaded.refusal(&place).is_none(), loaded.refusal(&beside).is_none()), (in_place, elsewhere));
        }
        fs::write(directory.path().join(FILE_NAME), "everywhere").unwrap();
        assert!(Allowed::load(directory.path()).is_err());
    }
}
