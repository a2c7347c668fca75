//! Runs golden vectors: small text files that say what goes in and what must come out, or how it must fail.
//!
//! The same code runs them in native tests and inside wasm. How a vector describes itself is written in
//! `docs/format/vectors.md`.

mod fault;
mod plain;
mod sealed;
mod text;
mod vector;

use fault::{Check, Fault};
use vector::Vector;

/// Runs the vector `text`.
///
/// In wasm, what needs the compressor of codec 1 is only opened.
///
/// # Errors
/// What was expected and what happened.
pub fn run(text: &str) -> Result<(), String> {
    let vector = Vector::parse(text)?;
    match (vector.expect, check(&vector)) {
        ("success", Ok(())) => vector.all_used(),
        (expected, Err(Fault::Class(class))) if expected == class => Ok(()),
        (expected, Ok(())) => Err(format!("expected {expected}, but it succeeded")),
        (expected, Err(Fault::Class(class))) => Err(format!("expected {expected}, but it failed with {class}")),
        (_, Err(Fault::Broken(message))) => Err(message),
    }
}

/// Whether the vector `text` must fail.
///
/// # Errors
/// When it does not parse.
pub fn is_negative(text: &str) -> Result<bool, String> {
    Ok(Vector::parse(text)?.expect != "success")
}

fn check(vector: &Vector<'_>) -> Check {
    match vector.kind {
        "varint" => plain::varint(vector),
        "signed-varint" => plain::signed_varint(vector),
        "padme" => plain::padme(vector),
        "path" => plain::path(vector),
        "path-key" => plain::path_key(vector),
        "entry" => plain::entry(vector),
        "page" => plain::page(vector),
        "index" => plain::index(vector),
        "extent-page" => plain::extent_page(vector),
        "extent-index" => plain::extent_index(vector),
        "header" => plain::header(vector),
        "certificate" => plain::certificate(vector),
        "slot-list" => plain::slot_list(vector),
        "restore_grant" => plain::restore_grant(vector),
        "restore_order" => plain::restore_order(vector),
        "retention" => plain::retention(vector),
        "body-plain" => plain::body_plain(vector),
        "refs-root" => plain::refs_root(vector),
        "references" => plain::references(vector),
        "bitmap" => plain::bitmap(vector),
        "objects" => plain::objects(vector),
        "commit-frame" => plain::commit_frame(vector),
        "segment" => plain::segment(vector),
        "chain" => plain::chain(vector),
        "skip-path" => plain::skip_path(vector),
        "proof" => plain::proof(vector),
        "login-name" => plain::login_name(vector),
        "keys" => sealed::keys(vector),
        "ratchet" => sealed::ratchet(vector),
        "chunk" => sealed::chunk(vector),
        "chunk-seal" => sealed::chunk_seal(vector),
        "chunk-payload" => sealed::chunk_payload(vector),
        "codec1" => sealed::codec1(vector),
        "slot" => sealed::slot(vector),
        "body" => sealed::body(vector),
        "body-padded" => sealed::body_padded(vector),
        "label" => sealed::label(vector),
        "live" => sealed::live(vector),
        "cut" => sealed::cut(vector),
        "chunker" => sealed::chunker(vector),
        "size-class" => sealed::size_class(vector),
        "extents" => sealed::extents(vector),
        "login" => text::login(vector),
        "words" => text::words(vector),
        "kit" => text::kit(vector),
        "key-file" => text::key_file(vector),
        "share" => text::share(vector),
        "shares" => text::shares(vector),
        "enrol-code" => text::enrol_code(vector),
        "enrol-hello" => text::enrol_hello(vector),
        "enrol-grant" => text::enrol_grant(vector),
        kind => Err(Fault::Broken(format!("there is no kind of vector called {kind}"))),
    }
}
