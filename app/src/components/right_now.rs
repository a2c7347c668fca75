//! What a machine does right now and what waits there, by its own sealed word.

mod checks;
mod stages;

use checks::{Checks, Troubles};
use stages::Stages;

use iota_core::api::json::Event;
use iota_core::id::SetId;
use iota_core::live::{Order, Resting, RestoreProgress, RuleView, Stage, Status, WaitingPath, WaitingReason};
use iota_core::vault::{GiveOrder, LiveView, Problem, ReadLive};
use leptos::prelude::*;

use crate::clock::Clock;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::skeleton::Skeleton;
use crate::components::toast::Toasts;
use crate::live::Live;
use crate::vault::Vault;
use crate::words::{Moment, bytes, count, many, now_ms};

/// A page that looks asks at least so often: else the machine tells nothing more.
const ASK_EVERY_MS: u64 = 15_000;
/// A word that is older than this is not of now.
const FRESH_MS: u64 = 60_000;
const HOUR_MS: u64 = 3_600_000;

/// The word of a machine, as this page knows it. A copy is the same.
#[derive(Clone, Copy)]
pub struct Word {
    set: SetId,
    heard: RwSignal<Option<Result<LiveView, Problem>>>,
    /// When it was heard, by this browser's clock.
    heard_ms: RwSignal<u64>,
}

impl Word {
    /// Follows a machine while the vault is open and the page is there.
    pub fn follow(set: SetId) -> Self {
        let word = Self { set, heard: RwSignal::new(None), heard_ms: RwSignal::new(0) };
        let vault = Vault::current();
        let open = Memo::new(move |_| vault.is_open());
        let ask = move || {
            leptos::task::spawn_local(async move {
                let answer = vault.ask(ReadLive { set }).await;
                // Who asked may have gone.
                if word.heard.try_set(Some(answer)).is_none() {
                    word.heard_ms.set(now_ms());
                }
            });
        };
        let latest = Live::current().latest();
        Effect::new(move || {
            let told = matches!(latest.get(), Some(Event::Live { set: told }) if told == set);
            if told && open.get_untracked() {
                ask();
            }
        });
        let turn = Memo::new({
            let now = Clock::current().now();
            move |_| now.get() / ASK_EVERY_MS
        });
        Effect::new(move || {
            turn.track();
            if open.get() {
                ask();
            } else {
                word.heard.set(None);
            }
        });
        word
    }

    /// Why nothing is known of it.
    pub fn problem(self) -> Option<Problem> {
        self.heard.with(|heard| heard.as_ref()?.as_ref().err().cloned())
    }

    /// Whether orders reach the machine; `None`: not known.
    pub fn listens(self) -> Option<bool> {
        self.heard.with(|heard| Some(heard.as_ref()?.as_ref().ok()?.listens))
    }

    /// Its rules, while it tells them.
    pub fn rules(self) -> Option<RuleView> {
        self.heard.with(|heard| heard.as_ref()?.as_ref().ok()?.status.as_ref()?.rules.as_deref().cloned())
    }

    /// What its rules include, and how many paths it did not name; `None`: it has not said so in what is known of it.
    pub fn roots(self) -> Option<(Vec<String>, u64)> {
        self.heard.with(|heard| {
            let status = heard.as_ref()?.as_ref().ok()?.status.as_ref()?;
            Some((status.roots.clone(), status.more_roots))
        })
    }

    /// How far it is with a restore that was ordered.
    pub fn restore(self) -> Option<RestoreProgress> {
        self.heard.with(|heard| heard.as_ref()?.as_ref().ok()?.status.as_ref()?.restore.clone())
    }

    /// Now, by the machine's clock.
    fn machine_now(self, status: &Status, now: u64) -> u64 {
        status.written_ms + now.saturating_sub(self.heard_ms.get_untracked())
    }
}

/// The stage, what is read, and what the owner can ask of it.
#[component]
pub fn RightNow(
    /// The machine's.
    word: Word,
) -> impl IntoView {
    move || match word.heard.get() {
        None => view! { <Skeleton lines=2 /> }.into_any(),
        Some(Err(problem)) => view! { <ProblemNotice problem /> }.into_any(),
        Some(Ok(LiveView { listens, status: None, .. })) => {
            let line = if listens {
                "It is connected, and says how it is in a moment."
            } else {
                "It is not connected now. What to look at: is it switched on, is it online, does its service run?"
            };
            view! { <p class="small ink-2">{line}</p> }.into_any()
        }
        Some(Ok(LiveView { listens, status: Some(status), .. })) => view! { <Doing word status listens /> }.into_any(),
    }
}

#[component]
fn Doing(word: Word, status: Status, listens: bool) -> impl IntoView {
    let now = Clock::current().now();
    let measured = Moment::local(status.written_ms).clock_seconds();
    let (icon, class) = match status.stage {
        Stage::Idle if status.gap_count > 0 => ("triangle-alert", "state state--warn"),
        Stage::Idle => ("circle-check", "state state--ok"),
        Stage::Paused => ("hourglass", "state state--warn"),
        Stage::Offline => ("triangle-alert", "state state--warn"),
        _ => ("loader", "state state--busy"),
    };
    let progress = is_running(status.stage).then(|| {
        let rate = status.bytes / (status.written_ms.saturating_sub(status.since_ms) / 1000).max(1);
        view! {
            <dl class="figures figures--three">
                <div>
                    <dt>"Looked at"</dt>
                    <dd>{count(status.files)}</dd>
                    <dd class="figures__note">{if status.files == 1 { "file" } else { "files" }}</dd>
                </div>
                <div>
                    <dt>"Their size"</dt>
                    <dd>{bytes(status.bytes)}</dd>
                    <dd class="figures__note">
                        {match status.expected_bytes {
                            0 => "read, or as it was".to_owned(),
                            expected => format!("of about {}", bytes(expected)),
                        }}
                    </dd>
                </div>
                <div>
                    <dt>"Rate"</dt>
                    <dd>{bytes(rate)}</dd>
                    <dd class="figures__note">
                        {match status.left_ms(status.written_ms) {
                            Some(left_ms) => format!("per second, about {} left", clock_span(left_ms)),
                            None => "per second".to_owned(),
                        }}
                    </dd>
                </div>
            </dl>
        }
    });
    let current = status.current.clone().map(|path| {
        view! {
            <p class="live__file">
                <Icon name="file-text" />
                <bdi class="live__path">{path}</bdi>
            </p>
        }
    });
    let unwatched = (status.refused > 0).then(|| {
        let hint =
            if status.at_limit { " The system’s limit is reached: raise fs.inotify.max_user_watches." } else { "" };
        let folders = many(status.refused, "folder is", "folders are");
        view! {
            <p class="small">
                <span class="state state--warn">
                    <Icon name="triangle-alert" />
                    {format!("{folders} not watched: changes there are found once an hour.{hint}")}
                </span>
            </p>
        }
    });
    let remote = (status.remote > 0).then(|| {
        let folders = many(status.remote, "folder is", "folders are");
        view! {
            <p class="small ink-2">
                {format!("{folders} on network file systems: what other machines change there is found once an hour.")}
            </p>
        }
    });
    let words = StoredValue::new(status.clone());
    let line = move || words.with_value(|status| stage_words(status, word.machine_now(status, now.get())));
    let fresh = move || words.with_value(|_| now.get().saturating_sub(word.heard_ms.get()) < FRESH_MS);
    view! {
        <Stages status=status.clone() listens />
        <div class="row row--between">
            <span class=class>
                <Icon name=icon />
                {line}
            </span>
            <span class="small ink-3">
                {move || {
                    let live = listens && fresh();
                    format!("{}{measured}", if live { "measured " } else { "not connected, last measured " })
                }}
            </span>
        </div>
        {progress}
        {current}
        <Checks status=status.clone() />
        {unwatched}
        {remote}
        <Troubles status=status.clone() />
        {listens.then(|| view! { <Orders set=word.set paused=status.stage == Stage::Paused /> })}
    }
    .into_any()
}

/// Whether a backup is under way.
fn is_running(stage: Stage) -> bool {
    matches!(stage, Stage::FullBackup | Stage::FullScan | Stage::Incremental)
}

fn stage_words(status: &Status, now_ms: u64) -> String {
    let left = |until_ms: Option<u64>| clock_span(until_ms.unwrap_or(now_ms).saturating_sub(now_ms));
    match status.stage {
        Stage::Starting => "It starts".into(),
        Stage::FullBackup => "First backup of everything".into(),
        Stage::FullScan => "Looks through everything".into(),
        Stage::Incremental => "Backs up what changed".into(),
        Stage::Idle if status.waiting > 0 => "Waits for files to settle".into(),
        Stage::Idle if status.gap_count > 0 => {
            format!("Up to date except for {}", many(status.gap_count, "gap", "gaps"))
        }
        Stage::Idle => "Up to date, and watching".into(),
        Stage::Paused => match status.resting {
            None => format!("Paused, {} left", left(status.until_ms)),
            Some(Resting::OnBattery) => format!("Rests on battery, at most {}", left(status.until_ms)),
            Some(Resting::OnMetered) => format!("Rests on a metered network, at most {}", left(status.until_ms)),
        },
        Stage::Offline => format!("Could not back up, tries again in {}", left(status.until_ms)),
    }
}

#[component]
fn Orders(set: SetId, paused: bool) -> impl IntoView {
    let (vault, toasts) = (Vault::current(), Toasts::current());
    let busy = RwSignal::new(false);
    let give = move |order: Order, done: &'static str| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            match vault.ask(GiveOrder { set, order }).await {
                Ok(_) => toasts.say(done),
                Err(problem) => toasts.say(problem.message),
            }
            busy.try_set(false);
        });
    };
    let pause = if paused {
        view! {
            <button class="button button--small" type="button" on:click=move |_| give(Order::Resume, "It goes on")>
                "Resume"
            </button>
        }
        .into_any()
    } else {
        let order = Order::Pause { for_ms: HOUR_MS };
        view! {
            <button class="button button--small" type="button" on:click=move |_| give(order.clone(), "It rests for an hour")>
                "Pause for an hour"
            </button>
        }
        .into_any()
    };
    view! {
        <div class="row">
            <button
                class="button button--small"
                type="button"
                on:click=move |_| give(Order::BackUpNow, "It looks through everything now")
            >
                <Icon name="refresh-cw" />
                "Back up now"
            </button>
            {pause}
        </div>
    }
    .into_any()
}

/// What changed there and waits, with the reason.
#[component]
pub fn Waiting(
    /// The machine's.
    word: Word,
) -> impl IntoView {
    move || match word.heard.get() {
        Some(Ok(LiveView { status: Some(status), .. })) if status.waiting > 0 && status.first.is_empty() => {
            // It is in the middle of a run, and has not sorted them in.
            let changed = many(status.waiting, "change came", "changes came");
            view! { <p class="small ink-2">{format!("{changed} meanwhile: their turn is when this run is done.")}</p> }
                .into_any()
        }
        Some(Ok(LiveView { status: Some(status), .. })) if status.waiting > 0 => {
            let more = status.waiting.saturating_sub(status.first.len() as u64);
            let now = Clock::current().now();
            let machine = StoredValue::new(status.clone());
            let machine_now = Memo::new(move |_| machine.with_value(|status| word.machine_now(status, now.get())));
            let rows: Vec<_> = status.first.into_iter().map(|path| view! { <WaitingRow path machine_now /> }).collect();
            let rest = (more > 0).then(|| view! { <p class="small ink-3">{format!("And {} more.", count(more))}</p> });
            view! {
                <div class="queue">{rows}</div>
                {rest}
            }
            .into_any()
        }
        Some(Ok(LiveView { status: Some(status), .. })) => {
            view! { <p class="small ink-2">{nothing_waits(status.stage)}</p> }.into_any()
        }
        Some(_) => view! { <p class="small ink-2">"Not known now."</p> }.into_any(),
        None => view! { <Skeleton /> }.into_any(),
    }
}

/// What is said while no path waits.
fn nothing_waits(stage: Stage) -> &'static str {
    match stage {
        _ if is_running(stage) => "Nothing is listed: what changes now waits until this run is done.",
        Stage::Starting => "Nothing is listed: everything is looked through first.",
        Stage::Offline => "Nothing is listed: the next attempt looks at what changed.",
        _ => "Nothing: every change that was seen is stored.",
    }
}

#[component]
fn WaitingRow(path: WaitingPath, machine_now: Memo<u64>) -> impl IntoView {
    let (folder, name) = path.path.rsplit_once('/').unwrap_or(("", &path.path));
    let (folder, name) = (if folder.is_empty() { "/" } else { folder }.to_owned(), name.to_owned());
    let path = StoredValue::new(path);
    let reason = Memo::new(move |_| path.with_value(|path| reason_words(path, machine_now.get())));
    // Of the circle's 97.4 units.
    let filled = Memo::new(move |_| {
        path.with_value(|path| match path.reason(machine_now.get()) {
            WaitingReason::Settling { quiet_ms } => quiet_ms * 974 / path.settle_ms.max(1),
            _ => 974,
        })
    });
    let settling = Memo::new(move |_| {
        path.with_value(|path| matches!(path.reason(machine_now.get()), WaitingReason::Settling { .. }))
    });
    let left = move || {
        path.with_value(|path| match path.reason(machine_now.get()) {
            WaitingReason::Settling { quiet_ms } => clock_span(path.settle_ms.saturating_sub(quiet_ms)),
            WaitingReason::Restless { left_ms } => clock_span(left_ms),
            WaitingReason::NextSnapshot | WaitingReason::GoesAlong | WaitingReason::Scheduled { .. } => String::new(),
        })
    };
    let dashes = move || {
        let filled = filled.get();
        settling.get().then(|| format!("{}.{} 97.4", filled / 10, filled % 10))
    };
    view! {
        <div class="queue__item">
            <svg
                class=move || if settling.get() { "ring" } else { "ring ring--wait" }
                viewBox="0 0 38 38"
                aria-hidden="true"
            >
                <circle class="ring__track" cx="19" cy="19" r="15.5" />
                <circle class="ring__value" cx="19" cy="19" r="15.5" stroke-dasharray=dashes />
                <text class="ring__text" x="19" y="19">
                    {left}
                </text>
            </svg>
            <div>
                <b>
                    <bdi>{name}</bdi>
                </b>
                <small>
                    <bdi>{folder}</bdi>
                </small>
                <small>{reason}</small>
            </div>
        </div>
    }
    .into_any()
}

fn reason_words(path: &WaitingPath, now_ms: u64) -> String {
    match path.reason(now_ms) {
        WaitingReason::Settling { quiet_ms } => {
            format!("settling: quiet {} of {}", clock_span(quiet_ms), clock_span(path.settle_ms))
        }
        WaitingReason::Restless { left_ms } => {
            format!("changes all the time; waits no longer than {}", clock_span(left_ms))
        }
        WaitingReason::NextSnapshot => "goes with the next snapshot".into(),
        WaitingReason::GoesAlong => "low priority: goes along with the next other change".into(),
        WaitingReason::Scheduled { opens_ms } => {
            format!("its schedule opens in {}", clock_span(opens_ms.saturating_sub(now_ms)))
        }
    }
}

/// `1:20`, `2:03:00`.
fn clock_span(ms: u64) -> String {
    let seconds = ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A time of day; with its date unless that is today.
fn at(ms: u64) -> String {
    let (then, today) = (Moment::local(ms), Moment::local(now_ms()));
    if then.same_day(&today) { then.clock() } else { then.date_clock() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_all_is_stored_is_said_only_when_it_is() {
        for stage in [Stage::Starting, Stage::FullBackup, Stage::FullScan, Stage::Incremental, Stage::Offline] {
            assert!(!nothing_waits(stage).contains("is stored"), "{stage:?}");
        }
        assert!(nothing_waits(Stage::Idle).contains("is stored"));
    }

    #[test]
    fn times_and_reasons_are_said_in_words() {
        assert_eq!((clock_span(80_500), clock_span(7_380_000)), ("1:20".into(), "2:03:00".into()));
        let path = WaitingPath {
            path: "/a".into(),
            first_ms: 0,
            last_ms: 0,
            settle_ms: 120_000,
            longest_wait_ms: HOUR_MS,
            opens_ms: 0,
            goes_along: false,
        };
        assert_eq!(reason_words(&path, 80_000), "settling: quiet 1:20 of 2:00");
        let paused = Status { stage: Stage::Paused, until_ms: Some(90_000), ..Status::default() };
        assert_eq!(stage_words(&paused, 30_000), "Paused, 1:00 left");
    }
}
