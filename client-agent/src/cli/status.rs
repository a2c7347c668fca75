//! `iota status`: what is set up, what was backed up last, and what the service is doing.

pub mod service;

use super::{
    Context, Outcome,
    output::{JsonPath, human_ago},
};
use anyhow::Result;
use clap::Args;
use iota_agent::{
    history::show_time,
    identity::Identity,
    live::status,
    monitor::{Clock, SystemClock},
    ratchet::Ratchet,
    remote::{
        Remote, RemoteError,
        http::{Http, HttpRemote, Patience},
    },
    rules,
};
use iota_core::api::json::HeadInfo;
use serde_json::{Value, json};
use std::os::unix::ffi::OsStrExt;

/// What `iota status` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Fill the screen with what the service is doing, and follow it
    #[arg(long, conflicts_with_all = ["json", "quiet"])]
    watch: bool,
}

/// Runs the command. A server that does not answer is part of the answer.
pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    if arguments.watch {
        return service::watch(context);
    }
    let now_ms = SystemClock.now_ms();
    let service = status::read(&context.state_dir, now_ms)?;
    let identity = context.find_identity()?;
    let rules = rules::load(&context.config_dir)?;
    let ratchet = identity.as_ref().map(|identity| identity.ratchet(&context.config_dir)).transpose()?;
    let head = identity.as_ref().map(head);
    let roots = rules.roots.iter().map(rules::root_path).collect::<Result<Vec<_>, _>>()?;
    let output = context.output;
    match &identity {
        Some(identity) => {
            output.line(format!("Machine:   {} (set {})", identity.name, identity.set));
            output.line(format!("Server:    {}", identity.server.address));
        }
        None => output.line("Machine:   not enrolled; run `iota enroll`"),
    }
    output.line(format!("Config:    {}", context.config_dir.display()));
    output.line(format!("State:     {}", context.state_dir.display()));
    for root in &roots {
        output.line(format!("Include:   {}", root.display()));
    }
    if roots.is_empty() {
        output.line("Include:   nothing yet; run `iota include PATH…`");
    }
    if let (Some(ratchet), Some(head)) = (&ratchet, &head) {
        output.line(format!("Last:      {}", last(ratchet)));
        output.line(format!("At server: {}", at_server(ratchet, head)));
    }
    match &service {
        Some(status) => service::lines(status, now_ms).iter().for_each(|line| output.line(line)),
        None => output.line("Service:   not running; `iota run` watches and backs up what changes"),
    }
    output.object(&json!({
        "enrolled": identity.is_some(),
        "account": identity.as_ref().map(|identity| identity.account),
        "set": identity.as_ref().map(|identity| identity.set),
        "device": identity.as_ref().map(|identity| identity.device),
        "key_epoch": identity.as_ref().map(|identity| identity.key_epoch),
        "name": identity.as_ref().map(|identity| &identity.name),
        "server": identity.as_ref().map(|identity| identity.server.address.to_string()),
        "server_id": identity.as_ref().map(|identity| identity.server_id),
        "config_dir": JsonPath::new(context.config_dir.as_os_str().as_bytes()),
        "state_dir": JsonPath::new(context.state_dir.as_os_str().as_bytes()),
        "roots": roots.iter().map(|root| JsonPath::new(root.as_os_str().as_bytes())).collect::<Vec<_>>(),
        "last": ratchet.as_ref().map(|ratchet| {
            let (seq, hash) = ratchet.chain.head();
            json!({"seq": seq, "hash": hash, "received_ms": ratchet.head_received_ms})
        }),
        "server_head": head.as_ref().map(of_head),
        "service": service,
    }));
    Ok(Outcome::Done)
}

fn head(identity: &Identity) -> Result<Option<HeadInfo>, RemoteError> {
    let http = Http::new(identity.server.clone(), Patience::PERSON)?;
    HttpRemote::new(http.into(), identity.speaker()).head()
}

fn last(ratchet: &Ratchet) -> String {
    match ratchet.chain.head() {
        (0, _) => "nothing was backed up yet; run `iota backup`".into(),
        (seq, _) if ratchet.head_received_ms == 0 => format!("snapshot {seq}"),
        (seq, _) => {
            let received_ms = ratchet.head_received_ms;
            let ago = human_ago(SystemClock.now_ms(), received_ms);
            format!("snapshot {seq}, {ago} ({})", show_time(received_ms))
        }
    }
}

fn at_server(ratchet: &Ratchet, head: &Result<Option<HeadInfo>, RemoteError>) -> String {
    let known = ratchet.chain.head();
    match head {
        Err(error) => error.to_string(),
        Ok(None) if known.0 == 0 => "no snapshot yet".into(),
        Ok(Some(head)) if (head.seq, head.hash) == known => "the same".into(),
        Ok(Some(head)) if head.seq == known.0 + 1 && ratchet.pending.contains(&head.hash) => {
            format!("snapshot {}, of this machine; the next backup goes on from it", head.seq)
        }
        Ok(head) => format!(
            "snapshot {}, which this machine does not know; `iota doctor` says what to do",
            head.as_ref().map_or(0, |head| head.seq)
        ),
    }
}

fn of_head(head: &Result<Option<HeadInfo>, RemoteError>) -> Value {
    match head {
        Ok(Some(head)) => json!({"seq": head.seq, "hash": head.hash, "received_ms": head.received_ms}),
        Ok(None) => json!({"seq": 0}),
        Err(error) => json!({"error": error.to_string()}),
    }
}
