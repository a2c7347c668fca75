//! What the server's SQL queries need in order to be checked without a database: one file per query in `.sqlx`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::database::Database;
use crate::{process, workspace};

/// How to prepare.
#[derive(clap::Args)]
pub struct Options {
    /// Change nothing; fail if something would change.
    #[arg(long)]
    check: bool,
}

/// Compiles the server against a temporary Postgres with all migrations; sqlx then writes what it learns.
pub fn run(options: &Options) -> Result<()> {
    let root = workspace::root();
    let database = Database::start()?;
    for migration in files_in(&root.join("migrations"), "sql")? {
        database.execute(&migration)?;
    }
    let fresh = tempfile::tempdir()?;
    describe_queries(&root, &database, fresh.path())?;

    let (old, new) = (contents(&root.join(".sqlx"))?, contents(fresh.path())?);
    if old == new {
        println!(".sqlx is up to date ({} queries)", new.len());
        return Ok(());
    }
    if options.check {
        bail!(".sqlx is out of date: run `cargo run -p xtask -- sqlx-prepare` and commit the folder");
    }
    write(&root.join(".sqlx"), &old, &new)?;
    println!(".sqlx has {} queries", new.len());
    Ok(())
}

fn describe_queries(root: &Path, database: &Database, folder: &Path) -> Result<()> {
    touch_roots(&root.join("server"))?;
    let mut cargo = process::cargo();
    cargo.current_dir(root).args(["check", "--quiet", "--package", "iota-server", "--all-targets"]);
    cargo.env("DATABASE_URL", database.url()).env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", folder);
    process::run(&mut cargo)
}

/// Makes cargo expand the macros again: it does not know that they depend on a database.
fn touch_roots(package: &Path) -> Result<()> {
    let mut roots = vec![package.join("src/lib.rs"), package.join("src/main.rs")];
    for folder in ["tests", "examples", "benches"] {
        roots.extend(files_in(&package.join(folder), "rs")?);
    }
    for root in roots.iter().filter(|root| root.exists()) {
        let file =
            File::options().append(true).open(root).with_context(|| format!("cannot open {}", root.display()))?;
        file.set_modified(SystemTime::now())?;
    }
    Ok(())
}

/// The files of a folder with this extension, by name; none if there is no such folder.
fn files_in(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let listed = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files = listed.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|end| end == extension));
    files.sort();
    Ok(files)
}

/// Name and text of each description.
fn contents(folder: &Path) -> Result<BTreeMap<String, String>> {
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, text))
    };
    files_in(folder, "json")?.into_iter().map(read).collect()
}

fn write(folder: &Path, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Result<()> {
    fs::create_dir_all(folder)?;
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        fs::remove_file(folder.join(name))?;
    }
    for (name, text) in new {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}
