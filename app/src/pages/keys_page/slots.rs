//! The ways as cards.

use iota_core::vault::{RemoveSlot, SlotKindView, SlotView};
use leptos::prelude::*;

use super::add_passkey::AddPasskeyButton;
use super::{Desk, Panel};
use crate::components::dialog::Dialog;
use crate::components::icon::Icon;
use crate::components::skeleton::Skeleton;

#[component]
pub(super) fn SlotsCard(desk: Desk) -> impl IntoView {
    let leaving = RwSignal::new(None::<SlotView>);
    let asked = RwSignal::new(false);
    let list = move || {
        let Some(mut slots) = desk.slots.get() else { return view! { <Skeleton lines=4 /> }.into_any() };
        slots.sort_by_key(|slot| match slot.kind {
            SlotKindView::RecoveryWords => 0,
            SlotKindView::Passphrase => 1,
            SlotKindView::Passkey => 2,
            SlotKindView::KeyFile => 3,
            SlotKindView::Shares => 4,
        });
        let cards = slots
            .iter()
            .map(|slot| {
                let remove = Callback::new(move |slot| {
                    leaving.set(Some(slot));
                    asked.set(true);
                });
                view! { <SlotCard way=*slot kept=why_kept(&slots, *slot) desk remove /> }
            })
            .collect_view();
        let short = is_short(&slots).then(|| {
            view! {
                <div class="notice notice--warn" role="status">
                    <Icon name="triangle-alert" />
                    <div>
                        <b>"That is not enough."</b>
                        <p>"One lost secret would lose everything. Keep two ways, one of them on paper."</p>
                    </div>
                </div>
            }
        });
        view! {
            {short}
            <div class="slots">{cards}</div>
        }
        .into_any()
    };
    view! {
        <section class="card" aria-labelledby="ways">
            <div class="card__head">
                <h2 class="card__title" id="ways">
                    "Ways to open the vault"
                </h2>
                <span class="card__note">"each one alone is enough"</span>
            </div>
            {list}
            <div class="button-group">
                <button
                    class="button"
                    type="button"
                    on:click=move |_| {
                        if desk.is_ready() {
                            desk.panel.set(Panel::Passphrase);
                        }
                    }
                >
                    <Icon name="plus" />
                    "Add a passphrase"
                </button>
                <button class="button" type="button" on:click=move |_| desk.make_key_file()>
                    <Icon name="plus" />
                    "Make a key file"
                </button>
                <button
                    class="button"
                    type="button"
                    on:click=move |_| {
                        if desk.is_ready() {
                            desk.panel.set(Panel::People);
                        }
                    }
                >
                    <Icon name="plus" />
                    "Trust some people"
                </button>
            </div>
            <AddPasskeyButton desk />
            <p class="small ink-3">"A change needs the open vault and your password."</p>
        </section>
        <Dialog open=asked labelled="remove-title">
            {leaving.get_untracked().map(|slot| view! { <RemoveForm way=slot desk asked /> })}
        </Dialog>
    }
    .into_any()
}

#[component]
fn SlotCard(way: SlotView, kept: Option<&'static str>, desk: Desk, remove: Callback<SlotView>) -> impl IntoView {
    let (icon, title, text) = words(way.kind);
    let number = &way.slot.to_string()[..8];
    let act = match (way.kind, kept) {
        (SlotKindView::RecoveryWords, _) => view! {
            <button class="button button--small" type="button" on:click=move |_| desk.make_kit()>
                "New kit"
            </button>
        }
        .into_any(),
        (_, None) => view! {
            <button
                class="button button--small button--danger"
                type="button"
                aria-label=format!("Remove {} {number}", title.to_lowercase())
                on:click=move |_| {
                    if desk.is_ready() {
                        remove.run(way);
                    }
                }
            >
                "Remove"
            </button>
        }
        .into_any(),
        (_, Some(_)) => ().into_any(),
    };
    let kept = (way.kind != SlotKindView::RecoveryWords).then_some(kept).flatten();
    view! {
        <div class="slot">
            <span class="slot__glyph">
                <Icon name=icon />
            </span>
            <span>
                <b>{title} <span class="badge badge--ok">"ready"</span></b>
                <p>{text} " " <span class="ink-3">"Number " <span class="mono">{number.to_owned()}</span> "."</span></p>
                {kept.map(|kept| view! { <p class="ink-3">{kept}</p> })}
            </span>
            {act}
        </div>
    }
    .into_any()
}

fn words(kind: SlotKindView) -> (&'static str, &'static str, &'static str) {
    match kind {
        SlotKindView::Passphrase => (
            "rectangle-ellipsis",
            "Password or passphrase",
            "The one for signing in, if it opens the vault too, or another one.",
        ),
        SlotKindView::RecoveryWords => (
            "printer",
            "Recovery kit",
            "Twelve words and a QR code on one printed page. A new one takes its place; then destroy the old page.",
        ),
        SlotKindView::KeyFile => ("file-key", "Key file", "A small file, on a USB stick or in a safe."),
        SlotKindView::Passkey => (
            "fingerprint-pattern",
            "Passkey",
            "Your device opens it with a finger, your face or a code, at this address only.",
        ),
        SlotKindView::Shares => ("users", "Trusted people", "Enough of them together, each with a sheet of paper."),
    }
}

/// Fewer than two ways, or none on paper.
fn is_short(slots: &[SlotView]) -> bool {
    slots.len() < 2 || !slots.iter().any(|slot| slot.kind == SlotKindView::RecoveryWords)
}

/// Why a way cannot be removed.
fn why_kept(slots: &[SlotView], slot: SlotView) -> Option<&'static str> {
    let left: Vec<SlotView> = slots.iter().copied().filter(|other| other.slot != slot.slot).collect();
    if left.len() < 2 {
        Some("It stays: two ways must be left. Add another first.")
    } else if is_short(&left) {
        Some("It stays: one way must be on paper. Make a new kit first.")
    } else {
        None
    }
}

/// What a removal does not undo, and what to do about it.
fn what_is_left(kind: SlotKindView) -> Option<&'static str> {
    match kind {
        SlotKindView::Passphrase => None,
        SlotKindView::Passkey => {
            Some("Your device keeps the passkey until you delete it there. It opens nothing then.")
        }
        SlotKindView::KeyFile => Some(
            "Destroy every copy of the file: it works without this server, so whoever finds one still has your key.",
        ),
        SlotKindView::RecoveryWords => {
            Some("Destroy the page: it works without this server, so whoever finds it still has your key.")
        }
        SlotKindView::Shares => Some(
            "Have the sheets destroyed: they work without this server, so whoever brings enough of them together still has your key.",
        ),
    }
}

/// Says what goes, before it does.
#[component]
fn RemoveForm(way: SlotView, desk: Desk, asked: RwSignal<bool>) -> impl IntoView {
    let (_, title, _) = words(way.kind);
    let number = way.slot.to_string()[..8].to_owned();
    let question = match way.kind {
        SlotKindView::Shares => "Remove the trusted people?".to_owned(),
        _ => format!("Remove this {}?", title.to_lowercase()),
    };
    let remove = move |_| {
        asked.set(false);
        desk.busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = desk.proof.run(|| desk.vault.ask(RemoveSlot { slot: way.slot })).await;
            if let Some(slots) = desk.end(answer) {
                desk.slots.set(Some(slots));
                desk.toasts.say("Removed");
            }
        });
    };
    view! {
        <div class="dialog__body">
            <div class="stack stack--tight">
                <h2 id="remove-title">{question}</h2>
                <p class="ink-2">
                    "Number " <span class="mono">{number}</span>
                    " goes for good: this server hands it out no more. Your backups and the other ways stay as they are."
                </p>
                {what_is_left(way.kind).map(|words| view! { <p class="ink-2">{words}</p> })}
            </div>
            <div class="row row--between">
                <button class="button" type="button" on:click=move |_| asked.set(false)>
                    "Keep it"
                </button>
                <button class="button button--danger" type="button" on:click=remove>
                    "Remove it"
                </button>
            </div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use iota_core::id::SlotId;

    use super::*;

    fn slot(number: u8, kind: SlotKindView) -> SlotView {
        SlotView { slot: SlotId([number; 16]), kind }
    }

    #[test]
    fn two_ways_stay_and_one_of_them_on_paper() {
        let (kit, word) = (slot(1, SlotKindView::RecoveryWords), slot(2, SlotKindView::Passphrase));
        let (file, other) = (slot(3, SlotKindView::KeyFile), slot(4, SlotKindView::RecoveryWords));
        assert!(is_short(&[kit]) && is_short(&[word, file]) && !is_short(&[kit, word]));
        assert!(why_kept(&[kit, word], word).is_some_and(|why| why.contains("two ways")));
        assert!(why_kept(&[kit, word, file], kit).is_some_and(|why| why.contains("on paper")));
        assert_eq!(why_kept(&[kit, word, file], word), None);
        assert_eq!(why_kept(&[kit, word, other], kit), None);
        let (passkey, second) = (slot(5, SlotKindView::Passkey), slot(6, SlotKindView::Passkey));
        assert!(is_short(&[passkey, second]) && is_short(&[word, passkey]) && !is_short(&[kit, passkey]));
        assert!(why_kept(&[kit, passkey, second], kit).is_some_and(|why| why.contains("on paper")));
        assert_eq!(why_kept(&[kit, passkey, second], passkey), None);
    }
}
