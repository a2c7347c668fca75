//! `iota delete` and `iota undelete`: snapshots that are to go, whatever is kept otherwise, or the account itself.

use super::{
    Context, Outcome, Usage,
    retention::{decide, require_number},
};
use anyhow::Result;
use clap::Args;
use iota_agent::{history::choose_set, owner::Owner};
use iota_core::retention::{Deletion, What};
use serde_json::json;

/// What `iota delete` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Number of the snapshot, or of the first of several, from `iota snapshots`
    #[arg(required_unless_present_any = ["whole_set", "account"], conflicts_with_all = ["whole_set", "account"])]
    snapshot: Option<u64>,
    /// Number of the last, when there are several
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["whole_set", "account"])]
    to: Option<u64>,
    /// Delete everything of the set; its machine's key has to be taken away before
    #[arg(long, conflicts_with = "account")]
    whole_set: bool,
    /// Delete the account itself, with all of its sets; its login is given once more
    #[arg(long, value_name = "EMAIL", conflicts_with = "set")]
    account: Option<String>,
    /// Backup set, by name or id [default: this machine's, or the only one]
    #[arg(long, value_name = "ID|NAME")]
    set: Option<String>,
}

/// What `iota undelete` takes.
#[derive(Debug, Args)]
pub struct Undo {
    /// Number of the deletion, which `iota delete` told and `iota retention` lists
    deletion: u64,
}

/// Deletes.
pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    if let Some(account) = &arguments.account {
        return close(context, account);
    }
    let mut deleted = None;
    let version = decide(context, |owner| {
        let deletion = choose(context, arguments, owner)?;
        deleted = Some(deletion);
        Ok(What::Delete(deletion))
    })?;
    let output = context.output;
    output.note(format!("Deleted. For 14 days `iota undelete {version}` takes it back; after that it is gone."));
    let range = deleted.map(|deletion| json!({"set": deletion.set, "first": deletion.first, "last": deletion.last}));
    output.object(&json!({"deletion": version, "deleted": range}));
    Ok(Outcome::Done)
}

/// Deletes the account, named once more by whoever signs in.
fn close(context: &Context, account: &str) -> Result<Outcome> {
    if context.credentials.login.as_deref().is_none_or(|login| !login.trim().eq_ignore_ascii_case(account.trim())) {
        return Err(Usage(
            "--account names the login that --login signs in with, as it cannot be guessed which is meant".into(),
        )
        .into());
    }
    let version = decide(context, |_| Ok(What::Close))?;
    let output = context.output;
    output.note(format!(
        "The account is to be deleted. For 14 days its machines go on, and `iota undelete {version}` takes it back; after that all of it \
         is gone."
    ));
    output.object(&json!({"deletion": version, "account": account}));
    Ok(Outcome::Done)
}

fn choose(context: &Context, arguments: &Arguments, owner: &Owner) -> Result<Deletion> {
    let own = context.find_identity()?.filter(|identity| identity.account == owner.account);
    let set = choose_set(owner, arguments.set.as_deref(), own.map(|identity| identity.set))?;
    let head = set.info.head.as_ref().map_or(0, |head| head.seq);
    let (first, last) = match arguments.snapshot {
        Some(first) => (require_number(first)?, arguments.to.unwrap_or(first)),
        None => (1, require_number(head)?),
    };
    if last < first {
        return Err(Usage("the last snapshot comes after the first; see `iota snapshots`".into()).into());
    }
    Ok(Deletion { set: set.info.set, first, last })
}

/// Takes a deletion back.
pub fn undo(context: &Context, arguments: &Undo) -> Result<Outcome> {
    let deletion = require_number(arguments.deletion)?;
    let version = decide(context, |_| Ok(What::Undo(deletion)))?;
    context.output.note("It is taken back: what was deleted is there again.");
    context.output.object(&json!({"version": version, "deletion": deletion}));
    Ok(Outcome::Done)
}
