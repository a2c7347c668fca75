//! Addresses of the drawings that components refer to.

use leptos::prelude::*;

/// Where the drawings lie. The names carry a hash of the content, so the server tells them to the browser on the root element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sprites {
    /// Address of the sheet of icons, one `symbol` each.
    pub icons: String,
    /// Address of the rings.
    pub rings: String,
}

impl Sprites {
    /// The addresses that the server wrote on the root element; empty where it has no assets.
    pub fn of_document() -> Self {
        let root = document().document_element();
        let read = |name| root.as_ref().and_then(|root| root.get_attribute(name)).unwrap_or_default();
        Self { icons: read("data-icons"), rings: read("data-rings") }
    }

    /// The addresses of this page.
    pub(crate) fn current() -> Self {
        use_context().unwrap_or_default()
    }
}
