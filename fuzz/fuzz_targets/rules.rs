//! Rules as a browser or a file sends them: what compiles decides about any path, and is written and read back the same.

#![no_main]

use iota_core::rules::{Counter, Facts, PathKind, RuleFile, Rules};
use iota_fuzz::within;
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

/// What one byte of JSON may become: patterns are kept twice, with their parts.
const FACTOR: usize = 400;

fuzz_target!(|data: &[u8]| {
    let split = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
    let (json, path) = data.split_at(split);
    let Ok(file) = within(json.len() * FACTOR, || serde_json::from_slice::<RuleFile>(json)) else { return };
    let text = serde_json::to_string(&file).expect("what was read can be written");
    assert_eq!(serde_json::from_str::<RuleFile>(&text).expect("what was written can be read"), file);
    let Ok(rules) = within(json.len() * FACTOR, || Rules::compile(&file)) else { return };
    let path = [b"/", path.get(1..).unwrap_or_default()].concat();
    for (kind, size) in [(PathKind::File, 30_000_000), (PathKind::Directory, 0), (PathKind::Other, 1)] {
        let facts = Facts { kind, size, age: Duration::from_secs(86_400) };
        let settings = rules.settings(&path, &facts);
        assert_eq!(settings.exclude, rules.trait_excludes(&path, &facts));
        assert!(rules.explain(&path, &facts).len() >= 6);
        let mut counter = Counter::new(&file, &rules);
        counter.meet(&path, &facts);
        let coverage = counter.end(true);
        assert!(coverage.kept.files <= 1);
    }
    rules.leave_out(&path);
});
