//! How much changed on the day under the slider, in files: read once the slider rests there, while the vault is open.

use std::collections::HashMap;
use std::time::Duration;

use iota_core::id::SetId;
use iota_core::vault::{DayChurn, Problem, ReadChurn};
use leptos::prelude::*;

use super::Slider;
use crate::time::begin_of_day;
use crate::vault::Vault;
use crate::words::many;

/// So long the slider rests before anything is read.
const REST: Duration = Duration::from_millis(500);

/// When a day begins, milliseconds since 1970, and its last commit: that of today is another one later.
type Question = (u64, u64);

/// The line, which is empty as long as nothing is known. What was read once is not read again.
#[component]
pub(super) fn DayCount(slider: Slider, set: SetId) -> impl IntoView {
    let vault = Vault::current();
    let known = RwSignal::new(HashMap::<Question, Option<String>>::new());
    let question = Memo::new(move |_| {
        let day = slider.shown_day()?;
        let last = slider.points.with(|points| day.of(points).last().copied())?;
        vault.is_open().then(|| (begin_of_day(last.device_ms), last.seq))
    });
    let rest = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(rest) = rest.try_update_value(Option::take).flatten() {
            rest.clear();
        }
    };
    Effect::new(move || {
        stop();
        let Some(question) =
            question.get().filter(|question| known.with_untracked(|known| !known.contains_key(question)))
        else {
            return;
        };
        let read = async move {
            let (begin_ms, to) = question;
            let answer = vault.ask(ReadChurn { set, to, days_ms: vec![begin_ms] }).await;
            // Who asked may have gone; what could not be read may be read later.
            known.try_update(|known| words(answer).map(|words| known.insert(question, words)));
        };
        rest.set_value(set_timeout_with_handle(move || leptos::task::spawn_local(read), REST).ok());
    });
    on_cleanup(stop);
    Effect::new(move || {
        let words = question.get().and_then(|question| known.with(|known| known.get(&question).cloned().flatten()));
        slider.counted.set(words);
    });
    view! { <p class="timeline__count">{move || slider.counted.get()}</p> }.into_any()
}

/// In words; nothing of a day without a snapshot before it.
fn words(answer: Result<Vec<Option<DayChurn>>, Problem>) -> Option<Option<String>> {
    let churn = answer.ok()?.pop()?;
    Some(churn.map(|churn| {
        let files = many(churn.files, "file", "files");
        let gone = (churn.removed > 0).then(|| format!(", {} gone", crate::words::count(churn.removed)));
        let lost =
            (churn.lost > 0).then(|| format!(", up to {} could not be compared", crate::words::count(churn.lost)));
        format!("{files} new or changed{}{}", gone.unwrap_or_default(), lost.unwrap_or_default())
    }))
}

#[cfg(test)]
mod tests {
    use iota_core::vault::ProblemKind;

    use super::*;

    #[test]
    fn a_day_is_told_in_files_and_what_failed_is_asked_again() {
        let told =
            |files, removed, lost| words(Ok(vec![Some(DayChurn { files, removed, lost, bytes: 0 })])).unwrap().unwrap();
        assert_eq!(told(412, 3, 0), "412\u{a0}files new or changed, 3 gone");
        assert_eq!(told(1, 0, 2), "1\u{a0}file new or changed, up to 2 could not be compared");
        assert_eq!(words(Ok(vec![None])), Some(None));
        assert_eq!(words(Err(Problem::new(ProblemKind::Unreachable, ""))), None);
    }
}
