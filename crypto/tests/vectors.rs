//! Runs every golden vector, and proves that none was edited or forgotten.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use iota_crypto::vectors;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// Name → text of every vector in the folder.
fn vectors() -> BTreeMap<String, String> {
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    files
        .filter(|path| path.file_name().unwrap() != "MANIFEST")
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert_eq!(path.extension().unwrap(), "txt", "{name} is no vector");
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn every_vector_holds() {
    let failures: Vec<String> = vectors()
        .iter()
        .filter_map(|(name, text)| vectors::run(text).err().map(|message| format!("{name}: {message}")))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn golden_files_are_never_edited_and_none_is_forgotten() {
    let manifest = fs::read_to_string(folder().join("MANIFEST")).unwrap();
    let listed: BTreeMap<String, String> = manifest
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .map(|(hash, name)| (name.to_owned(), hash.to_owned()))
        .collect();
    let found: BTreeMap<String, String> =
        vectors().into_iter().map(|(name, text)| (name, blake3::hash(text.as_bytes()).to_hex().to_string())).collect();
    assert_eq!(listed, found);
}

#[test]
fn most_vectors_must_fail_and_every_structure_has_some() {
    let vectors = vectors();
    let negative = vectors.values().filter(|text| vectors::is_negative(text).unwrap()).count();
    assert!(vectors.len() >= 120, "{}", vectors.len());
    assert!(2 * negative > vectors.len(), "{negative} of {}", vectors.len());
    let kinds = |negative: bool| -> BTreeSet<String> {
        vectors
            .values()
            .filter(|text| vectors::is_negative(text).unwrap() == negative)
            .flat_map(|text| text.lines().find_map(|line| line.strip_prefix("kind: ")).map(str::to_owned))
            .collect()
    };
    let (positive, negative) = (kinds(false), kinds(true));
    assert!(negative.is_subset(&positive), "{:?}", negative.difference(&positive));
    // Rules without foreign input have no negative vectors.
    let total = [
        "chunk-seal",
        "chunker",
        "codec1",
        "extents",
        "keys",
        "login",
        "login-name",
        "padme",
        "proof",
        "ratchet",
        "signed-varint",
        "size-class",
        "skip-path",
    ];
    let without: Vec<&String> = positive.difference(&negative).filter(|kind| !total.contains(&kind.as_str())).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn a_runner_that_says_yes_to_everything_would_be_noticed() {
    for (name, text) in vectors() {
        if vectors::is_negative(&text).unwrap() {
            let lying =
                text.replacen(text.lines().find(|line| line.starts_with("expect: ")).unwrap(), "expect: success", 1);
            assert!(vectors::run(&lying).is_err(), "{name}");
        }
    }
    assert!(vectors::run("comment: x\nkind: nothing\nexpect: success\n").is_err());
    assert!(vectors::run("kind: varint\nexpect: success\nvalue: 0\n\n00\n").is_err());
    assert!(vectors::run("comment: x\nkind: varint\nexpect: success\nvalue: 0\nunused: 1\n\n00\n").is_err());
}
