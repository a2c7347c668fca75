//! Crates of the workspace compiled to wasm, bound to JavaScript, and made small or fast.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::{process, workspace};

const TARGET: &str = "wasm32-unknown-unknown";

/// Compiles the library of a package, for machines with `machine` (features of the target), told `link` when it is linked, and says where it lies.
/// Where the toolchain has no wasm, `WASM_RUSTC` names a compiler that has.
pub fn compile(package: &str, features: &[&str], machine: &[&str], link: &[&str], release: bool) -> Result<PathBuf> {
    let (profile, folder) = if release { ("wasm-release", "wasm-release") } else { ("dev", "debug") };
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root());
    cargo.args(["rustc", "--package", package, "--lib", "--features", &features.join(",")]);
    cargo.args(["--target", TARGET, "--profile", profile]);
    if !machine.is_empty() {
        // In place of the flags in .cargo/config.toml, which are for pages.
        cargo.args(["--config", &format!("target.{TARGET}.rustflags = ['-Ctarget-feature={}']", machine.join(","))]);
    }
    if let Some(compiler) = env::var_os("WASM_RUSTC") {
        cargo.env("RUSTC", compiler);
    }
    cargo.arg("--").args(link.iter().map(|flag| format!("-Clink-arg={flag}")));
    process::run(&mut cargo).context("is the target there? `rustup target add wasm32-unknown-unknown`")?;
    let file = format!("{}.wasm", package.replace('-', "_"));
    Ok(workspace::target().join(TARGET).join(folder).join(file))
}

/// Where a program runs.
#[derive(Clone, Copy)]
pub enum Host {
    /// A browser.
    Web,
    /// A browser, for what is first of a program that was cut: it shows its parts all that they share.
    First,
    /// Node.
    Node,
    /// A browser, as a part of another program's module: all of it lies in a constant of this name.
    Part(&'static str),
}

/// Writes the glue of what was compiled into `folder`, and beside it the program, `…_bg.wasm`, whose path it returns.
pub fn bind(compiled: &Path, host: Host, folder: &Path) -> Result<PathBuf> {
    let mut bindgen = Bindgen::new();
    match host {
        Host::Web => bindgen.web(true)?,
        Host::First => bindgen.web(true)?.keep_lld_exports(true),
        Host::Node => bindgen.nodejs(true)?,
        Host::Part(name) => bindgen.no_modules(true)?.no_modules_global(name)?,
    };
    bindgen
        .input_path(compiled)
        .typescript(false)
        .generate(folder)
        .context("wasm-bindgen cannot read what the compiler made")?;
    let name = compiled.file_stem().unwrap_or_default().to_string_lossy();
    Ok(folder.join(format!("{name}_bg.wasm")))
}

/// Only what is released is optimised once more: it takes longer than the rest.
pub fn optimise(wasm: &Path, how: &[&str], wasm_opt: &Path) -> Result<()> {
    if Command::new(wasm_opt).arg("--version").output().is_err() {
        bail!("{} is missing: `npm ci` in xtask brings it, or name it with --wasm-opt", wasm_opt.display());
    }
    process::run(Command::new(wasm_opt).args(how).arg(wasm).arg("-o").arg(wasm))
}
