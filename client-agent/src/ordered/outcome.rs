//! The word to the owner.

use crate::{
    history::Fault,
    restore::{Forecast, Loss, LossReason, Report},
};
use iota_core::{
    path::TreePath,
    restore::{Ending, Foretold, MAX_TOLD_LOSSES, Opens, Outcome, ToldLoss},
};
use iota_crypto::restore::Wish;

/// Paths of an order that are named.
const MAX_NAMED: usize = 10;
/// Longest text of one name or reason, bytes.
const MAX_TEXT_BYTES: usize = 512;

/// What became of an order.
pub fn of(wish: &Wish, (began_ms, ended_ms): (u64, u64), ending: Ending) -> Outcome {
    Outcome {
        began_ms,
        ended_ms,
        paths: wish.paths.iter().take(MAX_NAMED).map(name).collect(),
        path_count: wish.paths.len() as u64,
        target: wish.target.clone(),
        overwrite: wish.overwrite,
        ending,
    }
}

/// The same without names.
pub fn brief(outcome: &Outcome) -> Outcome {
    let mut brief = Outcome { paths: Vec::new(), ..outcome.clone() };
    match &mut brief.ending {
        Ending::Done { losses, .. } => losses.clear(),
        Ending::Foretold(foretold) => foretold.in_the_way.clear(),
        Ending::Failed { message } | Ending::Refused { message } => *message = short(message),
        Ending::Cancelled => {}
    }
    brief
}

/// What was restored, and what is lost: what `opens` does not name cannot be told from what the server does not have.
pub fn done(report: &Report, gaps: u64, opens: Opens) -> Ending {
    let reason = |loss: &Loss| match (&loss.reason, opens) {
        (LossReason::Object(object), Opens::Files(_)) if object.fault == Fault::Missing => {
            format!("{object}, or this order does not open it: order the whole snapshot to find out")
        }
        (reason, _) => reason.to_string(),
    };
    let told = |loss: &Loss| ToldLoss {
        path: short(&format!("/{}", String::from_utf8_lossy(&loss.path))),
        reason: short(&reason(loss)),
    };
    Ending::Done {
        files: report.files,
        dirs: report.dirs,
        others: report.others,
        bytes: report.bytes,
        kept: report.kept,
        replaced: report.replaced,
        owners_left: report.owners_left,
        losses: report.losses.iter().take(MAX_TOLD_LOSSES).map(told).collect(),
        loss_count: report.loss_count,
        gaps,
    }
}

pub fn foretold(forecast: &Forecast) -> Ending {
    Ending::Foretold(Foretold {
        made: forecast.made,
        replaced: forecast.replaced,
        same: forecast.same,
        newer: forecast.newer,
        in_the_way: forecast.in_the_way.iter().take(MAX_TOLD_LOSSES).map(name).collect(),
        in_the_way_count: forecast.in_the_way_count,
        bytes: forecast.bytes,
        lost: forecast.lost,
    })
}

fn name(path: &TreePath) -> String {
    short(&format!("/{}", String::from_utf8_lossy(path.as_bytes())))
}

fn short(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_TEXT_BYTES);
    if end < text.len() { format!("{}…", &text[..end]) } else { text.to_owned() }
}
