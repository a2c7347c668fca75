//! The Worker: messages in and out, requests, storage, time.

mod fetch;
mod sinks;
mod storage;

use std::rc::Rc;

use iota_core::vault::{Ask, Download, Problem, Strength, VaultEvent, Way};
use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{BroadcastChannel, DedicatedWorkerGlobalScope, MessageEvent};

use crate::desk::{Desk, garbled};
use crate::platform::{Platform, Request, Sink, Store};
use crate::problem::{Result, failed};
use sinks::{BlobSink, FileSink, StreamSink};
use storage::Storage;

/// Name of the channel between the vaults of all tabs.
const TABS: &str = "iota-vault";
/// The only word on it.
const LOCK: &str = "lock";

/// The browser around the Worker.
pub struct Browser {
    scope: DedicatedWorkerGlobalScope,
    storage: Storage,
    tabs: Option<BroadcastChannel>,
}

/// Starts answering; `early` are the messages that came before the program was loaded.
#[wasm_bindgen]
pub fn start(early: Array) {
    console_error_panic_hook::set_once();
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let tabs = BroadcastChannel::new(TABS).ok();
    let desk = Desk::new(Browser { scope: scope.clone(), storage: Storage::default(), tabs: tabs.clone() });
    spawn_local(Rc::clone(&desk).watch());
    if let Some(tabs) = tabs {
        lock_with_others(&tabs, Rc::clone(&desk));
    }
    let listening = Rc::clone(&desk);
    let hear = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| take(&listening, event.data()));
    scope.set_onmessage(Some(hear.as_ref().unchecked_ref()));
    hear.forget();
    for message in early.iter() {
        take(&desk, message);
    }
}

/// Locks when another tab does. The handler lives as long as the tab.
fn lock_with_others(tabs: &BroadcastChannel, desk: Rc<Desk<Browser>>) {
    let hear = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        if event.data() == LOCK {
            desk.lock_here();
        }
    });
    tabs.set_onmessage(Some(hear.as_ref().unchecked_ref()));
    hear.forget();
}

/// A question `{id, body, beside}`.
fn take(desk: &Rc<Desk<Browser>>, message: JsValue) {
    let desk = Rc::clone(desk);
    spawn_local(async move {
        let get = |name: &str| Reflect::get(&message, &name.into()).unwrap_or_default();
        let answered = match get("body").as_string().and_then(|body| serde_json::from_str::<Ask>(&body).ok()) {
            Some(Ask::Download(question)) => begin_download(&desk, &question, get("beside")).await,
            Some(ask) => desk.answer(ask).await,
            None => Err(garbled()),
        };
        let answer = Object::new();
        set(&answer, "id", &get("id"));
        match answered {
            Ok(ok) => set(&answer, "ok", &ok.into()),
            Err(problem) => set(&answer, "problem", &text(&problem).into()),
        }
        // A page that has gone hears nothing.
        let _ = desk.platform.scope.post_message(&answer);
    });
}

async fn begin_download(desk: &Rc<Desk<Browser>>, question: &Download, beside: JsValue) -> Result<String> {
    match question.way {
        Way::Blob => run(desk, question, BlobSink::default()).await,
        Way::File => run(desk, question, FileSink::create(beside).await?).await,
        Way::Stream => run(desk, question, StreamSink::listen(beside)?).await,
    }
}

async fn run<S: Sink + Finished + 'static>(desk: &Rc<Desk<Browser>>, question: &Download, sink: S) -> Result<String> {
    let (view, work) = desk.download(question, sink).await?;
    let desk = Rc::clone(desk);
    let download = view.download;
    spawn_local(async move {
        let (result, sink) = work.await;
        match result {
            Ok(()) => desk.platform.tell_with(&VaultEvent::Done { download }, sink.made()),
            Err(problem) => desk.platform.tell(&VaultEvent::Stopped { download, problem }),
        }
    });
    serde_json::to_string(&view).map_err(|error| failed(error.to_string()))
}

/// What a sink leaves for the page.
trait Finished {
    /// Handed over beside the event.
    fn made(self) -> JsValue;
}

impl Browser {
    fn tell_with(&self, event: &VaultEvent, beside: JsValue) {
        let message = Object::new();
        set(&message, "event", &text(event).into());
        set(&message, "beside", &beside);
        // A page that has gone hears nothing.
        let _ = self.scope.post_message(&message);
    }
}

impl Platform for Browser {
    async fn exchange(&self, request: Request) -> Result<Vec<u8>> {
        fetch::exchange(request).await
    }

    async fn load(&self, store: Store, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        self.storage.load(store, keys).await
    }

    async fn save(&self, store: Store, values: &[(String, &[u8])]) -> std::result::Result<(), Problem> {
        self.storage.save(store, values).await
    }

    async fn rate(&self, passphrase: &str, login: &str) -> Result<Strength> {
        let rated = call_strength(&self.scope, passphrase, login).await;
        let rated = rated.ok().and_then(|text| serde_json::from_str(&text.as_string()?).ok());
        rated.ok_or_else(|| failed("the program that rates passphrases cannot be loaded; try again"))
    }

    fn now_ms(&self) -> u64 {
        js_sys::Date::now() as u64
    }

    async fn sleep(&self, ms: u32) {
        gloo_timers::future::TimeoutFuture::new(ms).await;
    }

    fn tell(&self, event: &VaultEvent) {
        self.tell_with(event, JsValue::UNDEFINED);
    }

    fn lock_others(&self) {
        if let Some(tabs) = &self.tabs {
            // A channel that is open takes every text.
            let _ = tabs.post_message(&LOCK.into());
        }
    }

    fn server_address(&self) -> String {
        self.scope.location().origin()
    }
}

/// Loads the program that rates (`start.js` knows where it lies) and asks it.
async fn call_strength(scope: &JsValue, passphrase: &str, login: &str) -> std::result::Result<JsValue, JsValue> {
    let load: Function = Reflect::get(scope, &"loadStrength".into())?.dyn_into()?;
    let module = JsFuture::from(load.call0(scope)?.dyn_into::<Promise>()?).await?;
    let rate: Function = Reflect::get(&module, &"rate".into())?.dyn_into()?;
    rate.call2(&module, &passphrase.into(), &login.into())
}

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("enums, numbers and text have a JSON form")
}

fn set(object: &Object, name: &str, value: &JsValue) {
    // A plain object takes every property.
    let _ = Reflect::set(object, &name.into(), value);
}
