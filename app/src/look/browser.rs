//! Decoding, and drawing. A picture is decoded by the browser into pixels; nothing of the file itself is put into the document.

use std::fmt::Debug;

use iota_core::vault::{Problem, ProblemKind};
use leptos::prelude::window;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::Uint8Array;
use web_sys::{Blob, HtmlCanvasElement, ImageBitmap, ImageBitmapRenderingContext};

use super::Look;
use crate::downloads::{WantedFile, browser};
use crate::vault::Vault;

/// A picture, decoded.
#[derive(Clone)]
pub struct Picture(ImageBitmap);

impl Picture {
    /// Width and height, pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.0.width(), self.0.height())
    }

    /// Draws it, once.
    pub fn draw(&self, canvas: &HtmlCanvasElement) {
        let (width, height) = self.size();
        canvas.set_width(width);
        canvas.set_height(height);
        let context = canvas.get_context("bitmaprenderer").ok().flatten();
        if let Some(context) = context.and_then(|context| context.dyn_into::<ImageBitmapRenderingContext>().ok()) {
            context.transfer_from_image_bitmap(&self.0);
        }
    }
}

/// See [`super::look`].
pub async fn look(vault: Vault, file: &WantedFile) -> Result<Look, Problem> {
    let blob = browser::peek(vault, file).await?;
    let buffer = JsFuture::from(blob.array_buffer()).await.map_err(|error| unreadable(&error))?;
    let bytes = Uint8Array::new(&buffer).to_vec();
    if super::is_picture(&bytes) {
        return Ok(picture(&blob).await.map_or(Look::Other, Look::Picture));
    }
    Ok(super::text(bytes).map_or(Look::Other, Look::Text))
}

/// None when the browser cannot decode it.
async fn picture(blob: &Blob) -> Option<Picture> {
    let decoding = window().create_image_bitmap_with_blob(blob).ok()?;
    Some(Picture(JsFuture::from(decoding).await.ok()?.dyn_into().ok()?))
}

fn unreadable(error: &dyn Debug) -> Problem {
    Problem::new(ProblemKind::Failed, format!("the browser cannot read what was opened: {error:?}"))
}
