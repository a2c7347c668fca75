//! `iota retention`: how long how much is kept, of what is there now why, and what would go by another policy.

use super::{
    Context, Outcome, Usage,
    context::SignedIn,
    output::{clean, human_bytes},
    reading::{Set, missing},
};
use anyhow::Result;
use clap::{Args, Subcommand};
use iota_agent::{
    decide,
    history::{Snapshot, show_time},
    monitor::{Clock, SystemClock},
    owner::Owner,
    vault,
    witness::Witness,
};
use iota_core::retention::{Policy, Reason, UNDO_MS, Unit, Verdict, What, evaluate};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What `iota retention` takes.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    change: Option<Change>,
    #[command(flatten)]
    set: Set,
    /// Say what would go by another policy, written as in 7d,31d,366d,forever: everything, hourly, daily, weekly
    #[arg(long, value_name = "POLICY", value_parser = policy)]
    what_if: Option<Policy>,
}

/// What can be changed.
#[derive(Debug, Subcommand)]
enum Change {
    /// Decide what is kept of all sets of the account from now on
    Set {
        /// As in 7d,31d,366d,forever: how long everything is kept, two snapshots of each hour, of each day, of each week
        #[arg(value_parser = policy)]
        policy: Policy,
    },
}

fn policy(text: &str) -> std::result::Result<Policy, String> {
    text.parse()
}

/// Runs the command.
pub fn run(context: &Context, arguments: Arguments) -> Result<Outcome> {
    match arguments.change {
        Some(Change::Set { policy }) => set(context, policy),
        None => show(context, &arguments.set, arguments.what_if),
    }
}

fn set(context: &Context, policy: Policy) -> Result<Outcome> {
    let version = decide(context, |_| Ok(What::Keep(policy)))?;
    context.output.note(words(&policy));
    context.output.note(
        "Where this keeps more, it counts from now on. Where it keeps less, it is carried out in 14 days: until then the old policy can be set \
         again. What went before does not come back.",
    );
    context.output.object(&json!({"version": version, "policy": policy.to_string()}));
    Ok(Outcome::Done)
}

/// Signs in, and decides.
pub fn decide(context: &Context, what: impl FnOnce(&Owner) -> Result<What>) -> Result<u64> {
    let SignedIn { session, server_id, vault } = context.sign_in()?;
    let owner = vault::owner(session.http(), server_id, vault.account, vault.master);
    let mut witness = Witness::load(&context.config_dir, owner.account)?;
    let decisions = decide::decisions(&session, &owner, witness.decisions())?;
    let version = decide::decide(&session, &owner, &decisions, what(&owner)?, SystemClock.now_ms())?;
    witness.remember_decisions(version);
    witness.save()?;
    // It would end by itself.
    let _ = session.end();
    Ok(version)
}

fn show(context: &Context, set: &Set, what_if: Option<Policy>) -> Result<Outcome> {
    set.open(context, |set, history| {
        let decisions = missing::decisions(context, history)?;
        let snapshots = history.snapshots()?;
        let now_ms = SystemClock.now_ms();
        let in_force = decisions.in_force(now_ms);
        let policy = what_if.unwrap_or(in_force.policy);
        let judged = judge(&policy, &snapshots, now_ms);
        let output = context.output;
        output.note(words(&policy));
        if let (None, Some(until_ms)) = (what_if, in_force.until_ms) {
            output.note(format!(
                "That holds until {}, because an earlier policy kept more; then: {}",
                show_time(until_ms),
                words(&decisions.policy())
            ));
        }
        let title = if what_if.is_some() { "By this policy of" } else { "Of" };
        output.note(format!("{title} the {} snapshots of {} ({}):", snapshots.len(), clean(&set.name), set.info.set));
        let counts = counts(&judged);
        for (word, count) in &counts {
            output.line(format!("{count:>8}  {word}"));
        }
        let goes: Vec<&Snapshot> =
            judged.iter().filter(|(_, verdict)| *verdict == Verdict::Goes).map(|(snapshot, _)| *snapshot).collect();
        for snapshot in goes.iter().filter(|_| what_if.is_some()) {
            output.line(format!("would go: {:>8}  {}", snapshot.header.seq, show_time(snapshot.received_ms)));
        }
        let mut seqs: Vec<u64> = goes.iter().map(|snapshot| snapshot.header.seq).collect();
        seqs.sort_unstable();
        let freed = match what_if {
            Some(_) if !seqs.is_empty() => Some(history.freed(&seqs)),
            _ => None,
        };
        match &freed {
            Some(Ok(bytes)) => output.line(format!("That frees about {}.", human_bytes(*bytes))),
            // Which ones go is what matters; a server may be too busy to count.
            Some(Err(error)) => output.note(format!("How much that frees is not known: {error}")),
            None => {}
        }
        let standing: Vec<Value> = decisions
            .standing()
            .filter(|(_, deletion, decided_ms)| deletion.set == set.info.set && decided_ms + UNDO_MS > now_ms)
            .map(|(version, deletion, decided_ms)| {
                output.line(format!(
                    "deleted: {} to {}; `iota undelete {version}` takes that back until {}",
                    deletion.first,
                    deletion.last,
                    show_time(decided_ms + UNDO_MS)
                ));
                json!({"version": version, "first": deletion.first, "last": deletion.last, "until": show_time(decided_ms + UNDO_MS)})
            })
            .collect();
        output.object(&json!({
            "set": set.info.set,
            "policy": what_if.unwrap_or_else(|| decisions.policy()).to_string(),
            "in_force": {"policy": in_force.policy.to_string(), "until": in_force.until_ms.map(show_time)},
            "version": decisions.version(),
            "kept": counts,
            "goes": seqs,
            "freed_bytes": freed.and_then(Result::ok),
            "deleted": standing,
        }));
        Ok(Outcome::Done)
    })
}

/// Newest first.
fn judge<'s>(policy: &Policy, snapshots: &'s [Snapshot], now_ms: u64) -> Vec<(&'s Snapshot, Verdict)> {
    let points: Vec<_> = snapshots.iter().rev().map(Snapshot::point).collect();
    let head = points.last().map_or(0, |point| point.seq);
    let verdicts = evaluate(policy, &points, head, now_ms);
    snapshots.iter().zip(verdicts.into_iter().rev()).collect()
}

fn counts(judged: &[(&Snapshot, Verdict)]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for (_, verdict) in judged {
        *counts.entry(word(*verdict)).or_default() += 1;
    }
    counts
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Kept(Reason::Head) => "the newest",
        Verdict::Kept(Reason::Recent) => "recent: everything is kept",
        Verdict::Kept(Reason::Doubtful) => "clocks disagreed: never goes by itself",
        Verdict::Kept(Reason::First(Unit::Hour) | Reason::Last(Unit::Hour)) => "first or last of an hour",
        Verdict::Kept(Reason::First(Unit::Day) | Reason::Last(Unit::Day)) => "first or last of a day",
        Verdict::Kept(Reason::First(Unit::Week) | Reason::Last(Unit::Week)) => "first or last of a week",
        Verdict::Goes => "goes",
    }
}

/// A policy in a sentence.
fn words(policy: &Policy) -> String {
    let weekly = match policy.weekly_days() {
        Some(days) => format!("for {days} days"),
        None => "for ever".to_owned(),
    };
    format!(
        "Every snapshot is kept for {} days; then the first and the last of each hour until it is {} days old, of each day until {} \
         days, of each week {weekly}.",
        policy.every_days(),
        policy.hourly_days(),
        policy.daily_days()
    )
}

/// A number that a person gave must be one of a snapshot.
pub fn require_number(number: u64) -> std::result::Result<u64, Usage> {
    if number > 0 { Ok(number) } else { Err(Usage("snapshots are numbered from 1; see `iota snapshots`".into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_said_in_words() {
        assert_eq!(
            words(&Policy::default()),
            "Every snapshot is kept for 7 days; then the first and the last of each hour until it is 31 days old, of each day until \
             366 days, of each week for ever."
        );
        assert!(words(&Policy::new(7, 8, 9, Some(30)).unwrap()).ends_with("of each week for 30 days."));
    }
}
