//! `iota include`, `iota exclude`, `iota rules`: what is backed up.

use super::{
    Context, Outcome, Usage,
    output::{JsonPath, human_bytes},
};
use anyhow::Result;
use clap::{Args, builder::BoolishValueParser};
use iota_agent::{
    durable,
    rules::{Notice, RuleFile, Rules, RulesError, explain},
};
use serde_json::json;
use std::{os::unix::ffi::OsStrExt, path::PathBuf};

/// What `iota include` takes.
#[derive(Debug, Args)]
pub struct Include {
    /// Files or directories
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Do not back these up any more; what was kept of them stays in the history
    #[arg(long)]
    remove: bool,
}

/// What `iota exclude` takes.
#[derive(Debug, Args)]
pub struct Exclude {
    /// Patterns as in .gitignore, counted from the root of the machine; `!` brings back
    #[arg(required = true)]
    patterns: Vec<String>,
    /// Take these patterns away
    #[arg(long)]
    remove: bool,
}

/// What `iota rules` takes.
#[derive(Debug, Args)]
pub struct Show {
    /// Leave out larger files: bytes, or with K, M, G, T; `none` for no limit
    #[arg(long, value_name = "SIZE")]
    max_file_size: Option<String>,
    /// Go into other file systems below the included paths: yes or no
    #[arg(long, value_name = "YES|NO", value_parser = BoolishValueParser::new())]
    cross_file_systems: Option<bool>,
    /// Leave out what is in directories with a CACHEDIR.TAG: yes or no
    #[arg(long, value_name = "YES|NO", value_parser = BoolishValueParser::new())]
    skip_caches: Option<bool>,
    /// Say why this path is, or is not, in the backup
    #[arg(long, value_name = "PATH")]
    explain: Option<PathBuf>,
}

/// Runs `iota include`.
pub fn include(context: &Context, arguments: Include) -> Result<Outcome> {
    change(context, |file| {
        let mut notices = Vec::new();
        for path in &arguments.paths {
            if !arguments.remove {
                notices.extend(file.include(path)?);
            } else if !file.forget_root(path)? {
                return Err(Usage(format!("{} is not included; `iota rules` lists what is", path.display())).into());
            }
        }
        Ok(notices)
    })
}

/// Runs `iota exclude`.
pub fn exclude(context: &Context, arguments: Exclude) -> Result<Outcome> {
    change(context, |file| {
        let mut notices = Vec::new();
        for pattern in &arguments.patterns {
            if !arguments.remove {
                notices.extend(file.exclude(pattern)?);
            } else if !file.forget_pattern(pattern) {
                return Err(Usage(format!("there is no pattern {pattern:?}; `iota rules` lists them")).into());
            }
        }
        Ok(notices)
    })
}

/// Runs `iota rules`.
pub fn show(context: &Context, arguments: Show) -> Result<Outcome> {
    if let Some(path) = &arguments.explain {
        return explain_path(context, path);
    }
    let max_file_bytes = arguments.max_file_size.as_deref().map(parse_size).transpose()?;
    change(context, |file| {
        if let Some(limit) = max_file_bytes {
            file.max_file_bytes = limit;
        }
        file.one_file_system = arguments.cross_file_systems.map_or(file.one_file_system, |cross| !cross);
        file.skip_caches = arguments.skip_caches.unwrap_or(file.skip_caches);
        Ok(file.contradictions()?)
    })
}

fn explain_path(context: &Context, path: &std::path::Path) -> Result<Outcome> {
    let rules = Rules::compile(&RuleFile::load(&context.config_dir)?)?;
    let path = std::path::absolute(path)?;
    let decision = explain(&rules, &path)
        .map_err(|error| anyhow::anyhow!("{} cannot be looked at: {error}; check the spelling", path.display()))?;
    context.output.line(format!("{}: {decision}", path.display()));
    context.output.object(&json!({"kept": decision.is_kept(), "why": decision.to_string()}));
    Ok(Outcome::Done)
}

/// Changes the file when `edit` changes anything, and shows the rules that are in force then.
fn change(context: &Context, edit: impl FnOnce(&mut RuleFile) -> Result<Vec<Notice>>) -> Result<Outcome> {
    let before = RuleFile::load(&context.config_dir)?;
    let mut file = before.clone();
    let notices = edit(&mut file)?;
    if file != before {
        let path = context.config_dir.clone();
        durable::create_private_dir(&path).map_err(|error| RulesError::Io { path, error })?;
        file.save(&context.config_dir)?;
    }
    for notice in &notices {
        context.output.note(notice);
    }
    print(context, &file, &notices)
}

fn print(context: &Context, file: &RuleFile, notices: &[Notice]) -> Result<Outcome> {
    let output = context.output;
    let mut roots = Vec::new();
    for root in &file.roots {
        let path = root.path()?;
        output.line(format!("include {}", path.display()));
        roots.push(JsonPath::new(path.as_os_str().as_bytes()));
    }
    for pattern in &file.exclude {
        output.line(format!("exclude {pattern}"));
    }
    let yes_no = |yes| if yes { "yes" } else { "no" };
    output.line(format!("max-file-size {}", file.max_file_bytes.map_or("none".into(), human_bytes)));
    output.line(format!("cross-file-systems {}", yes_no(!file.one_file_system)));
    output.line(format!("skip-caches {}", yes_no(file.skip_caches)));
    output.object(&json!({
        "roots": roots,
        "exclude": file.exclude,
        "max_file_bytes": file.max_file_bytes,
        "cross_file_systems": !file.one_file_system,
        "skip_caches": file.skip_caches,
        "notices": notices.iter().map(Notice::to_string).collect::<Vec<_>>(),
    }));
    Ok(Outcome::Done)
}

fn parse_size(text: &str) -> Result<Option<u64>> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let wrong = || Usage(format!("{text:?} is not a size; write bytes, or 500M, 4G, or none"));
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor: u64 = match text[digits.len()..].to_ascii_uppercase().trim_end_matches('B') {
        "" => 1,
        "K" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        _ => return Err(wrong().into()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    Ok(Some(number.checked_mul(factor).ok_or_else(wrong)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_parse() {
        for (text, size) in [("0", 0), ("123", 123), ("4G", 4_000_000_000), ("5mb", 5_000_000), ("1k", 1000), ("7B", 7)]
        {
            assert_eq!(parse_size(text).unwrap(), Some(size), "{text}");
        }
        assert_eq!(parse_size("none").unwrap(), None);
        for text in ["", "G", "-1", "1.5G", "4X", "99999999999999T", "4é"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
