//! `iota restores`: what orders of the owner may do on this machine. The service carries them out.

use super::{Context, Outcome};
use anyhow::Result;
use clap::Args;
use iota_agent::{
    identity::Identity,
    live::status::Board,
    monitor::{Clock, SystemClock},
    ordered::{Allowed, Orders},
    remote::http::{HttpRemote, Patience},
};
use serde_json::json;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How often the service looks whether there is something to do.
const GLANCE: Duration = Duration::from_secs(1);
/// How often it asks the server, when nobody says that there is something.
const LOOK_EVERY: Duration = Duration::from_secs(15 * 60);
/// How long it waits after a failure.
const LOOK_AGAIN: Duration = Duration::from_secs(20);

/// What `iota restores` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where restores that were ordered in a browser may go on this machine: anywhere, beside (into a folder of their own only), never
    #[arg(long, value_name = "WHERE")]
    allow: Option<Allowed>,
}

/// Runs the command.
pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    context.identity()?;
    if let Some(allowed) = arguments.allow {
        allowed.save(&context.config_dir)?;
    }
    let allowed = Allowed::load(&context.config_dir)?;
    context.output.line(match allowed {
        Allowed::Anywhere => "Restores that are ordered in a browser may go anywhere on this machine.",
        Allowed::Beside => {
            "Restores that are ordered in a browser go into a folder of their own, never back to where things were."
        }
        Allowed::Never => "Restores that are ordered in a browser are refused on this machine.",
    });
    context.output.object(&json!({"allowed": allowed.to_string()}));
    Ok(Outcome::Done)
}

/// Carries out what the owner orders, until the service ends.
pub fn serve(context: &Context, identity: &Identity, board: &Board, look: &AtomicBool, ended: &AtomicBool) {
    let http = match context.http(Some(identity), Patience::BACKUP) {
        Ok(http) => http,
        Err(error) => return context.output.note(format!("Orders to restore cannot be carried out: {error}")),
    };
    let remote = HttpRemote::new(http, identity.speaker());
    let orders = Orders { identity, config_dir: &context.config_dir, remote: &remote, board, clock: &SystemClock };
    let mut next = Instant::now() + LOOK_EVERY;
    while !ended.load(Ordering::Relaxed) {
        if !look.swap(false, Ordering::Relaxed) && Instant::now() < next {
            thread::sleep(GLANCE);
            continue;
        }
        next = Instant::now() + LOOK_EVERY;
        if let Err(error) = orders.look() {
            if error.is_final() {
                return;
            }
            board.failed(&format!("an ordered restore could not go on: {error}"), SystemClock.now_ms());
            next = Instant::now() + LOOK_AGAIN;
        }
    }
}
