//! One point is deleted.

use iota_core::vault::Wish;
use leptos::prelude::*;

use super::Kept;
use crate::components::busy_button::BusyButton;
use crate::components::deletion_terms::{WhoIsTold, undo_until};
use crate::components::dialog::Dialog;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::deciding;
use crate::words::{bytes, count};

/// Deletes the chosen point, after a question.
#[component]
pub(super) fn DeleteChosen(kept: Kept, chosen: Signal<Option<u64>>) -> impl IntoView {
    let open = RwSignal::new(false);
    let newest = move || kept.points.list().with(|list| list.last().map(|point| point.seq));
    let seq = move || chosen.get().filter(|seq| Some(*seq) != newest());
    let freed = RwSignal::new(None::<u64>);
    let ask = move |seq: u64| {
        freed.set(None);
        open.set(true);
        leptos::task::spawn_local(async move {
            if let Ok(bytes) = deciding::freed(kept.set, vec![seq]).await {
                freed.try_set(Some(bytes));
            }
        });
    };
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
                    {format!(
                        "It is no longer shown, and until {} it can be brought back here. After that, what only this point had is gone for good. \
                         Other points stay as they are.",
                        undo_until(),
                    )}
                </p>
                <WhoIsTold />
                <p class="ink-2" role="status">
                    {move || freed.get().map(|freed| format!("That frees about {}.", bytes(freed)))}
                </p>
                {move || kept.deciding.problem.get().map(|problem| view! { <ProblemNotice problem /> })}
                <div class="row row--between">
                    <button class="button" type="button" on:click=move |_| open.set(false)>
                        "Keep it"
                    </button>
                    <BusyButton busy=kept.deciding.busy label="Delete it" working="Deleting…" class="button--danger" on_press=delete />
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
                            <button class="button button--small" type="button" on:click=move |_| ask(seq)>
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
