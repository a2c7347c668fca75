//! Who looks at the page.

use iota_core::api::json::SessionInfo;
use leptos::prelude::*;

/// Who looks at the page, as the server knew when it rendered it. It decides what is shown, never what is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Viewer {
    /// Who is signed in.
    pub session: Option<SessionInfo>,
    /// Whether the page came neither by TLS nor from this machine: browsers then keep back what needs a secure context.
    pub insecure: bool,
}

impl Viewer {
    /// What the server wrote on the root element.
    pub fn of_document() -> Self {
        let root = document().document_element();
        let read = |name| root.as_ref().and_then(|root| root.get_attribute(name));
        let account = read("data-account").and_then(|account| account.parse().ok());
        let session = account.zip(read("data-login")).map(|(account, login)| SessionInfo {
            account,
            login,
            administrator: read("data-administrator").is_some(),
        });
        Self { session, insecure: read("data-secure").as_deref() == Some("false") }
    }

    /// Who looks at this page.
    pub fn current() -> Self {
        use_context().unwrap_or_default()
    }
}
