//! Foreign text made safe to show: what steers a terminal or turns the direction of writing is written out.

use std::fmt::Write;

use iota_core::entry::{Entry, Kind};
use iota_core::path::TreePath;
use iota_core::vault::{Crumb, EntryKind};

use crate::keys::OpenVault;
use crate::problem::Result;

/// Bytes as text: what is no UTF-8 as `\xNN`, controls and such that turn the direction of writing or cannot be seen as `‹U+NNNN›`.
pub fn text(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_harmful(c) {
                // Writing into a string does not fail.
                let _ = write!(shown, "‹U+{:04X}›", c as u32);
            } else {
                shown.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

/// Controls; marks, embeddings, overrides and isolates of direction; what has no width; line and paragraph separators; tags.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What an entry is.
pub fn kind(entry: &Entry) -> EntryKind {
    match entry.kind {
        Kind::Dir => EntryKind::Folder,
        Kind::File { .. } => EntryKind::File,
        Kind::Symlink { .. } => EntryKind::Link,
        Kind::Fifo | Kind::Char { .. } | Kind::Block { .. } | Kind::Socket => EntryKind::Special,
    }
}

/// Permission bits as in `rw-r--r--`, with `s`, `S`, `t` and `T` where they belong.
pub fn mode(mode: u32) -> String {
    let special = [(0o4000, 's', 'S'), (0o2000, 's', 'S'), (0o1000, 't', 'T')];
    let mut shown = String::with_capacity(9);
    for (group, (bit, with, without)) in special.into_iter().enumerate() {
        let bits = mode >> (6 - 3 * group);
        shown.push(if bits & 4 == 0 { '-' } else { 'r' });
        shown.push(if bits & 2 == 0 { '-' } else { 'w' });
        shown.push(match (mode & bit == 0, bits & 1 == 0) {
            (true, true) => '-',
            (true, false) => 'x',
            (false, true) => without,
            (false, false) => with,
        });
    }
    shown
}

/// Owner and group, by name where known.
pub fn owner(entry: &Entry) -> String {
    let metadata = &entry.metadata;
    let part = |name: &[u8], number: u32| if name.is_empty() { number.to_string() } else { text(name) };
    format!("{}:{}", part(&metadata.user, metadata.uid), part(&metadata.group, metadata.gid))
}

/// The way to a path, the path itself last.
///
/// # Errors
/// A problem once the vault was locked.
pub fn crumbs(open: &OpenVault, path: &TreePath) -> Result<Vec<Crumb>> {
    let mut at = Some(path.clone());
    let mut crumbs = Vec::new();
    while let Some(path) = at {
        crumbs.push(Crumb { name: text(path.name()), token: open.token(&path)? });
        at = path.parent();
    }
    crumbs.reverse();
    Ok(crumbs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_written_out_and_others_left_alone() {
        for (name, shown) in [
            ("Übersicht ☕ 2026.txt".as_bytes(), "Übersicht ☕ 2026.txt"),
            ("a\u{202e}gpj.exe".as_bytes(), "a‹U+202E›gpj.exe"),
            (b"a\x1b[31m\n".as_slice(), "a‹U+001B›[31m‹U+000A›"),
            (b"caf\xe9".as_slice(), "caf\\xe9"),
            ("a\u{200b}b".as_bytes(), "a‹U+200B›b"),
            ("<img src=x onerror=alert(1)>".as_bytes(), "<img src=x onerror=alert(1)>"),
        ] {
            assert_eq!(text(name), shown);
        }
    }

    #[test]
    fn modes_read_as_everywhere() {
        for (bits, shown) in [
            (0o644, "rw-r--r--"),
            (0o755, "rwxr-xr-x"),
            (0, "---------"),
            (0o4755, "rwsr-xr-x"),
            (0o2644, "rw-r-Sr--"),
            (0o1777, "rwxrwxrwt"),
            (0o7000, "--S--S--T"),
        ] {
            assert_eq!(mode(bits), shown);
        }
    }
}
