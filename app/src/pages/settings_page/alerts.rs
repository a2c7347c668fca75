//! Alerts: where mails about missed backups go.

use iota_core::api::alerts::{Alerts, ChangeAlerts};
use iota_core::api::json::code;
use iota_core::vault::{Problem, ProblemKind};
use leptos::ev;
use leptos::prelude::*;

use crate::client;
use crate::components::busy_button::BusyButton;
use crate::components::field::{CheckField, TextField};
use crate::components::icon::Icon;
use crate::components::limit_field::LimitField;
use crate::components::problem_notice::{ProblemNotice, sentence};
use crate::components::proof::Proof;
use crate::components::skeleton::Skeleton;
use crate::components::toast::Toasts;
use crate::viewer::Viewer;

const PATH: &str = "/account/alerts";

#[component]
pub(super) fn AlertsCard() -> impl IntoView {
    let known = RwSignal::new(None::<Alerts>);
    let problem = RwSignal::new(None::<Problem>);
    let learn = move || {
        problem.set(None);
        leptos::task::spawn_local(async move {
            match client::get(PATH).await {
                Ok(alerts) => drop(known.try_set(Some(alerts))),
                Err(told) => drop(problem.try_set(Some(told))),
            }
        });
    };
    Effect::new(learn);
    let retry = Callback::new(move |()| learn());
    view! {
        <section class="card" aria-labelledby="alerts-title">
            <h2 class="card__title" id="alerts-title">
                "Alerts"
            </h2>
            <p class="small ink-2">
                "A machine that completes no backup for too long is missed: Home says so, and a mail can."
            </p>
            {move || match known.get() {
                Some(alerts) => view! { <AlertsForm alerts /> }.into_any(),
                None if problem.with(Option::is_some) => ().into_any(),
                None => view! { <Skeleton lines=3 /> }.into_any(),
            }}
            {move || problem.get().map(|problem| view! { <ProblemNotice problem retry /> })}
        </section>
    }
    .into_any()
}

/// What the form works on. A copy is the same.
#[derive(Clone, Copy)]
struct Desk {
    proof: Proof,
    toasts: Toasts,
    /// The address that the server knows.
    saved: RwSignal<String>,
    address: RwSignal<String>,
    mails: RwSignal<bool>,
    limit: RwSignal<Option<u32>>,
    wrong: RwSignal<Option<String>>,
    problem: RwSignal<Option<Problem>>,
    tested: RwSignal<Option<Result<String, String>>>,
    saving: RwSignal<bool>,
    testing: RwSignal<bool>,
}

#[component]
fn AlertsForm(alerts: Alerts) -> impl IntoView {
    let login = Viewer::current().session.map(|session| session.login).unwrap_or_default();
    let undecided = alerts.address.is_empty();
    let address = if undecided { login } else { alerts.address.clone() };
    let desk = Desk {
        proof: Proof::current(),
        toasts: Toasts::current(),
        saved: RwSignal::new(alerts.address),
        address: RwSignal::new(address),
        // Who has not decided yet is warned: saving something else must not end that unseen.
        mails: RwSignal::new(alerts.mails || undecided),
        limit: RwSignal::new(Some(alerts.limit_hours)),
        wrong: RwSignal::new(None),
        problem: RwSignal::new(None),
        tested: RwSignal::new(None),
        saving: RwSignal::new(false),
        testing: RwSignal::new(false),
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        desk.save();
    };
    let test = Callback::new(move |()| desk.test());
    let no_mails = (!alerts.can_mail).then(|| {
        view! {
            <div class="notice">
                <Icon name="info" />
                <p>"This server sends no mails. Who runs it can name a mail server in its configuration."</p>
            </div>
        }
    });
    view! {
        <form class="stack" on:submit=submit>
            {no_mails}
            <LimitField id="alerts-limit" label="A backup is missed after" value=desk.limit />
            <TextField
                id="alerts-address"
                label="Address for alerts"
                value=desk.address
                kind="email"
                autocomplete="email"
                hint="Mails are readable on their way. They name a machine by its number, or by the public name that its page gives it."
                error=desk.wrong
            />
            <CheckField
                id="alerts-mails"
                label="Mail me"
                value=desk.mails
                hint="When a backup is missed and when it is over; when something is deleted, or a new password was set by recovery. \
                 Until you save a choice here, these last ones come to the address that you sign in with."
            />
            {move || desk.problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            {move || desk.tested.get().map(tested)}
            <div class="row row--between">
                <BusyButton busy=desk.testing label="Send a test mail" working="Sending…" on_press=test />
                <BusyButton busy=desk.saving label="Save" working="Saving…" />
            </div>
        </form>
    }
    .into_any()
}

/// What became of a test mail.
fn tested(result: Result<String, String>) -> AnyView {
    let (class, icon, words) = match result {
        Ok(address) => ("notice notice--ok", "circle-check", format!("The mail server took the test for {address}.")),
        Err(reason) => ("notice notice--warn", "triangle-alert", format!("The test was not sent. {reason}")),
    };
    view! {
        <div class=class role="status">
            <Icon name=icon />
            <p>{words}</p>
        </div>
    }
    .into_any()
}

impl Desk {
    fn save(self) {
        if self.saving.get_untracked() {
            return;
        }
        let address = self.address.with_untracked(|address| address.trim().to_owned());
        let mails = self.mails.get_untracked();
        let missing = mails && address.is_empty();
        self.wrong.set(missing.then(|| "Give an address first.".into()));
        self.problem.set(None);
        self.tested.set(None);
        if missing {
            return;
        }
        self.saving.set(true);
        let limit_hours = self.limit.get_untracked().unwrap_or_default();
        let change = ChangeAlerts { address, mails, limit_hours };
        leptos::task::spawn_local(async move {
            let answer = self.proof.run(|| client::send::<()>("PUT", PATH, &change)).await;
            // Who asked may have gone.
            self.saving.try_set(false);
            match answer {
                Ok(()) => {
                    self.saved.try_set(change.address);
                    self.toasts.say("Saved");
                }
                Err(told) if told.kind == ProblemKind::Cancelled => {}
                Err(told) if told.has_code(code::BAD_REQUEST) => {
                    drop(self.wrong.try_set(Some(sentence(&told.message))));
                }
                Err(told) => drop(self.problem.try_set(Some(told))),
            }
        });
    }

    fn test(self) {
        self.problem.set(None);
        let address = self.address.with_untracked(|address| address.trim().to_owned());
        if address.is_empty() || self.saved.with_untracked(|saved| *saved != address) {
            return self.tested.set(Some(Err("Save the address first; the test goes there.".into())));
        }
        self.tested.set(None);
        self.testing.set(true);
        leptos::task::spawn_local(async move {
            let answer = client::order("POST", "/account/alerts/test").await;
            self.testing.try_set(false);
            match answer {
                Ok(()) => drop(self.tested.try_set(Some(Ok(address)))),
                Err(told) if told.has_code(code::MAIL_FAILED) || told.has_code(code::NO_MAIL) => {
                    drop(self.tested.try_set(Some(Err(sentence(&told.message)))));
                }
                Err(told) => drop(self.problem.try_set(Some(told))),
            }
        });
    }
}
