//! Where files go: into memory, into a file that a person chose, or through a port into an ordinary download.

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use iota_core::vault::{Problem, ProblemKind};
use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, MessageEvent, MessagePort};

use super::Finished;
use crate::platform::Sink;
use crate::problem::{Result, failed};

/// Collects a small file.
#[derive(Default)]
pub struct BlobSink {
    parts: Array,
    blob: Option<Blob>,
}

impl Sink for BlobSink {
    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.parts.push(&Uint8Array::from(bytes));
        Ok(())
    }

    async fn finish(&mut self) -> Result<()> {
        let options = BlobPropertyBag::new();
        options.set_type("application/octet-stream");
        let blob = Blob::new_with_u8_array_sequence_and_options(&self.parts, &options);
        self.blob = Some(blob.map_err(|error| refused(&error))?);
        Ok(())
    }

    async fn abort(&mut self, _problem: &Problem) {
        self.parts = Array::new();
    }
}

impl Finished for BlobSink {
    fn made(self) -> JsValue {
        self.blob.map_or(JsValue::UNDEFINED, JsValue::from)
    }
}

/// Writes into a file that a person chose. It gets its content when it is closed, not before.
pub struct FileSink {
    stream: JsValue,
}

impl FileSink {
    /// Opens the handle of a file for writing.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn create(handle: JsValue) -> Result<Self> {
        Ok(Self { stream: call(&handle, "createWritable", &JsValue::UNDEFINED).await? })
    }
}

impl Sink for FileSink {
    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        call(&self.stream, "write", &Uint8Array::from(bytes)).await.map(drop)
    }

    async fn finish(&mut self) -> Result<()> {
        call(&self.stream, "close", &JsValue::UNDEFINED).await.map(drop)
    }

    async fn abort(&mut self, _problem: &Problem) {
        // The file was never given its content; there is nothing else to do.
        let _ = call(&self.stream, "abort", &JsValue::UNDEFINED).await;
    }
}

impl Finished for FileSink {
    fn made(self) -> JsValue {
        JsValue::UNDEFINED
    }
}

/// Calls a method that answers with a promise. `web-sys` does not know the writing half of the File System API yet.
async fn call(of: &JsValue, method: &str, argument: &JsValue) -> Result<JsValue> {
    let function: Function =
        Reflect::get(of, &method.into()).and_then(JsCast::dyn_into).map_err(|error| refused(&error))?;
    let promise: Promise = function.call1(of, argument).and_then(JsCast::dyn_into).map_err(|error| refused(&error))?;
    JsFuture::from(promise).await.map_err(|error| refused(&error))
}

/// Who asks for a first piece does so within this time.
const BEGIN_MS: u32 = 30_000;

/// Hands pieces to whoever asks for them through a port.
pub struct StreamSink {
    port: MessagePort,
    asked: UnboundedReceiver<bool>,
    begun: bool,
    _hear: Closure<dyn Fn(MessageEvent)>,
}

impl StreamSink {
    /// Listens at a port.
    ///
    /// # Errors
    /// When there is none.
    pub fn listen(beside: JsValue) -> Result<Self> {
        let port: MessagePort = beside.dyn_into().map_err(|_| failed("a download needs a port"))?;
        let (sender, asked) = unbounded();
        let hear = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let cancelled = event.data().as_string().as_deref() == Some("cancel");
            // Who no longer waits has ended.
            let _ = sender.unbounded_send(!cancelled);
        });
        port.set_onmessage(Some(hear.as_ref().unchecked_ref()));
        Ok(Self { port, asked, begun: false, _hear: hear })
    }

    /// Waits until the next piece is asked for.
    async fn wanted(&mut self) -> Result<()> {
        let asked = if self.begun {
            self.asked.next().await
        } else {
            match select(self.asked.next(), TimeoutFuture::new(BEGIN_MS)).await {
                Either::Left((asked, _)) => asked,
                Either::Right(_) => return Err(failed("the browser did not begin the download; try again")),
            }
        };
        self.begun = true;
        match asked {
            Some(true) => Ok(()),
            _ => Err(Problem::new(ProblemKind::Cancelled, "the browser stopped the download; no part of it was kept")),
        }
    }
}

impl Drop for StreamSink {
    fn drop(&mut self) {
        // Who asks for one more piece after the end asks nobody.
        self.port.set_onmessage(None);
    }
}

impl Sink for StreamSink {
    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.wanted().await?;
        let buffer = Uint8Array::from(bytes).buffer();
        self.port.post_message_with_transferable(&buffer, &Array::of1(&buffer)).map_err(|error| refused(&error))
    }

    async fn finish(&mut self) -> Result<()> {
        self.wanted().await?;
        self.port.post_message(&JsValue::NULL).map_err(|error| refused(&error))
    }

    async fn abort(&mut self, problem: &Problem) {
        // Who waits for the next piece is told why none comes; who has gone is not.
        let _ = self.port.post_message(&problem.message.as_str().into());
    }
}

impl Finished for StreamSink {
    fn made(self) -> JsValue {
        JsValue::UNDEFINED
    }
}

fn refused(error: &JsValue) -> Problem {
    let reason =
        Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string()).unwrap_or_default();
    failed(format!("the browser cannot write the file: {reason}; is there room on the disk? No part of it was kept"))
}
