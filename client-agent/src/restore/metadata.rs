//! Owner, attributes, mode and time, in the order in which none undoes another.

use super::{LossReason, Shared, count};
use crate::platform::{
    attributes_of, remove_attribute_at, remove_attribute_of, set_attribute_at, set_attribute_of, set_mode,
    set_mode_of_handle, set_mtime, set_mtime_at, set_owner, status_of,
};
use iota_core::entry::{Metadata, Timestamp};
use std::{io, os::fd::BorrowedFd};

const CAPABILITIES: &[u8] = b"security.capability";
/// Why a file that was there has other metadata.
const KEPT: &str = "the file was there already with another, and was left as it is";
const SET_ID_BITS: u32 = 0o6000;
const NO_CAPABILITIES: &str = "its capabilities were left out; they need --trust and root";
const NO_SET_ID: &str = "its setuid or setgid bit was left out; it needs --trust and root";
/// What a new file takes over from its directory.
const INHERITED: [&[u8]; 2] = [b"system.posix_acl_access", b"system.posix_acl_default"];

/// How what is described can be reached.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    /// An open file.
    File(BorrowedFd<'a>),
    /// An open directory.
    Directory(BorrowedFd<'a>),
    /// A pipe, socket or device by its handle, at a name.
    Node { handle: BorrowedFd<'a>, parent: BorrowedFd<'a>, name: &'a [u8] },
    /// A link by its handle, at a name.
    Link { handle: BorrowedFd<'a>, parent: BorrowedFd<'a>, name: &'a [u8] },
}

impl Shared<'_> {
    /// Sets everything and returns what could not be set. `inherits`: it may have got ACLs from its directory.
    pub(super) fn apply(&self, at: At<'_>, metadata: &Metadata, inherits: bool) -> Vec<LossReason> {
        let mut losses = Vec::new();
        let mut note = |part: &str, result: io::Result<()>| {
            let failed = result.is_err();
            if let Err(error) = result {
                losses.push(LossReason::Metadata { part: part.to_owned(), reason: error.to_string() });
            }
            !failed
        };
        let owned = match self.set_owner(at, metadata) {
            Err(error) if !self.is_root && error.kind() == io::ErrorKind::PermissionDenied => {
                count(&self.counts.owners_left, 1);
                false
            }
            owner => note("the owner", owner),
        };
        if inherits {
            note("the absence of an inherited ACL", at.remove_inherited(metadata));
        }
        let trusted = self.is_root && self.options.trust;
        let mut withheld = None;
        // ACLs last: setting the mode would change the mask of an ACL, but not the other way round.
        let (acls, others): (Vec<_>, Vec<_>) =
            metadata.xattrs.iter().partition(|xattr| xattr.name.starts_with(b"system.posix_acl_"));
        for xattr in others {
            if &*xattr.name == CAPABILITIES && !trusted {
                withheld = Some(NO_CAPABILITIES);
            } else {
                note(&attribute(&xattr.name), at.set_attribute(&xattr.name, &xattr.value));
            }
        }
        let mut mode = metadata.mode;
        let runs = !matches!(at, At::Directory(_) | At::Link { .. });
        let harmless = trusted && owned;
        if mode & SET_ID_BITS != 0 && runs && !harmless {
            mode &= !SET_ID_BITS;
            withheld = Some(NO_SET_ID);
        }
        note("the mode", at.set_mode(mode));
        for xattr in acls {
            note(&attribute(&xattr.name), at.set_attribute(&xattr.name, &xattr.value));
        }
        note("the time", at.set_mtime(metadata.mtime));
        losses.extend(withheld.map(LossReason::Withheld));
        losses
    }

    /// What of a file that was there is not as it should be; nothing of it is changed.
    pub(super) fn differences(&self, file: BorrowedFd<'_>, metadata: &Metadata) -> Vec<LossReason> {
        let found = status_of(file).and_then(|status| Ok((status, attributes_of(file)?)));
        let (status, attributes) = match found {
            Ok(found) => found,
            Err(error) => return vec![different("the metadata", &error.to_string())],
        };
        let mut losses = Vec::new();
        let owned = (status.uid, status.gid) == (metadata.uid, metadata.gid);
        match (owned, self.is_root) {
            (true, _) => {}
            (false, true) => losses.push(different("the owner", KEPT)),
            (false, false) => count(&self.counts.owners_left, 1),
        }
        let withholds = !(self.is_root && self.options.trust);
        if status.mode != metadata.mode {
            let withheld = withholds && status.mode == metadata.mode & !SET_ID_BITS;
            losses.push(if withheld { LossReason::Withheld(NO_SET_ID) } else { different("the mode", KEPT) });
        }
        for xattr in &metadata.xattrs {
            let found = attributes.iter().find(|(name, _)| **name == *xattr.name);
            if found.is_some_and(|(_, value)| value.as_deref() == Some(&*xattr.value)) {
                continue;
            }
            let withheld = withholds && &*xattr.name == CAPABILITIES && found.is_none();
            losses.push(if withheld {
                LossReason::Withheld(NO_CAPABILITIES)
            } else {
                different(&attribute(&xattr.name), KEPT)
            });
        }
        losses
    }

    /// Root gives every owner back; others only try what differs.
    fn set_owner(&self, at: At<'_>, metadata: &Metadata) -> io::Result<()> {
        let (mut uid, mut gid) = (Some(metadata.uid), Some(metadata.gid));
        if !self.is_root {
            let status = status_of(at.descriptor())?;
            uid = uid.filter(|&uid| uid != status.uid);
            gid = gid.filter(|&gid| gid != status.gid);
            if uid.is_none() && gid.is_none() {
                return Ok(());
            }
            if uid.is_some() && gid.is_some() {
                // The group may be allowed where the owner is not.
                let _ = set_owner(at.descriptor(), None, gid);
            }
        }
        set_owner(at.descriptor(), uid, gid)
    }
}

fn different(part: &str, reason: &str) -> LossReason {
    LossReason::Metadata { part: part.to_owned(), reason: reason.to_owned() }
}

fn attribute(name: &[u8]) -> String {
    format!("the attribute {}", name.escape_ascii())
}

impl<'a> At<'a> {
    fn descriptor(self) -> BorrowedFd<'a> {
        match self {
            Self::File(file) | Self::Directory(file) => file,
            Self::Node { handle, .. } | Self::Link { handle, .. } => handle,
        }
    }

    fn set_attribute(self, name: &[u8], value: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) | Self::Directory(file) => set_attribute_of(file, name, value),
            Self::Node { parent, name: at, .. } | Self::Link { parent, name: at, .. } => {
                set_attribute_at(parent, at, name, value)
            }
        }
    }

    fn remove_inherited(self, metadata: &Metadata) -> io::Result<()> {
        let unwanted = |name: &&&[u8]| !metadata.xattrs.iter().any(|xattr| &*xattr.name == **name);
        INHERITED.iter().filter(unwanted).try_for_each(|name| match self {
            Self::File(file) | Self::Directory(file) => remove_attribute_of(file, name),
            Self::Node { parent, name: at, .. } => remove_attribute_at(parent, at, name),
            Self::Link { .. } => Ok(()),
        })
    }

    fn set_mode(self, mode: u32) -> io::Result<()> {
        match self {
            Self::File(file) | Self::Directory(file) => set_mode(file, mode),
            Self::Node { handle, .. } => set_mode_of_handle(handle, mode),
            Self::Link { .. } => Ok(()),
        }
    }

    fn set_mtime(self, mtime: Timestamp) -> io::Result<()> {
        match self {
            Self::File(file) | Self::Directory(file) => set_mtime(file, mtime),
            Self::Node { parent, name, .. } | Self::Link { parent, name, .. } => set_mtime_at(parent, name, mtime),
        }
    }
}
