//! The Worker: started once, asked by messages `{id, body, beside}`, which answers `{id, ok}` or `{id, problem}`, and tells
//! `{event, beside}` in between.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use futures_channel::oneshot;
use iota_core::vault::{Problem, ProblemKind, VaultEvent};
use leptos::prelude::document;
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::js_sys::{Array, Object, Reflect};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use super::Vault;

type Answer = Result<String, Problem>;

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
    static WAITING: RefCell<HashMap<u32, oneshot::Sender<Answer>>> = RefCell::new(HashMap::new());
    static LAST: Cell<u32> = const { Cell::new(0) };
    /// Whether the Worker has said anything: before that its program is still coming.
    static STARTED: Cell<bool> = const { Cell::new(false) };
}

/// Asks, with something `beside` that is handed over as it is (or moved, if it is a port).
pub async fn exchange(vault: Vault, question: String, beside: Option<JsValue>) -> Answer {
    let worker = running(vault)?;
    let id = LAST.get().wrapping_add(1);
    LAST.set(id);
    let (sender, receiver) = oneshot::channel();
    WAITING.with_borrow_mut(|waiting| waiting.insert(id, sender));
    post(&worker, id, &question, beside).map_err(|_| broken("the question cannot be sent"))?;
    receiver.await.unwrap_or_else(|_| Err(broken("it ended")))
}

fn post(worker: &Worker, id: u32, question: &str, beside: Option<JsValue>) -> Result<(), JsValue> {
    let message = Object::new();
    Reflect::set(&message, &"id".into(), &id.into())?;
    Reflect::set(&message, &"body".into(), &question.into())?;
    let moved = Array::new();
    if let Some(beside) = beside {
        Reflect::set(&message, &"beside".into(), &beside)?;
        if beside.is_instance_of::<web_sys::MessagePort>() {
            moved.push(&beside);
        }
    }
    worker.post_message_with_transfer(&message, &moved)
}

/// The Worker, started if it does not run.
fn running(vault: Vault) -> Result<Worker, Problem> {
    if let Some(worker) = WORKER.with_borrow(Clone::clone) {
        return Ok(worker);
    }
    let address = document().document_element().and_then(|root| root.get_attribute("data-vault"));
    let address = address.ok_or_else(|| broken("this server does not serve it"))?;
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options(&address, &options).map_err(|_| broken("this browser does not start it"))?;
    listen(&worker, vault);
    STARTED.set(false);
    WORKER.set(Some(worker.clone()));
    Ok(worker)
}

/// Both handlers live as long as the tab.
fn listen(worker: &Worker, vault: Vault) {
    let heard = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| hear(vault, &event.data()));
    worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    heard.forget();
    let failed = Closure::<dyn Fn()>::new(move || {
        // Its other tasks and its memory would live on.
        if let Some(worker) = WORKER.take() {
            worker.set_onmessage(None);
            worker.set_onerror(None);
            worker.terminate();
        }
        let problem = if STARTED.get() { broken("it ended") } else { unloaded() };
        for waiting in WAITING.take().into_values() {
            // Who asked may have gone.
            let _ = waiting.send(Err(problem.clone()));
        }
        vault.tell(VaultEvent::State(iota_core::vault::VaultState::default()));
    });
    worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
    failed.forget();
}

fn hear(vault: Vault, message: &JsValue) {
    STARTED.set(true);
    let text = |name: &str| Reflect::get(message, &name.into()).ok().and_then(|value| value.as_string());
    if let Some(event) = text("event").and_then(|event| serde_json::from_str(&event).ok()) {
        if let VaultEvent::Done { download } = &event
            && let Ok(blob) = Reflect::get(message, &"beside".into())
            && let Ok(blob) = blob.dyn_into::<web_sys::Blob>()
        {
            crate::downloads::browser::keep_blob(*download, blob);
        }
        vault.tell(event);
        return;
    }
    let id = Reflect::get(message, &"id".into()).ok().and_then(|id| id.as_f64());
    let waiting = id.and_then(|id| WAITING.with_borrow_mut(|waiting| waiting.remove(&(id as u32))));
    let Some(waiting) = waiting else { return };
    let problem = || text("problem").and_then(|problem| serde_json::from_str(&problem).ok());
    let answer = match text("ok") {
        Some(ok) => Ok(ok),
        None => Err(problem().unwrap_or_else(|| broken("it gave no answer"))),
    };
    // Who asked may have gone.
    let _ = waiting.send(answer);
}

/// The next question starts it again.
fn unloaded() -> Problem {
    Problem::new(
        ProblemKind::Unreachable,
        "the program of the vault did not come from the server; check your connection, and try again in a moment",
    )
}

fn broken(reason: &str) -> Problem {
    Problem::new(ProblemKind::Failed, format!("the vault does not work in this browser: {reason}; reload the page"))
}
