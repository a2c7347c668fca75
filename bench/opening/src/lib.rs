//! How fast the browser's vault opens what a server sends: pieces of files, folders of a large set, and its past. The same code runs
//! natively and as wasm, so that the one can be told as a share of the other.
//!
//! ```text
//! main (native) ──► fixture ──► measure (native, or wasm under Node) ──► report ──► table
//! ```
//! Everything is opened as in the Worker: by the vault's desk, and pieces by the opener that downloads use. What the network and the
//! browser's storage take is not in these times; what crosses the network is counted.

pub mod browser;
pub mod clock;
pub mod fixture;
pub mod measure;
pub mod memory;
pub mod report;
pub mod time;

/// Measures with a fixture; returns the [`report::Report`] as JSON.
#[cfg(target_family = "wasm")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn measure(fixture: Vec<u8>) -> Result<String, String> {
    let report = measure::measure(fixture).map_err(|error| error.to_string())?;
    serde_json::to_string(&report).map_err(|error| error.to_string())
}
