//! Taking a file out.

use super::PathToken;
use crate::id::SetId;
use serde::{Deserialize, Serialize};

/// Begins to take something out. Every piece is verified before a byte of it is handed on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Download {
    /// The set.
    pub set: SetId,
    /// The commit.
    pub at: u64,
    /// What.
    pub what: Wanted,
    /// Where to.
    pub way: Way,
}

/// What is taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// A file.
    File(PathToken),
    /// A folder, or some of it, as one zip: stored, not compressed, of any size.
    Zip(Selection),
}

/// A folder, or some of what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Selection {
    /// The folder; none for the top.
    pub folder: Option<PathToken>,
    /// Which of its entries, with everything below, at most [`MAX_CHOSEN`]; all of them when there are none.
    pub only: Vec<PathToken>,
}

/// Most entries of a folder that are chosen one by one.
pub const MAX_CHOSEN: usize = 4096;

/// Counts what a zip would hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureZip {
    /// The set.
    pub set: SetId,
    /// The commit.
    pub at: u64,
    /// What.
    pub selection: Selection,
}

/// What a zip would hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ZipView {
    /// Files.
    pub files: u64,
    /// Folders.
    pub folders: u64,
    /// Links; pipes, devices and sockets are counted, and left out.
    pub others: u64,
    /// Sum of the sizes of the files.
    pub bytes: u64,
}

/// Where a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Into a `FileSystemFileHandle` that comes beside the question.
    File,
    /// Into a `MessagePort` that comes beside the question. Its other end asks for each piece by any message, and gets an
    /// `ArrayBuffer` for each, then `null` at the end, or text that says why it stops.
    Stream,
    /// Into a `Blob`; at most [`MAX_BLOB_BYTES`].
    Blob,
}

/// Longest file that is collected in memory, bytes.
pub const MAX_BLOB_BYTES: u64 = 64 << 20;

/// A download that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadView {
    /// Names it.
    pub download: u32,
    /// File name for the disk: without separators and characters that some system refuses.
    pub name: String,
    /// Size; of a zip, that of the files in it.
    pub bytes: u64,
}

/// Stops a download.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CancelDownload {
    /// Which.
    pub download: u32,
}

/// A name for the disk, out of one that is safe to show: characters that some system refuses become `_`.
pub fn file_name(name: &str) -> String {
    let refused = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let clean: String = name.chars().map(|c| if refused(c) { '_' } else { c }).collect();
    let trimmed = clean.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let short: String = trimmed.chars().take(200).collect();
    if short.is_empty() { "file".into() } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_system_refuses_are_changed_and_no_others() {
        for (name, expected) in [
            ("invoice 2026.pdf", "invoice 2026.pdf"),
            ("a/b\\c:d", "a_b_c_d"),
            ("..", "file"),
            (" .bashrc ", "bashrc"),
            ("Köln–Łódź.txt", "Köln–Łódź.txt"),
            ("a\nb", "a_b"),
        ] {
            assert_eq!(file_name(name), expected);
        }
        assert_eq!(file_name(&"x".repeat(300)).len(), 200);
    }
}
