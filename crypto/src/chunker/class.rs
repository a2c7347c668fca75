//! Size classes: normal files, and the fine class for disk images and databases, which change in small places.

/// How long chunks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SizeClass {
    /// 64 KiB to 1 MiB, 200 KB on average.
    Normal,
    /// 8 to 128 KiB, 32 KB on average.
    Fine,
}

const FINE_SUFFIXES: [&[u8]; 18] = [
    b".img",
    b".raw",
    b".dd",
    b".qcow2",
    b".vmdk",
    b".vdi",
    b".vhd",
    b".vhdx",
    b".hdd",
    b".sqlite",
    b".sqlite3",
    b".db",
    b".db3",
    b".ibd",
    b".mdf",
    b".mdb",
    b".accdb",
    b".pst",
];

impl SizeClass {
    /// No cut before this many bytes.
    pub const fn min_bytes(self) -> usize {
        match self {
            Self::Normal => 64 << 10,
            Self::Fine => 8 << 10,
        }
    }

    /// A cut at the latest after this many bytes.
    pub const fn max_bytes(self) -> usize {
        match self {
            Self::Normal => 1 << 20,
            Self::Fine => 128 << 10,
        }
    }

    /// A cut where the filter is below this.
    pub(super) const fn threshold(self) -> u64 {
        match self {
            Self::Normal => u64::MAX / 134_464,
            Self::Fine => u64::MAX / 24_576,
        }
    }

    /// The class of a file by the suffix of its name and its first 64 KiB; never by what was observed before, so that
    /// equal files are cut equally everywhere.
    pub fn of(name: &[u8], head: &[u8]) -> Self {
        let lower = name.to_ascii_lowercase();
        if FINE_SUFFIXES.iter().any(|suffix| lower.ends_with(suffix)) || is_image_or_database(head) {
            Self::Fine
        } else {
            Self::Normal
        }
    }
}

fn at(head: &[u8], offset: usize, length: usize) -> &[u8] {
    head.get(offset..offset + length).unwrap_or_default()
}

fn is_image_or_database(head: &[u8]) -> bool {
    let magic = |offset, bytes: &[u8]| at(head, offset, bytes.len()) == bytes;
    let vdi = magic(0x40, &[0x7f, 0x10, 0xda, 0xbe]);
    let gpt = magic(512, b"EFI PART") || magic(4096, b"EFI PART");
    magic(0, b"QFI\xfb")
        || magic(0, b"KDMV")
        || magic(0, b"vhdxfile")
        || magic(0, b"conectix")
        || vdi
        || gpt
        || magic(0, b"SQLite format 3\0")
        || is_partition_table(head)
        || is_innodb(head)
}

/// A master boot record: signature, and four entries with a status of 0x00 or 0x80, one of them used.
fn is_partition_table(head: &[u8]) -> bool {
    let table = at(head, 446, 64);
    at(head, 510, 2) == [0x55, 0xaa]
        && table.chunks_exact(16).all(|entry| entry[0] & 0x7f == 0)
        && table.chunks_exact(16).any(|entry| entry[4] != 0 && entry[12..] != [0; 4])
}

/// An InnoDB tablespace: page 0 has number 0, no neighbours, and type FSP_HDR (8).
fn is_innodb(head: &[u8]) -> bool {
    head.len() >= 16 << 10
        && at(head, 4, 4) == [0; 4]
        && at(head, 24, 2) == [0, 8]
        && (at(head, 8, 8) == [0xff; 8] || at(head, 8, 8) == [0; 8])
        && at(head, 34, 4) == at(head, 38, 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_magic_decide() {
        assert_eq!(SizeClass::of(b"letter.txt", b"Dear Ada"), SizeClass::Normal);
        assert_eq!(SizeClass::of(b"DISK.QCOW2", b""), SizeClass::Fine);
        assert_eq!(SizeClass::of(b"history", b"SQLite format 3\0..."), SizeClass::Fine);
        let mut record = vec![0; 1024];
        record[510..512].copy_from_slice(&[0x55, 0xaa]);
        assert_eq!(SizeClass::of(b"boot", &record), SizeClass::Normal);
        record[450] = 0x83;
        record[458] = 1;
        assert_eq!(SizeClass::of(b"disk", &record), SizeClass::Fine);
        record[512..520].copy_from_slice(b"EFI PART");
        assert_eq!(SizeClass::of(b"disk", &record), SizeClass::Fine);
        assert_eq!(SizeClass::of(b"empty", &[0; 65536]), SizeClass::Normal);
    }

    #[test]
    fn every_magic_value_counts_at_its_offset_only() {
        let magics: [(usize, &[u8]); 8] = [
            (0, b"QFI\xfb"),
            (0, b"KDMV"),
            (0, b"vhdxfile"),
            (0, b"conectix"),
            (0x40, &[0x7f, 0x10, 0xda, 0xbe]),
            (512, b"EFI PART"),
            (4096, b"EFI PART"),
            (0, b"SQLite format 3\0"),
        ];
        for (offset, magic) in magics {
            let mut head = vec![0; offset];
            head.extend_from_slice(magic);
            assert_eq!(SizeClass::of(b"disk", &head), SizeClass::Fine);
            assert_eq!(SizeClass::of(b"disk", &head[..head.len() - 1]), SizeClass::Normal);
            head.insert(0, 0);
            assert_eq!(SizeClass::of(b"disk", &head), SizeClass::Normal);
        }
        for suffix in FINE_SUFFIXES {
            assert_eq!(SizeClass::of(&[b"disk", suffix].concat().to_ascii_uppercase(), b""), SizeClass::Fine);
            assert_eq!(SizeClass::of(&[b"disk", &suffix[1..]].concat(), b""), SizeClass::Normal);
        }
    }

    #[test]
    fn an_innodb_tablespace_is_fine() {
        let mut head = vec![0; 16 << 10];
        head[8..16].fill(0xff);
        head[25] = 8;
        head[34..38].copy_from_slice(&[1, 2, 3, 4]);
        head[38..42].copy_from_slice(&[1, 2, 3, 4]);
        assert_eq!(SizeClass::of(b"t", &head), SizeClass::Fine);
        assert_eq!(SizeClass::of(b"t", &head[..head.len() - 1]), SizeClass::Normal);
        for offset in [4, 8, 24, 34] {
            let mut other = head.clone();
            other[offset] ^= 1;
            assert_eq!(SizeClass::of(b"t", &other), SizeClass::Normal, "{offset}");
        }
    }
}
