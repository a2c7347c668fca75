//! The owner's end of the sealed channel with a machine.

use iota_core::api::json::{Bytes, LiveState, SendOrder, SetLive};
use iota_core::id::SetId;
use iota_core::live::{MAX_ROOTS, MAX_RULES_BYTES, Order, Stage, Status};
use iota_core::vault::{Doing, GiveOrder, LiveView, MachineWord, Problem, ProblemKind, ReadLive};
use iota_crypto::keys::LiveKey;
use iota_crypto::live::{self as channel, Direction, Place};
use iota_crypto::secret::system_random;

use crate::api;
use crate::keys::OpenVault;
use crate::machines;
use crate::platform::Platform;
use crate::problem::{Result, failed};
use crate::show;
use crate::witness::SeenWord;

/// Numbers of statuses are times of the machine, in milliseconds. One that is newer than what is kept by no more than this is not
/// kept: there is at most one write a minute, and a later visit may miss the last minute of this one.
const KEPT_EVERY_MS: u64 = 60_000;
/// One further ahead of this browser's clock is not kept: when the machine's clock is put right, its words would be refused until
/// the time that it showed before.
const KEPT_AHEAD_MS: u64 = 5 * 60 * 1000;

/// What was heard of a machine, in this visit and in those before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heard {
    /// The key epoch of the machine.
    key_epoch: u32,
    /// Number of its newest status.
    status: u64,
    /// Number of the status that is kept for later visits.
    kept: u64,
    /// Number of the last order that it took, or was sent from here.
    order: u64,
}

/// Answers [`ReadLive`].
///
/// # Errors
/// When the server cannot be asked, or shows an older word than before in this browser; when the witness cannot be read.
pub async fn read(platform: &impl Platform, open: &OpenVault, question: &ReadLive) -> Result<LiveView> {
    let set = question.set;
    let key_epoch = key_epoch(platform, open, set).await?;
    // What is answered to a later question is not older.
    recall(platform, open, set, key_epoch).await?;
    let before = heard(open, set, key_epoch);
    let state: LiveState = api::get(platform, &format!("/sets/{set}/live")).await?;
    hear(platform, open, (set, before), &state).await
}

/// Answers [`iota_core::vault::ReadWords`]: of machines whose logs were verified, one question for all.
///
/// # Errors
/// When the server cannot be asked.
pub async fn words(platform: &impl Platform, open: &OpenVault) -> Result<Vec<MachineWord>> {
    let mut known = Vec::new();
    for history in open.histories() {
        let (set, key_epoch) = (history.set, history.certificates.newest().key_epoch);
        // What is wrong with one machine hides no other; its own page tells it.
        if recall(platform, open, set, key_epoch).await.is_ok() {
            known.push((set, heard(open, set, key_epoch)));
        }
    }
    let said: Vec<SetLive> = api::get(platform, "/sets/live").await?;
    let mut words = Vec::with_capacity(known.len());
    for SetLive { set, state } in said {
        open.require_open()?;
        let Some(&(_, before)) = known.iter().find(|(known, _)| *known == set) else { continue };
        let word = |received_ms, gap_count, doing| MachineWord { set, received_ms, doing, gap_count };
        words.extend(match hear(platform, open, (set, before), &state).await {
            Ok(LiveView { received_ms: Some(received_ms), status: Some(status), .. }) => {
                Some(word(received_ms, status.gap_count, doing(&status, received_ms)))
            }
            Err(problem) if problem.kind == ProblemKind::Altered => {
                Some(word(state.received_ms.unwrap_or_default(), 0, Doing::Unproven))
            }
            _ => None,
        });
    }
    Ok(words)
}

/// What a machine whose word arrived at a time is at. Its clock may be wrong, so its times are told by when they were before or after
/// its word was written.
fn doing(status: &Status, received_ms: u64) -> Doing {
    let by_server = |ms: u64| {
        if ms < status.written_ms {
            received_ms.saturating_sub(status.written_ms - ms)
        } else {
            received_ms.saturating_add(ms - status.written_ms)
        }
    };
    // Programs before told of it between two attempts only.
    let failing_since_ms = status.failing_since_ms.or((status.stage == Stage::Offline).then_some(status.since_ms));
    match (status.stage, failing_since_ms) {
        // Who asked for a pause knows; one that rests by itself has failed all the same.
        (Stage::Paused, since_ms) if since_ms.is_none() || status.resting.is_none() => Doing::Rests {
            since_ms: by_server(status.since_ms),
            until_ms: status.until_ms.map(by_server),
            resting: status.resting,
        },
        (_, Some(since_ms)) => {
            let reason = status.troubles.first().map(|trouble| trouble.reason.clone()).unwrap_or_default();
            Doing::Fails { since_ms: by_server(since_ms), reason }
        }
        _ => Doing::Works,
    }
}

/// Opens what the server shows of a machine: nothing that is older than what was heard `before` it was asked. Another question may have been
/// answered meanwhile.
async fn hear(
    platform: &impl Platform,
    open: &OpenVault,
    (set, before): (SetId, Heard),
    state: &LiveState,
) -> Result<LiveView> {
    let key_epoch = before.key_epoch;
    // One that does not open is of another machine that wrote this set before.
    let opened = match &state.status {
        Some(frame) => {
            channel::open(&key(open, set, key_epoch)?, Direction::ToOwner, &place(open, set), 0, &frame.0).ok()
        }
        None => None,
    };
    let Some((seq, json)) = opened else {
        return Ok(LiveView { listens: state.listens, received_ms: None, status: None });
    };
    if seq < before.status {
        let message = "the server shows an older word of this machine than before; what it does now is not known";
        return Err(Problem::new(ProblemKind::Altered, message));
    }
    let unread = |error| failed(format!("the machine’s word cannot be read ({error}): update its program"));
    let status: Status = serde_json::from_str(&json).map_err(unread)?;
    let heard = heard(open, set, key_epoch);
    // How old it is cannot be told: when it arrived is known from the server alone, and the machine's clock may be wrong.
    let is_news = seq > heard.kept.saturating_add(KEPT_EVERY_MS) || heard.kept == 0;
    let keeps = is_news && seq <= platform.now_ms().saturating_add(KEPT_AHEAD_MS);
    let kept = if keeps { seq } else { heard.kept };
    open.keep_heard(
        set,
        Heard { status: seq.max(heard.status), kept, order: heard.order.max(status.last_order), ..heard },
    );
    if keeps {
        SeenWord { key_epoch, status: seq }.note(platform, open.account, set).await;
    }
    Ok(LiveView { listens: state.listens, received_ms: state.received_ms, status: Some(safe(status)) })
}

/// Answers [`GiveOrder`].
///
/// # Errors
/// When the machine does not listen, or the server cannot be asked; when the witness cannot be read.
pub async fn order(platform: &impl Platform, open: &OpenVault, question: &GiveOrder) -> Result<u64> {
    check(&question.order)?;
    let set = question.set;
    let key_epoch = key_epoch(platform, open, set).await?;
    recall(platform, open, set, key_epoch).await?;
    let heard = heard(open, set, key_epoch);
    // Above all that the machine took, whoever gave it.
    let seq = platform.now_ms().max(heard.order + 1);
    let sealed = seal(open, set, key_epoch, seq, &question.order)?;
    open.keep_heard(set, Heard { order: seq, ..heard });
    let body = SendOrder { order: Bytes(sealed) };
    api::send::<()>(platform, "POST", &format!("/sets/{set}/orders"), &body).await?;
    Ok(seq)
}

/// What the machine would refuse, or could not tell of, is not sent.
fn check(order: &Order) -> Result<()> {
    let rules = match order {
        Order::SetRules { rules } | Order::ShowRules { draft: Some(rules) } => rules,
        _ => return Ok(()),
    };
    rules.check().map_err(failed)?;
    let json = serde_json::to_string(rules).map_err(|error| failed(error.to_string()))?;
    if json.len() > MAX_RULES_BYTES {
        return Err(failed("there are too many rules to send; change rules.toml on the machine itself".to_owned()));
    }
    Ok(())
}

fn seal(open: &OpenVault, set: SetId, key_epoch: u32, seq: u64, order: &Order) -> Result<Vec<u8>> {
    let json = serde_json::to_string(order).map_err(|error| failed(error.to_string()))?;
    let key = key(open, set, key_epoch)?;
    channel::seal(&key, Direction::ToMachine, &place(open, set), seq, &json, &mut system_random())
        .map_err(|error| failed(error.to_string()))
}

/// The epoch of the machine that writes the set now, by certificates that were verified.
async fn key_epoch(platform: &impl Platform, open: &OpenVault, set: SetId) -> Result<u32> {
    let history = match open.history(set) {
        Some(history) => history,
        None => machines::history(platform, open, set).await?,
    };
    Ok(history.certificates.newest().key_epoch)
}

/// Has at hand what earlier visits of this browser heard of a machine.
async fn recall(platform: &impl Platform, open: &OpenVault, set: SetId, key_epoch: u32) -> Result<()> {
    if of_epoch(open, set, key_epoch).is_some() {
        return Ok(());
    }
    let word = SeenWord::load(platform, open.account, set).await?;
    let status = word.filter(|word| word.key_epoch == key_epoch).map_or(0, |word| word.status);
    // Another question may have been faster.
    if of_epoch(open, set, key_epoch).is_none() {
        open.keep_heard(set, Heard { key_epoch, status, kept: status, order: 0 });
    }
    Ok(())
}

fn of_epoch(open: &OpenVault, set: SetId, key_epoch: u32) -> Option<Heard> {
    open.heard(set).filter(|heard| heard.key_epoch == key_epoch)
}

fn heard(open: &OpenVault, set: SetId, key_epoch: u32) -> Heard {
    of_epoch(open, set, key_epoch).unwrap_or(Heard { key_epoch, ..Heard::default() })
}

fn key(open: &OpenVault, set: SetId, key_epoch: u32) -> Result<LiveKey> {
    Ok(open.keys()?.master.live_key(open.account, set, key_epoch))
}

fn place(open: &OpenVault, set: SetId) -> Place {
    Place { account: open.account, set }
}

/// Names of files come from anywhere.
fn safe(mut status: Status) -> Status {
    let show = |name: &mut String| *name = show::text(name.as_bytes());
    status.first.iter_mut().for_each(|waiting| show(&mut waiting.path));
    status.current.iter_mut().for_each(show);
    // Rules themselves are edited, and stay as they are: fields show them.
    status.rules.iter_mut().for_each(|rules| rules.refused.iter_mut().for_each(show));
    status.restore.iter_mut().flat_map(|restore| &mut restore.current).for_each(show);
    status.roots.truncate(MAX_ROOTS);
    status.roots.iter_mut().for_each(show);
    status.troubles.iter_mut().for_each(|trouble| show(&mut trouble.reason));
    status
}
