//! `iota include`, `iota exclude`, `iota rules`, `iota explain`: what is backed up, and how.

use super::{
    Context, Outcome, Usage,
    output::{JsonPath, human_bytes},
    status::service,
};
use anyhow::Result;
use clap::{Args, builder::BoolishValueParser};
use iota_agent::{
    durable,
    live::{
        Store,
        queue::{Saved, Waiting},
        status,
        urgency::Urgency,
    },
    monitor::{Clock, SystemClock},
    rules::{self, Choice, Edit, Explained, Notice, RuleFile, Rules, RulesError, Size, explain, root_path},
};
use serde_json::json;
use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

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

/// What `iota explain` takes.
#[derive(Debug, Args)]
pub struct Explain {
    /// A file or directory
    path: PathBuf,
}

/// Runs `iota explain`.
pub fn explain_path(context: &Context, arguments: &Explain) -> Result<Outcome> {
    let rules = Rules::compile(&rules::load(&context.config_dir)?)?;
    let path = std::path::absolute(&arguments.path)?;
    let Explained { decision, settings } = explain(&rules, &path, SystemClock.now_ms())
        .map_err(|error| anyhow::anyhow!("{} cannot be looked at: {error}; check the spelling", path.display()))?;
    context.output.line(format!("{}: {decision}", path.display()));
    let mut rows = Vec::new();
    for Choice { setting, value, source } in settings.iter().filter(|choice| choice.setting != "exclude") {
        let why = source.describe();
        context.output.line(format!("  {:<24} {why}", format!("{setting} = {value}")));
        rows.push(json!({"setting": setting, "value": value, "trait": source.trait_name, "why": why}));
    }
    // Whether something waits is told as far as it can be read.
    let waits = if decision.is_kept() { waits(context, &rules, &path).unwrap_or_default() } else { None };
    if let Some(reason) = &waits {
        context.output.line(format!("  It waits, or a directory above that changed: {reason}"));
    }
    let why = decision.to_string();
    context.output.object(&json!({"kept": decision.is_kept(), "why": why, "settings": rows, "waits": waits}));
    Ok(Outcome::Done)
}

/// Why the service has not backed a path up yet, if it waits.
fn waits(context: &Context, rules: &Rules, path: &Path) -> Result<Option<String>> {
    let now_ms = SystemClock.now_ms();
    if status::read(&context.state_dir, now_ms)?.is_none() {
        return Ok(None);
    }
    let Some(Saved { path, first_ms, last_ms, below }) = Store::find(&context.state_dir, path)? else {
        return Ok(None);
    };
    let urgency = Urgency::of_path(rules, &path, now_ms);
    let waiting = Waiting::new(first_ms, last_ms, below, urgency);
    Ok(Some(service::waiting(&status::waiting_path(&path, &waiting), now_ms)))
}

/// Changes the file when `edit` changes anything, and shows the rules that are in force then.
fn change(context: &Context, edit: impl FnOnce(&mut RuleFile) -> Result<Vec<Notice>>) -> Result<Outcome> {
    let before = rules::load(&context.config_dir)?;
    let mut file = before.clone();
    let notices = edit(&mut file)?;
    if file != before {
        let path = context.config_dir.clone();
        durable::create_private_dir(&path).map_err(|error| RulesError::Io { path, error })?;
        rules::save(&file, &context.config_dir)?;
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
        let path = root_path(root)?;
        output.line(format!("include {}", path.display()));
        roots.push(JsonPath::new(path.as_os_str().as_bytes()));
    }
    for pattern in &file.exclude {
        output.line(format!("exclude {pattern}"));
    }
    let yes_no = |yes| if yes { "yes" } else { "no" };
    for (name, settings) in &file.traits {
        output.line(format!("trait {name}: {}", one_line(settings)?));
    }
    for attachment in &file.attach {
        output.line(format!("attach {}", one_line(attachment)?));
    }
    output.line(format!("max-file-size {}", file.max_file_bytes.map_or("none".into(), human_bytes)));
    output.line(format!("cross-file-systems {}", yes_no(!file.one_file_system)));
    output.line(format!("skip-caches {}", yes_no(file.skip_caches)));
    output.object(&json!({
        "roots": roots,
        "exclude": file.exclude,
        "traits": file.traits,
        "attach": file.attach,
        "max_file_bytes": file.max_file_bytes,
        "cross_file_systems": !file.one_file_system,
        "skip_caches": file.skip_caches,
        "notices": notices.iter().map(Notice::to_string).collect::<Vec<_>>(),
    }));
    Ok(Outcome::Done)
}

/// Settings as in the file, side by side.
fn one_line(value: &impl serde::Serialize) -> Result<String> {
    let text = toml::to_string(value)?;
    Ok(text.trim_end().replace('\n', ", "))
}

fn parse_size(text: &str) -> Result<Option<u64>> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let size: Size = text.parse().map_err(Usage)?;
    Ok(Some(size.0))
}
