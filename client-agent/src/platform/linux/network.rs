//! The network: whether it costs by the byte, and which file systems come over it.

use std::{
    collections::BTreeSet,
    fs, io,
    process::{Command, Stdio},
};

const MOUNTS: &str = "/proc/self/mounts";
/// Types of file systems that other machines may change, as mounts name them.
const REMOTE: [&str; 17] = [
    "9p",
    "afs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "fuse.ceph-fuse",
    "fuse.curlftpfs",
    "fuse.davfs2",
    "fuse.glusterfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "nfs",
    "nfs4",
    "smb3",
    "virtiofs",
];

/// Whether the network is metered, or seems so, by NetworkManager; `None` where it does not say.
pub fn is_metered() -> Option<bool> {
    let name = "org.freedesktop.NetworkManager";
    let answer = Command::new("/usr/bin/busctl")
        .args(["--system", "--timeout=2", "get-property", name, "/org/freedesktop/NetworkManager", name, "Metered"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    metered(&answer.stdout)
}

/// The property as `busctl` shows it; its values are those of `NMMetered`.
fn metered(answer: &[u8]) -> Option<bool> {
    match answer.trim_ascii() {
        b"u 1" | b"u 3" => Some(true),
        b"u 2" | b"u 4" => Some(false),
        _ => None,
    }
}

/// Where which file system is, as the kernel tells.
#[derive(Debug, Default)]
pub struct Mounts(Vec<Mount>);

/// One of them, in the order in which they were made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Mount {
    place: Box<[u8]>,
    source: Box<[u8]>,
    /// It comes over the network.
    remote: bool,
}

impl Mounts {
    /// As they are now.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn now() -> io::Result<Self> {
        Ok(Self::parse(&fs::read(MOUNTS)?))
    }

    fn parse(table: &[u8]) -> Self {
        let mount = |line: &[u8]| {
            let mut fields = line.split(|byte| *byte == b' ');
            let (source, place, kind) = (fields.next()?, unescaped(fields.next()?), fields.next()?);
            let remote = REMOTE.iter().any(|remote| remote.as_bytes() == kind);
            Some(Mount { place: place.into(), source: source.into(), remote })
        };
        Self(table.split(|byte| *byte == b'\n').filter_map(mount).collect())
    }

    /// Where something was mounted or unmounted between the two.
    pub fn differing(&self, other: &Self) -> BTreeSet<Box<[u8]>> {
        let (these, those) = (BTreeSet::from_iter(&self.0), BTreeSet::from_iter(&other.0));
        these.symmetric_difference(&those).map(|mount| mount.place.clone()).collect()
    }

    /// Whether other machines may change what is at an absolute path.
    pub fn is_remote(&self, path: &[u8]) -> bool {
        let is_at_or_below = |place: &[u8]| match path.strip_prefix(place) {
            Some(rest) => rest.is_empty() || rest.starts_with(b"/") || place == b"/",
            None => false,
        };
        // Of two at the same place the later one is seen: the last of the longest.
        let holding = self.0.iter().filter(|mount| is_at_or_below(&mount.place));
        holding.max_by_key(|mount| mount.place.len()).is_some_and(|mount| mount.remote)
    }
}

/// A blank stands as `\040`, and so do tabs, newlines and backslashes.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..3).filter(|_| first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_over_the_network_is_known_by_the_nearest_mount() {
        let table = b"/dev/sda1 / ext4 rw 0 0\nnas:/home /home nfs4 rw 0 0\nada@host: /mnt/with\\040blank fuse.sshfs rw 0 0\n\
            /dev/sdb1 /home/ada/disk ext4 rw 0 0\ntmpfs /mnt/over tmpfs rw 0 0\nnas:/over /mnt/over nfs rw 0 0\n\nbroken\n";
        let mounts = Mounts::parse(table);
        for path in ["/home", "/home/ada/x", "/mnt/with blank/y", "/mnt/over/z"] {
            assert!(mounts.is_remote(path.as_bytes()), "{path}");
        }
        for path in ["/", "/homework", "/home/ada/disk/x", "/mnt/with", "/etc"] {
            assert!(!mounts.is_remote(path.as_bytes()), "{path}");
        }
        assert!(!Mounts::default().is_remote(b"/home"));
        let here = Mounts::now().unwrap();
        assert!(here.0.iter().any(|mount| *mount.place == *b"/"), "{here:?}");
    }

    #[test]
    fn what_was_mounted_or_unmounted_is_known() {
        let mounts = |table: &str| Mounts::parse(table.as_bytes());
        let before = mounts("/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /disk ext4 rw 0 0\nnas:/a /nas nfs rw 0 0\n");
        let after = mounts("/dev/sda1 / ext4 ro 0 0\n/dev/sdc1 /disk ext4 rw 0 0\n/dev/sdd1 /new ext4 rw 0 0\n");
        let places: Vec<_> = before.differing(&after).into_iter().collect();
        assert_eq!(places, [&b"/disk"[..], b"/nas", b"/new"].map(Box::from));
        assert!(before.differing(&before).is_empty());
    }

    #[test]
    fn fields_with_codes_are_read() {
        for (field, text) in [("a\\040b", "a b"), ("\\134", "\\"), ("end\\04", "end\\04"), ("\\999", "\\999"), ("", "")]
        {
            assert_eq!(unescaped(field.as_bytes()), text.as_bytes());
        }
    }

    #[test]
    fn the_word_of_network_manager_is_understood() {
        let words = [("u 1\n", Some(true)), ("u 3", Some(true)), ("u 2", Some(false)), ("u 4\n", Some(false))];
        for (answer, said) in words.into_iter().chain([("u 0", None), ("", None), ("s \"u 1\"", None)]) {
            assert_eq!(metered(answer.as_bytes()), said, "{answer}");
        }
    }
}
