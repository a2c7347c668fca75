//! The recovery kit as a sheet of paper.

use iota_core::vault::KitSheet as Kit;
use leptos::prelude::*;

use crate::browser;
use crate::components::qr_code::QrCode;
use crate::words::{Moment, now_ms};

/// The kit: words, and the slot that they open as text and as a QR code. It is shown where it was just made, so in a browser.
#[component]
pub fn KitSheet(
    /// The kit.
    kit: Kit,
    /// Whose it is.
    login: String,
    /// Whether the words are hidden.
    #[prop(into)]
    veiled: Signal<bool>,
) -> impl IntoView {
    let Kit { words, slot, .. } = kit;
    let place = format!("{login} · {}", browser::origin());
    let made = format!("made {}", Moment::local(now_ms()).date());
    let code = slot.clone();
    view! {
        <section class="kit" aria-labelledby="kit-title">
            <div class="kit__top">
                <div class="stack stack--tight">
                    <h3 id="kit-title">"IotaBackup recovery kit"</h3>
                    <p>{place} <br /> {made}</p>
                    <p>
                        {move || {
                            if veiled.get() {
                                "The words stay hidden here until you have confirmed the paper."
                            } else {
                                "Whoever holds this page can open these backups, with nothing else. Keep it where you keep other papers of value."
                            }
                        }}
                    </p>
                </div>
                <QrCode text=slot spoken="QR code of the sealed slot" />
            </div>
            <ol class="kit__words">
                {words
                    .into_iter()
                    .map(|word| {
                        view! {
                            <li>
                                {move || {
                                    if veiled.get() {
                                        view! { <span class="kit__veil"><span class="visually-hidden">"hidden"</span></span> }.into_any()
                                    } else {
                                        word.clone().into_any()
                                    }
                                }}
                            </li>
                        }
                    })
                    .collect_view()}
            </ol>
            <p class="kit__code">{code}</p>
        </section>
    }
    .into_any()
}
