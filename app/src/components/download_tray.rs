//! Files on their way out, at the edge of every page.

use leptos::prelude::*;

use crate::components::icon::Icon;
use crate::components::problem_notice::sentence;
use crate::downloads::{DownloadItem, Downloads, Stage};
use crate::words;

/// The list of downloads; nothing when there are none.
#[component]
pub fn DownloadTray() -> impl IntoView {
    let downloads = Downloads::current();
    let keys = move || downloads.items().with(|items| items.iter().map(|item| item.key).collect::<Vec<_>>());
    let some = Memo::new(move |_| downloads.items().with(|items| !items.is_empty()));
    view! {
        <div class="visually-hidden" role="status">
            {move || downloads.items().with(|items| said(items))}
        </div>
        {move || {
            some.get()
                .then(|| {
                    view! {
                        <section class="tray" aria-label="Downloads">
                            <ul>
                                <For each=keys key=|key| *key let:key>
                                    <Item key />
                                </For>
                            </ul>
                        </section>
                    }
                })
        }}
    }
    .into_any()
}

/// What is said aloud: only what has ended.
fn said(items: &[DownloadItem]) -> String {
    let ended = items.iter().rev().find_map(|item| match &item.stage {
        Stage::Done => Some(format!("{}: downloaded.", item.file.name)),
        Stage::Stopped(_) => Some(format!("{}: the download was stopped.", item.file.name)),
        _ => None,
    });
    ended.unwrap_or_default()
}

#[component]
fn Item(key: u32) -> impl IntoView {
    let downloads = Downloads::current();
    let item = Memo::new(move |_| downloads.items().with(|items| items.iter().find(|item| item.key == key).cloned()));
    move || item.get().map(|item| shown(item, downloads))
}

/// Why a download was stopped, and that nothing of it is left.
fn stopped(message: &str) -> String {
    const NOTHING: &str = "no part of it was kept";
    let said = sentence(message);
    if message.to_ascii_lowercase().contains(NOTHING) { said } else { format!("{said} No part of it was kept.") }
}

fn shown(item: DownloadItem, downloads: Downloads) -> AnyView {
    let DownloadItem { key, file, stage } = item;
    let running = matches!(stage, Stage::Beginning | Stage::Running { .. });
    let (icon, class, words, share) = match &stage {
        Stage::Beginning => ("loader", "tray__item", format!("beginning, {}", words::bytes(file.bytes)), Some(0.0)),
        Stage::Running { bytes, .. } => {
            let share = if file.bytes == 0 { 1.0 } else { (*bytes as f64 / file.bytes as f64).min(1.0) };
            let text =
                format!("{} of {}, {}\u{a0}%", words::bytes(*bytes), words::bytes(file.bytes), (share * 100.0) as u32);
            ("download", "tray__item", text, Some(share))
        }
        Stage::Done => {
            ("circle-check", "tray__item tray__item--ok", format!("downloaded, {}", words::bytes(file.bytes)), None)
        }
        Stage::Stopped(problem) => ("triangle-alert", "tray__item tray__item--bad", stopped(&problem.message), None),
    };
    let percent = share.map(|share| format!("{:.1}%", share * 100.0));
    let spoken = percent.clone().map(|percent| format!("{percent} of {}", file.name));
    let label = if running { "Cancel the download" } else { "Remove from the list" };
    let press = move |_| {
        if running {
            downloads.cancel(key);
        } else {
            downloads.dismiss(key);
        }
    };
    let again = matches!(stage, Stage::Stopped(_)).then(|| {
        let file = file.clone();
        let restart = move |_| {
            downloads.dismiss(key);
            downloads.start(file.clone());
        };
        view! {
            <button class="button button--small" type="button" on:click=restart>
                "Try again"
            </button>
        }
    });
    view! {
        <li class=class>
            <Icon name=icon />
            <div class="tray__text">
                <b>
                    <bdi>{file.name}</bdi>
                </b>
                <small>{words}</small>
                {percent
                    .map(|percent| {
                        view! {
                            <svg class="meter" role="img" aria-label=spoken>
                                <rect class="meter__a" x="0" width=percent height="100%" />
                            </svg>
                        }
                    })}
                {again}
            </div>
            <button class="button button--quiet button--icon" type="button" aria-label=label on:click=press>
                <Icon name="x" />
            </button>
        </li>
    }
    .into_any()
}
