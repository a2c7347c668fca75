//! How far a machine is on the way to following every change.

use iota_core::live::{Stage, Status};
use leptos::prelude::*;

use super::at;
use crate::words::{count, many};

/// One step of the way.
struct Step {
    name: &'static str,
    words: String,
}

/// The steps in a row; the one that the machine is at stands out, and the ones after it are pale.
#[component]
pub(super) fn Stages(
    status: Status,
    /// Whether the machine is there: else nothing is under way that is known.
    listens: bool,
) -> impl IntoView {
    let current = current(&status).filter(|_| listens);
    let steps: Vec<_> =
        steps(&status, current).into_iter().enumerate().map(|(place, step)| item(place, step, current)).collect();
    view! {
        <ol class="stages" aria-label="Stages">
            {steps}
        </ol>
    }
    .into_any()
}

fn item(place: usize, step: Step, current: Option<usize>) -> AnyView {
    // While it rests or cannot go on, no step is under way.
    let later = current.is_none_or(|current| place > current);
    view! {
        <li class=if later { "stage stage--later" } else { "stage" } aria-current=(current == Some(place)).then_some("step")>
            <b>{step.name}</b>
            <small>{step.words}</small>
        </li>
    }
    .into_any()
}

/// The place of the step that is under way.
fn current(status: &Status) -> Option<usize> {
    match status.stage {
        Stage::FullBackup => Some(0),
        Stage::FullScan => Some(1),
        Stage::Incremental => Some(2),
        Stage::Idle if status.waiting > 0 => Some(2),
        Stage::Idle => Some(3),
        Stage::Starting | Stage::Paused | Stage::Offline => None,
    }
}

fn steps(status: &Status, current: Option<usize>) -> [Step; 4] {
    let so_far = || format!("{} so far", many(status.files, "file", "files"));
    let first = match current {
        Some(0) => so_far(),
        Some(_) => "done".to_owned(),
        None => "reads everything".to_owned(),
    };
    let look = match (current, status.last_scan_ms) {
        (Some(1), _) => so_far(),
        (_, Some(ms)) => format!("last at {}", at(ms)),
        _ => "looks at every file".to_owned(),
    };
    let catch_up = match current {
        Some(2) if status.stage == Stage::Idle => format!("{} waiting", count(status.waiting)),
        Some(2) => "storing what changed".to_owned(),
        Some(3) => "nothing left".to_owned(),
        _ => "stores what changed".to_owned(),
    };
    let live = match current {
        Some(3) => format!("watching {}", many(status.watched, "folder", "folders")),
        _ => "follows each change".to_owned(),
    };
    [("First backup", first), ("Look through", look), ("Catch up", catch_up), ("Live", live)]
        .map(|(name, words)| Step { name, words })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: &Status) -> (Option<usize>, Vec<String>) {
        let current = current(status);
        (current, steps(status, current).map(|step| step.words.replace('\u{a0}', " ")).into())
    }

    #[test]
    fn a_machine_goes_from_its_first_backup_to_following_each_change() {
        let status = |stage, waiting| Status { stage, waiting, files: 1_200, watched: 7, ..Status::default() };
        let (current, words) = told(&status(Stage::FullBackup, 3));
        assert_eq!((current, words[0].as_str()), (Some(0), "1,200 files so far"));
        let (current, words) = told(&status(Stage::FullScan, 0));
        assert_eq!((current, words[0].as_str(), words[1].as_str()), (Some(1), "done", "1,200 files so far"));
        assert_eq!(told(&status(Stage::Incremental, 0)).0, Some(2));
        let (current, words) = told(&status(Stage::Idle, 4));
        assert_eq!((current, words[2].as_str()), (Some(2), "4 waiting"));
        let (current, words) = told(&status(Stage::Idle, 0));
        assert_eq!((current, words[2].as_str(), words[3].as_str()), (Some(3), "nothing left", "watching 7 folders"));
        for stage in [Stage::Starting, Stage::Paused, Stage::Offline] {
            assert_eq!(told(&status(stage, 0)).0, None);
        }
    }
}
