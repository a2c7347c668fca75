//! One entry per path: what a file, directory or other object is, and where its bytes lie.

use crate::{
    extent::Content,
    id::Digest,
    path::TreePath,
    wire::{Reader, Result, WireError, Writer},
};

/// Longest value of one extended attribute, bytes.
pub const MAX_XATTR_VALUE_BYTES: usize = 64 << 10;
/// Longest name of an extended attribute, bytes.
pub const MAX_XATTR_NAME_BYTES: usize = 255;
/// All extended attributes of one entry together, names and values, bytes.
pub const MAX_XATTRS_BYTES: usize = 256 << 10;
/// Most extended attributes of one entry.
pub const MAX_XATTRS: usize = 4096;
/// Longest target of a symbolic link, bytes.
pub const MAX_TARGET_BYTES: usize = 4096;
/// Longest file, holes included, bytes: what a 64-bit file offset can name.
pub const MAX_FILE_BYTES: u64 = i64::MAX as u64;
/// Longest user or group name, bytes.
pub const MAX_OWNER_BYTES: usize = 255;

const HASH_TYPE: &[u8] = b"iotabackup/entry/v1\0";

/// A moment, as the file system tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Timestamp {
    /// Seconds since 1970-01-01 UTC; negative before.
    pub seconds: i64,
    /// 0 to 999,999,999.
    pub nanoseconds: u32,
}

/// An extended attribute; POSIX ACLs are two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xattr {
    /// Name with its namespace: `user.comment`.
    pub name: Box<[u8]>,
    /// Value, any bytes.
    pub value: Box<[u8]>,
}

/// What every kind of entry has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// Permission bits, 0 to 0o7777.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// Name of the owner, empty when unknown.
    pub user: Box<[u8]>,
    /// Name of the group, empty when unknown.
    pub group: Box<[u8]>,
    /// Time of the last change of the content.
    pub mtime: Timestamp,
    /// Sorted by name, names unique.
    pub xattrs: Vec<Xattr>,
    /// The file changed during every attempt to read it.
    pub torn: bool,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File {
        /// Bytes, holes included.
        size: u64,
        /// When the file has several links: the first path of the group in key order, which may be its own.
        link: Option<TreePath>,
        /// Where the bytes lie; covers `size` exactly.
        content: Content,
    },
    /// A directory.
    Dir,
    /// A symbolic link.
    Symlink {
        /// Where it points, unchecked bytes without NUL.
        target: Box<[u8]>,
    },
    /// A named pipe.
    Fifo,
    /// A character device.
    Char {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A block device.
    Block {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A socket.
    Socket,
}

impl Kind {
    fn code(&self) -> u8 {
        match self {
            Self::File { .. } => 1,
            Self::Dir => 2,
            Self::Symlink { .. } => 3,
            Self::Fifo => 4,
            Self::Char { .. } => 5,
            Self::Block { .. } => 6,
            Self::Socket => 7,
        }
    }
}

/// A path and everything that is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where.
    pub path: TreePath,
    /// Mode, owner, times, attributes.
    pub metadata: Metadata,
    /// What.
    pub kind: Kind,
}

impl Entry {
    /// Everything but the path.
    pub fn encode_tail(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        self.write_tail(&mut writer);
        writer.finish()
    }

    pub(crate) fn write_tail(&self, writer: &mut Writer) {
        let metadata = &self.metadata;
        writer.u8(self.kind.code()).varint(metadata.mode.into()).varint(metadata.uid.into());
        writer.varint(metadata.gid.into()).bytes(&metadata.user).bytes(&metadata.group);
        writer.signed(metadata.mtime.seconds).varint(metadata.mtime.nanoseconds.into());
        writer.u8(metadata.torn.into()).varint(metadata.xattrs.len() as u64);
        for xattr in &metadata.xattrs {
            writer.bytes(&xattr.name).bytes(&xattr.value);
        }
        match &self.kind {
            Kind::File { size, link, content } => {
                writer.varint(*size).bytes(link.as_ref().map_or(&[], TreePath::as_bytes));
                content.write(writer);
            }
            Kind::Symlink { target } => {
                writer.bytes(target);
            }
            Kind::Char { major, minor } | Kind::Block { major, minor } => {
                writer.varint((*major).into()).varint((*minor).into());
            }
            Kind::Dir | Kind::Fifo | Kind::Socket => {}
        }
    }

    /// Parses [`Entry::encode_tail`]; refuses trailing bytes.
    pub fn decode_tail(path: TreePath, bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let entry = Self::read_tail(path, &mut reader)?;
        reader.finish()?;
        Ok(entry)
    }

    pub(crate) fn read_tail(path: TreePath, reader: &mut Reader<'_>) -> Result<Self> {
        let code = reader.u8()?;
        let metadata = read_metadata(reader)?;
        let kind = match code {
            1 => read_file(reader)?,
            2 => Kind::Dir,
            3 => {
                let target: Box<[u8]> = reader.bytes(MAX_TARGET_BYTES, "link target")?.into();
                if target.is_empty() || target.contains(&0) {
                    return Err(WireError::Invalid("link target"));
                }
                Kind::Symlink { target }
            }
            4 => Kind::Fifo,
            5 => Kind::Char { major: reader.varint_u32("device")?, minor: reader.varint_u32("device")? },
            6 => Kind::Block { major: reader.varint_u32("device")?, minor: reader.varint_u32("device")? },
            7 => Kind::Socket,
            _ => return Err(WireError::Invalid("entry kind")),
        };
        Ok(Self { path, metadata, kind })
    }

    /// Hash of path and tail; the XOR over a state is its `state_root`.
    pub fn hash(&self) -> Digest {
        entry_hash(&self.path, &self.encode_tail())
    }

    /// Hash of path, kind and content, whatever the metadata: the same as long as the bytes of a file lie in the same places.
    pub fn content_hash(&self) -> Digest {
        let mut bare = Self { path: self.path.clone(), metadata: Metadata::default(), kind: self.kind.clone() };
        if let Kind::File { link, .. } = &mut bare.kind {
            *link = None;
        }
        bare.hash()
    }

    /// Bytes of content; 0 for what is no file.
    pub fn size(&self) -> u64 {
        if let Kind::File { size, .. } = self.kind { size } else { 0 }
    }
}

/// [`Entry::hash`] from an encoded tail.
pub fn entry_hash(path: &TreePath, tail: &[u8]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(HASH_TYPE).update(&(path.as_bytes().len() as u32).to_le_bytes()).update(path.as_bytes()).update(tail);
    Digest(*hasher.finalize().as_bytes())
}

fn read_metadata(reader: &mut Reader<'_>) -> Result<Metadata> {
    let mode = reader.varint_u32("mode")?;
    let (uid, gid) = (reader.varint_u32("owner")?, reader.varint_u32("owner")?);
    let user = reader.bytes(MAX_OWNER_BYTES, "owner name")?.into();
    let group = reader.bytes(MAX_OWNER_BYTES, "owner name")?.into();
    let mtime = Timestamp { seconds: reader.signed()?, nanoseconds: reader.varint_u32("time")? };
    let flags = reader.u8()?;
    if mode > 0o7777 || mtime.nanoseconds > 999_999_999 || flags > 1 {
        return Err(WireError::Invalid("metadata"));
    }
    Ok(Metadata { mode, uid, gid, user, group, mtime, xattrs: read_xattrs(reader)?, torn: flags == 1 })
}

fn read_xattrs(reader: &mut Reader<'_>) -> Result<Vec<Xattr>> {
    let count = reader.count(MAX_XATTRS, "extended attributes")?;
    let mut xattrs: Vec<Xattr> = Vec::new();
    let mut total_bytes = 0;
    for _ in 0..count {
        let name: Box<[u8]> = reader.bytes(MAX_XATTR_NAME_BYTES, "extended attribute")?.into();
        let value: Box<[u8]> = reader.bytes(MAX_XATTR_VALUE_BYTES, "extended attribute")?.into();
        if name.is_empty() || name.contains(&0) || xattrs.last().is_some_and(|last| last.name >= name) {
            return Err(WireError::Invalid("extended attribute"));
        }
        total_bytes += name.len() + value.len();
        if total_bytes > MAX_XATTRS_BYTES {
            return Err(WireError::TooLarge("extended attributes"));
        }
        xattrs.push(Xattr { name, value });
    }
    Ok(xattrs)
}

fn read_file(reader: &mut Reader<'_>) -> Result<Kind> {
    let size = reader.varint()?;
    if size > MAX_FILE_BYTES {
        return Err(WireError::TooLarge("file"));
    }
    let link = match reader.bytes(crate::path::MAX_PATH_BYTES, "hard link")? {
        b"" => None,
        path => Some(TreePath::parse(path)?),
    };
    let content = Content::read(reader)?;
    if content.bytes()? != size {
        return Err(WireError::Invalid("content size"));
    }
    Ok(Kind::File { size, link, content })
}
