//! A second factor for signing in: a code of an app.

use iota_core::api::json::{Event, NewSecondFactor, RecoveryCodes, SecondFactor, SecondFactorCode, code};
use iota_core::vault::{Problem, ProblemKind};
use leptos::ev;
use leptos::prelude::*;

use crate::browser;
use crate::client;
use crate::components::busy_button::BusyButton;
use crate::components::field::TextField;
use crate::components::icon::Icon;
use crate::components::problem_notice::{ProblemNotice, sentence};
use crate::components::proof::Proof;
use crate::components::qr_code::QrCode;
use crate::components::skeleton::Skeleton;
use crate::live::Live;
use crate::words::many;

const PATH: &str = "/account/second-factor";

/// What the card works on. A copy is the same.
#[derive(Clone, Copy)]
struct Desk {
    proof: Proof,
    state: RwSignal<Option<SecondFactor>>,
    step: RwSignal<Step>,
    typed: RwSignal<String>,
    wrong: RwSignal<Option<String>>,
    problem: RwSignal<Option<Problem>>,
    busy: RwSignal<bool>,
}

#[derive(Clone)]
enum Step {
    /// On or off, as the server says.
    Rest,
    /// A secret waits for its first code.
    Confirm(String, String),
    /// Shown once.
    Codes(Vec<String>),
    /// To be switched off, by a code.
    Off,
}

#[component]
pub(super) fn SecondFactorCard() -> impl IntoView {
    let desk = Desk {
        proof: Proof::current(),
        state: RwSignal::new(None),
        step: RwSignal::new(Step::Rest),
        typed: RwSignal::new(String::new()),
        wrong: RwSignal::new(None),
        problem: RwSignal::new(None),
        busy: RwSignal::new(false),
    };
    let live = Live::current().latest();
    Effect::new(move |begun: Option<()>| {
        if matches!(live.get(), Some(Event::Account | Event::Resync)) || begun.is_none() {
            desk.learn();
        }
    });
    let retry = Callback::new(move |()| desk.learn());
    view! {
        <section class="card" aria-labelledby="second-title">
            <h2 class="card__title" id="second-title">
                "Second factor"
            </h2>
            {move || match (desk.step.get(), desk.state.get()) {
                (Step::Confirm(secret, uri), _) => view! { <Confirm desk secret uri /> }.into_any(),
                (Step::Codes(codes), _) => view! { <Codes desk codes /> }.into_any(),
                (Step::Off, _) => view! { <Off desk /> }.into_any(),
                (Step::Rest, Some(state)) => view! { <Rest desk state /> }.into_any(),
                (Step::Rest, None) if desk.problem.with(Option::is_some) => ().into_any(),
                (Step::Rest, None) => view! { <Skeleton lines=2 /> }.into_any(),
            }}
            {move || desk.problem.get().map(|problem| view! { <ProblemNotice problem retry /> })}
        </section>
    }
    .into_any()
}

#[component]
fn Rest(desk: Desk, state: SecondFactor) -> impl IntoView {
    if state.on {
        let left =
            format!("It is on. {} left.", many(state.codes_left.into(), "recovery code is", "recovery codes are"));
        view! {
            <p class="small ink-2">{left}</p>
            <div class="row">
                <button class="button" type="button" on:click=move |_| desk.go(Step::Off)>
                    "Switch it off"
                </button>
            </div>
        }
        .into_any()
    } else {
        let begin = Callback::new(move |()| desk.begin());
        view! {
            <p class="small ink-2">
                "Signing in can ask for a code of an app on your phone as well. It guards the state of your machines and changes to your account; your files are guarded by your keys either way."
            </p>
            <div class="row">
                <BusyButton busy=desk.busy label="Set it up" working="A moment…" on_press=begin />
            </div>
        }
        .into_any()
    }
}

#[component]
fn Confirm(desk: Desk, secret: String, uri: String) -> impl IntoView {
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        desk.confirm();
    };
    let groups = secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
    view! {
        <p class="small ink-2">"Take this picture with the app, or type the letters below it. Then type the code that the app shows."</p>
        <div class="second-factor">
            <QrCode text=uri spoken="QR code for the app" />
            <p class="mono">{groups}</p>
        </div>
        <form class="stack" on:submit=submit>
            <TextField
                id="second-code"
                label="Six digits from the app"
                value=desk.typed
                autocomplete="one-time-code"
                inputmode="numeric"
                error=desk.wrong
                mono=true
                focus=true
            />
            <div class="row row--between">
                <button class="button" type="button" on:click=move |_| desk.go(Step::Rest)>
                    "Cancel"
                </button>
                <BusyButton busy=desk.busy label="Switch it on" working="Checking…" class="button--primary" />
            </div>
        </form>
    }
    .into_any()
}

#[component]
fn Codes(desk: Desk, codes: Vec<String>) -> impl IntoView {
    let text = format!(
        "IotaBackup recovery codes\nEach signs in once, in the place of a code of the app.\n\n{}\n",
        codes.join("\n")
    );
    let save = move |_| browser::save_text("iotabackup-recovery-codes.txt", &text);
    view! {
        <div class="notice notice--ok" role="status">
            <Icon name="circle-check" />
            <div>
                <b>"It is on."</b>
                <p>"Keep these codes: each signs in once if the phone is lost. They are shown this once."</p>
            </div>
        </div>
        <ol class="codes">{codes.into_iter().map(|code| view! { <li class="mono">{code}</li> }).collect_view()}</ol>
        <div class="button-group">
            <button class="button" type="button" on:click=|_| browser::print()>
                <Icon name="printer" />
                "Print"
            </button>
            <button class="button" type="button" on:click=save>
                <Icon name="download" />
                "Save as text"
            </button>
            <button class="button button--primary" type="button" on:click=move |_| desk.go(Step::Rest)>
                "I have them"
            </button>
        </div>
    }
    .into_any()
}

#[component]
fn Off(desk: Desk) -> impl IntoView {
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        desk.switch_off();
    };
    view! {
        <form class="stack" on:submit=submit>
            <TextField
                id="second-code"
                label="Code of the app, or a recovery code"
                value=desk.typed
                autocomplete="one-time-code"
                error=desk.wrong
                mono=true
                focus=true
            />
            <div class="row row--between">
                <button class="button" type="button" on:click=move |_| desk.go(Step::Rest)>
                    "Leave it on"
                </button>
                <BusyButton busy=desk.busy label="Switch it off" working="Checking…" class="button--danger" />
            </div>
        </form>
    }
    .into_any()
}

impl Desk {
    fn learn(self) {
        leptos::task::spawn_local(async move {
            match client::get(PATH).await {
                Ok(state) => {
                    self.problem.set(None);
                    self.state.set(Some(state));
                }
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    fn go(self, step: Step) {
        self.typed.set(String::new());
        self.wrong.set(None);
        self.problem.set(None);
        self.step.set(step);
    }

    fn begin(self) {
        self.problem.set(None);
        self.busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = self.proof.run(|| client::send::<NewSecondFactor>("POST", PATH, &())).await;
            self.busy.set(false);
            match answer {
                Ok(new) => self.go(Step::Confirm(new.secret, new.uri)),
                Err(problem) => self.refuse(problem),
            }
        });
    }

    fn confirm(self) {
        let Some(code) = self.code() else { return };
        leptos::task::spawn_local(async move {
            let message = SecondFactorCode { code };
            let send = || client::send::<RecoveryCodes>("PUT", PATH, &message);
            let answer = self.proof.run(send).await;
            self.busy.set(false);
            match answer {
                Ok(RecoveryCodes { codes }) => {
                    self.go(Step::Codes(codes));
                    self.learn();
                }
                Err(problem) => self.refuse(problem),
            }
        });
    }

    fn switch_off(self) {
        let Some(code) = self.code() else { return };
        leptos::task::spawn_local(async move {
            let message = SecondFactorCode { code };
            let send = || client::send::<()>("DELETE", PATH, &message);
            let answer = self.proof.run(send).await;
            self.busy.set(false);
            match answer {
                Ok(()) => {
                    self.go(Step::Rest);
                    self.learn();
                }
                Err(problem) => self.refuse(problem),
            }
        });
    }

    /// What was typed, if it can be sent now.
    fn code(self) -> Option<String> {
        let code: String = self.typed.get_untracked().split_whitespace().collect();
        self.wrong.set(code.is_empty().then(|| "Type the code first.".into()));
        self.problem.set(None);
        if code.is_empty() || self.busy.get_untracked() {
            return None;
        }
        self.busy.set(true);
        Some(code)
    }

    fn refuse(self, problem: Problem) {
        if problem.has_code(code::SECOND_FACTOR) {
            self.wrong.set(Some(sentence(&problem.message)));
        } else if problem.kind != ProblemKind::Cancelled {
            self.problem.set(Some(problem));
        }
    }
}
