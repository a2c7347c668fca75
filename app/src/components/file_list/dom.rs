//! Where elements are, pixels from the upper edge of the view. On the server nothing is anywhere.

use leptos::web_sys::{HtmlDivElement, HtmlElement};

/// The upper edge of an element.
#[cfg(feature = "hydrate")]
pub fn top_px(element: &HtmlDivElement) -> f64 {
    element.get_bounding_client_rect().top()
}

/// The upper edge of an element.
#[cfg(not(feature = "hydrate"))]
pub fn top_px(_element: &HtmlDivElement) -> f64 {
    0.0
}

/// The height of an element.
#[cfg(feature = "hydrate")]
pub fn height_px(element: &HtmlDivElement) -> f64 {
    element.get_bounding_client_rect().height()
}

/// The height of an element.
#[cfg(not(feature = "hydrate"))]
pub fn height_px(_element: &HtmlDivElement) -> f64 {
    0.0
}

/// The policy of the pages forbids `style` attributes, not the object model.
pub fn set_px(element: &HtmlElement, property: &str, px: f64) {
    // It fails for names of properties that do not exist alone.
    let _ = element.style().set_property(property, &format!("{px:.1}px"));
}
