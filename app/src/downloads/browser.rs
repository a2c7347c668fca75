//! Where a file goes: a small one into memory, a large one into a file that a person chooses, or where browsers do not let a
//! page do that, through a service worker into an ordinary download.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Display;

use futures_channel::oneshot;
use iota_core::vault::{CancelDownload, Download, MAX_BLOB_BYTES, Problem, ProblemKind, VaultEvent, Way, file_name};
use leptos::prelude::{document, window};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::{Array, Function, Object, Promise, Reflect, TypeError};
use web_sys::{
    Blob, Element, HtmlAnchorElement, HtmlElement, MessageChannel, MessageEvent, ServiceWorker,
    ServiceWorkerRegistration, Url,
};

use super::WantedFile;
use crate::vault::Vault;

const SCOPE: &str = "/dl/";
/// How often a service worker hears that it is still needed; browsers end an idle one after half a minute.
const PING_MS: i32 = 10_000;
/// It says within this time that it has an offer.
const ANSWER_MS: i32 = 30_000;

thread_local! {
    /// Who waits for a file to be looked at.
    static PEEKS: RefCell<HashMap<u32, oneshot::Sender<Result<Blob, Problem>>>> = RefCell::new(HashMap::new());
    static BLOBS: RefCell<HashMap<u32, Blob>> = RefCell::new(HashMap::new());
    /// Timer and frame of each download by [`Way::Stream`].
    static STREAMS: RefCell<HashMap<u32, (i32, Element)>> = RefCell::new(HashMap::new());
}

/// Takes a small file out to be looked at; it is not among the downloads.
pub async fn peek(vault: Vault, file: &WantedFile) -> Result<Blob, Problem> {
    let download = ask(vault, file, Way::Blob, None).await?;
    let (ended, heard) = oneshot::channel();
    PEEKS.with_borrow_mut(|peeks| peeks.insert(download, ended));
    heard.await.unwrap_or_else(|_| Err(Problem::new(ProblemKind::Cancelled, "nobody looks any more")))
}

/// Whether an event ends what is looked at; who looks is told.
pub fn ends_peek(event: &VaultEvent) -> bool {
    let (download, ended) = match event {
        VaultEvent::Done { download } => (*download, Ok(())),
        VaultEvent::Stopped { download, problem } => (*download, Err(problem.clone())),
        _ => return false,
    };
    let Some(looking) = PEEKS.with_borrow_mut(|peeks| peeks.remove(&download)) else { return false };
    let blob = BLOBS.with_borrow_mut(|blobs| blobs.remove(&download));
    let gone = || Problem::new(ProblemKind::Failed, "the file did not arrive");
    // Who has gone hears nothing.
    let _ = looking.send(ended.and_then(|()| blob.ok_or_else(gone)));
    true
}

/// A download by [`Way::Blob`] has ended.
pub fn keep_blob(download: u32, blob: Blob) {
    BLOBS.with_borrow_mut(|blobs| blobs.insert(download, blob));
}

/// Chooses the way, and asks the vault.
pub async fn begin(vault: Vault, file: &WantedFile) -> Result<u32, Problem> {
    if file.bytes <= MAX_BLOB_BYTES {
        return ask(vault, file, Way::Blob, None).await;
    }
    if let Some(picker) = function(&window(), "showSaveFilePicker") {
        let handle = choose(&picker, file).await?;
        return ask(vault, file, Way::File, Some(handle)).await;
    }
    by_service_worker(vault, file).await
}

async fn ask(vault: Vault, file: &WantedFile, way: Way, beside: Option<JsValue>) -> Result<u32, Problem> {
    let question = Download { set: file.set, at: file.at, what: file.what.clone(), way };
    Ok(vault.ask_with(question, beside).await?.download)
}

/// Has a person choose a file.
async fn choose(picker: &Function, file: &WantedFile) -> Result<JsValue, Problem> {
    let options = Object::new();
    set(&options, "suggestedName", &file_name(&file.name).into());
    let chosen = picker.call1(&window(), &options).and_then(|promise| promise.dyn_into::<Promise>());
    let chosen = JsFuture::from(chosen.map_err(|error| refused(&error))?).await;
    // Who closes the dialog has decided.
    chosen.map_err(|_| Problem::new(ProblemKind::Cancelled, "no file was chosen"))
}

/// Offers the file to the service worker, then asks for its address in a hidden frame: the browser saves what comes.
async fn by_service_worker(vault: Vault, file: &WantedFile) -> Result<u32, Problem> {
    let worker = service_worker().await?;
    let channel = MessageChannel::new().map_err(|error| refused(&error))?;
    let id = window().crypto().map_err(|error| refused(&error))?.random_uuid();
    let download = ask(vault, file, Way::Stream, Some(channel.port1().into())).await?;
    let offered = offer(&worker, &id, file, channel.port2()).await;
    match offered.and_then(|()| open_hidden(&format!("{SCOPE}{id}"))) {
        Ok(frame) => {
            keep_awake(download, worker, frame);
            Ok(download)
        }
        Err(problem) => {
            // Nobody will ask it for a piece. What has ended meanwhile needs no cancelling.
            let _ = vault.ask(CancelDownload { download }).await;
            Err(problem)
        }
    }
}

async fn service_worker() -> Result<ServiceWorker, Problem> {
    // In an insecure context browsers have none.
    let container = Reflect::get(&window().navigator(), &"serviceWorker".into()).unwrap_or_default();
    if container.is_undefined() {
        return Err(refused(&"it offers neither a file dialog nor service workers here".into()));
    }
    let container = window().navigator().service_worker();
    let options = web_sys::RegistrationOptions::new();
    options.set_scope(SCOPE);
    let registered = JsFuture::from(container.register_with_options(&format!("{SCOPE}sw.js"), &options)).await;
    let registration: ServiceWorkerRegistration = registered.map_err(|error| not_registered(&error))?.unchecked_into();
    active(&registration).await.ok_or_else(|| refused(&"its service worker does not start".into()))
}

/// The worker, once it is active.
async fn active(registration: &ServiceWorkerRegistration) -> Option<ServiceWorker> {
    let coming = registration.installing().or_else(|| registration.waiting());
    if let (None, Some(coming)) = (registration.active(), coming) {
        let changed = Promise::new(&mut |resolve, _| {
            let worker = coming.clone();
            let heard = Closure::<dyn Fn()>::new(move || {
                if matches!(
                    worker.state(),
                    web_sys::ServiceWorkerState::Activated | web_sys::ServiceWorkerState::Redundant
                ) {
                    // A promise takes what it is given.
                    let _ = resolve.call0(&JsValue::NULL);
                }
            });
            coming.set_onstatechange(Some(heard.as_ref().unchecked_ref()));
            heard.forget();
        });
        JsFuture::from(changed).await.ok()?;
    }
    registration.active()
}

/// Hands the port over and waits until the worker has it.
async fn offer(worker: &ServiceWorker, id: &str, file: &WantedFile, port: web_sys::MessagePort) -> Result<(), Problem> {
    let taken = MessageChannel::new().map_err(|error| refused(&error))?;
    let message = Object::new();
    set(&message, "offer", &id.into());
    set(&message, "name", &file_name(&file.name).into());
    set(&message, "bytes", &(file.bytes as f64).into());
    let ports = Array::of2(&port, &taken.port2());
    let heard = Promise::new(&mut |resolve, reject| {
        let silent = "its service worker does not answer".into();
        // Without a timer it is waited for as long as the page is there.
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_1(&reject, ANSWER_MS, &silent);
        let heard = Closure::once_into_js(move |_: MessageEvent| drop(resolve.call0(&JsValue::NULL)));
        taken.port1().set_onmessage(Some(heard.unchecked_ref()));
    });
    worker.post_message_with_transferable(&message, &ports).map_err(|error| refused(&error))?;
    JsFuture::from(heard).await.map(drop).map_err(|error| refused(&error))
}

fn open_hidden(address: &str) -> Result<Element, Problem> {
    let frame = document().create_element("iframe").map_err(|error| refused(&error))?;
    let attributes = frame.set_attribute("hidden", "").and_then(|()| frame.set_attribute("src", address));
    attributes.map_err(|error| refused(&error))?;
    let body = document().body().ok_or_else(|| refused(&"the page has no body".into()))?;
    body.append_child(&frame).map_err(|error| refused(&error))?;
    Ok(frame)
}

fn keep_awake(download: u32, worker: ServiceWorker, frame: Element) {
    // It answers nothing; when it is gone, the download is, too, and the browser says so.
    let ping = Closure::<dyn Fn()>::new(move || drop(worker.post_message(&"awake".into())));
    let handler: &Function = ping.as_ref().unchecked_ref();
    let timer = window().set_interval_with_callback_and_timeout_and_arguments_0(handler, PING_MS);
    // No timer has the number 0.
    STREAMS.with_borrow_mut(|streams| streams.insert(download, (timer.unwrap_or_default(), frame)));
    ping.forget();
}

/// A download has ended, one way or the other.
pub fn ended(download: u32) {
    if let Some((timer, frame)) = STREAMS.with_borrow_mut(|streams| streams.remove(&download)) {
        window().clear_interval_with_handle(timer);
        frame.remove();
    }
    BLOBS.with_borrow_mut(|blobs| blobs.remove(&download));
}

/// Gives the browser a file that was collected in memory, if it was.
pub fn save_blob(download: u32, name: &str) {
    let Some(blob) = BLOBS.with_borrow_mut(|blobs| blobs.remove(&download)) else { return };
    save(&blob, &file_name(name));
}

/// Has the browser save `blob` under `name`.
pub fn save(blob: &Blob, name: &str) {
    let Ok(address) = Url::create_object_url_with_blob(blob) else { return };
    if let Ok(link) = document().create_element("a").map(JsCast::unchecked_into::<HtmlAnchorElement>) {
        link.set_href(&address);
        link.set_download(name);
        link.unchecked_ref::<HtmlElement>().click();
    }
    // The click has taken hold of the blob.
    let _ = Url::revoke_object_url(&address);
}

fn function(of: &JsValue, name: &str) -> Option<Function> {
    Reflect::get(of, &name.into()).ok()?.dyn_into().ok()
}

fn set(object: &Object, name: &str, value: &JsValue) {
    // A plain object takes every property.
    let _ = Reflect::set(object, &name.into(), value);
}

/// Browsers tell by a `TypeError` that its script did not come.
fn not_registered(error: &JsValue) -> Problem {
    if error.is_instance_of::<TypeError>() { Problem::unreachable() } else { refused(error) }
}

fn refused(error: &JsValue) -> Problem {
    let reason: &dyn Display = &error.as_string().unwrap_or_else(|| format!("{error:?}"));
    Problem::new(
        ProblemKind::Failed,
        format!(
            "this browser does not save large files from a page ({reason}); use another browser, or `iota restore`"
        ),
    )
}
