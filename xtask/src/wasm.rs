//! Crates of the workspace compiled to wasm.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{process, workspace};

const TARGET: &str = "wasm32-unknown-unknown";

/// Compiles the library of a package and says where it lies. Where the toolchain has no wasm, `WASM_RUSTC` names a compiler that has.
pub fn compile(package: &str, features: &[&str], release: bool) -> Result<PathBuf> {
    let (profile, folder) = if release { ("wasm-release", "wasm-release") } else { ("dev", "debug") };
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root());
    cargo.args(["build", "--package", package, "--lib", "--features", &features.join(",")]);
    cargo.args(["--target", TARGET, "--profile", profile]);
    if let Some(compiler) = env::var_os("WASM_RUSTC") {
        cargo.env("RUSTC", compiler);
    }
    process::run(&mut cargo).context("is the target there? `rustup target add wasm32-unknown-unknown`")?;
    let file = format!("{}.wasm", package.replace('-', "_"));
    Ok(workspace::target().join(TARGET).join(folder).join(file))
}
