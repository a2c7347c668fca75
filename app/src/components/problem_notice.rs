//! What went wrong, and what to do.

use iota_core::api::json::code;
use iota_core::vault::{Problem, ProblemKind};
use leptos::prelude::*;

use crate::browser;
use crate::components::icon::Icon;
use crate::words::span;

/// A problem as a notice. [`ProblemKind::Altered`] looks and sounds like the alarm that it is.
#[component]
pub fn ProblemNotice(
    /// What went wrong.
    problem: Problem,
    /// Tries it once more.
    #[prop(optional)]
    retry: Option<Callback<()>>,
) -> impl IntoView {
    let alarm = problem.kind == ProblemKind::Altered;
    let (class, icon, title) = match problem.kind {
        ProblemKind::Altered => {
            ("notice notice--bad", "octagon-alert", "An alarm: this is not what your machines stored.")
        }
        ProblemKind::Damaged => ("notice notice--bad", "cloud-alert", "Some of it is damaged in the store."),
        ProblemKind::Unreachable => ("notice notice--warn", "wifi-off", "No word from the server."),
        ProblemKind::Locked => ("notice", "lock", "The vault is locked."),
        ProblemKind::Missing => ("notice", "info", "There is no such thing."),
        ProblemKind::Refused => ("notice notice--warn", "triangle-alert", "The server refused."),
        ProblemKind::WrongSecret => ("notice notice--warn", "circle-alert", "That was not right."),
        ProblemKind::Cancelled => ("notice", "info", "Cancelled."),
        ProblemKind::Failed => ("notice notice--warn", "triangle-alert", "It did not work."),
    };
    let signed_out = problem.has_code(code::UNAUTHENTICATED);
    let wait = problem.retry_after_s.map(|seconds| format!(" Try again in {}.", span(seconds)));
    let alarmed = alarm.then(|| {
        view! {
            " Do not rely on what this server shows until you know why. Your machines keep what they have; the command line can compare: "
            <code>"iota verify"</code>
            "."
        }
        .into_any()
    });
    let again = retry.map(|retry| {
        view! {
            <button class="button button--small" type="button" on:click=move |_| retry.run(())>
                "Try again"
            </button>
        }
        .into_any()
    });
    let sign_in = || {
        view! {
            <button class="button button--small" type="button" on:click=|_| browser::leave_for(&sign_in_address())>
                "Sign in"
            </button>
        }
        .into_any()
    };
    view! {
        <div class=class role=if alarm { "alert" } else { "status" }>
            <Icon name=icon />
            <div>
                <b>{if signed_out { "You are signed out." } else { title }}</b>
                <p>{sentence(&problem.message)} {alarmed} {wait}</p>
            </div>
            {if signed_out { Some(sign_in()) } else { again }}
        </div>
    }
    .into_any()
}

/// Where to sign in, and then come back to this page.
pub fn sign_in_address() -> String {
    format!("/sign-in?next={}", crate::address::encode(&browser::address()))
}

/// Messages of programs are half sentences; people get whole ones.
pub fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let mut text: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    if !text.ends_with(['.', '?', '…']) {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_become_sentences() {
        assert_eq!(sentence("the server cannot be reached; try again"), "The server cannot be reached; try again.");
        assert_eq!(sentence("Already one."), "Already one.");
    }
}
