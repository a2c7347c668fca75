//! `rules.toml` in the config directory.
//!
//! ```toml
//! version = 1
//! one_file_system = true     # do not cross into other file systems below a root (default)
//! skip_caches = true         # leave out what is in directories with a CACHEDIR.TAG (default)
//! max_file_bytes = 4000000000  # leave out larger files (default: no limit)
//! exclude = ["*.o", "/home/ada/.cache/", "!important.o"]   # as in .gitignore, from the root of the machine
//!
//! [[root]]
//! path = "/home"
//!
//! [[root]]
//! hex = "2f646174612fff"     # a path that is no UTF-8 text: its bytes
//! one_file_system = false    # overrides the line above
//!
//! [trait.database]           # traits: docs/traits.md
//! settle = "10m"
//!
//! [[attach]]
//! trait = "database"
//! paths = ["/var/lib/mysql/"]
//! ```
//! Other keys are refused. `?`, `*` and `[…]` match single bytes of names that are no UTF-8 text.

use super::{RuleFile, RulesError};
use crate::durable;
use std::{fs, io, path::Path};

/// Name of the file in the config directory.
pub const FILE_NAME: &str = "rules.toml";

/// Reads the rules in `config_dir`; without a file there are no roots.
///
/// # Errors
/// [`RulesError::Io`]; [`RulesError::Syntax`] for unknown keys and versions, and what cannot be compiled.
pub fn load(config_dir: &Path) -> Result<RuleFile, RulesError> {
    let path = config_dir.join(FILE_NAME);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(RuleFile::default()),
        Err(error) => return Err(RulesError::Io { path, error }),
    };
    parse(&text).map_err(|message| RulesError::Syntax { path, message })
}

/// Parses the text of a file.
///
/// # Errors
/// What is wrong, in words.
pub fn parse(text: &str) -> Result<RuleFile, String> {
    let file: RuleFile = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    file.check()?;
    Ok(file)
}

/// The text of a file.
pub fn to_text(file: &RuleFile) -> String {
    let body = toml::to_string_pretty(file).expect("the rules hold nothing that TOML cannot say");
    format!(
        "# What is backed up, what is left out, and traits. Changed by `iota include` and `iota exclude`, in the browser, or by hand.\n{body}"
    )
}

/// Writes the rules into `config_dir`, in one step.
///
/// # Errors
/// [`RulesError::Io`].
pub fn save(file: &RuleFile, config_dir: &Path) -> Result<(), RulesError> {
    let path = config_dir.join(FILE_NAME);
    durable::write(&path, to_text(file).as_bytes()).map_err(|error| RulesError::Io { path, error })
}
