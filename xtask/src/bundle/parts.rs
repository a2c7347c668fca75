//! A program cut into one that comes first and parts that come when they are needed: what functions with `#[lazy]` alone need. The cutter goes by
//! the relocations that the linker leaves in, and by the names of those functions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use wasm_split_cli_support::Options;

/// What the linker is told for a program that will be cut.
pub const LINK: &[&str] = &["--emit-relocs"];

/// The module that the program believes its loaders in.
const LOADERS: &str = "./loaders.js";

/// A program that was cut.
pub struct Cut {
    /// What comes first.
    pub first: PathBuf,
    /// By the lazy function, with the compiler's hash at the end: the files it needs, in the order in which they are to be started.
    pub needed: BTreeMap<String, Vec<String>>,
}

impl Cut {
    /// Cuts `compiled`, and writes the pieces into `folder`: `NAME.wasm`.
    pub fn make(compiled: &Path, folder: &Path) -> Result<Self> {
        let whole = fs::read(compiled).with_context(|| format!("cannot read {}", compiled.display()))?;
        let first = folder.join(compiled.file_name().context("a program has a name")?);
        let mut options = Options::new(&whole);
        options.output_dir = folder;
        options.main_out_path = &first;
        options.link_name = LOADERS;
        let cut = wasm_split_cli_support::transform(options)
            .map_err(|error| anyhow!("the program cannot be cut: {error:#}"))?;
        Ok(Self { first, needed: cut.prefetch_map.into_iter().collect() })
    }

    /// The names of all pieces but the first.
    pub fn pieces(&self) -> BTreeSet<&String> {
        self.needed.values().flatten().collect()
    }
}

/// The glue with `LOADERS`, which `app/start.js` makes, in place of the module that it imports once for each loader.
pub fn without_imports(glue: &str) -> Result<String> {
    let (mut imported, mut handed_on) = (0, 0);
    let mut kept = String::new();
    for line in glue.lines() {
        let import = line.strip_prefix("import * as ").and_then(|rest| rest.split_once(" from "));
        if import.is_some_and(|(_, from)| from.trim_matches([';', '"', '\'']) == LOADERS) {
            imported += 1;
        } else if line.trim_start().starts_with(&format!("\"{LOADERS}\":")) {
            if handed_on == 0 {
                kept += &format!("\"{LOADERS}\": LOADERS,\n");
            }
            handed_on += 1;
        } else {
            kept.extend([line, "\n"]);
        }
    }
    let known = imported > 0 && imported == handed_on && !kept.contains("\nimport ");
    ensure!(known, "wasm-bindgen's glue is not as it was: parts cannot be loaded");
    Ok(kept)
}

/// The lazy function of a name that the compiler made unique: `machine_part` of `machine_part_3296682274734915125`.
pub fn function(unique: &str) -> &str {
    unique.rsplit_once('_').map_or(unique, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loaders_are_no_import() {
        let glue = "import * as import1 from \"./loaders.js\"\nimport * as import2 from \"./loaders.js\"\n\
                    return {\n  \"./loaders.js\": import1,\n  \"./loaders.js\": import2,\n};\n";
        let expected = "return {\n\"./loaders.js\": LOADERS,\n};\n";
        assert_eq!(without_imports(glue).unwrap(), expected);
        assert!(without_imports("let wasm;\n").is_err());
        assert!(without_imports(&format!("{glue}import * as other from \"./other.js\"\n")).is_err());
    }

    #[test]
    fn functions_lose_what_makes_them_unique() {
        assert_eq!(function("machine_part_3296682274734915125"), "machine_part");
    }
}
