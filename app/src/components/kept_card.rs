//! What is kept of a machine's points and why, what another policy would let go, and deletions that can be taken back.

use iota_core::id::SetId;
use iota_core::retention::{Point as Judged, Policy, Reason, Unit, Verdict, evaluate};
use iota_core::vault::{
    DecideRetention, DeletionView, FindMissing, MissingView, Problem, ProblemKind, ReadRetention, RetentionView, Wish,
};
use leptos::prelude::*;

use crate::components::busy_button::BusyButton;
use crate::components::dialog::Dialog;
use crate::components::field::TextField;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::proof::Proof;
use crate::components::skeleton::Skeleton;
use crate::components::toast::Toasts;
use crate::time::{Point, Points};
use crate::vault::Vault;
use crate::words::{Moment, count, many, now_ms};

/// Gaps that are named.
const MAX_NAMED: usize = 3;

/// What the parts of the card share.
#[derive(Clone, Copy)]
struct Kept {
    vault: Vault,
    proof: Proof,
    toasts: Toasts,
    set: SetId,
    points: Points,
    view: RwSignal<Option<RetentionView>>,
    problem: RwSignal<Option<Problem>>,
    busy: RwSignal<bool>,
    /// Snapshots that should be there and are not, or why that cannot be told.
    alarm: RwSignal<Option<Problem>>,
}

impl Kept {
    fn load(self) {
        self.problem.set(None);
        leptos::task::spawn_local(async move {
            let answer = self.vault.ask(ReadRetention {}).await;
            // The page may have gone.
            match answer {
                Ok(view) => drop(self.view.try_set(Some(view))),
                Err(problem) if problem.kind == ProblemKind::Locked => {}
                Err(problem) => drop(self.problem.try_set(Some(problem))),
            }
        });
    }

    /// Whether the server lists all that should be there. It may take a while, and nothing waits for it.
    fn look_for_missing(self) {
        leptos::task::spawn_local(async move {
            match self.vault.ask(FindMissing { set: self.set }).await {
                Ok(missing) => drop(self.alarm.try_set(alarm(&missing))),
                Err(problem) if problem.kind == ProblemKind::Altered => drop(self.alarm.try_set(Some(problem))),
                // Whatever else keeps it from being told is told by the rest of the page.
                Err(_) => {}
            }
        });
    }

    /// Decides, with a fresh proof where the server wants one; `then` is for what went well.
    fn decide(self, wish: Wish, said: &'static str, then: impl Fn() + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.problem.set(None);
        self.busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = self.proof.run(|| self.vault.ask(DecideRetention { wish: wish.clone() })).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(view) => {
                    self.view.set(Some(view));
                    self.toasts.say(said);
                    then();
                    self.points.reload().await;
                }
                Err(problem) if problem.kind == ProblemKind::Cancelled => {}
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }
}

/// The card; it needs an open vault.
#[component]
pub fn KeptCard(
    /// The machine.
    set: SetId,
    /// Its points.
    points: Points,
    /// The point that is chosen.
    #[prop(into)]
    chosen: Signal<Option<u64>>,
) -> impl IntoView {
    let kept = Kept {
        vault: Vault::current(),
        proof: Proof::current(),
        toasts: Toasts::current(),
        set,
        points,
        view: RwSignal::new(None),
        problem: RwSignal::new(None),
        busy: RwSignal::new(false),
        alarm: RwSignal::new(None),
    };
    kept.load();
    kept.look_for_missing();
    let retry = Callback::new(move |()| kept.load());
    let policy = Memo::new(move |_| kept.view.with(|view| view.as_ref()?.policy.parse::<Policy>().ok()));
    view! {
        <section class="card card--flush kept" aria-labelledby="kept">
            <div class="card__head">
                <h2 class="card__title" id="kept">
                    "What is kept"
                </h2>
            </div>
            {move || kept.alarm.get().map(|problem| view! { <ProblemNotice problem /> })}
            {move || kept.problem.get().map(|problem| view! { <ProblemNotice problem retry /> })}
            {move || match policy.get() {
                Some(policy) => view! { <Shown kept policy chosen /> }.into_any(),
                None if kept.problem.with(Option::is_some) => ().into_any(),
                None => view! { <Skeleton lines=3 /> }.into_any(),
            }}
        </section>
    }
    .into_any()
}

/// What is missing without an explanation, in words.
fn alarm(missing: &[MissingView]) -> Option<Problem> {
    let named = |one: &MissingView| {
        let numbers = if one.first == one.last {
            format!("No. {}", count(one.first))
        } else {
            format!("No. {} to {}", count(one.first), count(one.last))
        };
        format!("{numbers}, the last of {}", Moment::local(one.received_ms).full())
    };
    let first: Vec<String> = missing.iter().take(MAX_NAMED).map(named).collect();
    let more = missing.len().saturating_sub(first.len());
    let more = if more > 0 { format!("; and {} more gaps", count(more as u64)) } else { String::new() };
    let words = format!(
        "Points in time are missing that nothing you decided lets go: {}{more}. Somebody with access to the server may have removed them.",
        first.join("; ")
    );
    (!missing.is_empty()).then(|| Problem::new(ProblemKind::Altered, words))
}

#[component]
fn Shown(kept: Kept, policy: Policy, chosen: Signal<Option<u64>>) -> impl IntoView {
    let bands = move || {
        let judged = kept.points.list().with(|list| judge(&policy, list));
        bands(&judged)
            .into_iter()
            .map(|(word, number)| {
                view! {
                    <div>
                        <dt>{word}</dt>
                        <dd class="num">{count(number)}</dd>
                    </div>
                }
            })
            .collect::<Vec<_>>()
    };
    let deletions = move || {
        kept.view.with(|view| {
            let all = view.iter().flat_map(|view| &view.deletions);
            all.filter(|one| one.set == kept.set).map(|one| deletion(kept, *one)).collect::<Vec<_>>()
        })
    };
    view! {
        <div class="kept__body">
            <p>{words(&policy)}</p>
            <dl class="facts kept__bands">{bands}</dl>
            {deletions}
            <details class="kept__more">
                <summary>"Keep more or less"</summary>
                <WhatIf kept policy />
            </details>
            <DeleteChosen kept chosen />
        </div>
    }
    .into_any()
}

/// Points as retention knows them, with what becomes of each.
fn judge(policy: &Policy, list: &[Point]) -> Vec<Verdict> {
    let points: Vec<Judged> = list
        .iter()
        .map(|point| Judged { seq: point.seq, received_ms: point.received_ms, device_ms: point.device_ms })
        .collect();
    let head = points.last().map_or(0, |point| point.seq);
    evaluate(policy, &points, head, now_ms())
}

/// How many points stay for which reason, and how many go.
fn bands(judged: &[Verdict]) -> Vec<(&'static str, u64)> {
    const WORDS: [&str; 6] = [
        "recent, all of them",
        "first or last of their hour",
        "first or last of their day",
        "first or last of their week",
        "clocks disagreed, so they stay",
        "go with the next round",
    ];
    let mut counts = [0; WORDS.len()];
    for verdict in judged {
        let place = match verdict {
            Verdict::Kept(Reason::Head | Reason::Recent) => 0,
            Verdict::Kept(Reason::First(Unit::Hour) | Reason::Last(Unit::Hour)) => 1,
            Verdict::Kept(Reason::First(Unit::Day) | Reason::Last(Unit::Day)) => 2,
            Verdict::Kept(Reason::First(Unit::Week) | Reason::Last(Unit::Week)) => 3,
            Verdict::Kept(Reason::Doubtful) => 4,
            Verdict::Goes => 5,
        };
        counts[place] += 1;
    }
    WORDS.into_iter().zip(counts).filter(|(_, number)| *number > 0).collect()
}

/// A policy in a sentence.
fn words(policy: &Policy) -> String {
    let weekly = match policy.weekly_days() {
        Some(days) => format!("for {} days", count(days.into())),
        None => "for ever".to_owned(),
    };
    format!(
        "Every point is kept for {} days; then the first and the last of each hour until {} days, of each day until {} days, of each week {weekly}. \
         This holds for all machines of this account.",
        policy.every_days(),
        policy.hourly_days(),
        policy.daily_days()
    )
}

fn deletion(kept: Kept, one: DeletionView) -> AnyView {
    let what = if one.first == one.last {
        format!("Point {} is deleted.", count(one.first))
    } else {
        format!("Points {} to {} are deleted.", count(one.first), count(one.last))
    };
    let until = Moment::local(one.undo_until_ms).full();
    let press = move |_| kept.decide(Wish::Undo(one.version), "It is there again", || {});
    view! {
        <div class="notice">
            <Icon name="info" />
            <div>
                <b>{what}</b>
                <p>{format!("It can be brought back until {until}.")}</p>
            </div>
            <button class="button button--small" type="button" on:click=press>
                "Bring back"
            </button>
        </div>
    }
    .into_any()
}

/// Another policy, and what it would let go.
#[component]
fn WhatIf(kept: Kept, policy: Policy) -> impl IntoView {
    let field = |days: u32| RwSignal::new(days.to_string());
    let every = field(policy.every_days());
    let hourly = field(policy.hourly_days());
    let daily = field(policy.daily_days());
    let weekly = RwSignal::new(policy.weekly_days().map(|days| days.to_string()).unwrap_or_default());
    let wanted = Memo::new(move |_| {
        let days = |field: RwSignal<String>| field.with(|text| format!("{}d", text.trim()));
        let weekly =
            weekly.with(|text| if text.trim().is_empty() { "forever".into() } else { format!("{}d", text.trim()) });
        format!("{},{},{},{weekly}", days(every), days(hourly), days(daily)).parse::<Policy>().ok()
    });
    let said = move || match wanted.get() {
        None => "Each span is at least as long as the one before; everything is kept for 7 days at least.".to_owned(),
        Some(wanted) => {
            let goes = |policy: &Policy| {
                let judged = kept.points.list().with(|list| judge(policy, list));
                judged.iter().filter(|verdict| **verdict == Verdict::Goes).count() as u64
            };
            let all = kept.points.list().with(Vec::len) as u64;
            let more = if kept.points.is_complete() { "" } else { " shown so far" };
            format!("By this, {} of {}{more} would go.", count(goes(&wanted)), many(all, "point", "points"))
        }
    };
    let disabled = Signal::derive(move || wanted.get().is_none_or(|wanted| wanted == policy));
    let save = Callback::new(move |()| {
        if let Some(wanted) = wanted.get_untracked() {
            kept.decide(Wish::Keep(wanted.to_string()), "Signed and saved", || {});
        }
    });
    view! {
        <div class="kept__form">
            <TextField id="kept-every" label="Everything, days" value=every inputmode="numeric" />
            <TextField id="kept-hourly" label="Two of each hour, days" value=hourly inputmode="numeric" />
            <TextField id="kept-daily" label="Two of each day, days" value=daily inputmode="numeric" />
            <TextField id="kept-weekly" label="Two of each week, days" value=weekly inputmode="numeric" hint="empty: for ever" />
        </div>
        <p class="small ink-2" role="status">
            {said}
        </p>
        <p class="small ink-2">"What went does not come back. Nothing goes while the clocks of a machine and the server disagree."</p>
        <BusyButton busy=kept.busy label="Sign and save" working="Saving…" on_press=save disabled />
    }
    .into_any()
}

/// Deletes the chosen point, after a question.
#[component]
fn DeleteChosen(kept: Kept, chosen: Signal<Option<u64>>) -> impl IntoView {
    let open = RwSignal::new(false);
    let newest = move || kept.points.list().with(|list| list.last().map(|point| point.seq));
    let seq = move || chosen.get().filter(|seq| Some(*seq) != newest());
    let body = move || {
        let seq = chosen.get_untracked().unwrap_or_default();
        let delete = Callback::new(move |()| {
            let wish = Wish::Delete { set: kept.set, first: seq, last: seq };
            kept.decide(wish, "Deleted", move || open.set(false));
        });
        view! {
            <div class="dialog__body">
                <h2 id="delete-title">{format!("Delete point {}?", count(seq))}</h2>
                <p class="ink-2">
                    "It is no longer shown, and for 14 days it can be brought back here. After that, what only this point had is gone for good. Other points stay as they are."
                </p>
                {move || kept.problem.get().map(|problem| view! { <ProblemNotice problem /> })}
                <div class="row row--between">
                    <button class="button" type="button" on:click=move |_| open.set(false)>
                        "Keep it"
                    </button>
                    <BusyButton busy=kept.busy label="Delete it" working="Deleting…" class="button--danger" on_press=delete />
                </div>
            </div>
        }
        .into_any()
    };
    view! {
        {move || {
            seq()
                .map(|seq| {
                    view! {
                        <div>
                            <button class="button button--small" type="button" on:click=move |_| open.set(true)>
                                <Icon name="x" />
                                {format!("Delete point {}…", count(seq))}
                            </button>
                        </div>
                    }
                })
        }}
        <Dialog open labelled="delete-title">{body()}</Dialog>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_counted_by_why_they_stay() {
        let verdicts = [
            Verdict::Kept(Reason::Recent),
            Verdict::Kept(Reason::Head),
            Verdict::Kept(Reason::First(Unit::Day)),
            Verdict::Goes,
        ];
        assert_eq!(
            bands(&verdicts),
            [("recent, all of them", 2), ("first or last of their day", 1), ("go with the next round", 1)]
        );
        assert!(words(&Policy::default()).contains("of each week for ever"));
    }
}
