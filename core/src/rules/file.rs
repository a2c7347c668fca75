//! What stands in `rules.toml`, and what a browser sends instead of it.

use super::{Attachment, LocalTime, RuleError, Schedule, Size, Span, Trait};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::Path, time::Duration};

/// The version that this program knows.
pub const VERSION: u32 = 1;

/// What is backed up and how.
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
    #[serde(default, rename = "root", skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<RuleRoot>,
    /// Settings by name.
    #[serde(default, rename = "trait", skip_serializing_if = "BTreeMap::is_empty")]
    pub traits: BTreeMap<String, Trait>,
    /// Which paths have which traits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attach: Vec<Attachment>,
    /// How fast uploads may go, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bandwidth: Vec<Bandwidth>,
    /// When the machine rests by itself.
    #[serde(default, skip_serializing_if = "Rest::is_default")]
    pub rest: Rest,
}

/// When a machine rests by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rest {
    /// While it runs on its battery.
    pub on_battery: bool,
    /// While its network is metered.
    pub on_metered: bool,
    /// How long at most; then it backs up what is due, and rests again.
    pub longest: Span,
}

impl Default for Rest {
    fn default() -> Self {
        Self { on_battery: false, on_metered: false, longest: Span(Duration::from_secs(24 * 3600)) }
    }
}

impl Rest {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A limit of all that goes up together, or of all that comes down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bandwidth {
    /// Bytes per second that are uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<Size>,
    /// Bytes per second that are fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<Size>,
    /// When it counts; `None`: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
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
            traits: BTreeMap::new(),
            attach: Vec::new(),
            bandwidth: Vec::new(),
            rest: Rest::default(),
        }
    }
}

impl RuleFile {
    /// How many bytes may be uploaded in a second at a time: the least that any limit allows.
    pub fn upload_limit(&self, now: LocalTime) -> Option<u64> {
        self.least(now, |limit| limit.up)
    }

    /// Likewise, how many may be fetched.
    pub fn download_limit(&self, now: LocalTime) -> Option<u64> {
        self.least(now, |limit| limit.down)
    }

    fn least(&self, now: LocalTime, of: impl Fn(&Bandwidth) -> Option<Size>) -> Option<u64> {
        let counts = |limit: &&Bandwidth| limit.schedule.as_ref().is_none_or(|schedule| schedule.is_open(now));
        self.bandwidth.iter().filter(counts).filter_map(of).map(|size| size.0).min()
    }

    /// Whether the file can be used.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        if self.version != VERSION {
            return Err(format!("version {} is not known to this program, which knows {VERSION}", self.version));
        }
        super::Rules::compile(self).map(drop).map_err(|error| error.to_string())
    }
}

impl RuleRoot {
    /// A root at `path`.
    pub fn new(path: &Path) -> Self {
        let path = path.as_os_str().as_encoded_bytes();
        let (path, hex) = match std::str::from_utf8(path) {
            Ok(text) => (Some(text.to_owned()), None),
            Err(_) => (None, Some(base16ct::lower::encode_string(path))),
        };
        Self { path, hex, one_file_system: None }
    }

    /// Where it is: the bytes of an absolute path.
    ///
    /// # Errors
    /// [`RuleError::Root`] unless there is exactly one way to know.
    pub fn path(&self) -> Result<Vec<u8>, RuleError> {
        let refused = |text: &str| RuleError::Root(text.to_owned());
        let bytes = match (&self.path, &self.hex) {
            (Some(path), None) => path.clone().into_bytes(),
            (None, Some(hex)) => base16ct::mixed::decode_vec(hex).map_err(|_| refused(hex))?,
            _ => return Err(refused(self.path.as_deref().unwrap_or_default())),
        };
        if bytes.starts_with(b"/") { Ok(bytes) } else { Err(refused(&String::from_utf8_lossy(&bytes))) }
    }
}
