//! What is kept of a machine's points and why, what another policy would let go, and deletions that can be taken back.

mod calendar;
mod delete_chosen;
mod what_if;

use iota_core::id::SetId;
use iota_core::retention::{Point as Judged, Policy, Reason, Unit, Verdict, evaluate};
use iota_core::vault::{CheckPoints, DeletionView, MissingView, PointsCheck, Problem, ProblemKind, Wish};
use leptos::prelude::*;

use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::skeleton::Skeleton;
use crate::components::toast::Toasts;
use crate::deciding::Deciding;
use crate::time::{Point, Points};
use crate::vault::Vault;
use crate::words::{Moment, count, now_ms, span};

use calendar::Calendar;
use delete_chosen::DeleteChosen;
use what_if::WhatIf;

/// Gaps that are named.
const MAX_NAMED: usize = 3;

/// What the parts of the card share.
#[derive(Clone, Copy)]
struct Kept {
    deciding: Deciding,
    toasts: Toasts,
    set: SetId,
    points: Points,
    /// Snapshots that should be there and are not, or why that cannot be told.
    alarm: RwSignal<Option<Problem>>,
    /// The clocks of machine and server disagree, in words.
    apart: RwSignal<Option<String>>,
}

impl Kept {
    /// Whether the server lists all that should be there. It may take a while, and nothing waits for it.
    fn look_for_missing(self, vault: Vault) {
        leptos::task::spawn_local(async move {
            match vault.ask(CheckPoints { set: self.set }).await {
                Ok(PointsCheck { missing, apart_ms }) => {
                    let _ = self.alarm.try_set(alarm(&missing));
                    let _ = self.apart.try_set(apart_ms.map(apart));
                }
                Err(problem) if problem.kind == ProblemKind::Altered => drop(self.alarm.try_set(Some(problem))),
                // Whatever else keeps it from being told is told by the rest of the page.
                Err(_) => {}
            }
        });
    }

    /// Decides; `then` is for what went well.
    fn decide(self, wish: Wish, said: &'static str, then: impl FnOnce() + 'static) {
        self.deciding.decide(wish, move || {
            self.toasts.say(said);
            then();
            leptos::task::spawn_local(async move { self.points.reload().await });
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
        deciding: Deciding::begin(),
        toasts: Toasts::current(),
        set,
        points,
        alarm: RwSignal::new(None),
        apart: RwSignal::new(None),
    };
    let deciding = kept.deciding;
    deciding.load();
    kept.look_for_missing(Vault::current());
    let retry = Callback::new(move |()| deciding.load());
    let policy = Memo::new(move |_| deciding.view.with(|view| view.as_ref()?.policy.parse::<Policy>().ok()));
    let lasting = Memo::new(move |_| {
        deciding.view.with(|view| {
            let lasting = view.as_ref()?.lasting.as_ref()?;
            Some((lasting.policy.parse::<Policy>().ok()?, lasting.until_ms))
        })
    });
    view! {
        <section class="card card--flush kept" aria-labelledby="kept">
            <div class="card__head">
                <h2 class="card__title" id="kept">
                    "What is kept"
                </h2>
            </div>
            {move || kept.alarm.get().map(|problem| view! { <ProblemNotice problem /> })}
            {move || kept.apart.get().map(|words| view! { <Apart words /> })}
            {move || deciding.problem.get().map(|problem| view! { <ProblemNotice problem retry /> })}
            {move || match policy.get() {
                Some(policy) => view! { <Shown kept policy lasting=lasting.get() chosen /> }.into_any(),
                None if deciding.problem.with(Option::is_some) => ().into_any(),
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

/// How far the clocks of machine and server are apart, in words.
fn apart(ms: i64) -> String {
    let by = span(ms.unsigned_abs() / 1000);
    format!("The clock of this machine is {by} {} the server's.", if ms < 0 { "ahead of" } else { "behind" })
}

/// That what was kept before stays for a while.
#[component]
fn Lasting(lasting: Policy, until_ms: u64) -> impl IntoView {
    let until = Moment::local(until_ms).full();
    view! {
        <div class="notice" role="status">
            <Icon name="info" />
            <div>
                <b>{format!("Until {until} what was kept before stays, too.")}</b>
                <p>{format!("Nothing goes before that. To keep it, keep as much as before again: {lasting}.")}</p>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Apart(words: String) -> impl IntoView {
    view! {
        <div class="notice notice--warn" role="status">
            <Icon name="triangle-alert" />
            <div>
                <b>{words}</b>
                <p>"Until both agree nothing is let go by rule. Set the one that is wrong."</p>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Shown(kept: Kept, policy: Policy, lasting: Option<(Policy, u64)>, chosen: Signal<Option<u64>>) -> impl IntoView {
    // What the server goes by.
    let carried_out = lasting.map_or(policy, |(lasting, _)| lasting);
    let bands = move || {
        let judged = kept.points.list().with(|list| judge(&carried_out, list));
        bands(&judged)
            .into_iter()
            .map(|(band, number)| {
                let swatch = format!("swatch calendar__day {}", band.class());
                view! {
                    <div>
                        <dt>
                            <span class=swatch></span>
                            {band.words()}
                        </dt>
                        <dd class="num">{count(number)}</dd>
                    </div>
                }
            })
            .collect::<Vec<_>>()
    };
    let deletions = move || {
        kept.deciding.view.with(|view| {
            let all = view.iter().flat_map(|view| &view.deletions);
            all.filter(|one| one.set == kept.set).map(|one| deletion(kept, one)).collect::<Vec<_>>()
        })
    };
    view! {
        <div class="kept__body">
            <p>{words(&policy)}</p>
            {lasting.map(|(lasting, until_ms)| view! { <Lasting lasting until_ms /> })}
            <dl class="facts kept__bands">{bands}</dl>
            <Calendar points=kept.points policy=carried_out />
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

/// Why points stay, as people tell it, the shortest span first; or that they go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Band {
    Recent,
    Hour,
    Day,
    Week,
    Doubtful,
    Goes,
}

impl Band {
    const ALL: [Self; 6] = [Self::Recent, Self::Hour, Self::Day, Self::Week, Self::Doubtful, Self::Goes];

    fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Kept(Reason::Head | Reason::Recent) => Self::Recent,
            Verdict::Kept(Reason::First(Unit::Hour) | Reason::Last(Unit::Hour)) => Self::Hour,
            Verdict::Kept(Reason::First(Unit::Day) | Reason::Last(Unit::Day)) => Self::Day,
            Verdict::Kept(Reason::First(Unit::Week) | Reason::Last(Unit::Week)) => Self::Week,
            Verdict::Kept(Reason::Doubtful) => Self::Doubtful,
            Verdict::Goes => Self::Goes,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Recent => "recent, all of them",
            Self::Hour => "first or last of their hour",
            Self::Day => "first or last of their day",
            Self::Week => "first or last of their week",
            Self::Doubtful => "clocks disagreed, so they stay",
            Self::Goes => "go with the next round",
        }
    }

    /// Of its marks.
    fn class(self) -> &'static str {
        match self {
            Self::Recent => "is-recent",
            Self::Hour => "is-hour",
            Self::Day => "is-day",
            Self::Week => "is-week",
            Self::Doubtful => "is-doubtful",
            Self::Goes => "is-gone",
        }
    }
}

/// How many points stay for which reason, and how many go; reasons that no point has are left out.
fn bands(judged: &[Verdict]) -> Vec<(Band, u64)> {
    let number = |band: &Band| judged.iter().filter(|verdict| Band::of(**verdict) == *band).count() as u64;
    Band::ALL.iter().map(|band| (*band, number(band))).filter(|(_, number)| *number > 0).collect()
}

/// A policy in a sentence.
pub fn words(policy: &Policy) -> String {
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

fn deletion(kept: Kept, one: &DeletionView) -> AnyView {
    let version = one.version;
    let what = if one.first == one.last {
        format!("Point {} is deleted.", count(one.first))
    } else {
        format!("Points {} to {} are deleted.", count(one.first), count(one.last))
    };
    let until = Moment::local(one.undo_until_ms).full();
    let press = move |_| kept.decide(Wish::Undo(version), "It is there again", || {});
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
        assert_eq!(bands(&verdicts), [(Band::Recent, 2), (Band::Day, 1), (Band::Goes, 1)]);
        assert!(words(&Policy::default()).contains("of each week for ever"));
    }
}
