//! `iota account …`: making an account, and the ways to open its vault.

use super::{Context, Outcome, Usage, context::SignedIn, secrets};
use anyhow::Result;
use clap::{Args, Subcommand};
use iota_agent::{
    account::{self, NewAccount, slots},
    remote::http::Patience,
    vault::OpenVault,
    witness::Witness,
};
use iota_core::id::SlotId;
use iota_crypto::kit::KitPlace;
use serde_json::json;
use std::path::PathBuf;

/// What can be done with an account.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the vault and its account; --kit says where the recovery kit is written, --key-file a key file
    Create(Create),
    /// List the ways to open the vault
    Slots,
    /// Add a key file, written to FILE
    AddKeyFile {
        /// Where it is written; must not be there yet
        file: PathBuf,
    },
    /// Add sheets for trusted people, some of whom together open the vault
    AddShares(AddShares),
    /// Add a passphrase
    AddPassphrase {
        /// File whose first line is the new passphrase; asked for otherwise
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// Remove a way to open the vault: the server hands it out no more. Kits, key files and sheets work without it: destroy them
    RemoveSlot {
        /// Its id, from `iota account slots`
        id: SlotId,
    },
}

impl Command {
    /// What to know when it is cut off.
    pub fn interrupted(&self) -> &'static str {
        match self {
            Self::Create(_) => {
                "interrupted; it is not known whether the account was made. If the kit was written, keep it and try to sign in; if \
                 that fails, delete the files that were written and begin again"
            }
            Self::Slots => "interrupted; nothing was changed",
            Self::AddKeyFile { .. } | Self::AddShares(_) | Self::AddPassphrase { .. } | Self::RemoveSlot { .. } => {
                "interrupted; `iota account slots` shows whether it was done. A key file or sheet that was written and is not \
                 listed there opens nothing"
            }
        }
    }
}

/// What `iota account create` takes.
#[derive(Debug, Args)]
pub struct Create {
    /// Set-up token or invitation
    #[arg(long, value_name = "CODE", env = "IOTA_INVITE", hide_env_values = true)]
    invite: String,
    /// Open the vault by a passphrase of its own instead of the password
    #[arg(long)]
    separate_passphrase: bool,
}

/// What `iota account add-shares` takes.
#[derive(Debug, Args)]
pub struct AddShares {
    /// How many of them are needed, 2 at least
    #[arg(long, value_name = "NUMBER")]
    threshold: u8,
    /// How many there are, 16 at most
    #[arg(long, value_name = "NUMBER")]
    count: u8,
    /// Directory that they are written to, a file for each
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// Runs the command.
pub fn run(context: &Context, command: Command) -> Result<Outcome> {
    match command {
        Command::Create(arguments) => create(context, &arguments),
        Command::Slots => list(context),
        Command::AddKeyFile { file } => {
            let SignedIn { session, vault, .. } = context.sign_in()?;
            let id = slots::add_key_file(&session, &vault, &file)?;
            context.output.note(format!("The key file is {}; keep it away from this machine.", file.display()));
            changed(context, &vault, id)
        }
        Command::AddShares(arguments) => add_shares(context, &arguments),
        Command::AddPassphrase { new_passphrase_file } => {
            let SignedIn { session, vault, .. } = context.sign_in()?;
            let passphrase = secrets::new(new_passphrase_file.as_deref(), "passphrase", "--new-passphrase-file")?;
            let id = slots::add_passphrase(&session, &vault, &passphrase)?;
            context.output.note("The passphrase opens the vault from now on.");
            changed(context, &vault, id)
        }
        Command::RemoveSlot { id } => {
            let SignedIn { session, vault, .. } = context.sign_in()?;
            slots::remove(&session, &vault, id)?;
            context.output.note("That way is gone from the server. A kit, a key file or sheets of it work without the server: destroy them.");
            changed(context, &vault, id)
        }
    }
}

fn add_shares(context: &Context, arguments: &AddShares) -> Result<Outcome> {
    let AddShares { threshold, count, to } = arguments;
    let SignedIn { session, server_id, vault } = context.sign_in()?;
    let server = context.server(context.find_identity()?.as_ref())?.address.to_string();
    let place = KitPlace { server: &server, server_id, login: &session.info.login };
    let id = slots::add_shares(&session, &vault, (*threshold, *count), to, &place)?;
    context.output.note(format!(
        "The sheets are in {}. They open the vault only together, {threshold} of {count}: print them, hand them out in person, \
         then delete the files.",
        to.display()
    ));
    changed(context, &vault, id)
}

/// From now on the list before the change is an old one.
fn changed(context: &Context, vault: &OpenVault, slot: SlotId) -> Result<Outcome> {
    let mut witness = Witness::load(&context.config_dir, vault.account)?;
    witness.remember_slots(vault.slots.list.version + 1);
    witness.save()?;
    context.output.object(&json!({"slot": slot}));
    Ok(Outcome::Done)
}

fn create(context: &Context, arguments: &Create) -> Result<Outcome> {
    let credentials = &context.credentials;
    let kit = credentials.kit.as_deref().ok_or_else(|| {
        Usage(
            "give --kit FILE: the recovery kit opens the vault when everything else is lost, so it has to be kept"
                .into(),
        )
    })?;
    let login = credentials.login.as_deref().ok_or_else(|| Usage("give --login EMAIL".into()))?;
    let http = context.http(None, Patience::PERSON)?;
    let password = secrets::new(credentials.password_file.as_deref(), "password", "--password-file")?;
    let passphrase = match &credentials.passphrase_file {
        None if !arguments.separate_passphrase => None,
        file => Some(secrets::new(file.as_deref(), "passphrase of the vault", "--passphrase-file")?),
    };
    let new = NewAccount {
        code: &arguments.invite,
        login,
        password: &password,
        passphrase: passphrase.as_deref().map(String::as_str),
        kit,
        key_file: credentials.key_file.as_deref(),
    };
    let session = account::create(&http, &new)?;
    let output = context.output;
    output.note(format!("The account of {login} is made."));
    output.note(format!("Print {} now, keep the paper where it is safe, and delete the file.", kit.display()));
    if let Some(key_file) = new.key_file {
        output.note(format!("Move {} away from this machine.", key_file.display()));
    }
    output.note("Next: `iota enroll --login EMAIL`.");
    output.object(&json!({
        "account": session.info.account,
        "login": session.info.login,
        "administrator": session.info.administrator,
        "kit": kit.to_string_lossy(),
    }));
    // It would end by itself.
    let _ = session.end();
    Ok(Outcome::Done)
}

fn list(context: &Context) -> Result<Outcome> {
    let SignedIn { vault, .. } = context.sign_in()?;
    let list = &vault.slots.list;
    for slot in &list.slots {
        context.output.line(format!("{}  {}", slot.header.slot, slots::kind_word(slot.header.kind)));
    }
    let slots: Vec<_> = list
        .slots
        .iter()
        .map(|slot| json!({"slot": slot.header.slot, "kind": slots::kind_word(slot.header.kind)}))
        .collect();
    context.output.object(&json!({"version": list.version, "slots": slots}));
    Ok(Outcome::Done)
}
