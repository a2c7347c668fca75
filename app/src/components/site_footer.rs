//! The end of the public pages.

use leptos::prelude::*;

/// Version and licence.
#[component]
pub fn SiteFooter() -> impl IntoView {
    view! {
        <footer class="site-footer">
            <span>{concat!("IotaBackup ", env!("CARGO_PKG_VERSION"))}</span>
            <span>{concat!("Licence: ", env!("CARGO_PKG_LICENSE"))}</span>
        </footer>
    }
    .into_any()
}
