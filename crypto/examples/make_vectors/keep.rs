//! What people keep or type, and what a machine is enrolled with.

use crate::{
    Case, Folder,
    Payload::{Hex, Text},
    Seeded, flipped, longer, patched,
    plain::{ACCOUNT, SET, certificate, device_key, sign_certificate},
    sealed::MASTER,
    shorter,
};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use data_encoding::BASE32_NOPAD;
use iota_core::{
    id::{AccountId, ServerId, SlotId},
    slot::{Slot, SlotList},
};
use iota_crypto::{
    enrol::{EnrolCode, MachineFacts, MachineKeys},
    keys::{AgreementSecret, MasterKey, SigningKey},
    kit::{Kit, KitPlace, slot_text},
    login,
    shares::Share,
    slot,
    words::RecoveryWords,
};

pub(crate) fn write(folder: &mut Folder) {
    slots(folder);
    slot_lists(folder);
    words(folder);
    kits(folder);
    key_files(folder);
    shares(folder);
    logins(folder);
    codes(folder);
    enrolments(folder);
}

const PASSPHRASE: &str = "correct horse battery staple";

/// A slot header, written by hand.
fn slot_header(generation: u32, kind: u8, (m_kib, t, p): (u32, u32, u32), slot: u8) -> Vec<u8> {
    let mut bytes = [&b"iotabackup/slot/v1\0"[..], &ACCOUNT.0, &[slot; 16]].concat();
    bytes.extend(generation.to_le_bytes());
    bytes.push(kind);
    [m_kib, t, p].iter().for_each(|number| bytes.extend(number.to_le_bytes()));
    bytes.extend([3; 16]);
    bytes.extend([4; 24]);
    bytes
}

/// A slot blob from the definition, not from the library.
fn slot_blob(header: &[u8], kek: &[u8], master: &[u8; 32]) -> Vec<u8> {
    let mut okm = [0; 64];
    blake3::Hasher::new_derive_key("iotabackup 2026-11 v1 slot wrap")
        .update(kek)
        .update(header)
        .finalize_xof()
        .fill(&mut okm);
    let key: [u8; 32] = okm[32..].try_into().expect("half of 64");
    let sealed = XChaCha20Poly1305::new(&key.into())
        .encrypt(&[4; 24].into(), Payload { msg: master, aad: header })
        .expect("it seals");
    [header, &okm[..32], &sealed].concat()
}

fn argon(passphrase: &str, m_kib: u32, t: u32) -> [u8; 32] {
    let params = Params::new(m_kib, t, 1, Some(32)).expect("within Argon2's own bounds");
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), &[3; 16], &mut key)
        .expect("there is memory");
    key
}

const FILE_SECRET: [u8; 32] = [0x33; 32];

fn file_kek() -> [u8; 32] {
    blake3::derive_key("iotabackup 2026-11 v1 key file", &FILE_SECRET)
}

fn words_kek() -> [u8; 32] {
    blake3::derive_key("iotabackup 2026-11 v1 recovery words", &[0; 16])
}

fn file_slot(slot: u8, master: &[u8; 32]) -> Vec<u8> {
    slot_blob(&slot_header(1, 3, (0, 0, 0), slot), &file_kek(), master)
}

fn words_slot(slot: u8) -> Vec<u8> {
    slot_blob(&slot_header(1, 2, (0, 0, 0), slot), &words_kek(), &MASTER)
}

/// The words for 16 zero bytes.
fn some_words() -> String {
    format!("{}about", "abandon ".repeat(11))
}

fn slots(folder: &mut Folder) {
    let case = Case::new("slot");
    let identity = MasterKey::from_bytes(MASTER).identity(ACCOUNT).verifying_key();
    let opened = case.hex("master", MASTER).with("identity", identity);
    let floor = (64 << 10, 3, 1);
    let passphrase = slot_blob(&slot_header(1, 1, floor, 2), &argon(PASSPHRASE, floor.0, floor.1), &MASTER);
    let commitment = &passphrase[108..140];
    folder.good(
        "passphrase",
        "a passphrase slot at the floor of the KDF",
        &opened.with("passphrase", PASSPHRASE).hex("commitment", commitment),
        Hex(passphrase.clone()),
    );
    let composed = slot_blob(&slot_header(1, 1, floor, 2), &argon("p\u{e4}ss \u{fb01}", floor.0, floor.1), &MASTER);
    folder.bad(
        "passphrase_not_nfkc",
        "slot",
        "the key was derived from a form that is not NFKC",
        &case.with("passphrase", "p\u{e4}ss \u{fb01}"),
        Hex(composed),
    );
    let normal = slot_blob(&slot_header(1, 1, floor, 2), &argon("p\u{e4}ss fi", floor.0, floor.1), &MASTER);
    folder.good(
        "passphrase_nfkc",
        "a passphrase typed with a combining mark and a ligature",
        &opened.with("passphrase", "pa\u{308}ss \u{fb01}"),
        Hex(normal),
    );
    folder.good("words", "a slot of recovery words", &opened.with("words", some_words()), Hex(words_slot(2)));
    let file = file_slot(2, &MASTER);
    let file_case = case.hex("key-file", FILE_SECRET);
    folder.good("key_file", "a slot of a key file", &opened.hex("key-file", FILE_SECRET), Hex(file.clone()));

    folder.bad(
        "wrong_passphrase",
        "slot",
        "another passphrase",
        &case.with("passphrase", "Correct horse battery staple"),
        Hex(passphrase),
    );
    folder.bad(
        "wrong_kind",
        "slot",
        "a passphrase for a slot of a key file",
        &case.with("passphrase", PASSPHRASE),
        Hex(file.clone()),
    );
    folder.bad("wrong_file", "slot", "another key file", &case.hex("key-file", [0x34; 32]), Hex(file.clone()));
    let other = SigningKey::from_seed(&[1; 32]).verifying_key();
    folder.bad(
        "wrong_identity",
        "wrong-identity",
        "the vault of another account",
        &file_case.with("identity", other),
        Hex(file.clone()),
    );
    let theirs = file_slot(2, &[0x43; 32]);
    folder.bad(
        "other_master",
        "wrong-identity",
        "another master key inside",
        &file_case.with("identity", identity),
        Hex(theirs),
    );
    // header 0: type 0, account 19, slot 35, generation 51, kind 55, m 56, t 60, p 64, salt 68, nonce 84; commitment
    // 108, sealed 140.
    for (name, position) in
        [("account", 19), ("slot", 35), ("salt", 68), ("nonce", 84), ("commitment", 108), ("sealed", 140), ("tag", -1)]
    {
        folder.bad(&format!("flipped_{name}"), "slot", "one bit is flipped", &file_case, Hex(flipped(&file, position)));
    }
    folder.bad("generation_2", "slot", "moved to another generation", &file_case, Hex(patched(&file, 51, &[2])));
    folder.bad("generation_0", "invalid", "generation 0 does not exist", &file_case, Hex(patched(&file, 51, &[0])));
    folder.bad("kind_0", "invalid", "kind 0 does not exist", &file_case, Hex(patched(&file, 55, &[0])));
    folder.bad("kind_4", "invalid", "a kind of a later version", &file_case, Hex(patched(&file, 55, &[4])));
    folder.bad("version", "unknown-type", "a later version", &file_case, Hex(patched(&file, 17, b"2")));
    folder.bad("trailing", "trailing", "a byte after the end", &file_case, Hex(longer(&file)));
    folder.bad("truncated", "truncated", "the last byte is missing", &file_case, Hex(shorter(&file)));
    let parameters = slot_blob(&slot_header(1, 3, (65536, 3, 1), 2), &file_kek(), &MASTER);
    folder.bad(
        "key_file_parameters",
        "slot-bounds",
        "a key file with parameters of a password",
        &file_case,
        Hex(parameters),
    );
    let passkey_kek = blake3::derive_key("iotabackup 2026-11 v1 passkey", &FILE_SECRET);
    let passkey = slot_blob(&slot_header(1, 6, (0, 0, 0), 2), &passkey_kek, &MASTER);
    let passkey_case = case.hex("passkey", FILE_SECRET);
    folder.good("passkey", "a slot of a passkey", &opened.hex("passkey", FILE_SECRET), Hex(passkey.clone()));
    folder.bad("wrong_passkey", "slot", "another passkey", &case.hex("passkey", [0x34; 32]), Hex(passkey.clone()));
    folder.bad("passkey_as_file", "slot", "a key file with the bytes of a passkey", &file_case, Hex(passkey.clone()));
    folder.bad("passkey_now_file", "slot", "moved to another kind", &file_case, Hex(patched(&passkey, 55, &[3])));
    let parameters = slot_blob(&slot_header(1, 6, (65536, 3, 1), 2), &passkey_kek, &MASTER);
    folder.bad(
        "passkey_parameters",
        "slot-bounds",
        "a passkey with parameters of a password",
        &passkey_case,
        Hex(parameters),
    );
    folder.bad("kind_7", "invalid", "a kind of a later version", &passkey_case, Hex(patched(&passkey, 55, &[7])));
    for (name, comment, bounds) in [
        ("memory_low", "64 MiB less 1 KiB", ((64 << 10) - 1, 3, 1)),
        ("memory_high", "1 GiB and 1 KiB", ((1 << 20) + 1, 3, 1)),
        ("memory_0", "no memory", (0, 3, 1)),
        ("passes_low", "two passes", (64 << 10, 2, 1)),
        ("passes_high", "eleven passes", (64 << 10, 11, 1)),
        ("lanes_0", "no lane", (64 << 10, 3, 0)),
        ("lanes_4", "four lanes", (64 << 10, 3, 4)),
        ("all_0", "a password without any derivation", (0, 0, 0)),
    ] {
        // A weak slot that would open, were it not refused before.
        let blob = slot_blob(&slot_header(1, 1, bounds, 2), &[0; 32], &MASTER);
        folder.bad(&format!("bounds_{name}"), "slot-bounds", comment, &case.with("passphrase", PASSPHRASE), Hex(blob));
    }
}

fn slot_lists(folder: &mut Folder) {
    let master = MasterKey::from_bytes(MASTER);
    let identity = master.identity(ACCOUNT);
    let slots: Vec<Slot> =
        [words_slot(2), file_slot(5, &MASTER)].iter().map(|blob| Slot::decode(blob).expect("it is a slot")).collect();
    let signed = slot::sign_list(ACCOUNT, 1, slots.clone(), &identity);
    let good = signed.encode();
    let case = Case::new("slot-list").with("identity", identity.verifying_key());
    folder.good("two", "a signed list of two slots", &case, Hex(good.clone()));
    let opening = case.hex("master", MASTER);
    folder.good("opens_by_words", "the words find their slot", &opening.with("words", some_words()), Hex(good.clone()));
    folder.good(
        "opens_by_file",
        "the key file finds its slot",
        &opening.hex("key-file", FILE_SECRET),
        Hex(good.clone()),
    );
    folder.bad("opens_not", "slot", "no slot of that kind", &opening.with("passphrase", "x"), Hex(good.clone()));
    for (name, position) in [("signature", 0), ("version", 105), ("slot", 150), ("sealed", -1)] {
        let class = "signature";
        folder.bad(&format!("flipped_{name}"), class, "one bit is flipped", &case, Hex(flipped(&good, position)));
    }
    let other = SigningKey::from_seed(&[1; 32]).verifying_key();
    folder.bad(
        "other_identity",
        "signature",
        "signed for another account",
        &case.with("identity", other),
        Hex(good.clone()),
    );
    folder.bad("trailing", "trailing", "a byte after the end", &case, Hex(longer(&good)));
    folder.bad("truncated", "truncated", "the last byte is missing", &case, Hex(shorter(&good)));
    let list = signed.list.encode();
    let sign = |list: &[u8]| [&identity.sign(list).0[..], list].concat();
    let of = |slots: Vec<Slot>| sign(&SlotList { account: ACCOUNT, version: 1, slots }.encode());
    let foreign = Slot {
        header: iota_core::slot::SlotHeader { account: AccountId([9; 16]), ..slots[0].header },
        ..slots[0].clone()
    };
    let many: Vec<Slot> = (0..33)
        .map(|number| {
            let mut slot = slots[0].clone();
            slot.header.slot = SlotId([number; 16]);
            slot
        })
        .collect();
    let head = b"iotabackup/slot-list/v1\0".len();
    for (name, class, comment, bytes) in [
        ("type", "unknown-type", "a later version", sign(&patched(&list, head - 2, b"2"))),
        ("version_0", "invalid", "version 0 does not exist", sign(&patched(&list, head + 16, &[0]))),
        ("empty", "invalid", "no slot", of(vec![])),
        ("order", "invalid", "slots out of order", of(vec![slots[1].clone(), slots[0].clone()])),
        ("twice", "invalid", "a slot stands twice", of(vec![slots[0].clone(), slots[0].clone()])),
        ("foreign", "invalid", "a slot of another account", of(vec![foreign])),
        ("too_many", "invalid", "33 slots", of(many)),
        ("count_beyond", "truncated", "three slots, of which two are there", sign(&patched(&list, head + 20, &[3]))),
    ] {
        folder.bad(name, class, comment, &case, Hex(bytes));
    }
}

fn words(folder: &mut Folder) {
    let case = Case::new("words");
    let good = case.with("words", some_words()).hex("kek", words_kek());
    folder.good("zeros", "the words for 16 zero bytes", &good, Text(some_words()));
    folder.good("typed", "capitals and many blanks", &good, Text(some_words().to_uppercase().replace(' ', " \n ")));
    for (name, text) in [
        ("checksum", "abandon ".repeat(12)),
        ("unknown", format!("{}abuot", "abandon ".repeat(11))),
        ("eleven", "abandon ".repeat(11)),
        ("thirteen", format!("{} about", some_words())),
        (
            "swapped",
            "about abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon".into(),
        ),
        ("empty", String::new()),
    ] {
        folder.bad(name, "text", "not the words", &case, Text(text));
    }
}

fn kits(folder: &mut Folder) {
    let place = KitPlace { server: "https://backup.example", server_id: ServerId([14; 16]), login: "ada@example.org" };
    let slot = Slot::decode(&words_slot(2)).expect("it is a slot");
    let words = || RecoveryWords::parse(&some_words()).expect("they are words");
    let page = Kit { words: words(), slot: slot.clone() }.to_text(&place);
    let case = Case::new("kit");
    let good = case.with("account", ACCOUNT).hex("master", MASTER).with("slot", slot_text(&slot));
    folder.good("page", "a printed kit", &good, Text(page.clone()));
    let minimal = some_words()
        .split(' ')
        .enumerate()
        .map(|(number, word)| format!("{}. {word}\n", number + 1))
        .collect::<String>();
    let slot_line = slot_text(&slot);
    folder.good(
        "typed",
        "only what is needed, in small letters after the prefix",
        &good,
        Text(format!("{minimal}{}", slot_line.to_lowercase().replacen("iota-slot-1", "IOTA-SLOT-1", 1))),
    );
    let other = minimal.replacen("abandon", "zoo", 1);
    folder.bad("checksum", "text", "a word was replaced", &case, Text(format!("{other}{slot_line}")));
    folder.bad("no_slot", "text", "the slot is missing", &case, Text(minimal.clone()));
    folder.bad("no_words", "text", "the words are missing", &case, Text(slot_line.clone()));
    folder.bad(
        "slot_mistyped",
        "text",
        "a letter of the slot is wrong",
        &case,
        Text(format!("{minimal}{}", mistyped(&slot_line))),
    );
    folder.bad(
        "slot_cut_off",
        "text",
        "the end of the slot is missing",
        &case,
        Text(format!("{minimal}{}", &slot_line[..200])),
    );
    let foreign = blob_text("IOTA-SLOT-1", &file_slot(2, &MASTER));
    folder.bad(
        "slot_of_key_file",
        "slot",
        "the slot belongs to a key file",
        &case,
        Text(format!("{minimal}{foreign}")),
    );
    let elsewhere = slot_blob(&slot_header(1, 2, (0, 0, 0), 2), &[0; 32], &MASTER);
    folder.bad(
        "other_slot",
        "slot",
        "the slot belongs to other words",
        &case,
        Text(minimal.clone() + &blob_text("IOTA-SLOT-1", &elsewhere)),
    );
    let long = longer(&words_slot(2));
    folder.bad(
        "slot_trailing",
        "trailing",
        "a byte after the slot",
        &case,
        Text(minimal + &blob_text("IOTA-SLOT-1", &long)),
    );
    folder.bad("too_long", "text", "a page of 65 KiB", &case, Text(page.clone() + &" ".repeat(65 << 10)));
}

/// The text form from the definition.
fn blob_text(prefix: &str, bytes: &[u8]) -> String {
    let checksum = blake3::derive_key("iotabackup 2026-11 v1 text checksum", &[prefix.as_bytes(), bytes].concat());
    format!("{prefix}-{}", BASE32_NOPAD.encode(&[bytes, &checksum[..4]].concat()))
}

/// `text` with one letter in its middle replaced by another.
fn mistyped(text: &str) -> String {
    let middle = text.len() / 2;
    let letter = if &text[middle..=middle] == "A" { "B" } else { "A" };
    format!("{}{letter}{}", &text[..middle], &text[middle + 1..])
}

fn key_files(folder: &mut Folder) {
    let case = Case::new("key-file");
    let (secret, slot) = (blob_text("IOTA-KEY-1", &FILE_SECRET), blob_text("IOTA-SLOT-1", &file_slot(2, &MASTER)));
    let good = case.with("account", ACCOUNT).hex("master", MASTER);
    folder.good("file", "a key file", &good, Text(format!("{secret}\n{slot}\n")));
    folder.bad("one_line", "text", "the slot is missing", &case, Text(format!("{secret}\n")));
    folder.bad("swapped", "text", "the lines are swapped", &case, Text(format!("{slot}\n{secret}\n")));
    folder.bad("mistyped", "text", "a letter is wrong", &case, Text(format!("{}\n{slot}\n", mistyped(&secret))));
    let short = blob_text("IOTA-KEY-1", &FILE_SECRET[..31]);
    folder.bad("short", "text", "a secret of 31 bytes", &case, Text(format!("{short}\n{slot}\n")));
    let other = blob_text("IOTA-KEY-1", &[0x34; 32]);
    folder.bad("other_secret", "slot", "the secret of another file", &case, Text(format!("{other}\n{slot}\n")));
    let prefix = secret.replacen("IOTA-KEY-1", "IOTA-KEY-2", 1);
    folder.bad("version", "text", "a later version", &case, Text(format!("{prefix}\n{slot}\n")));
    folder.bad("empty", "text", "nothing", &case, Text(String::new()));
}

/// The shares of `secret ⊕ x` for each byte, and of `secret ⊕ x²` when three are needed. x² of 16 is reduced: 0x1b.
fn share_blob(set: u8, (threshold, count, number): (u8, u8, u8), power: u8) -> Vec<u8> {
    let mut blob = vec![set; 16];
    blob.extend([threshold, count, number]);
    blob.extend(SHARED_SECRET.map(|byte| byte ^ power));
    blob
}

/// Not all bytes alike.
const SHARED_SECRET: [u8; 32] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 32, 64, 127, 128, 129, 250, 251, 252, 253, 254, 255, 27,
    83, 202, 99,
];

fn shares_slot(slot: u8, kind: u8) -> Vec<u8> {
    let kek = blake3::derive_key("iotabackup 2026-11 v1 shares", &SHARED_SECRET);
    slot_blob(&slot_header(1, kind, (0, 0, 0), slot), &kek, &MASTER)
}

fn shares(folder: &mut Folder) {
    let slot = shares_slot(2, 5);
    let slot_line = blob_text("IOTA-SLOT-1", &slot);
    let line =
        |blob: &[u8], slot: &[u8]| format!("{} {}", blob_text("IOTA-SHARE-1", blob), blob_text("IOTA-SLOT-1", slot));
    let two = |number: u8| share_blob(2, (2, 3, number), number);
    let case = Case::new("share");
    let good = case
        .with("set", SlotId([2; 16]))
        .with("threshold", 2)
        .with("count", 3)
        .with("number", 3)
        .hex("value", &two(3)[19..])
        .with("slot", &slot_line);
    let read = Share::parse(&line(&two(3), &slot)).expect("it is a share");
    let place = KitPlace { server: "https://backup.example", server_id: ServerId([14; 16]), login: "ada@example.org" };
    let page = read.to_text(&place);
    folder.good("page", "a printed sheet", &good, Text(page.clone()));
    folder.good("line", "only what is needed, in one line", &good, Text(line(&two(3), &slot)));
    folder.good(
        "typed",
        "small letters after the prefixes",
        &good,
        Text(line(&two(3), &slot).to_lowercase().replacen("iota-share-1", "IOTA-SHARE-1", 1).replacen(
            "iota-slot-1",
            "IOTA-SLOT-1",
            1,
        )),
    );
    let share_line = blob_text("IOTA-SHARE-1", &two(3));
    let file = file_slot(2, &MASTER);
    for (name, comment, text) in [
        ("empty", "nothing", String::new()),
        ("no_slot", "the slot is missing", share_line.clone()),
        ("no_share", "the share is missing", slot_line.clone()),
        ("swapped", "the slot stands before the share", format!("{slot_line} {share_line}")),
        ("mistyped", "a letter is wrong", format!("{} {slot_line}", mistyped(&share_line))),
        ("slot_mistyped", "a letter of the slot is wrong", format!("{share_line} {}", mistyped(&slot_line))),
        ("cut_off", "the end of the slot is missing", page[..page.len() - 20].to_owned()),
        ("version", "a later version", line(&two(3), &slot).replacen("IOTA-SHARE-1", "IOTA-SHARE-2", 1)),
        ("short", "a share of 50 bytes", line(&shorter(&two(3)), &slot)),
        ("long", "a share of 52 bytes", line(&longer(&two(3)), &slot)),
        ("threshold_1", "one would be enough", line(&patched(&two(3), 16, &[1]), &slot)),
        ("threshold_4", "more are needed than there are", line(&patched(&two(3), 16, &[4]), &slot)),
        ("count_17", "seventeen shares", line(&patched(&two(3), 17, &[17]), &slot)),
        ("number_0", "number 0 would be the secret itself", line(&patched(&two(3), 18, &[0]), &slot)),
        ("number_4", "number 4 of 3", line(&patched(&two(3), 18, &[4]), &slot)),
        ("other_slot", "the slot is that of another set", line(&two(3), &shares_slot(6, 5))),
        ("slot_of_key_file", "the slot belongs to a key file", line(&two(3), &file)),
        ("too_long", "more than 64 KiB", format!("{}{page}", " ".repeat(64 << 10))),
    ] {
        folder.bad(name, "text", comment, &case, Text(text));
    }

    let case = Case::new("shares");
    let good = case.hex("secret", SHARED_SECRET).with("account", ACCOUNT).hex("master", MASTER);
    let of = |case: &Case, blobs: &[Vec<u8>]| {
        let names = ["share-1", "share-2", "share-3", "share-4"];
        names.into_iter().zip(blobs).fold(case.clone(), |case, (name, blob)| case.with(name, line(blob, &slot)))
    };
    folder.good("two_of_three", "the first and the second", &of(&good, &[two(1), two(2)]), Hex(vec![]));
    folder.good("other_order", "the third and the first", &of(&good, &[two(3), two(1)]), Hex(vec![]));
    folder.good("more", "all three, where two are needed", &of(&good, &[two(1), two(2), two(3)]), Hex(vec![]));
    let three = |number: u8, power: u8| share_blob(2, (3, 16, number), power);
    let (first, third, last) = (three(1, 1), three(3, 5), three(16, 0x1b));
    folder.good(
        "three_of_sixteen",
        "the field is that of AES: 16² is 0x1b",
        &of(&good, &[first.clone(), last.clone(), third.clone()]),
        Hex(vec![]),
    );
    let altered = patched(&two(2), 50, &[0]);
    for (name, comment, blobs) in [
        ("one", "one where two are needed", vec![two(1)]),
        ("two_of_sixteen", "two where three are needed", vec![first.clone(), last]),
        ("twice", "the same one twice", vec![two(2), two(2)]),
        ("altered", "one that was altered, with a checksum that holds", vec![two(1), altered]),
        ("other_threshold", "of two sets that say to be one", vec![two(1), first]),
    ] {
        folder.bad(name, "shares", comment, &of(&case, &blobs), Hex(vec![]));
    }
    let one = case.with("share-1", line(&two(1), &slot));
    let elsewhere = line(&share_blob(6, (2, 3, 2), 2), &shares_slot(6, 5));
    folder.bad("other_set", "shares", "of two sets", &one.with("share-2", elsewhere), Hex(vec![]));
    let mixed = line(&two(2), &flipped(&slot, -1));
    folder.bad("other_slot", "shares", "with two slots of one id", &one.with("share-2", mixed), Hex(vec![]));
    folder.bad("none", "shares", "nothing", &case, Hex(vec![]));
}

fn logins(folder: &mut Folder) {
    let server = ServerId([14; 16]);
    let secret = login::auth_secret("Ada@Example.org ", PASSPHRASE, server).expect("there is memory");
    // From the definition.
    let name = b"ada@example.org";
    let salt = blake3::derive_key("iotabackup 2026-11 v1 login salt", &[&name[..], &server.0].concat());
    let mut stretched = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(65536, 3, 1, Some(32)).expect("within bounds"))
        .hash_password_into(PASSPHRASE.as_bytes(), &salt[..16], &mut stretched)
        .expect("there is memory");
    let defined = blake3::derive_key("iotabackup 2026-11 v1 login auth", &[&stretched[..], name, &server.0].concat());
    assert_eq!(secret.0, defined);
    let case =
        Case::new("login").with("login", "Ada@Example.org").with("password", PASSPHRASE).with("server-id", server);
    folder.good("auth_secret", "what is sent in place of the password", &case.hex("auth-secret", defined), Hex(vec![]));
}

fn code() -> EnrolCode {
    EnrolCode::generate(Some([0x55; 32]), &mut Seeded::new("code"))
}

fn codes(folder: &mut Folder) {
    let case = Case::new("enrol-code");
    let with_pin = code();
    let without = EnrolCode::generate(None, &mut Seeded::new("code without pin"));
    for (name, code) in [("pin", &with_pin), ("no_pin", &without)] {
        let text = code.to_text();
        let case =
            case.with("enrol-id", code.enrol_id).hex("pin", code.server_pin.unwrap_or_default()).with("text", &*text);
        folder.good(name, "a one-time code", &case, Text(format!("{}\n", *text)));
        folder.good(
            &format!("{name}_typed"),
            "small letters, blanks and no hyphens",
            &case,
            Text(text.to_lowercase().replace('-', " ")),
        );
    }
    let text = with_pin.to_text();
    let bytes = [&[1][..], &[7; 8], &[8; 32], &[0; 32]].concat();
    for (name, class, comment, text) in [
        ("mistyped", "text", "a letter is wrong", mistyped(&text)),
        ("cut_off", "text", "the end is missing", text[..60].to_owned()),
        ("prefix", "text", "another kind of text", text.replacen("ENROL", "KEY", 1)),
        ("letters", "text", "letters outside of the alphabet", format!("{}0189", *text)),
        ("empty", "text", "nothing", String::new()),
        ("version", "unknown-type", "a later version", blob_text("IOTA-ENROL-1", &patched(&bytes, 0, &[2]))),
        ("trailing", "trailing", "a byte too many", blob_text("IOTA-ENROL-1", &longer(&bytes))),
        ("short", "truncated", "a byte too few", blob_text("IOTA-ENROL-1", &shorter(&bytes))),
        (
            "checksum_of_other",
            "text",
            "the checksum of another kind",
            blob_text("IOTA-KEY-1", &bytes).replacen("IOTA-KEY-1", "IOTA-ENROL-1", 1),
        ),
        ("too_long", "text", "more than 4096 characters", "A".repeat(5000)),
    ] {
        folder.bad(name, class, comment, &case, Text(text));
    }
}

fn enrolments(folder: &mut Folder) {
    let agreement = AgreementSecret::from_bytes([11; 32]);
    let facts = MachineFacts { name: "attic".into(), system: "Debian 12".into(), disk_bytes: 1 << 40 };
    let hello = code().hello(device_key().verifying_key(), agreement.public(), &facts, &mut Seeded::new("hello"));
    let case = Case::new("enrol-hello")
        .with("code", &*code().to_text())
        .with("signing-key", hello.signing_key)
        .with("agreement-key", hello.agreement_key)
        .with("mac", hello.mac);
    let sealed = hello.sealed.0.clone();
    let good = case.with("name", "attic").with("system", "Debian 12").with("disk-bytes", facts.disk_bytes);
    folder.good("machine", "a machine's first message", &good, Hex(sealed.clone()));
    let other = SigningKey::from_seed(&[1; 32]).verifying_key();
    let other_code = EnrolCode::generate(None, &mut Seeded::new("other code"));
    for (name, comment, case) in [
        ("signing_key", "another signing key", case.with("signing-key", other)),
        (
            "agreement_key",
            "another agreement key",
            case.with("agreement-key", AgreementSecret::from_bytes([1; 32]).public()),
        ),
        ("mac", "another MAC", case.hex("mac", [0; 32])),
        ("code", "another code", case.with("code", &*other_code.to_text())),
    ] {
        folder.bad(name, "enrolment", comment, &case, Hex(sealed.clone()));
    }
    for (name, bytes) in [("flipped", flipped(&sealed, 30)), ("truncated", shorter(&sealed)), ("empty", vec![])] {
        folder.bad(name, "enrolment", "not what was sealed", &case, Hex(bytes));
    }

    let master = MasterKey::from_bytes(MASTER);
    let identity = master.identity(ACCOUNT);
    let signed = sign_certificate(certificate(1), &identity);
    let keys = MachineKeys {
        account: ACCOUNT,
        identity: identity.verifying_key(),
        server_id: ServerId([14; 16]),
        dedup_epoch: 1,
        dedup: master.dedup_key(ACCOUNT, 1),
        chunker: master.chunker_secret(ACCOUNT, 1),
        chunker_profile: 1,
        log_root: master.log_root(ACCOUNT, SET, 1),
        live: master.live_key(ACCOUNT, SET, 1),
    };
    let grant = code().seal_grant(&signed, &keys, &mut Seeded::new("grant")).expect("it seals");
    let case = Case::new("enrol-grant")
        .with("code", &*code().to_text())
        .hex("certificate", signed.encode())
        .hex("agreement-secret", agreement.expose());
    let good = case
        .with("account", ACCOUNT)
        .with("identity", keys.identity)
        .with("server-id", keys.server_id)
        .with("dedup-epoch", 1)
        .hex("dedup", keys.dedup.expose())
        .hex("chunker", keys.chunker.expose())
        .with("chunker-profile", 1)
        .hex("log-root", keys.log_root.expose())
        .hex("live", keys.live.expose());
    folder.good("machine", "the keys of a machine", &good, Hex(grant.clone()));
    for (name, position) in [("enc", 0), ("ciphertext", 32), ("tag", -1)] {
        folder.bad(
            &format!("flipped_{name}"),
            "enrolment",
            "one bit is flipped",
            &case,
            Hex(flipped(&grant, position)),
        );
    }
    folder.bad("truncated", "enrolment", "the last byte is missing", &case, Hex(shorter(&grant)));
    folder.bad("empty", "enrolment", "nothing", &case, Hex(vec![]));
    folder.bad(
        "other_code",
        "enrolment",
        "sealed under another code",
        &case.with("code", &*other_code.to_text()),
        Hex(grant.clone()),
    );
    folder.bad(
        "other_machine",
        "enrolment",
        "sealed to another machine",
        &case.hex("agreement-secret", [1; 32]),
        Hex(grant.clone()),
    );
    let later = sign_certificate(certificate(8), &identity);
    folder.bad(
        "other_certificate",
        "enrolment",
        "bound to another certificate",
        &case.hex("certificate", later.encode()),
        Hex(grant),
    );
    let forged = sign_certificate(certificate(1), &SigningKey::from_seed(&[1; 32]));
    let grant = code().seal_grant(&forged, &keys, &mut Seeded::new("forged")).expect("it seals");
    folder.bad(
        "forged_certificate",
        "enrolment",
        "the certificate is not signed by the account",
        &case.hex("certificate", forged.encode()),
        Hex(grant),
    );
    let unknown = MachineKeys {
        chunker_profile: 9,
        dedup: master.dedup_key(ACCOUNT, 1),
        chunker: master.chunker_secret(ACCOUNT, 1),
        log_root: master.log_root(ACCOUNT, SET, 1),
        live: master.live_key(ACCOUNT, SET, 1),
        ..keys
    };
    let grant = code().seal_grant(&signed, &unknown, &mut Seeded::new("profile")).expect("it seals");
    folder.bad("profile", "invalid", "a chunker that this version does not have", &case, Hex(grant));
}
