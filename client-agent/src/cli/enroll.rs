//! `iota enroll`: this machine joins an account. `iota admit`: another one does.

use super::{
    Context, Outcome, Usage,
    context::SignedIn,
    output::{JsonPath, write},
    secrets::{self, Secret},
};
use anyhow::Result;
use clap::Args;
use iota_agent::{
    config::RunLock,
    enrol::{
        admit::{Doorkeeper, Wanted, wait_for_hello},
        facts,
        machine::Joining,
    },
    history::choose_set,
    identity::{Identity, IdentityError, check_private},
    monitor::{Clock, SystemClock},
    owner::Owner,
    ratchet::Ratchet,
    remote::http::{Http, Patience, ServerPin},
    vault,
    witness::Witness,
};
use iota_crypto::{enrol::EnrolCode, secret::system_random};
use serde_json::json;
use std::{os::unix::ffi::OsStrExt, sync::Arc};

/// What `iota enroll` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// One-time code from the owner. Others on this machine can read arguments: rather set IOTA_ENROL_CODE, or type it when
    /// asked. With --login no code is needed, this machine is let in here
    code: Option<String>,
    /// What the machine is called [default: its host name]
    #[arg(long)]
    name: Option<String>,
    /// Continue this set, with its history, instead of beginning a new one
    #[arg(long, value_name = "SET|NAME")]
    take_over: Option<String>,
    /// Begin a new set although this machine has one
    #[arg(long, conflicts_with = "take_over")]
    new_set: bool,
}

/// What `iota admit` takes.
#[derive(Debug, Args)]
pub struct Admit {
    /// What the machine is called [default: the name that it asks for]
    #[arg(long)]
    name: Option<String>,
    /// The set that it continues, instead of beginning a new one
    #[arg(long, value_name = "SET|NAME")]
    take_over: Option<String>,
}

/// Runs the command.
pub fn run(context: &Context, arguments: Arguments) -> Result<Outcome> {
    let _lock = RunLock::take(&context.config_dir)?;
    // Before anybody is asked: a machine that is let in and cannot keep its keys would leave a set without a writer.
    check_private(&context.config_dir)?;
    let (identity, ratchet) = match code(context, &arguments)? {
        Some(code) => by_code(context, &code, &arguments)?,
        None => by_login(context, &arguments)?,
    };
    identity.save(&context.config_dir, &ratchet)?;
    tell(context, &identity);
    Ok(Outcome::Done)
}

/// The owner's code, when there is one; asked for when nothing says who else lets this machine in.
fn code(context: &Context, arguments: &Arguments) -> Result<Option<Secret>> {
    if let Some(code) = &arguments.code {
        context.output.note(
            "Others on this machine could read the code on the command line; it serves once. Next time set IOTA_ENROL_CODE, or \
             give no code and type it when asked.",
        );
        return Ok(Some(Secret::new(code.clone())));
    }
    if let Some(code) = std::env::var("IOTA_ENROL_CODE").ok().filter(|code| !code.is_empty()) {
        return Ok(Some(Secret::new(code)));
    }
    if context.credentials.login.is_some() {
        return Ok(None);
    }
    // First what can be told without asking.
    context.server(present(context)?.as_ref())?;
    secrets::existing(None, "One-time code from the owner", "it in IOTA_ENROL_CODE, or --login EMAIL").map(Some)
}

/// The owner is elsewhere.
fn by_code(context: &Context, code: &str, arguments: &Arguments) -> Result<(Identity, Ratchet)> {
    if arguments.take_over.is_some() || arguments.new_set {
        return Err(Usage("with a code, the owner who made it chooses the set".into()).into());
    }
    let code = EnrolCode::parse(code)?;
    let known = present(context)?;
    let mut server = context.server(known.as_ref())?;
    server.pin = code.server_pin.map(ServerPin).or(server.pin);
    let http = Arc::new(Http::new(server, Patience::PERSON)?);
    let joining = Joining::begin(&http, code, facts::of_this_machine(arguments.name.as_deref()))?;
    context.output.note(format!("The words of this machine are: {}", joining.fingerprint()));
    context.output.note("Waiting for the owner to let this machine in…");
    Ok(joining.wait()?)
}

/// The owner is here: one process is both sides.
fn by_login(context: &Context, arguments: &Arguments) -> Result<(Identity, Ratchet)> {
    let known = present(context)?;
    let SignedIn { session, server_id, vault } = context.sign_in()?;
    let http = session.http().clone();
    let owner = vault::owner(&http, server_id, vault.account, vault.master);
    let wanted = wanted(context, arguments, known.as_ref(), &owner)?;
    let mut witness = Witness::load(&context.config_dir, owner.account)?;
    let code = new_code(&http);
    let theirs = EnrolCode::parse(&code.to_text())?;
    session.create_enrolment(code.enrol_id)?;
    let joining = Joining::begin(&http, theirs, facts::of_this_machine(arguments.name.as_deref()))?;
    let hello = wait_for_hello(&session, &code)?;
    let mut door = Doorkeeper { owner: &owner, session: &session, server_id, witness: &mut witness };
    door.admit(&code, &hello, arguments.name.as_deref(), &wanted, SystemClock.now_ms())?;
    let joined = joining.wait()?;
    // The session ends by itself soon; that it does at once is only tidiness.
    let _ = session.end();
    Ok(joined)
}

fn new_code(http: &Http) -> EnrolCode {
    EnrolCode::generate(http.server().pin.map(|pin| pin.0), &mut system_random())
}

/// Runs `iota admit`: makes a code for another machine, and lets in the one that uses it.
pub fn admit(context: &Context, arguments: Admit) -> Result<Outcome> {
    let SignedIn { session, server_id, vault } = context.sign_in()?;
    let owner = vault::owner(session.http(), server_id, vault.account, vault.master);
    let wanted = match &arguments.take_over {
        Some(set) => Wanted::TakeOver { set: choose_set(&owner, Some(set), None)?.info.set, known: None },
        None => Wanted::New,
    };
    let mut witness = Witness::load(&context.config_dir, owner.account)?;
    let code = new_code(session.http());
    session.create_enrolment(code.enrol_id)?;
    show_code(context, &code, &session.http().server().address.to_string());
    let hello = wait_for_hello(&session, &code)?;
    let mut door = Doorkeeper { owner: &owner, session: &session, server_id, witness: &mut witness };
    let (certificate, facts) = door.admit(&code, &hello, arguments.name.as_deref(), &wanted, SystemClock.now_ms())?;
    let _ = session.end();
    context.output.note(format!("{} ({}) is let in.", facts.name, facts.system));
    context.output.object(&json!({
        "set": certificate.set,
        "device": certificate.device,
        "key_epoch": certificate.key_epoch,
        "name": arguments.name.as_ref().unwrap_or(&facts.name),
        "system": facts.system,
        "disk_bytes": facts.disk_bytes,
    }));
    Ok(Outcome::Done)
}

/// With `--json` the code goes to standard error: the one object tells how it ended.
fn show_code(context: &Context, code: &EnrolCode, server: &str) {
    context.output.note(format!(
        "On the other machine, within 15 minutes:\n  iota enroll --server {server}\nIt asks for this code, which serves once:"
    ));
    let text = code.to_text();
    if context.output.json { write(std::io::stderr(), &text) } else { context.output.line(&*text) }
}

/// The identity that is there. A damaged one is replaced by enrolling, so it does not stop it.
fn present(context: &Context) -> Result<Option<Identity>> {
    match Identity::find(&context.config_dir) {
        Err(IdentityError::Damaged { .. }) => Ok(None),
        answer => Ok(answer?),
    }
}

/// The set that was asked for, or this machine's own when it has one.
fn wanted(context: &Context, arguments: &Arguments, known: Option<&Identity>, owner: &Owner) -> Result<Wanted> {
    let own = known.filter(|known| known.account == owner.account);
    let set = match (&arguments.take_over, own) {
        (Some(wanted), _) => choose_set(owner, Some(wanted), None)?.info.set,
        (None, Some(own)) if !arguments.new_set => own.set,
        (None, _) => return Ok(Wanted::New),
    };
    // What this machine itself knows of the set must be in the history that the server shows. A ratchet that cannot be
    // read knows nothing, and is why machines are enrolled again.
    let ratchet = Ratchet::load(&context.config_dir).ok().filter(|ratchet| ratchet.set == set);
    Ok(Wanted::TakeOver { set, known: ratchet.map(|ratchet| ratchet.chain.head()) })
}

fn tell(context: &Context, identity: &Identity) {
    context.output.note(format!("This machine is enrolled as {} ({}).", identity.name, identity.server.address));
    if identity.key_epoch > 1 {
        context
            .output
            .note("It continues its set with all its history; the machine that wrote it before may not any more.");
    }
    context.output.note("Next: `iota include PATH…`, then `iota backup`.");
    context.output.object(&json!({
        "account": identity.account,
        "set": identity.set,
        "device": identity.device,
        "key_epoch": identity.key_epoch,
        "name": identity.name,
        "server": identity.server.address.to_string(),
        "config_dir": JsonPath::new(context.config_dir.as_os_str().as_bytes()),
    }));
}
