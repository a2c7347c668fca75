//! A new recovery kit, in the place of the old one.

use std::sync::Arc;

use iota_core::vault::{ConfirmKit, NewKey, Problem, ProblemKind};
use leptos::prelude::*;

use super::{Desk, Panel};
use crate::components::icon::Icon;
use crate::components::kit_keeper::KitKeeper;
use crate::viewer::Viewer;

#[component]
pub(super) fn NewKitPanel(desk: Desk, secrets: Arc<NewKey>) -> impl IntoView {
    let login = Viewer::current().session.map(|session| session.login).unwrap_or_default();
    let problem = RwSignal::new(None::<Problem>);
    let confirm = Callback::new(move |words: [String; 2]| {
        problem.set(None);
        desk.busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = desk.proof.run(|| desk.vault.ask(ConfirmKit { words: words.clone() })).await;
            desk.busy.set(false);
            match answer {
                Ok(slots) => {
                    desk.slots.set(Some(slots));
                    desk.panel.set(Panel::None);
                    desk.toasts.say("The new kit counts. Destroy the old one");
                }
                Err(error) if error.kind == ProblemKind::Cancelled => {}
                Err(error) => problem.set(Some(error)),
            }
        });
    });
    let start_over = Callback::new(move |()| desk.panel.set(Panel::None));
    view! {
        <div class="notice">
            <Icon name="info" />
            <div>
                <b>"The old kit counts until you have confirmed this one."</b>
                <p>"Then destroy it: it works without this server, so whoever finds it still has your key."</p>
            </div>
        </div>
        <KitKeeper secrets login confirm busy=desk.busy problem start_over />
    }
    .into_any()
}
