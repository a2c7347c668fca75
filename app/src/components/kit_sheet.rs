//! The recovery kit as a sheet of paper.

use iota_core::vault::KitSheet as Kit;
use leptos::prelude::*;

use crate::browser;
use crate::components::qr_code::QrCode;
use crate::words::{Moment, now_ms};

/// The kit: words, the slot that they open as text and as a QR code, and what it belongs to. It is shown where it was just made, so in a browser.
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
    let Kit { words, slot, account, server_id, .. } = kit;
    let server = browser::origin();
    let made = Moment::local(now_ms()).date();
    let restore = format!("iota restore --kit FILE --to FOLDER --server {server}");
    let facts = [
        ("Login", login),
        ("Server", server),
        ("Server id", server_id.to_string()),
        ("Account", account.to_string()),
        ("Made", made),
    ];
    let facts = facts.map(|(what, value)| view! { <dt>{what}</dt> <dd>{value}</dd> }.into_any());
    let code = slot.clone();
    view! {
        <section class="kit" aria-labelledby="kit-title">
            <div class="kit__top">
                <div class="stack stack--tight">
                    <h3 id="kit-title">"IotaBackup recovery kit"</h3>
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
                <QrCode text=slot spoken="QR code of the letters below the words" />
            </div>
            <dl class="kit__facts">{facts.into_iter().collect_view()}</dl>
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
            <p>
                "Without these pages: type the words with their numbers, as in 1. word, and the letters into a file, and run "
                <code>{restore}</code>
            </p>
        </section>
    }
    .into_any()
}
