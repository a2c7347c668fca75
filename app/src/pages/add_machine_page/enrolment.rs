//! One-time code, the machine's answer, and the decision.

use std::time::Duration;

use iota_core::api::json::{Event, ServerInfo};
use iota_core::id::SetId;
use iota_core::vault::{Admit, BeginEnrolment, EnrolmentView, HearEnrolment, HelloView, Problem, ProblemKind, Refuse};
use leptos::prelude::*;

use crate::browser;
use crate::client;
use crate::clock::Clock;
use crate::components::busy_button::BusyButton;
use crate::components::copy_button::CopyButton;
use crate::components::document_link::DocumentLink;
use crate::components::field::{CheckField, TextField};
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::proof::Proof;
use crate::fleet::Fleet;
use crate::install_line::{By, InstallLine, is_loopback};
use crate::live::Live;
use crate::vault::Vault;
use crate::words::{bytes, now_ms};

/// How often the machine is asked after, beside the events.
const EVERY: Duration = Duration::from_secs(3);

/// How far it is.
#[derive(Clone, PartialEq, Eq)]
enum Stage {
    /// There is no code.
    Before,
    /// There is one, and no answer.
    Waiting(EnrolmentView),
    /// The machine has answered.
    Answered(EnrolmentView, HelloView),
    /// The machine was sent away.
    Refused,
}

/// What the parts share.
#[derive(Clone, Copy)]
struct Joining {
    vault: Vault,
    proof: Proof,
    fleet: Fleet,
    continued: Option<SetId>,
    joined: RwSignal<Option<SetId>>,
    stage: RwSignal<Stage>,
    problem: RwSignal<Option<Problem>>,
    busy: RwSignal<bool>,
    whole: RwSignal<bool>,
    root: RwSignal<bool>,
    server: RwSignal<Option<ServerInfo>>,
}

impl Joining {
    fn expired(&self, now: u64) -> bool {
        self.stage.with(|stage| match stage {
            Stage::Waiting(view) | Stage::Answered(view, _) => now >= view.expires_ms,
            _ => false,
        })
    }

    /// Makes a new code.
    fn begin(self) {
        let set = self.continued;
        self.work(async move {
            if self.server.get_untracked().is_none() {
                let info = client::get::<ServerInfo>("/server").await?;
                self.server.try_set(Some(info));
            }
            let view = self.proof.run(|| async { self.vault.ask(BeginEnrolment { set }).await }).await?;
            self.stage.try_set(Stage::Waiting(view));
            Ok(())
        });
    }

    /// Learns whether the machine has answered.
    fn hear(self) {
        let Stage::Waiting(view) = self.stage.get_untracked() else { return };
        if now_ms() >= view.expires_ms {
            return;
        }
        leptos::task::spawn_local(async move {
            let answer = self.vault.ask(HearEnrolment { enrol_id: view.enrol_id }).await;
            // A new code may have been made meanwhile, or the page may have gone.
            if self.stage.try_get_untracked() != Some(Stage::Waiting(view.clone())) {
                return;
            }
            match answer {
                Ok(Some(hello)) => {
                    self.problem.set(None);
                    self.stage.set(Stage::Answered(view, hello));
                }
                Ok(None) => self.problem.set(None),
                Err(problem) if problem.kind == ProblemKind::Locked => {}
                // By the server's clock it has run out.
                Err(problem) if problem.kind == ProblemKind::Missing => {
                    self.problem.set(None);
                    self.stage.set(Stage::Waiting(EnrolmentView { expires_ms: 0, ..view }));
                }
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    fn admit(self, view: &EnrolmentView, name: String) {
        let enrol_id = view.enrol_id;
        let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        self.work(async move {
            let ask = || async { self.vault.ask(Admit { enrol_id, name: name.clone() }).await };
            let set = self.proof.run(ask).await?;
            self.fleet.again();
            self.joined.set(Some(set));
            Ok(())
        });
    }

    fn refuse(self, view: &EnrolmentView) {
        let enrol_id = view.enrol_id;
        self.work(async move {
            self.vault.ask(Refuse { enrol_id }).await?;
            self.stage.try_set(Stage::Refused);
            Ok(())
        });
    }

    fn work(self, work: impl Future<Output = Result<(), Problem>> + 'static) {
        self.busy.set(true);
        self.problem.set(None);
        leptos::task::spawn_local(async move {
            let told = work.await;
            self.busy.try_set(false);
            match told {
                Err(problem) if problem.kind != ProblemKind::Cancelled => drop(self.problem.try_set(Some(problem))),
                _ => {}
            }
        });
    }

    fn by(&self) -> By {
        match (self.whole.get(), self.root.get()) {
            (true, false) => By::Sudo,
            (true, true) => By::Root,
            (false, _) => By::User,
        }
    }

    fn line(&self, code: &str) -> String {
        let pin = self.server.with(|server| server.as_ref().and_then(|server| server.key_pin));
        InstallLine { server: browser::origin(), pin, code: Some(code.to_owned()), by: self.by() }.text()
    }
}

/// The steps from the code to the decision.
#[component]
pub fn Enrolment(
    /// A machine whose history is continued.
    continued: Option<SetId>,
    /// Learns which machine it became.
    joined: RwSignal<Option<SetId>>,
) -> impl IntoView {
    let joining = Joining {
        vault: Vault::current(),
        proof: Proof::current(),
        fleet: Fleet::current(),
        continued,
        joined,
        stage: RwSignal::new(Stage::Before),
        problem: RwSignal::new(None),
        busy: RwSignal::new(false),
        whole: RwSignal::new(true),
        root: RwSignal::new(false),
        server: RwSignal::new(None),
    };
    listen(joining);
    let clock = Clock::current().now();
    let expired = Memo::new(move |_| joining.expired(clock.get()));
    view! {
        <li class="step" class:step--done=move || joining.stage.with(|stage| matches!(stage, Stage::Answered(..)))>
            <h2 class="step__title">"Paste this on it " {move || remaining(joining, clock)}</h2>
            <div class="step__body">
                {move || match joining.stage.get() {
                    Stage::Before => view! { <Begin joining label="Make a one-time line" /> }.into_any(),
                    Stage::Refused => {
                        view! {
                            <p class="small">"Nothing was sent. The code is worthless now."</p>
                            <Begin joining label="Make a new one" />
                        }
                            .into_any()
                    }
                    Stage::Waiting(view) | Stage::Answered(view, _) => {
                        view! { <Line joining code=view.code expired /> }.into_any()
                    }
                }} {move || joining.problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            </div>
        </li>
        <li class="step" class:step--later=move || !joining.stage.with(|stage| matches!(stage, Stage::Answered(..)))>
            <h2 class="step__title">"Is this your machine?"</h2>
            <div class="step__body" aria-live="polite">
                {move || match joining.stage.get() {
                    Stage::Waiting(_) if !expired.get() => {
                        view! { <p class="small">"Waiting for its answer. It appears here by itself."</p> }.into_any()
                    }
                    Stage::Answered(view, hello) if !expired.get() => view! { <Decision joining view hello /> }.into_any(),
                    _ => ().into_any(),
                }}
            </div>
        </li>
        <li class="step step--later">
            <h2 class="step__title">"First backup"</h2>
            <div class="step__body">
                <p class="small">
                    "With systemd it starts by itself. Elsewhere have the system keep " <code>"iota run"</code>
                    " running. What is uploaded can be restored from the first minute."
                </p>
            </div>
        </li>
    }
    .into_any()
}

/// Events and a slow clock say when to ask after the machine.
fn listen(joining: Joining) {
    let live = Live::current();
    Effect::new(move || {
        if matches!(live.latest().get(), Some(Event::Enrolment { .. } | Event::Resync)) {
            joining.hear();
        }
    });
    Effect::new(move || {
        if let Ok(timer) = set_interval_with_handle(move || joining.hear(), EVERY) {
            on_cleanup(move || timer.clear());
        }
    });
}

/// Minutes and seconds that the code is still good for.
fn remaining(joining: Joining, clock: Signal<u64>) -> Option<AnyView> {
    let expires_ms = joining.stage.with(|stage| match stage {
        Stage::Waiting(view) | Stage::Answered(view, _) => Some(view.expires_ms),
        _ => None,
    })?;
    let left_s = expires_ms.saturating_sub(clock.get()) / 1000;
    let (class, text) = match left_s {
        0 => ("badge", "run out".to_owned()),
        left => ("badge badge--accent", format!("valid for {}:{:02}", left / 60, left % 60)),
    };
    Some(
        view! {
            <span class=class>
                <Icon name="hourglass" />
                <span class="num">{text}</span>
            </span>
        }
        .into_any(),
    )
}

#[component]
fn Begin(joining: Joining, label: &'static str) -> impl IntoView {
    view! {
        <p class="small">
            "The line holds a code that works once, for 15 minutes. Whoever has it can ask to join; you decide below."
        </p>
        <div>
            <BusyButton
                busy=joining.busy
                label
                working="Making it…"
                class="button--primary"
                on_press=Callback::new(move |()| joining.begin())
            />
        </div>
    }
    .into_any()
}

#[component]
fn Line(joining: Joining, code: String, expired: Memo<bool>) -> impl IntoView {
    let line = Signal::derive(move || joining.line(&code));
    let choice = move |whole: bool, label: &'static str| {
        view! {
            <label class="segmented__item">
                <input
                    type="radio"
                    name="scope"
                    prop:checked=move || joining.whole.get() == whole
                    on:change=move |_| joining.whole.set(whole)
                />
                {label}
            </label>
        }
    };
    let pinned = move || joining.server.with(|server| server.as_ref().is_some_and(|server| server.key_pin.is_some()));
    let alone = is_loopback(&browser::origin()).then(|| view! { <OwnAddress /> });
    view! {
        {alone}
        <div class="segmented" role="group" aria-label="For whom">
            {choice(true, "The whole machine")}
            {choice(false, "Only my files")}
        </div>
        {move || {
            joining
                .whole
                .get()
                .then(|| {
                    view! {
                        <CheckField id="is-root" label="I am root there already" value=joining.root hint="Then the line needs no sudo." />
                    }
                })
        }}
        <div class="line" class:line--expired=expired>
            <pre class="code-block line__text" tabindex="0">
                <code>{line}</code>
            </pre>
            {move || (!expired.get()).then(|| view! { <CopyButton text=line spoken="Copy the line" /> })}
        </div>
        {move || {
            if expired.get() {
                view! {
                    <p class="small">"This code has run out. Make a new one."</p>
                    <div>
                        <BusyButton
                            busy=joining.busy
                            label="Make a new one"
                            working="Making it…"
                            class="button--primary"
                            on_press=Callback::new(move |()| joining.begin())
                        />
                    </div>
                }
                    .into_any()
            } else {
                view! {
                    <p class="small">
                        {move || match joining.by() {
                            By::Sudo => "It asks for the administrator’s password, and backs up as the system’s own service. ",
                            By::Root => "It backs up as the system’s own service. ",
                            By::User => "It runs as you and reads what you may read. ",
                        }} "The code works once."
                        {move || {
                            pinned()
                                .then_some(
                                    " The certificate of this server is of its own making, so the line names the key that it must show.",
                                )
                        }}
                    </p>
                }
                    .into_any()
            }
        }}
    }
    .into_any()
}

/// The page was opened at an address that means another machine on every machine.
#[component]
fn OwnAddress() -> impl IntoView {
    let host = browser::host();
    view! {
        <div class="notice notice--warn">
            <Icon name="triangle-alert" />
            <div>
                <b>"This line works on the server’s own machine only."</b>
                <p>
                    <code>{host}</code>
                    " means the machine on which the line is pasted. For another one, open this page at a name or address under which that machine reaches the server, and make the line there. For that the server needs TLS. "
                    <DocumentLink href="/docs/operations">"How it is set up"</DocumentLink>
                </p>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Decision(joining: Joining, view: EnrolmentView, hello: HelloView) -> impl IntoView {
    let HelloView { name, system, disk_bytes, fingerprint } = hello;
    let asked = name.clone();
    let wanted = RwSignal::new(if joining.continued.is_some() { String::new() } else { name });
    let admitted = view.clone();
    let admit = Callback::new(move |()| joining.admit(&admitted, wanted.get_untracked()));
    let hint = if joining.continued.is_some() {
        "Empty: it keeps the name that its history has."
    } else {
        "Only you can read it."
    };
    view! {
        <div class="join">
            <Icon name="laptop" />
            <div>
                <b>"“" <bdi>{asked}</bdi> "” answered"</b>
                <p>
                    <bdi>{system}</bdi>
                    {format!(" · {} · it proved that it has your code.", bytes(disk_bytes))}
                </p>
            </div>
        </div>
        <p class="small">"The machine shows the same four words:"</p>
        <p class="join__words" translate="no">
            {fingerprint}
        </p>
        <TextField id="join-name" label="Name" value=wanted hint />
        <div class="button-group">
            <BusyButton busy=joining.busy label="Let it in" working="Handing over…" class="button--primary" on_press=admit />
            <button class="button" type="button" on:click=move |_| joining.refuse(&view)>
                "Refuse"
            </button>
        </div>
        <p class="small">
            "Nothing was sent yet. If the words differ, or if you did not paste the line there, refuse: the code is worthless then."
        </p>
    }
    .into_any()
}
