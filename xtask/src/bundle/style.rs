//! One stylesheet out of the files in `style/`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The files in the order of their layers; the tokens come first because they name the layers.
pub fn sheet(style: &Path) -> Result<String> {
    let mut files: Vec<PathBuf> = ["tokens.css", "base.css", "layout.css"].map(|name| style.join(name)).to_vec();
    files.extend(sheets_in(&style.join("components"))?);
    files.extend(sheets_in(&style.join("pages"))?);
    files.push(style.join("utilities.css"));

    let mut sheet = String::new();
    for file in files {
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        sheet.push_str(text.trim_end());
        sheet.push('\n');
    }
    Ok(sheet)
}

/// The stylesheets of a folder by name.
fn sheets_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files = listed.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "css"));
    files.sort();
    Ok(files)
}
