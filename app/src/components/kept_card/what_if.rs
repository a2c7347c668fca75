//! Another policy, tried before it is signed.

use std::collections::HashMap;
use std::time::Duration;

use iota_core::id::SetId;
use iota_core::retention::{Policy, Verdict};
use iota_core::vault::{Problem, Wish};
use leptos::prelude::*;

use super::calendar::Calendar;
use super::{Kept, judge};
use crate::clock::Clock;
use crate::components::busy_button::BusyButton;
use crate::components::deletion_terms::{WhoIsTold, undo_until};
use crate::components::dialog::Dialog;
use crate::components::field::TextField;
use crate::components::problem_notice::ProblemNotice;
use crate::deciding;
use crate::fleet::Fleet;
use crate::time::{Point, read_all};
use crate::words::{bytes, count, many};

/// So long nothing is typed before the server is asked what would be free.
const CALM: Duration = Duration::from_millis(500);

/// What goes by a policy that somebody tries.
#[derive(Clone, PartialEq, Eq)]
struct Foretold {
    policy: Policy,
    /// Of the machine that is shown.
    gone: Vec<u64>,
    /// Nothing until the server has said something.
    sum: Option<Sum>,
}

/// What goes of all machines of the account, as far as the server was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sum {
    machines: u64,
    asked: u64,
    /// Of those that were asked, such as gave no answer.
    failed: u64,
    gone: u64,
    points: u64,
    freed: u64,
}

/// Points of other machines, read once.
type Others = StoredValue<HashMap<SetId, Vec<Point>>>;

/// Another policy, and what it would let go.
#[component]
pub(super) fn WhatIf(kept: Kept, policy: Policy) -> impl IntoView {
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
    let foretold = foretell(kept, wanted, policy);
    let said = move || match foretold.get() {
        None => "Each span is at least as long as the one before; everything is kept for 7 days at least.".to_owned(),
        Some(foretold) => {
            let all = kept.points.list().with(Vec::len) as u64;
            let more = if kept.points.is_complete() { "" } else { " shown so far" };
            sentence(&foretold, &format!("{}{more}", many(all, "point", "points")))
        }
    };
    let now = Clock::current().slow();
    let disabled = Signal::derive(move || wanted.get().is_none_or(|wanted| wanted == policy));
    let asks = RwSignal::new(false);
    let sign = Callback::new(move |()| {
        if let Some(wanted) = wanted.get_untracked() {
            kept.decide(Wish::Keep(wanted.to_string()), "Signed and saved", move || {
                // Another policy makes the form anew.
                asks.try_set(false);
            });
        }
    });
    let save = Callback::new(move |()| match wanted.get_untracked() {
        Some(wanted) if keeps_less(&wanted, &policy) => asks.set(true),
        _ => sign.run(()),
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
        {move || {
            let another = wanted.get().filter(|wanted| *wanted != policy);
            another.map(|policy| view! { <Calendar points=kept.points policy /> })
        }}
        <p class="small ink-2">
            {move || {
                now.track();
                format!(
                    "Where this keeps less and is signed now, it is carried out from {} on; until then you can keep as much as before again. \
                     What went does not come back. Nothing goes while the clocks of a machine and the server disagree.",
                    undo_until(),
                )
            }}
        </p>
        <BusyButton busy=kept.deciding.busy label="Sign and save" working="Saving…" on_press=save disabled />
        <Dialog open=asks labelled="keep-less-title">
            <KeepLess kept said=Signal::derive(said) asks sign />
        </Dialog>
    }
    .into_any()
}

/// Asks once more before less is kept.
#[component]
fn KeepLess(kept: Kept, said: Signal<String>, asks: RwSignal<bool>, sign: Callback<()>) -> impl IntoView {
    view! {
        <div class="dialog__body">
            <h2 id="keep-less-title">"Keep less?"</h2>
            <p class="ink-2">{said}</p>
            <p class="ink-2">
                {format!("It is carried out from {} on. Until then you can keep as much as now again; what went then does not come back.", undo_until())}
            </p>
            <WhoIsTold />
            {move || kept.deciding.problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            <div class="row row--between">
                <button class="button" type="button" on:click=move |_| asks.set(false)>
                    "Keep as much as now"
                </button>
                <BusyButton busy=kept.deciding.busy label="Keep less" working="Saving…" class="button--danger" on_press=sign />
            </div>
        </div>
    }
    .into_any()
}

/// Whether a policy lets anything go sooner than another.
fn keeps_less(wanted: &Policy, now: &Policy) -> bool {
    let spans = |policy: &Policy| {
        let weekly = policy.weekly_days().unwrap_or(u32::MAX);
        [policy.every_days(), policy.hourly_days(), policy.daily_days(), weekly]
    };
    spans(wanted).iter().zip(spans(now)).any(|(wanted, now)| *wanted < now)
}

/// What goes by the policy that is wanted, and a while later, when it is another one than counts now, what that is of all machines.
fn foretell(kept: Kept, wanted: Memo<Option<Policy>>, policy: Policy) -> RwSignal<Option<Foretold>> {
    let fleet = Fleet::current();
    Effect::new(move || fleet.want());
    let sets = Memo::new(move |_| {
        let machines = fleet.machines()?;
        Some(machines.iter().map(|machine| machine.set).collect::<Vec<_>>())
    });
    let others = Others::default();
    let foretold = RwSignal::new(None::<Foretold>);
    let goes = Memo::new(move |_| {
        let policy = wanted.get()?;
        Some((policy, kept.points.list().with(|list| goes(&policy, list))))
    });
    Effect::new(move |waiting: Option<Option<TimeoutHandle>>| {
        if let Some(waiting) = waiting.flatten() {
            waiting.clear();
        }
        let begun = goes.get().map(|(policy, gone)| Foretold { policy, gone, sum: None });
        foretold.set(begun.clone());
        let (begun, sets) = begun.filter(|begun| begun.policy != policy).zip(sets.get())?;
        set_timeout_with_handle(move || leptos::task::spawn_local(ask(kept, sets, others, begun, foretold)), CALM).ok()
    });
    foretold
}

fn goes(policy: &Policy, list: &[Point]) -> Vec<u64> {
    let judged = list.iter().zip(judge(policy, list));
    judged.filter(|(_, verdict)| *verdict == Verdict::Goes).map(|(point, _)| point.seq).collect()
}

/// Asks for one machine after the other, until something else is tried or the page has gone.
async fn ask(kept: Kept, sets: Vec<SetId>, others: Others, begun: Foretold, foretold: RwSignal<Option<Foretold>>) {
    let mut sum = Sum { machines: sets.len() as u64, ..Sum::default() };
    for set in sets {
        let counted = match set == kept.set {
            true => {
                let points = kept.points.list().try_with_untracked(Vec::len).unwrap_or_default();
                freed(set, begun.gone.clone()).await.map(|(gone, freed)| (gone, points, freed))
            }
            false => of_another(set, others, &begun.policy).await,
        };
        match counted {
            Ok((gone, points, freed)) => {
                (sum.gone, sum.points) = (sum.gone + gone, sum.points + points as u64);
                sum.freed = sum.freed.saturating_add(freed);
            }
            Err(_) => sum.failed += 1,
        }
        sum.asked += 1;
        let is_wanted = foretold.try_update(|foretold| {
            let same = foretold.as_mut().filter(|now| (now.policy, &now.gone) == (begun.policy, &begun.gone));
            same.map(|now| now.sum = Some(sum))
        });
        if is_wanted.flatten().is_none() {
            return;
        }
    }
}

/// How many points of another machine go, how many it has, and how many bytes only those use.
async fn of_another(set: SetId, others: Others, policy: &Policy) -> Result<(u64, usize, u64), Problem> {
    if others.try_with_value(|others| others.contains_key(&set)) == Some(false) {
        let points = read_all(set).await?;
        others.try_update_value(|others| others.insert(set, points));
    }
    let judged = others.try_with_value(|others| others.get(&set).map(|list| (goes(policy, list), list.len())));
    let (gone, points) = judged.flatten().unwrap_or_default();
    let (gone, freed) = freed(set, gone).await?;
    Ok((gone, points, freed))
}

/// How many points go, and how many bytes only they use.
async fn freed(set: SetId, gone: Vec<u64>) -> Result<(u64, u64), Problem> {
    let number = gone.len() as u64;
    Ok((number, if gone.is_empty() { 0 } else { deciding::freed(set, gone).await? }))
}

/// What goes of this machine, of which `all` is shown, and of all machines of the account.
fn sentence(foretold: &Foretold, all: &str) -> String {
    let here = format!("By this, {} of {all} of this machine would go", count(foretold.gone.len() as u64));
    let Some(sum) = foretold.sum else { return format!("{here}.") };
    // What several machines share is counted for none of them.
    let least = if sum.machines > 1 { "at least " } else { "" };
    let frees = if sum.gone > 0 { format!(", which frees {least}about {}", bytes(sum.freed)) } else { String::new() };
    let machines = many(sum.machines, "machine", "machines");
    match sum {
        Sum { machines: 0 | 1, failed: 0, .. } => format!("{here}{frees}."),
        Sum { machines: 0 | 1, .. } => format!("{here}. What that frees the server did not say."),
        Sum { asked, .. } if asked < sum.machines => {
            format!("{here}. It holds for all {machines}; asked so far: {}.", count(asked))
        }
        Sum { failed, .. } => {
            let told = if failed > 0 { format!("{} of {machines}", count(sum.machines - failed)) } else { machines };
            let points = many(sum.points, "point", "points");
            format!("{here}. On {told} together {} of {points} would go{frees}.", count(sum.gone))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foretold(gone: &[u64], sum: Option<Sum>) -> Foretold {
        Foretold { policy: Policy::default(), gone: gone.to_vec(), sum }
    }

    #[test]
    fn less_is_kept_when_any_span_is_shorter() {
        let policy = |text: &str| text.parse::<Policy>().unwrap();
        let now = policy("7d,31d,366d,forever");
        for (wanted, less) in [
            ("7d,31d,366d,forever", false),
            ("8d,31d,366d,forever", false),
            ("7d,30d,366d,forever", true),
            ("7d,31d,365d,forever", true),
            ("30d,31d,366d,4000d", true),
        ] {
            assert_eq!(keeps_less(&policy(wanted), &now), less, "{wanted}");
        }
        assert!(!keeps_less(&now, &policy("7d,31d,366d,4000d")));
    }

    #[test]
    fn what_would_go_and_what_that_frees_is_one_sentence() {
        let told = |gone: &[u64], sum| sentence(&foretold(gone, sum), "3 points");
        let one = Sum { machines: 1, asked: 1, failed: 0, gone: 2, points: 3, freed: 3_000_000 };
        assert_eq!(
            told(&[], Some(Sum { gone: 0, freed: 0, ..one })),
            "By this, 0 of 3 points of this machine would go."
        );
        assert_eq!(told(&[1, 2], None), "By this, 2 of 3 points of this machine would go.");
        let said = told(&[1, 2], Some(one)).replace('\u{a0}', " ");
        assert_eq!(said, "By this, 2 of 3 points of this machine would go, which frees about 3 MB.");
        assert!(told(&[1, 2], Some(Sum { failed: 1, gone: 0, ..one })).ends_with("frees the server did not say."));
    }

    #[test]
    fn a_policy_is_of_all_machines_and_so_is_what_it_frees() {
        let said = |sum| sentence(&foretold(&[1, 2], Some(sum)), "3 points").replace('\u{a0}', " ");
        let here = "By this, 2 of 3 points of this machine would go.";
        let all = Sum { machines: 3, asked: 3, failed: 0, gone: 20, points: 4_000, freed: 12_000_000_000 };
        assert_eq!(said(Sum { asked: 1, ..all }), format!("{here} It holds for all 3 machines; asked so far: 1."));
        let wanted =
            format!("{here} On 3 machines together 20 of 4,000 points would go, which frees at least about 12 GB.");
        assert_eq!(said(all), wanted);
        assert!(said(Sum { failed: 1, ..all }).contains("On 2 of 3 machines together"));
        assert!(said(Sum { gone: 0, ..all }).ends_with("together 0 of 4,000 points would go."));
    }
}
