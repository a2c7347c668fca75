//! `/machines/:set/rules`: what a machine backs up, what it leaves out, and traits, edited in a draft that only "Seal and save" sends.

mod attachments;
mod draft;
mod lists;
mod pace;
mod trait_dialog;
mod why;

use iota_core::id::SetId;
use iota_core::rules::{RuleCoverage, Share};
use leptos::prelude::*;

use crate::components::busy_button::BusyButton;
use crate::components::gate::LockedNotice;
use crate::components::icon::Icon;
use crate::components::machine_frame::{MachineFrame, Tab};
use crate::components::problem_notice::ProblemNotice;
use crate::components::right_now::Word;
use crate::components::skeleton::Skeleton;
use crate::components::when_open::WhenOpen;
use crate::words::{bytes, many};

use attachments::Attachments;
use draft::Draft;
use lists::{LeftOut, Roots};
use pace::Pace;
use why::Why;

/// The rules, while the machine is connected.
#[component]
pub fn RulesPage() -> impl IntoView {
    view! { <MachineFrame tab=Tab::Rules children=Callback::new(|set| view! { <Rules set /> }.into_any()) /> }
}

#[component]
fn Rules(set: SetId) -> impl IntoView {
    let draft = Draft::follow(set, Word::follow(set));
    view! {
        <WhenOpen otherwise=|| {
            view! { <LockedNotice /> }
        }>
            <Known draft />
        </WhenOpen>
    }
    .into_any()
}

#[component]
fn Known(draft: Draft) -> impl IntoView {
    // The editor is made once, and stays while somebody types.
    let state = Memo::new(move |_| (draft.is_known(), draft.listens()));
    move || {
        match state.get() {
        (true, _) => view! { <Editor draft /> }.into_any(),
        (false, Some(false)) => {
            view! {
                <div class="notice">
                    <Icon name="wifi-off" />
                    <div>
                        <b>"This machine is not connected now."</b>
                        <p>
                            "Its rules are kept on the machine itself, and show here as soon as it is online and its service runs. On the machine, "
                            <code>"iota rules"</code> " shows them."
                        </p>
                    </div>
                </div>
            }
            .into_any()
        }
        (false, _) => view! {
            <section class="card" aria-label="Rules">
                {move || draft.problem().map(|problem| view! { <ProblemNotice problem /> })}
                <Skeleton lines=4 />
            </section>
        }
        .into_any(),
    }
    }
}

#[component]
fn Editor(draft: Draft) -> impl IntoView {
    view! {
        {move || draft.problem().map(|problem| view! { <ProblemNotice problem /> })}
        {move || {
            draft.refused().map(|reason| {
                view! {
                    <div class="notice notice--warn">
                        <Icon name="triangle-alert" />
                        <div>
                            <b>"The machine did not take these rules."</b>
                            <p>{reason}</p>
                        </div>
                    </div>
                }
            })
        }}
        <section class="card" aria-labelledby="cover">
            <div class="card__head">
                <h2 class="card__title" id="cover">
                    "What the rules cover"
                </h2>
                <span class="small ink-3" role="status">
                    {move || {
                        match (draft.coverage().is_some(), draft.problem().is_some()) {
                            (true, _) => "counted by the machine just now",
                            (false, true) => "not counted",
                            (false, false) => "the machine is counting…",
                        }
                    }}
                </span>
            </div>
            <Cover draft />
        </section>
        <div class="split">
            <div class="stack">
                <Roots draft />
                <LeftOut draft />
                <Why draft />
            </div>
            <div class="stack">
                <Attachments draft />
                <Pace draft />
            </div>
        </div>
        <Foot draft />
    }
    .into_any()
}

#[component]
fn Cover(draft: Draft) -> impl IntoView {
    let figure = |word: &'static str, note: &'static str, of: fn(&RuleCoverage) -> Share| {
        let share = Memo::new(move |_| draft.coverage().map(|coverage| of(&coverage)));
        view! {
            <div>
                <dt>{word}</dt>
                <dd>{move || share.get().map_or_else(|| "…".to_owned(), |share| bytes(share.bytes))}</dd>
                <dd class="figures__note">
                    {move || share.get().map_or_else(|| note.to_owned(), |share| many(share.files, "file", "files"))}
                </dd>
            </div>
        }
    };
    let left_out = |coverage: &RuleCoverage| {
        let shares = coverage.exclude.iter().chain([&coverage.too_large]);
        shares.fold(Share::default(), |sum, share| Share {
            files: sum.files + share.files,
            bytes: sum.bytes + share.bytes,
        })
    };
    view! {
        <dl class="figures">
            {figure("Backed up", "being counted", |coverage| coverage.kept)} {figure("Left out", "being counted", left_out)}
        </dl>
    }
    .into_any()
}

/// What a save would change, and the two ways to go.
#[component]
fn Foot(draft: Draft) -> impl IntoView {
    let words = move || match draft.difference() {
        None => "The machine is counting what this changes.".to_owned(),
        Some(difference) => change_words(difference),
    };
    move || {
        draft.is_changed().then(|| {
            view! {
                <div class="rules-foot" role="region" aria-label="Changes that are not saved">
                    <span>
                        <b>"Before you save: "</b>
                        {words}
                    </span>
                    <div class="button-group">
                        <button class="button" type="button" on:click=move |_| draft.discard()>
                            "Discard"
                        </button>
                        <BusyButton
                            busy=draft.saving()
                            label="Seal and save"
                            working="Waiting for the machine…"
                            class="button--primary"
                            on_press=Callback::new(move |()| draft.save())
                        />
                    </div>
                </div>
            }
        })
    }
}

/// From what is in force to the draft, in files and bytes.
fn change_words((before, after): (Share, Share)) -> String {
    let part = |from: u64, to: u64, say: &dyn Fn(u64) -> String| {
        (to > from)
            .then(|| format!("{} more", say(to - from)))
            .or((from > to).then(|| format!("{} less", say(from - to))))
    };
    let files = part(before.files, after.files, &|files| many(files, "file", "files"));
    let size = part(before.bytes, after.bytes, &bytes);
    match (files, size) {
        (None, None) => "the same files to back up.".to_owned(),
        (Some(files), Some(size)) => format!("{files} ({size}) to back up."),
        (Some(one), None) | (None, Some(one)) => format!("{one} to back up."),
    }
}

/// What a rule covers, beside it.
fn share_words(share: Option<Share>) -> String {
    share.map_or_else(
        || "…".to_owned(),
        |share| format!("{} in {}", bytes(share.bytes), many(share.files, "file", "files")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_save_changes_is_said_in_words() {
        let share = |files, bytes| Share { files, bytes };
        assert_eq!(change_words((share(1, 5), share(1, 5))), "the same files to back up.");
        assert_eq!(change_words((share(1, 0), share(3, 2000))), "2\u{a0}files more (2\u{a0}kB more) to back up.");
        assert_eq!(change_words((share(3, 2000), share(2, 1000))), "1\u{a0}file less (1\u{a0}kB less) to back up.");
    }
}
