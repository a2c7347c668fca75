//! Styles and scripts without what only people read: comments, spaces, long names.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// What a text is.
#[derive(Clone, Copy)]
pub enum Language {
    /// A stylesheet.
    Css,
    /// A module.
    Module,
    /// A script that is no module.
    Script,
}

/// The same for browsers, smaller. Nothing is lowered for older ones.
pub fn minify(text: &str, language: Language, esbuild: &Path) -> Result<String> {
    let how: &[&str] = match language {
        Language::Css => &["--loader=css"],
        Language::Module => &["--loader=js", "--format=esm"],
        Language::Script => &["--loader=js"],
    };
    let mut command = Command::new(esbuild);
    command.args(["--minify", "--target=esnext", "--charset=utf8", "--log-level=warning"]).args(how);
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = started.with_context(|| {
        format!("{} is missing: `npm ci` in xtask brings it, or name it with --esbuild", esbuild.display())
    })?;
    // It reads all before it writes.
    child.stdin.take().context("it has no input")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{} failed: {}", esbuild.display(), output.status);
    }
    String::from_utf8(output.stdout).context("it wrote no text")
}
