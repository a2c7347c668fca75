//! `/machines/:set`: how a machine is, as far as the server and its signed log say.

mod gaps;
mod included;

use gaps::Gaps;
use included::Included;

use iota_core::api::json::UploadState;
use iota_core::id::SetId;
use iota_core::vault::{OpenPoint, PointView, Problem};
use leptos::prelude::*;
use leptos_router::components::A;

use crate::clock::Clock;
use crate::components::ago::Ago;
use crate::components::gate::LockedNotice;
use crate::components::growth_chart::GrowthChart;
use crate::components::icon::Icon;
use crate::components::machine_frame::{MachineFrame, Tab};
use crate::components::machine_keys::MachineKeys;
use crate::components::machine_watch::MachineWatch;
use crate::components::problem_notice::ProblemNotice;
use crate::components::restores_card::RestoresCard;
use crate::components::right_now::{RightNow, Waiting, Word};
use crate::components::sealed::Sealed;
use crate::components::skeleton::Skeleton;
use crate::components::when_open::WhenOpen;
use crate::fleet::{Condition, Fleet, Machine};
use crate::pages::browse_page::{NoPoints, follow_points};
use crate::spot;
use crate::vault::Vault;
use crate::words::{Moment, bytes, count};

/// A sentence, then what it is made of.
#[component]
pub fn MachinePage() -> impl IntoView {
    view! { <MachineFrame tab=Tab::Status children=Callback::new(|set| view! { <Status set /> }.into_any()) /> }
}

#[component]
fn Status(set: SetId) -> impl IntoView {
    let fleet = Fleet::current();
    let points = follow_points(set);
    let some = Memo::new(move |_| points.list().with(|list| !list.is_empty()));
    let machine = Memo::new(move |_| fleet.machine(set));
    let vault = Vault::current();
    let open = Memo::new(move |_| vault.is_open());
    let word = Word::follow(set);
    view! {
        {move || match machine.get() {
            Some(machine) => view! { <Sentence machine /> }.into_any(),
            None => view! { <Skeleton lines=2 /> }.into_any(),
        }}
        {move || (!open.get()).then(|| view! { <LockedNotice /> })}
        <div class="split">
            <div class="stack">
                <section class="card" aria-labelledby="now">
                    <div class="card__head">
                        <h2 class="card__title" id="now">
                            "Right now"
                        </h2>
                    </div>
                    <WhenOpen otherwise=|| ()>
                        <RightNow word />
                    </WhenOpen>
                    {move || match machine.get() {
                        Some(machine) => view! { <Sending upload=machine.upload /> }.into_any(),
                        None => view! { <Skeleton lines=2 /> }.into_any(),
                    }}
                </section>
                <WhenOpen otherwise=|| ()>
                    <RestoresCard set word points />
                </WhenOpen>
                <section class="card" aria-labelledby="inside">
                    <div class="card__head">
                        <h2 class="card__title" id="inside">
                            "What is protected"
                        </h2>
                        <A href=spot::rules(set) attr:class="small">
                            "Change its rules"
                        </A>
                    </div>
                    <WhenOpen otherwise=sealed_totals>
                        <Included word />
                        <Inside set machine />
                    </WhenOpen>
                </section>
                <section class="card" aria-labelledby="growth">
                    <div class="card__head">
                        <h2 class="card__title" id="growth">
                            "Stored over time"
                        </h2>
                        <A href=spot::timeline(set) attr:class="small">
                            "Timeline"
                        </A>
                    </div>
                    {move || {
                        if some.get() {
                            view! { <GrowthChart points=points.list() /> }.into_any()
                        } else {
                            view! { <NoPoints points /> }.into_any()
                        }
                    }}
                </section>
            </div>
            <div class="stack">
                <section class="card" aria-labelledby="waiting">
                    <h2 class="card__title" id="waiting">
                        "Waiting"
                    </h2>
                    <WhenOpen otherwise=|| view! { <Sealed /> }>
                        <Waiting word />
                    </WhenOpen>
                </section>
                <section class="card" aria-labelledby="heard">
                    <h2 class="card__title" id="heard">
                        "Last heard"
                    </h2>
                    {move || match machine.get() {
                        Some(machine) => view! { <Heard machine /> }.into_any(),
                        None => view! { <Skeleton /> }.into_any(),
                    }}
                </section>
                <MachineWatch set />
                <MachineKeys set />
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Sentence(machine: Machine) -> impl IntoView {
    let now = Clock::current().slow();
    let first_visit = machine.first_visit.then(|| {
        view! {
            <div class="notice">
                <Icon name="info" />
                <div>
                    <b>"This browser sees this machine for the first time."</b>
                    <p>
                        "From now on it notices when a server shows an older state than before. Whether today’s state is the newest it cannot tell; compare the time of the last point with what you know."
                    </p>
                </div>
            </div>
        }
    });
    let machine = StoredValue::new(machine);
    let condition = Memo::new(move |_| machine.with_value(|machine| Condition::of(machine, now.get())));
    view! {
        {move || machine.with_value(|machine| sentence(&condition.get(), machine))}
        {first_visit}
    }
    .into_any()
}

fn sentence(condition: &Condition, machine: &Machine) -> AnyView {
    if let (Condition::Altered | Condition::Unchecked, Some(problem)) = (condition, machine.alarm.clone()) {
        return view! { <ProblemNotice problem /> }.into_any();
    }
    let up_to = machine.head.map(|head| head.device_time_ms);
    let stored = move || up_to.map(|ms| view! { <Ago ms /> });
    let class = match condition.tone() {
        "ok" => "notice notice--ok",
        "warn" => "notice notice--warn",
        "bad" => "notice notice--bad",
        _ => "notice",
    };
    let (line, more) = match condition {
        Condition::Protected => (
            view! { "Protected up to " {stored()} "." }.into_any(),
            "Everything that its rules include can be restored.",
        ),
        Condition::Gaps(_) => (
            view! { "Protected up to " {stored()} ", with gaps." }.into_any(),
            "Something that its rules include is missing or old. Everything else can be restored.",
        ),
        Condition::First => (
            view! { "The first backup is not complete, last point " {stored()} "." }.into_any(),
            "What is uploaded can be restored now.",
        ),
        Condition::Waiting => (
            view! { "Nothing stored yet." }.into_any(),
            "It was let in. Its first point in time appears here as soon as it is stored.",
        ),
        Condition::Missed(_) => (
            view! { {condition.words()} "." }.into_any(),
            "What to look at: is it switched on, is it online, does the agent run? What it stored before is not at risk.",
        ),
        Condition::Failed(_) => (
            view! { {condition.words()} "." }.into_any(),
            "It tries again by itself; Right now says why it failed. What it stored before is not at risk.",
        ),
        Condition::Silent(_) => (
            view! { {condition.words()} "." }.into_any(),
            "What to look at: is it switched on, is it online, does the agent run? What it stored before is not at risk.",
        ),
        Condition::Paused { .. } => (
            view! { {condition.words()} {condition.until().map(|until| format!(" {until}"))} "." }.into_any(),
            "What changes meanwhile waits. Resume, under Right now, ends it. What it stored before is not at risk.",
        ),
        Condition::Revoked => (
            view! { "Its key was taken away." }.into_any(),
            "It stores nothing any more. What it stored stays yours and can be restored.",
        ),
        Condition::Altered | Condition::Unchecked => (().into_any(), ""),
    };
    view! {
        <div class=class>
            <Icon name=condition.icon() />
            <div>
                <b>{line}</b>
                <p>{more}</p>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Sending(upload: Option<UploadState>) -> impl IntoView {
    let Some(upload) = upload else {
        return view! { <p class="small ink-2">"Nothing is being sent."</p> }.into_any();
    };
    let begun = Moment::local(upload.begun_ms);
    view! {
        <dl class="figures figures--three">
            <div>
                <dt>"Arrived so far"</dt>
                <dd>{bytes(upload.received_bytes)}</dd>
                <dd class="figures__note">"sealed"</dd>
            </div>
            <div>
                <dt>"Since"</dt>
                <dd>{begun.clock()}</dd>
                <dd class="figures__note">
                    <Ago ms=upload.begun_ms />
                </dd>
            </div>
            <div>
                <dt>"Last piece"</dt>
                <dd>
                    <Ago ms=upload.active_ms />
                </dd>
                <dd class="figures__note">{Moment::local(upload.active_ms).clock_seconds()}</dd>
            </div>
        </dl>
        <p class="small ink-2">
            "How much is still to come only the machine knows. What has arrived is kept, also when it is interrupted."
        </p>
    }
    .into_any()
}

#[component]
fn Heard(machine: Machine) -> impl IntoView {
    let time = |ms: u64| {
        view! {
            <Ago ms />
            <small>{Moment::local(ms).date_clock()}</small>
        }
        .into_any()
    };
    let contact = match machine.contact_ms {
        Some(ms) => time(ms),
        None => "never".into_any(),
    };
    let head = machine.head.map(|head| {
        view! {
            <div>
                <dt>"Last point in time"</dt>
                <dd>
                    {format!("No. {}", count(head.seq))}
                    <small>{format!("by its clock {}", Moment::local(head.device_time_ms).date_clock())}</small>
                    <small>{format!("received {}", Moment::local(head.received_ms).date_clock())}</small>
                </dd>
            </div>
        }
    });
    view! {
        <dl class="facts">
            <div>
                <dt>"Last contact"</dt>
                <dd>{contact}</dd>
            </div>
            {head}
            <div>
                <dt>"Stored for its newest state"</dt>
                <dd>
                    {bytes(machine.live_bytes)} <small>"sealed, without what is stored twice"</small>
                </dd>
            </div>
            <div>
                <dt>"Let in"</dt>
                <dd>{Moment::local(machine.created_ms).date()}</dd>
            </div>
        </dl>
    }
    .into_any()
}

fn sealed_totals() -> impl IntoView {
    let rows = ["Files", "Folders", "Size"].map(|term| {
        view! {
            <div>
                <dt>{term}</dt>
                <dd>
                    <Sealed short=true />
                </dd>
            </div>
        }
    });
    view! { <dl class="facts">{rows.into_iter().collect::<Vec<_>>()}</dl> }.into_any()
}

/// What is in the newest state; it asks the vault, again after each commit.
#[component]
fn Inside(set: SetId, machine: Memo<Option<Machine>>) -> impl IntoView {
    let vault = Vault::current();
    let answer = RwSignal::new(None::<Result<PointView, Problem>>);
    let head =
        Memo::new(move |_| machine.with(|machine| machine.as_ref().map(|machine| machine.head.map(|head| head.seq))));
    let ask = move || {
        leptos::task::spawn_local(async move {
            let told = vault.ask(OpenPoint { set, at: None }).await;
            // Who asked may have gone.
            answer.try_set(Some(told));
        });
    };
    Effect::new(move || {
        if head.get().flatten().is_some() {
            ask();
        }
    });
    move || match (head.get(), answer.get()) {
        (Some(None), _) => view! { <p class="small ink-2">"Nothing yet."</p> }.into_any(),
        (_, None) => view! { <Skeleton /> }.into_any(),
        (_, Some(Ok(point))) => view! { <Totals set point /> }.into_any(),
        (_, Some(Err(problem))) => {
            let retry = Callback::new(move |()| {
                answer.set(None);
                ask();
            });
            view! { <ProblemNotice problem retry /> }.into_any()
        }
    }
}

#[component]
fn Totals(set: SetId, point: PointView) -> impl IntoView {
    let PointView { files, dirs, others, bytes: size, gap_count, gaps, .. } = point;
    let others = (others > 0).then(|| {
        view! {
            <div>
                <dt>"Links and others"</dt>
                <dd>{count(others)}</dd>
            </div>
        }
    });
    view! {
        <dl class="facts">
            <div>
                <dt>"Files"</dt>
                <dd>{count(files)}</dd>
            </div>
            <div>
                <dt>"Folders"</dt>
                <dd>{count(dirs)}</dd>
            </div>
            {others}
            <div>
                <dt>"Size of the files"</dt>
                <dd>{bytes(size)}</dd>
            </div>
        </dl>
        <Gaps set gap_count gaps />
    }
    .into_any()
}
