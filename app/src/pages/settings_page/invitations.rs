//! Invitations: who runs the server lets others have accounts.

use iota_core::api::json::{CreateInvitation, Invitation};
use iota_core::vault::{Problem, ProblemKind};
use leptos::prelude::*;

use crate::browser;
use crate::client;
use crate::components::busy_button::BusyButton;
use crate::components::code_block::CodeBlock;
use crate::components::copy_button::CopyButton;
use crate::components::problem_notice::ProblemNotice;
use crate::components::proof::Proof;
use crate::words::Moment;

/// How long one is good, days.
const DAYS: u32 = 7;

#[component]
pub(super) fn InvitationsCard() -> impl IntoView {
    let proof = Proof::current();
    let made = RwSignal::new(None::<Invitation>);
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let make = Callback::new(move |()| {
        problem.set(None);
        busy.set(true);
        leptos::task::spawn_local(async move {
            let send = || client::send::<Invitation>("POST", "/invitations", &CreateInvitation { days: DAYS });
            let answer = proof.run(send).await;
            busy.set(false);
            match answer {
                Ok(invitation) => made.set(Some(invitation)),
                Err(error) if error.kind == ProblemKind::Cancelled => {}
                Err(error) => problem.set(Some(error)),
            }
        });
    });
    let shown = move || {
        made.get().map(|Invitation { code, expires_ms }| {
            let link = format!("{}/sign-up#code={code}", browser::origin());
            let text = link.clone();
            view! {
                <div class="stack stack--tight">
                    <CodeBlock>{link}</CodeBlock>
                    <div class="row row--between">
                        <span class="small ink-2">
                            {format!("Makes one account, once, until {}. It is shown this once.", Moment::local(expires_ms).full())}
                        </span>
                        <CopyButton text=Signal::stored(text) spoken="Copy the link" />
                    </div>
                </div>
            }
        })
    };
    view! {
        <section class="card" aria-labelledby="invite-title">
            <h2 class="card__title" id="invite-title">
                "Invite somebody"
            </h2>
            <p class="small ink-2">
                "Everybody has an account and a vault of their own. You can read nothing of theirs, and they nothing of yours."
            </p>
            {shown}
            {move || problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            <div class="row">
                <BusyButton busy label="Make an invitation" working="Making it…" on_press=make />
            </div>
        </section>
    }
    .into_any()
}
