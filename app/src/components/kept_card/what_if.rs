//! Another policy, tried before it is signed.

use std::time::Duration;

use iota_core::retention::{Policy, Verdict};
use iota_core::vault::Wish;
use leptos::prelude::*;

use super::calendar::Calendar;
use super::{Kept, judge};
use crate::components::busy_button::BusyButton;
use crate::components::field::TextField;
use crate::deciding;
use crate::words::{bytes, count, many};

/// So long nothing is typed before the server is asked what would be free.
const CALM: Duration = Duration::from_millis(500);

/// What goes by a policy that somebody tries.
#[derive(Clone, PartialEq, Eq)]
struct Foretold {
    gone: Vec<u64>,
    /// Nothing until the server has said it.
    freed: Option<u64>,
}

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
    let foretold = foretell(kept, wanted);
    let said = move || match foretold.get() {
        None => "Each span is at least as long as the one before; everything is kept for 7 days at least.".to_owned(),
        Some(foretold) => {
            let all = kept.points.list().with(Vec::len) as u64;
            let more = if kept.points.is_complete() { "" } else { " shown so far" };
            sentence(&foretold, &format!("{}{more}", many(all, "point", "points")))
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
        {move || {
            let another = wanted.get().filter(|wanted| *wanted != policy);
            another.map(|policy| view! { <Calendar points=kept.points policy /> })
        }}
        <p class="small ink-2">
            "Where this keeps less, it is carried out 14 days after you sign it, and you get a mail; until then you can keep as much as before again. What went does not come back. Nothing goes while the clocks of a machine and the server disagree."
        </p>
        <BusyButton busy=kept.deciding.busy label="Sign and save" working="Saving…" on_press=save disabled />
    }
    .into_any()
}

/// What goes by the policy that is wanted, and a while later what that frees.
fn foretell(kept: Kept, wanted: Memo<Option<Policy>>) -> RwSignal<Option<Foretold>> {
    let foretold = RwSignal::new(None::<Foretold>);
    let goes = Memo::new(move |_| {
        let policy = wanted.get()?;
        kept.points.list().with(|list| {
            let judged = list.iter().zip(judge(&policy, list));
            Some(
                judged.filter(|(_, verdict)| *verdict == Verdict::Goes).map(|(point, _)| point.seq).collect::<Vec<_>>(),
            )
        })
    });
    Effect::new(move |waiting: Option<Option<TimeoutHandle>>| {
        if let Some(waiting) = waiting.flatten() {
            waiting.clear();
        }
        let gone = goes.get();
        let freed = gone.as_ref().and_then(|gone| gone.is_empty().then_some(0));
        foretold.set(gone.clone().map(|gone| Foretold { gone, freed }));
        let gone = gone.filter(|gone| !gone.is_empty())?;
        set_timeout_with_handle(move || leptos::task::spawn_local(ask(kept, gone, foretold)), CALM).ok()
    });
    foretold
}

/// Without an answer it stays untold: how many go is what matters.
async fn ask(kept: Kept, gone: Vec<u64>, foretold: RwSignal<Option<Foretold>>) {
    let Ok(freed) = deciding::freed(kept.set, gone.clone()).await else { return };
    foretold.try_update(|foretold| {
        if let Some(foretold) = foretold.as_mut().filter(|foretold| foretold.gone == gone) {
            foretold.freed = Some(freed);
        }
    });
}

fn sentence(foretold: &Foretold, all: &str) -> String {
    let gone = count(foretold.gone.len() as u64);
    match foretold.freed {
        Some(freed) if !foretold.gone.is_empty() => {
            format!("By this, {gone} of {all} of this machine would go, which frees about {}.", bytes(freed))
        }
        _ => format!("By this, {gone} of {all} of this machine would go."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_go_and_what_that_frees_is_one_sentence() {
        let foretold = |gone: &[u64], freed| Foretold { gone: gone.to_vec(), freed };
        assert_eq!(sentence(&foretold(&[], Some(0)), "3 points"), "By this, 0 of 3 points of this machine would go.");
        assert_eq!(sentence(&foretold(&[1, 2], None), "3 points"), "By this, 2 of 3 points of this machine would go.");
        let told = sentence(&foretold(&[1, 2], Some(3_000_000)), "3 points");
        assert!(told.starts_with("By this, 2 of 3 points of this machine would go, which frees about 3"), "{told}");
    }
}
