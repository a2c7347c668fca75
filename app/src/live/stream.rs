//! The stream itself: the tab that gets a Web Lock holds an `EventSource`, and tells what comes through a channel. Where
//! browsers have no Web Locks (outside a secure context), every tab holds its own.

use std::cell::{Cell, RefCell};

use iota_core::api::PREFIX;
use iota_core::api::json::Event;
use leptos::prelude::window;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use web_sys::js_sys::{Function, Promise, Reflect};
use web_sys::{BroadcastChannel, EventSource, MessageEvent};

use super::Live;
use crate::words::now_ms;

/// Name of the lock and of the channel.
const NAME: &str = "iota-events";
const FIRST_WAIT_MS: u32 = 1_000;
const LONGEST_WAIT_MS: u32 = 60_000;

/// What the tab with the stream tells the others.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Heard(Event),
    Lost { retry_ms: u64 },
}

thread_local! {
    static SOURCE: RefCell<Option<EventSource>> = const { RefCell::new(None) };
    static CHANNEL: RefCell<Option<BroadcastChannel>> = const { RefCell::new(None) };
    static WAIT_MS: Cell<u32> = const { Cell::new(FIRST_WAIT_MS) };
}

/// Listens, and holds the stream when it is this tab's turn. All handlers live as long as the tab.
pub fn begin(live: Live) {
    listen(live);
    if hold_by_lock(live).is_none() {
        connect(live);
    }
}

fn listen(live: Live) {
    let Ok(channel) = BroadcastChannel::new(NAME) else { return };
    let heard = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
        match message.data().as_string().and_then(|text| serde_json::from_str(&text).ok()) {
            Some(Word::Heard(event)) => live.hear(event),
            Some(Word::Lost { retry_ms }) => live.lose(retry_ms),
            // A tab of another version speaks otherwise.
            None => {}
        }
    });
    channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    heard.forget();
    CHANNEL.set(Some(channel));
}

/// Waits for the lock, and keeps it until the tab ends. None where there are no locks.
fn hold_by_lock(live: Live) -> Option<()> {
    let locks = Reflect::get(&window().navigator(), &"locks".into()).ok()?;
    let request: Function = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    let held = Closure::once_into_js(move |_lock: JsValue| {
        connect(live);
        Promise::new(&mut |_, _| {})
    });
    request.call2(&locks, &NAME.into(), &held).ok().map(drop)
}

fn connect(live: Live) {
    let Ok(source) = EventSource::new(&format!("{PREFIX}/events")) else { return };
    let heard = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
        WAIT_MS.set(FIRST_WAIT_MS);
        if let Some(event) = message.data().as_string().and_then(|text| serde_json::from_str::<Event>(&text).ok()) {
            tell(&Word::Heard(event.clone()));
            live.hear(event);
        }
    });
    let broken = Closure::<dyn Fn()>::new(move || reconnect(live));
    source.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    source.set_onerror(Some(broken.as_ref().unchecked_ref()));
    heard.forget();
    broken.forget();
    SOURCE.set(Some(source));
}

/// The browser's own way gives up after an answer that is no stream, and tells nobody when it tries again.
fn reconnect(live: Live) {
    if let Some(source) = SOURCE.take() {
        source.close();
        source.set_onerror(None);
    }
    let wait_ms = WAIT_MS.get();
    WAIT_MS.set((wait_ms * 2).min(LONGEST_WAIT_MS));
    let retry_ms = now_ms() + u64::from(wait_ms);
    tell(&Word::Lost { retry_ms });
    live.lose(retry_ms);
    leptos::prelude::set_timeout(move || connect(live), std::time::Duration::from_millis(wait_ms.into()));
}

fn tell(word: &Word) {
    CHANNEL.with_borrow(|channel| {
        if let (Some(channel), Ok(text)) = (channel, serde_json::to_string(word)) {
            // Who does not hear it asks again by itself.
            let _ = channel.post_message(&text.into());
        }
    });
}
