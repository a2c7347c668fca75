//! A nasty tree, and random changes of it. Needs `iota_agent` and `iota_core` only.

use iota_agent::platform::{
    Node, create_named, make_directory, make_node, make_symlink, open_directory, open_given_directory, own_user,
    set_attribute_at, set_attribute_of, set_mode, set_mtime, set_mtime_at, set_owner,
};
use iota_core::{entry::Timestamp, id::Cid};
use std::{
    ffi::OsStr,
    fs,
    io::Write,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{ffi::OsStrExt, fs::FileExt},
    },
    path::{Path, PathBuf},
};

/// Longest path of the format, bytes; a root stands before it without its first slash.
const MAX_PATH_BYTES: usize = 4096;
const MAX_DEPTH: usize = 255;

/// Numbers that only depend on their seed.
pub struct Random(pub u64);

impl Random {
    /// Below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % sides
    }

    /// Bytes that do not compress.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 32);
        while bytes.len() < count {
            let seed = self.roll(u64::MAX);
            bytes.extend_from_slice(&Cid::of(&seed.to_le_bytes()).0);
        }
        bytes.truncate(count);
        bytes
    }

    /// Words, as in a text.
    pub fn text(&mut self, count: usize) -> Vec<u8> {
        let words = ["attic ", "backup ", "chunk ", "delta ", "entry\n", "fidelity ", "gap, ", "home "];
        let mut text = Vec::with_capacity(count + 16);
        while text.len() < count {
            text.extend_from_slice(words[self.roll(8) as usize].as_bytes());
        }
        text.truncate(count);
        text
    }
}

/// Makes the tree in `root`, which is an absolute path of an empty directory.
pub fn build(root: &Path, small_files: u64, random: &mut Random) {
    let top = open_given_directory(root).unwrap();
    let root_bytes = root.as_os_str().len() - 1;
    names(&directory(&top, b"names"));
    deep(&directory(&top, b"deep"), root_bytes + "/deep".len(), root.components().count());
    sparse(&root.join("sparse"), random);
    attributes(&directory(&top, b"attributes"));
    times(&directory(&top, b"times"));
    special(&directory(&top, b"special"));
    modes(&directory(&top, b"modes"));
    small(&root.join("small"), small_files, random);
    big(&root.join("big"), random);
    links(root, random);
    directory(&top, b"empty");
}

fn directory(parent: &OwnedFd, name: &[u8]) -> OwnedFd {
    make_directory(parent.as_fd(), name).unwrap();
    open_directory(parent.as_fd(), name).unwrap()
}

fn file(parent: &OwnedFd, name: &[u8], content: &[u8]) -> fs::File {
    let mut file = create_named(parent.as_fd(), name).unwrap();
    file.write_all(content).unwrap();
    file
}

fn names(parent: &OwnedFd) {
    for byte in (1..=255u8).filter(|&byte| byte != b'/') {
        if byte != b'.' {
            file(parent, &[byte], &[byte]);
        }
        file(parent, &[b'n', byte, b'x'], b"");
        directory(parent, &[b'd', byte]);
    }
    file(parent, &[b'l'; 255], b"long");
    let long = directory(parent, "ß".repeat(127).as_bytes());
    file(&long, b"...", b"dots");
    file(&long, b" ", b"blank");
    file(&long, "\u{202e}gnp.exe".as_bytes(), b"direction");
    file(&long, b"\x1b[31mred\x1b[0m\r\n", b"terminal");
}

/// As long and as deep as the format allows.
fn deep(parent: &OwnedFd, mut path_bytes: usize, depth: usize) {
    let mut at = parent.try_clone().unwrap();
    while path_bytes + 1 + 255 <= MAX_PATH_BYTES {
        at = directory(&at, &[b'p'; 255]);
        path_bytes += 256;
    }
    if path_bytes + 2 <= MAX_PATH_BYTES {
        file(&at, &vec![b'f'; (MAX_PATH_BYTES - path_bytes - 1).min(255)], b"at the end");
    }
    let mut at = directory(parent, b"d");
    for _ in depth + 2..MAX_DEPTH {
        at = directory(&at, b"d");
    }
}

fn sparse(path: &Path, random: &mut Random) {
    fs::create_dir(path).unwrap();
    let holes = |name: &str, size: u64, data: &[(u64, usize)], random: &mut Random| {
        let file = fs::File::create(path.join(name)).unwrap();
        file.set_len(size).unwrap();
        for &(at, bytes) in data {
            file.write_all_at(&random.bytes(bytes), at).unwrap();
        }
    };
    holes("around", 8 << 20, &[(1 << 20, 300_000), (5 << 20, 4096)], random);
    holes("front and back", 3 << 20, &[(0, 4096), ((3 << 20) - 4096, 4096)], random);
    holes("nothing", 100 << 20, &[], random);
    holes("small", 50_000, &[(20_000, 10)], random);
    let comb: Vec<(u64, usize)> = (0..200).map(|tooth| (tooth * 16_384, 4096)).collect();
    holes("comb", 200 * 16_384, &comb, random);
}

/// A POSIX ACL as the kernel keeps it: one more user, and a mask.
pub fn acl(user: u32) -> Vec<u8> {
    let mut bytes = 2u32.to_le_bytes().to_vec();
    let none = u32::MAX;
    for (tag, bits, id) in [(1u16, 7u16, none), (2, 5, user), (4, 5, none), (16, 7, none), (32, 1, none)] {
        bytes.extend_from_slice(&tag.to_le_bytes());
        bytes.extend_from_slice(&bits.to_le_bytes());
        bytes.extend_from_slice(&id.to_le_bytes());
    }
    bytes
}

fn attributes(parent: &OwnedFd) {
    let many = file(parent, b"many", b"content");
    for number in 0..20 {
        set_attribute_of(many.as_fd(), format!("user.n{number}").as_bytes(), &[number; 40]).unwrap();
    }
    set_attribute_of(many.as_fd(), b"user.binary \xff\n", b"\0\xff\0").unwrap();
    set_attribute_of(many.as_fd(), b"user.empty", b"").unwrap();
    let long = file(parent, b"long", b"");
    set_attribute_of(long.as_fd(), b"user.long", &[b'v'; 3000]).unwrap();
    let inside = directory(parent, b"directory");
    set_attribute_of(inside.as_fd(), b"user.comment", b"of a directory").unwrap();
    file(&inside, b"before the default", b"");
    set_attribute_of(inside.as_fd(), b"system.posix_acl_default", &acl(1234)).unwrap();
    file(&inside, b"inherits", b"");
    directory(&inside, b"inherits too");
    let listed = file(parent, b"acl", b"");
    set_attribute_of(listed.as_fd(), b"system.posix_acl_access", &acl(4321)).unwrap();
    if own_user() == 0 {
        set_attribute_of(listed.as_fd(), b"trusted.mark", b"root").unwrap();
        make_symlink(parent.as_fd(), b"marked link", b"nowhere").unwrap();
        set_attribute_at(parent.as_fd(), b"marked link", b"trusted.mark", b"link").unwrap();
    }
}

fn times(parent: &OwnedFd) {
    let moments =
        [(0, 1), (-1, 999_999_999), (-2_000_000_000, 5), (1, 0), (4_102_444_800, 123_456_789), (9_000_000_000, 1)];
    for (number, (seconds, nanoseconds)) in moments.into_iter().enumerate() {
        let file = file(parent, format!("{number}").as_bytes(), b"t");
        set_mtime(file.as_fd(), Timestamp { seconds, nanoseconds }).unwrap();
    }
    make_symlink(parent.as_fd(), b"link", b"0").unwrap();
    set_mtime_at(parent.as_fd(), b"link", Timestamp { seconds: 77, nanoseconds: 88 }).unwrap();
    let old = directory(parent, b"old");
    file(&old, b"young", b"");
    set_mtime(old.as_fd(), Timestamp { seconds: 1000, nanoseconds: 1 }).unwrap();
}

fn special(parent: &OwnedFd) {
    make_node(parent.as_fd(), b"pipe", Node::Fifo).unwrap();
    make_node(parent.as_fd(), b"socket", Node::Socket).unwrap();
    for (name, target) in [
        (&b"dangling"[..], &b"no/where"[..]),
        (b"absolute", b"/etc/passwd"),
        (b"self", b"self"),
        (b"up", b"../.."),
        (b"bytes", b"\xff\x01 \n"),
    ] {
        make_symlink(parent.as_fd(), name, target).unwrap();
    }
    make_symlink(parent.as_fd(), b"long", &[b't'; 4000]).unwrap();
    if own_user() == 0 {
        make_node(parent.as_fd(), b"null", Node::Char(1, 3)).unwrap();
        make_node(parent.as_fd(), b"loop", Node::Block(7, 200)).unwrap();
    }
}

fn modes(parent: &OwnedFd) {
    // Others than root cannot read the first, and get the last three back without those bits.
    let (root_only, all) = ([0o000, 0o4755, 0o2755, 0o6711], [0o400, 0o644, 0o777, 0o1644]);
    for &mode in root_only.iter().filter(|_| own_user() == 0).chain(&all) {
        set_mode(file(parent, format!("f{mode:o}").as_bytes(), b"m").as_fd(), mode).unwrap();
    }
    for mode in [0o500, 0o700, 0o1777, 0o2775] {
        let inside = directory(parent, format!("d{mode:o}").as_bytes());
        file(&inside, b"inside", b"");
        set_mode(inside.as_fd(), mode).unwrap();
    }
    if own_user() == 0 {
        let file = file(parent, b"of others", b"");
        set_owner(file.as_fd(), Some(12_345), Some(54_321)).unwrap();
        let inside = directory(parent, b"directory of others");
        set_owner(inside.as_fd(), Some(12_345), Some(0)).unwrap();
        make_symlink(parent.as_fd(), b"link of others", b"x").unwrap();
        let handle = iota_agent::platform::open_handle(parent.as_fd(), b"link of others").unwrap();
        set_owner(handle.as_fd(), Some(77), Some(78)).unwrap();
    }
}

fn small(path: &Path, count: u64, random: &mut Random) {
    fs::create_dir(path).unwrap();
    for number in 0..count {
        let inside = path.join(format!("d{}", number % (count / 40 + 1)));
        fs::create_dir_all(&inside).unwrap();
        let bytes = random.roll(8000) as usize;
        let content = if number % 3 == 0 { random.bytes(bytes) } else { random.text(bytes) };
        fs::write(inside.join(format!("f{number}")), content).unwrap();
    }
}

fn big(path: &Path, random: &mut Random) {
    fs::create_dir(path).unwrap();
    fs::write(path.join("random"), random.bytes(5_000_000)).unwrap();
    fs::write(path.join("text"), random.text(3_000_000)).unwrap();
    fs::write(path.join("zeros"), vec![0; 1_000_000]).unwrap();
    fs::copy(path.join("random"), path.join("copy")).unwrap();
    fs::write(path.join("image.img"), random.bytes(2_000_000)).unwrap();
    for edge in [65_535, 65_536, 65_537] {
        fs::write(path.join(format!("edge {edge}")), random.text(edge)).unwrap();
    }
}

fn links(root: &Path, random: &mut Random) {
    let (first, second) = (root.join("links a"), root.join("links b"));
    fs::create_dir(&first).unwrap();
    fs::create_dir(&second).unwrap();
    fs::write(first.join("one"), random.bytes(100_000)).unwrap();
    fs::write(first.join("empty"), b"").unwrap();
    for (from, to) in [("one", "two"), ("empty", "empty too")] {
        fs::hard_link(first.join(from), first.join(to)).unwrap();
        fs::hard_link(first.join(from), second.join(from)).unwrap();
    }
}

/// Changes the tree at random, mostly in its small files.
pub fn change(root: &Path, random: &mut Random) {
    let small = root.join("small");
    for _ in 0..random.roll(60) + 5 {
        let files = files(&small);
        let path = &files[random.roll(files.len() as u64) as usize];
        match random.roll(14) {
            0 => fs::remove_file(path).unwrap(),
            1 => fs::rename(path, path.with_extension("moved")).unwrap(),
            2 => append(path, random),
            3 => fs::File::options().write(true).open(path).unwrap().set_len(random.roll(9000)).unwrap(),
            4 => set_mode(fs::File::open(path).unwrap().as_fd(), 0o600 | random.roll(0o200) as u32).unwrap(),
            5 => set_attribute_of(fs::File::open(path).unwrap().as_fd(), b"user.changed", &random.bytes(9)).unwrap(),
            6 => {
                fs::remove_file(path).unwrap();
                std::os::unix::fs::symlink("elsewhere", path).unwrap();
            }
            7 => {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
                let bytes = random.roll(70_000) as usize;
                fs::write(path.join("inside"), random.bytes(bytes)).unwrap();
            }
            8 => drop(fs::hard_link(path, path.with_extension("linked"))),
            9 => set_mtime(
                fs::File::open(path).unwrap().as_fd(),
                Timestamp { seconds: random.roll(1 << 31) as i64, nanoseconds: random.roll(1_000_000_000) as u32 },
            )
            .unwrap(),
            10 => fs::remove_dir_all(path.parent().filter(|parent| *parent != small).unwrap_or(path)).unwrap_or(()),
            11 => append(&root.join("big/random"), random),
            12 => {
                let at = random.roll(1_900_000);
                let image = fs::File::options().write(true).open(root.join("big/image.img")).unwrap();
                image.write_all_at(&random.bytes(16_384), at).unwrap();
            }
            _ => {
                let bytes = random.roll(30_000) as usize;
                let name = [&b"new "[..], &random.roll(1000).to_string().into_bytes(), b"\xff"].concat();
                fs::write(small.join(OsStr::from_bytes(&name)), random.text(bytes)).unwrap();
            }
        }
    }
}

fn append(path: &Path, random: &mut Random) {
    let bytes = random.roll(20_000) as usize;
    fs::File::options().append(true).open(path).unwrap().write_all(&random.bytes(bytes)).unwrap();
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut stack = vec![directory.to_owned()];
    while let Some(directory) = stack.pop() {
        let mut children: Vec<_> = fs::read_dir(directory).unwrap().map(|child| child.unwrap()).collect();
        children.sort_by_key(fs::DirEntry::file_name);
        for child in children {
            let kind = child.file_type().unwrap();
            if kind.is_dir() {
                stack.push(child.path());
            } else if kind.is_file() {
                found.push(child.path());
            }
        }
    }
    found
}
