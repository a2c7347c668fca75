//! What the browser loads: the program in wasm with its glue, one stylesheet, the drawings.

mod minify;
mod parts;
pub mod program;
mod style;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use crate::assets::AssetWriter;
use crate::workspace;
use minify::{Language, minify};
use program::Program;

/// How to build.
#[derive(clap::Args)]
pub struct Options {
    /// Build small and final; needs `wasm-opt`.
    #[arg(long)]
    release: bool,
    /// Where to write; `site` in the target folder if not said.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The program `wasm-opt` of binaryen.
    #[arg(long, env = "WASM_OPT", value_name = "FILE", default_value = "wasm-opt")]
    wasm_opt: PathBuf,
    /// The program `esbuild`.
    #[arg(long, env = "ESBUILD", value_name = "FILE", default_value = "esbuild")]
    esbuild: PathBuf,
}

impl Options {
    /// In release, a smaller text.
    fn minified(&self, text: &str, language: Language) -> Result<String> {
        if self.release { minify(text, language, &self.esbuild) } else { Ok(text.to_owned()) }
    }
}

/// Builds everything beside the old output, then puts it in its place.
pub fn run(options: &Options) -> Result<()> {
    let out = options.out.clone().unwrap_or_else(|| workspace::target().join("site"));
    let fresh = sibling(&out, "new");
    let pages = program::build(&program::PAGES, options.release, &options.wasm_opt)?;
    let vault = program::build(&program::VAULT, options.release, &options.wasm_opt)?;
    let strength = program::build(&program::STRENGTH, options.release, &options.wasm_opt)?;

    let mut writer = AssetWriter::create(&fresh, if options.release { 11 } else { 5 })?;
    add(options, &mut writer, "iota", &pages, "app/start.js", None)?;
    add(options, &mut writer, "vault", &vault, "app/vault/start.js", Some(&strength))?;
    let helper = text(&workspace::root().join("app/sw.js"))?;
    writer.add("sw.js", options.minified(&helper, Language::Script)?.as_bytes())?;
    let sheet = style::sheet(&workspace::root().join("style"))?;
    writer.add("iota.css", options.minified(&sheet, Language::Css)?.as_bytes())?;
    for drawing in ["icons.svg", "rings.svg", "favicon.svg"] {
        writer.add(drawing, &read(&workspace::root().join("style/assets").join(drawing))?)?;
    }
    let manifest = writer.finish()?;

    replace(&fresh, &out)?;
    for (name, asset) in &manifest {
        println!("{name:12} {:>9} bytes, {:>8} compressed", asset.bytes, asset.brotli_bytes);
    }
    println!("written to {}", out.display());
    Ok(())
}

/// Adds a program and its module: bindgen's glue, and a script that fetches the very program that it was made for, its parts when they are needed,
/// and starts them. The glue of `strength`, which the module loads later, is a part of the module: what comes later is fixed by its hash as well.
fn add(
    options: &Options,
    writer: &mut AssetWriter,
    name: &str,
    program: &Program,
    script: &str,
    strength: Option<&Program>,
) -> Result<()> {
    let wasm = writer.add(&format!("{name}.wasm"), &program.wasm)?;
    let mut glue = program.glue.clone();
    let start = text(&workspace::root().join(script))?;
    let mut known = json!({ "url": wasm.url(), "integrity": wasm.integrity });
    if let Some(strength) = strength {
        let wasm = writer.add("strength.wasm", &strength.wasm)?;
        known["strength"] = json!({ "url": wasm.url(), "integrity": wasm.integrity });
        glue = format!("{glue}\n{}", strength.glue);
    }
    let mut parts = BTreeMap::new();
    for part in &program.parts {
        let functions = program.needed.iter().filter(|(_, parts)| parts.contains(&part.name));
        let part_of = functions.map(|(function, _)| parts::function(function).to_owned()).collect();
        let asset = writer.add_part(&format!("{name}-{}.wasm", part.short_name()), &part.wasm, part_of)?;
        parts.insert(&part.name, json!({ "url": asset.url(), "integrity": asset.integrity }));
    }
    if !parts.is_empty() {
        let in_order = |names: &Vec<String>| names.iter().map(|name| &parts[name]).collect::<Vec<_>>();
        known["parts"] =
            program.needed.iter().map(|(function, names)| (function.clone(), json!(in_order(names)))).collect();
    }
    let module = format!("{glue}\nconst PROGRAM = {known};\n{start}");
    writer.add(&format!("{name}.js"), options.minified(&module, Language::Module)?.as_bytes())?;
    Ok(())
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{suffix}"));
    path.with_file_name(name)
}

fn replace(fresh: &Path, out: &Path) -> Result<()> {
    let old = sibling(out, "old");
    if old.exists() {
        fs::remove_dir_all(&old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    if out.exists() {
        fs::rename(out, &old).with_context(|| format!("cannot move {} away", out.display()))?;
    }
    fs::rename(fresh, out).with_context(|| format!("cannot move {} into place", fresh.display()))?;
    if old.exists() {
        fs::remove_dir_all(&old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    Ok(())
}
