//! The text of a vector: `name: value` lines, a blank line, the payload.

use super::fault::{Check, Fault};
use data_encoding::{BASE64, HEXLOWER};
use std::{
    cell::Cell,
    fmt::{Debug, Display},
    str::FromStr,
};

/// Longest generated plaintext, bytes.
const MAX_GENERATED_BYTES: usize = 8 << 20;

/// A parsed vector.
pub(super) struct Vector<'a> {
    /// What it is about.
    pub(super) kind: &'a str,
    /// `success`, or the class of error.
    pub(super) expect: &'a str,
    /// What is parsed or opened.
    pub(super) payload: Vec<u8>,
    fields: Vec<(&'a str, &'a str, Cell<bool>)>,
}

impl<'a> Vector<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        let (head, payload) = text.split_once("\n\n").unwrap_or((text.trim_end_matches('\n'), ""));
        let mut fields: Vec<(&str, &str, Cell<bool>)> = Vec::new();
        for line in head.lines() {
            let (name, value) = line.split_once(": ").ok_or(format!("the line {line:?} is not \"name: value\""))?;
            if name != "comment" && fields.iter().any(|(known, ..)| *known == name) {
                return Err(format!("the field {name} stands twice"));
            }
            fields.push((name, value, Cell::new(matches!(name, "comment" | "kind" | "expect" | "encoding"))));
        }
        let find = |name: &str| fields.iter().find(|(known, ..)| *known == name).map(|&(_, value, _)| value);
        let missing = |name: &str| format!("the field {name} is missing");
        find("comment").ok_or_else(|| missing("comment"))?;
        let joined = || payload.split_whitespace().collect::<String>();
        let payload = match find("encoding").unwrap_or("hex") {
            "hex" => HEXLOWER.decode(joined().as_bytes()).map_err(|error| format!("the payload: {error}"))?,
            "base64" => BASE64.decode(joined().as_bytes()).map_err(|error| format!("the payload: {error}"))?,
            "text" => payload.as_bytes().to_vec(),
            other => return Err(format!("there is no encoding called {other}")),
        };
        let kind = find("kind").ok_or_else(|| missing("kind"))?;
        let expect = find("expect").ok_or_else(|| missing("expect"))?;
        Ok(Self { kind, expect, payload, fields })
    }

    /// The field `name`, if there is one.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let (_, value, used) = self.fields.iter().find(|(known, ..)| *known == name)?;
        used.set(true);
        Some(value)
    }

    pub(super) fn text(&self, name: &str) -> Check<&'a str> {
        self.get(name).ok_or_else(|| Fault::Broken(format!("the field {name} is missing")))
    }

    pub(super) fn parsed<T: FromStr<Err: Display>>(&self, name: &str) -> Check<T> {
        self.text(name)?.parse().map_err(|error| Fault::Broken(format!("the field {name}: {error}")))
    }

    pub(super) fn bytes(&self, name: &str) -> Check<Vec<u8>> {
        HEXLOWER
            .decode(self.text(name)?.as_bytes())
            .map_err(|error| Fault::Broken(format!("the field {name}: {error}")))
    }

    pub(super) fn array<const N: usize>(&self, name: &str) -> Check<[u8; N]> {
        self.bytes(name)?.try_into().map_err(|_| Fault::Broken(format!("the field {name} does not have {N} bytes")))
    }

    /// A plaintext made by rule: `pattern M N` (byte i is i mod M), `xof SEED N` (BLAKE3 output of SEED), `repeat B N`.
    pub(super) fn generated(&self, name: &str) -> Check<Vec<u8>> {
        let broken = || Fault::Broken(format!("the field {name} is no rule for a plaintext"));
        let words: Vec<&str> = self.text(name)?.split(' ').collect();
        let [rule, argument, count] = words[..] else { return Err(broken()) };
        let count: usize = count.parse().ok().filter(|&count| count <= MAX_GENERATED_BYTES).ok_or_else(broken)?;
        let number = || argument.parse::<usize>().ok().filter(|&number| (1..=256).contains(&number)).ok_or_else(broken);
        match rule {
            "pattern" => number().map(|modulus| (0..count).map(|i| (i % modulus) as u8).collect()),
            "repeat" => number().map(|byte| vec![byte as u8; count]),
            "xof" => {
                let mut bytes = vec![0; count];
                blake3::Hasher::new().update(argument.as_bytes()).finalize_xof().fill(&mut bytes);
                Ok(bytes)
            }
            _ => Err(broken()),
        }
    }

    /// Compares `found` with the hexadecimal field `name`.
    pub(super) fn same_bytes(&self, name: &str, found: &[u8]) -> Check {
        self.same(name, &HEXLOWER.encode(found))
    }

    /// Compares `found` with the field `name`.
    pub(super) fn same(&self, name: &str, found: &(impl Display + ?Sized)) -> Check {
        let (expected, found) = (self.text(name)?, found.to_string());
        if expected == found { Ok(()) } else { Err(Fault::Broken(format!("{name} should be {expected}, is {found}"))) }
    }

    /// Compares the hash of `found` with the field `name`.
    pub(super) fn same_hash(&self, name: &str, found: &[u8]) -> Check {
        self.same(name, &blake3::hash(found).to_hex())
    }

    /// Checks that what was read from the payload is written as the payload.
    pub(super) fn same_again(&self, written: &[u8]) -> Check {
        equal("what is written again", written, &self.payload[..])
    }

    /// Checks that no field was overlooked.
    pub(super) fn all_used(&self) -> Result<(), String> {
        match self.fields.iter().find(|(.., used)| !used.get()) {
            Some((name, ..)) => Err(format!("nothing looks at the field {name}")),
            None => Ok(()),
        }
    }
}

/// Checks that two values are equal.
pub(super) fn equal<T: PartialEq + Debug + ?Sized>(what: &str, found: &T, expected: &T) -> Check {
    if found == expected { Ok(()) } else { Err(Fault::Broken(format!("{what} differs"))) }
}
