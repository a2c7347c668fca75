//! Wrote the golden vectors of `tests/vectors`, and writes new ones beside them.
//!
//! Everything is deterministic. A file that exists is never changed: if the generator would write other bytes, it stops
//! and says so. Every vector is run before it is written. What must fail is built by damaging what succeeds, and the
//! class of error is stated here, not observed.

mod keep;
mod plain;
mod sealed;

use std::{convert::Infallible, fmt::Write as _, fs, path::PathBuf};

/// Writes vectors and the list of their hashes.
struct Folder {
    path: PathBuf,
    names: Vec<String>,
}

/// What stands after the blank line.
enum Payload {
    /// As hexadecimal.
    Hex(Vec<u8>),
    /// As base64.
    Base64(Vec<u8>),
    /// Text as it is.
    Text(String),
}

/// A vector in the making.
#[derive(Clone)]
struct Case {
    kind: &'static str,
    fields: Vec<(&'static str, String)>,
}

impl Case {
    fn new(kind: &'static str) -> Self {
        Self { kind, fields: Vec::new() }
    }

    /// The same with `name` set to `value`.
    fn with(&self, name: &'static str, value: impl ToString) -> Self {
        let mut case = self.clone();
        case.fields.retain(|(known, _)| *known != name);
        case.fields.push((name, value.to_string()));
        case
    }

    fn hex(&self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.with(name, hex(value.as_ref()))
    }
}

impl Folder {
    /// A vector that succeeds.
    fn good(&mut self, name: &str, comment: &str, case: &Case, payload: Payload) {
        self.put(name, "success", comment, case, payload);
    }

    /// A vector that fails with `class`.
    fn bad(&mut self, name: &str, class: &str, comment: &str, case: &Case, payload: Payload) {
        self.put(name, class, comment, case, payload);
    }

    fn put(&mut self, name: &str, expect: &str, comment: &str, case: &Case, payload: Payload) {
        let name = format!("{}_{name}.txt", case.kind.replace('-', "_"));
        assert!(!self.names.contains(&name), "{name} is written twice");
        let mut text = format!("comment: {comment}\nkind: {}\nexpect: {expect}\n", case.kind);
        for (field, value) in &case.fields {
            let _ = writeln!(text, "{field}: {value}");
        }
        match payload {
            Payload::Hex(bytes) if bytes.is_empty() => {}
            Payload::Hex(bytes) => text += &format!("\n{}", wrapped(&hex(&bytes))),
            Payload::Base64(bytes) => {
                text += &format!("encoding: base64\n\n{}", wrapped(&data_encoding::BASE64.encode(&bytes)));
            }
            Payload::Text(payload) => text += &format!("encoding: text\n\n{payload}"),
        }
        if let Err(message) = iota_crypto::vectors::run(&text) {
            panic!("{name}: {message}");
        }
        let path = self.path.join(&name);
        match fs::read_to_string(&path) {
            Ok(existing) => {
                assert_eq!(existing, text, "{name} exists with other contents; golden files are not edited")
            }
            Err(_) => fs::write(path, text).expect("the folder can be written"),
        }
        self.names.push(name);
    }

    fn finish(mut self) {
        self.names.sort();
        let mut manifest = String::new();
        for name in &self.names {
            let text = fs::read(self.path.join(name)).expect("the vector was just written");
            let _ = writeln!(manifest, "{}  {name}", blake3::hash(&text).to_hex());
        }
        fs::write(self.path.join("MANIFEST"), manifest).expect("the folder can be written");
        println!("{} vectors", self.names.len());
    }
}

fn wrapped(text: &str) -> String {
    text.as_bytes().chunks(100).fold(String::new(), |lines, line| lines + &String::from_utf8_lossy(line) + "\n")
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// `bytes` with one bit of the byte at `position` flipped; negative positions count from the end.
fn flipped(bytes: &[u8], position: isize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let position = if position < 0 { bytes.len() - position.unsigned_abs() } else { position.unsigned_abs() };
    bytes[position] ^= 1;
    bytes
}

/// `bytes` with `value` at `position`.
fn patched(bytes: &[u8], position: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[position..position + value.len()].copy_from_slice(value);
    bytes
}

fn longer(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0]].concat()
}

fn shorter(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len() - 1].to_vec()
}

/// Not random: BLAKE3 output of a seed, so that vectors come out the same every time.
struct Seeded(blake3::OutputReader);

impl Seeded {
    fn new(seed: &str) -> Self {
        Self(blake3::Hasher::new().update(seed.as_bytes()).finalize_xof())
    }
}

impl rand_core::TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(out);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Seeded {}

fn main() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    fs::create_dir_all(&path).expect("the folder can be made");
    let mut folder = Folder { path, names: Vec::new() };
    plain::write(&mut folder);
    sealed::write(&mut folder);
    keep::write(&mut folder);
    folder.finish();
}
