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
//! ```
//! Other keys are refused. `?`, `*` and `[…]` match single bytes of names that are no UTF-8 text.

use super::RulesError;
use data_encoding::HEXLOWER_PERMISSIVE;
use serde::{Deserialize, Serialize};
use std::{
    ffi::OsStr,
    fs, io,
    os::unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Name of the file in the config directory.
pub const FILE_NAME: &str = "rules.toml";
const VERSION: u32 = 1;

/// What stands in `rules.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// 1.
    pub version: u32,
    /// Do not cross into other file systems below a root.
    #[serde(default = "yes")]
    pub one_file_system: bool,
    /// Leave out what is in directories with a `CACHEDIR.TAG`.
    #[serde(default = "yes")]
    pub skip_caches: bool,
    /// Leave out files above this size, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_file_bytes: Option<u64>,
    /// Patterns as in `.gitignore`, from the root of the machine; a later one decides over an earlier one.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// What is backed up.
    #[serde(default, rename = "root")]
    pub roots: Vec<RuleRoot>,
}

/// One root. Either `path` or `hex` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleRoot {
    /// Absolute path, when it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Bytes of the absolute path in hexadecimal, when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
    /// Overrides the setting of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_file_system: Option<bool>,
}

fn yes() -> bool {
    true
}

impl Default for RuleFile {
    fn default() -> Self {
        Self {
            version: VERSION,
            one_file_system: true,
            skip_caches: true,
            max_file_bytes: None,
            exclude: Vec::new(),
            roots: Vec::new(),
        }
    }
}

impl RuleRoot {
    /// A root at `path`.
    pub fn new(path: &Path) -> Self {
        let bytes = path.as_os_str().as_bytes();
        let (path, hex) = match std::str::from_utf8(bytes) {
            Ok(text) => (Some(text.to_owned()), None),
            Err(_) => (None, Some(HEXLOWER_PERMISSIVE.encode(bytes))),
        };
        Self { path, hex, one_file_system: None }
    }

    /// Where it is.
    ///
    /// # Errors
    /// [`RulesError::Root`] unless there is exactly one way to know.
    pub fn path(&self) -> Result<PathBuf, RulesError> {
        let bytes = match (&self.path, &self.hex) {
            (Some(path), None) => path.clone().into_bytes(),
            (None, Some(hex)) => {
                HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).map_err(|_| RulesError::Root(hex.clone().into()))?
            }
            _ => return Err(RulesError::Root(self.path.clone().unwrap_or_default().into())),
        };
        let path = PathBuf::from(OsStr::from_bytes(&bytes));
        if bytes.starts_with(b"/") { Ok(path) } else { Err(RulesError::Root(path)) }
    }
}

impl RuleFile {
    /// Reads the rules in `config_dir`; without a file there are no roots.
    ///
    /// # Errors
    /// [`RulesError::Io`]; [`RulesError::Syntax`] for unknown keys and versions, and what [`super::Rules::compile`] refuses.
    pub fn load(config_dir: &Path) -> Result<Self, RulesError> {
        let path = config_dir.join(FILE_NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(RulesError::Io { path, error }),
        };
        Self::parse(&text).map_err(|message| RulesError::Syntax { path, message })
    }

    /// Parses the text of a file.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: Self = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        if file.version != VERSION {
            return Err(format!("version {} is not known to this program, which knows {VERSION}", file.version));
        }
        super::Rules::compile(&file).map_err(|error| error.to_string())?;
        Ok(file)
    }

    /// The text of a file.
    pub fn to_text(&self) -> String {
        let body = toml::to_string_pretty(self).expect("the rules hold nothing that TOML cannot say");
        format!(
            "# What is backed up, and what is left out. Changed by `iota include` and `iota exclude`, or by hand.\n{body}"
        )
    }

    /// Writes the rules into `config_dir`, in one step.
    ///
    /// # Errors
    /// [`RulesError::Io`].
    pub fn save(&self, config_dir: &Path) -> Result<(), RulesError> {
        let path = config_dir.join(FILE_NAME);
        let draft = config_dir.join(format!("{FILE_NAME}.new"));
        let write = || {
            let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            io::Write::write_all(&mut file, self.to_text().as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, &path)?;
            fs::File::open(config_dir)?.sync_all()
        };
        write().map_err(|error| RulesError::Io { path: path.clone(), error })
    }
}
