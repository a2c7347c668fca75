//! What became of a restore.

use iota_core::id::SetId;
use iota_core::restore::{Ending, Foretold, Outcome, ToldLoss};
use leptos::prelude::*;

use crate::components::ago::Ago;
use crate::components::problem_notice::sentence;
use crate::components::state::{Look, StateWord};
use crate::spot::{self, Spot};
use crate::words::{bytes, count, many, restore};

/// A state, and what is to be said of it.
pub fn told(look: Look, icon: &'static str, state: &'static str, words: impl Into<String>) -> AnyView {
    view! {
        <StateWord look icon text=state />
        <p>{words.into()}</p>
    }
    .into_any()
}

/// What was cancelled.
pub fn cancelled() -> AnyView {
    told(Look::Locked, "circle-slash", "Cancelled", "What was complete by then stays.")
}

/// What the machine said at the end.
pub fn ended(set: SetId, at: u64, outcome: &Outcome) -> AnyView {
    let how = match &outcome.ending {
        Ending::Done { loss_count, gaps, .. } => {
            let words = restore::done(outcome).unwrap_or_default();
            match loss_count + gaps {
                0 => told(Look::Ok, "circle-check", "Restored", words),
                _ => told(Look::Warn, "circle-alert", "Restored, with losses", words),
            }
        }
        Ending::Foretold(foretold) => {
            let words = restore::foretold(foretold, &outcome.target);
            told(Look::Past, "eye", "What would happen", words)
        }
        Ending::Cancelled => cancelled(),
        Ending::Failed { message } => {
            let words = format!("{} What is complete stays.", sentence(message));
            told(Look::Bad, "circle-x", "Could not go on", words)
        }
        Ending::Refused { message } => told(Look::Bad, "ban", "The machine refused", sentence(message)),
    };
    let more = match &outcome.ending {
        Ending::Done { kept, replaced, owners_left, losses, loss_count, gaps, .. } => {
            let rows =
                [("Kept as they were", *kept), ("Replaced", *replaced), ("Left to their new owner", *owners_left)];
            let lacked = (*gaps > 0).then(|| {
                let files = many(*gaps, "file or folder", "files and folders");
                view! { <p>{format!("Of {files} the backup itself had nothing, or an older form.")}</p> }
            });
            view! {
                {counts(&rows)}
                {lacked}
                {list_losses(losses, *loss_count)}
            }
            .into_any()
        }
        Ending::Foretold(foretold) => would_be(set, at, foretold),
        _ => ().into_any(),
    };
    view! {
        {how}
        <p>
            <bdi class="machine__path mono">{restore::paths(&outcome.paths, outcome.path_count)}</bdi>
            <br />
            {restore::overwrite_meant(outcome.overwrite)}
            " Ended "
            <Ago ms=outcome.ended_ms />
            "."
        </p>
        {more}
    }
    .into_any()
}

fn would_be(set: SetId, at: u64, foretold: &Foretold) -> AnyView {
    let rows = [
        ("Would be made", foretold.made),
        ("Would be replaced", foretold.replaced),
        ("Are there already, the same", foretold.same),
        ("Are newer there, and stay", foretold.newer),
        ("Cannot be read in the backup", foretold.lost),
    ];
    let size = (foretold.bytes > 0).then(|| bytes(foretold.bytes));
    let address = spot::browse(set, &Spot { at: Some(at), path: None });
    view! {
        {counts(&rows)}
        {list_in_the_way(&foretold.in_the_way, foretold.in_the_way_count)}
        <p>
            {match size {
                Some(size) => format!("Nothing was done so far. The same, for real, would write {size}: "),
                None => "Nothing was done so far. The same can be ordered for real: ".to_owned(),
            }}
            <a href=address>{"Open these files"}</a>
        </p>
    }
    .into_any()
}

/// Numbers with their words; those that are 0 are left out.
fn counts(rows: &[(&'static str, u64)]) -> Option<AnyView> {
    let rows: Vec<_> = rows
        .iter()
        .filter(|(_, number)| *number > 0)
        .map(|(term, number)| {
            view! {
                <div>
                    <dt>{*term}</dt>
                    <dd>{count(*number)}</dd>
                </div>
            }
        })
        .collect();
    (!rows.is_empty()).then(|| view! { <dl class="facts">{rows}</dl> }.into_any())
}

fn list_losses(losses: &[ToldLoss], all: u64) -> Option<AnyView> {
    let rows = losses.iter().map(|loss| (loss.path.clone(), Some(loss.reason.clone()))).collect();
    let title = many(all, "path is missing or not quite as it was", "paths are missing or not quite as they were");
    list(title, rows, all)
}

fn list_in_the_way(paths: &[String], all: u64) -> Option<AnyView> {
    let rows = paths.iter().map(|path| (path.clone(), None)).collect();
    let title =
        many(all, "path would be missing: something else is there", "paths would be missing: something else is there");
    list(title, rows, all)
}

fn list(title: String, rows: Vec<(String, Option<String>)>, all: u64) -> Option<AnyView> {
    let more = all.saturating_sub(rows.len() as u64);
    let rest =
        (more > 0).then(|| view! { <p>{format!("And {} more. The machine’s log names them all.", count(more))}</p> });
    let row = |(path, reason): (String, Option<String>)| {
        view! {
            <li>
                <bdi class="machine__path mono">{path}</bdi>
                {reason.map(|reason| view! { <p>{sentence(&reason)}</p> })}
            </li>
        }
    };
    let rows: Vec<_> = rows.into_iter().map(row).collect();
    (all > 0).then(|| {
        view! {
            <details class="machine__gaps">
                <summary>{title}</summary>
                <ul class="stack stack--tight">{rows}</ul>
                {rest}
            </details>
        }
        .into_any()
    })
}
