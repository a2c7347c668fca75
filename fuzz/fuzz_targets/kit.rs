//! Recovery kits: a page that somebody typed, and one whose slot has a checksum that holds.

#![no_main]

use iota_core::id::ServerId;
use iota_crypto::{
    kit::{Kit, KitPlace},
    words::RecoveryWords,
};
use iota_fuzz::{checked_text, settles};
use libfuzzer_sys::fuzz_target;
use std::fmt::Write;

fuzz_target!(|data: &[u8]| {
    let place = KitPlace { server: "https://backup.example", server_id: ServerId([7; 16]), login: "ada@example.org" };
    let check = |page: &str| settles(page, Kit::parse, |kit| kit.to_text(&place));
    let text = String::from_utf8_lossy(data);
    check(&text);
    settles(&text, RecoveryWords::parse, |words| words.words().join(" "));
    let words = ["abandon"; 11].into_iter().chain(["about"]);
    let mut page = String::new();
    for (number, word) in words.enumerate() {
        let _ = writeln!(page, "{}. {word}", number + 1);
    }
    check(&(page + &checked_text("IOTA-SLOT-1", data)));
});
