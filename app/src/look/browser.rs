//! Decoding, and drawing. A picture is decoded by the browser into pixels; nothing of the file itself is put into the document.

use std::fmt::Debug;

use iota_core::vault::{Problem, ProblemKind};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::{Promise, Uint8Array};
use web_sys::{
    Blob, CanvasRenderingContext2d, HtmlCanvasElement, ImageBitmap, ImageBitmapOptions, ImageBitmapRenderingContext,
    ResizeQuality,
};

use super::Look;
use crate::downloads::{WantedFile, browser};
use crate::vault::Vault;

/// The longer side of a picture in a list, pixels: twice that of its place.
const SMALL_PX: u32 = 64;

/// A picture, decoded.
#[derive(Clone)]
pub struct Picture(ImageBitmap);

impl Picture {
    /// Width and height, pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.0.width(), self.0.height())
    }

    /// Draws it, as often as one likes.
    pub fn draw_again(&self, canvas: &HtmlCanvasElement) {
        let (width, height) = self.size();
        canvas.set_width(width);
        canvas.set_height(height);
        let context = canvas.get_context("2d").ok().flatten();
        if let Some(context) = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok()) {
            // It fails for a picture whose pixels were freed alone.
            let _ = context.draw_image_with_image_bitmap(&self.0, 0.0, 0.0);
        }
    }

    /// Frees its pixels.
    pub fn close(&self) {
        self.0.close();
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
    let (blob, bytes) = take(vault, file).await?;
    if super::is_picture(&bytes) {
        if super::size(&bytes).is_some_and(super::is_too_large) {
            return Ok(Look::Other);
        }
        let decoding = window().create_image_bitmap_with_blob(&blob);
        return Ok(picture(decoding).await.map_or(Look::Other, Look::Picture));
    }
    Ok(super::text(bytes).map_or(Look::Other, Look::Text))
}

/// See [`super::look_small`].
pub async fn look_small(vault: Vault, file: &WantedFile) -> Option<Picture> {
    let (blob, bytes) = take(vault, file).await.ok()?;
    // Nobody asked for it: what does not say how large it is stays an icon.
    let (width, height) = super::size(&bytes).filter(|size| super::is_picture(&bytes) && super::fits_in_list(*size))?;
    let small = ImageBitmapOptions::new();
    // The other side follows. It is shorter, unless the picture is to be turned.
    if width < height {
        small.set_resize_height(SMALL_PX);
    } else {
        small.set_resize_width(SMALL_PX);
    }
    small.set_resize_quality(ResizeQuality::Medium);
    picture(window().create_image_bitmap_with_blob_and_image_bitmap_options(&blob, &small)).await
}

async fn take(vault: Vault, file: &WantedFile) -> Result<(Blob, Vec<u8>), Problem> {
    let blob = browser::peek(vault, file).await?;
    let buffer = JsFuture::from(blob.array_buffer()).await.map_err(|error| unreadable(&error))?;
    Ok((blob, Uint8Array::new(&buffer).to_vec()))
}

/// None when the browser cannot decode it.
async fn picture(decoding: Result<Promise, JsValue>) -> Option<Picture> {
    Some(Picture(JsFuture::from(decoding.ok()?).await.ok()?.dyn_into().ok()?))
}

fn unreadable(error: &dyn Debug) -> Problem {
    Problem::new(ProblemKind::Failed, format!("the browser cannot read what was opened: {error:?}"))
}
