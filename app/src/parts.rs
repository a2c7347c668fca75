//! Pages whose code comes when one of them is opened: a part is a file of its own, for pages that people open one after the other. What a visitor
//! needs first is the program itself. The asset build cuts (`xtask/src/bundle/parts.rs`), `app/start.js` fetches.

use leptos::prelude::*;
use leptos_router::ChooseView;

use crate::pages::add_machine_page::AddMachinePage;
use crate::pages::browse_page::BrowsePage;
use crate::pages::compare_page::ComparePage;
use crate::pages::download_page::DownloadPage;
use crate::pages::file_page::FilePage;
use crate::pages::forgot_page::ForgotPage;
use crate::pages::home_page::{HomePage, VisitorPage};
use crate::pages::keys_page::KeysPage;
use crate::pages::machine_page::MachinePage;
use crate::pages::machines_page::MachinesPage;
use crate::pages::rules_page::RulesPage;
use crate::pages::search_page::SearchPage;
use crate::pages::settings_page::SettingsPage;
use crate::pages::sign_up_page::SignUpPage;
use crate::pages::timeline_page::TimelinePage;
use crate::viewer::Viewer;

/// Pages about an account, its machines together, and how they come into it.
#[derive(Debug, Clone, Copy)]
pub enum AccountPart {
    /// `/`, where a visitor sees what this server is: that is in the program itself.
    Home,
    /// `/machines`.
    Machines,
    /// `/machines/add`.
    AddMachine,
    /// `/download`.
    Download,
    /// `/forgot`.
    Forgot,
    /// `/keys`.
    Keys,
    /// `/settings`.
    Settings,
    /// `/sign-up`.
    SignUp,
}

/// Pages about one machine and its files.
#[derive(Debug, Clone, Copy)]
pub enum MachinePart {
    /// `/machines/:set`.
    Machine,
    /// `/machines/:set/timeline`.
    Timeline,
    /// `/machines/:set/browse`.
    Browse,
    /// `/machines/:set/file`.
    File,
    /// `/machines/:set/search`.
    Search,
    /// `/machines/:set/compare`.
    Compare,
    /// `/machines/:set/rules`.
    Rules,
}

impl AccountPart {
    fn is_for_visitors(self) -> bool {
        matches!(self, Self::Home) && Viewer::current().session.is_none()
    }
}

impl ChooseView for AccountPart {
    async fn choose(self) -> AnyView {
        if self.is_for_visitors() {
            return VisitorPage().into_any();
        }
        #[cfg(feature = "ssr")]
        announce("account_part");
        account_part(self).await
    }

    async fn preload(&self) {
        #[cfg(feature = "hydrate")]
        if !self.is_for_visitors() {
            __preload_account_part().await;
        }
    }
}

impl ChooseView for MachinePart {
    async fn choose(self) -> AnyView {
        #[cfg(feature = "ssr")]
        announce("machine_part");
        machine_part(self).await
    }

    async fn preload(&self) {
        #[cfg(feature = "hydrate")]
        __preload_machine_part().await;
    }
}

#[lazy]
fn account_part(page: AccountPart) -> AnyView {
    match page {
        AccountPart::Home => HomePage().into_any(),
        AccountPart::Machines => MachinesPage().into_any(),
        AccountPart::AddMachine => AddMachinePage().into_any(),
        AccountPart::Download => DownloadPage().into_any(),
        AccountPart::Forgot => ForgotPage().into_any(),
        AccountPart::Keys => KeysPage().into_any(),
        AccountPart::Settings => SettingsPage().into_any(),
        AccountPart::SignUp => SignUpPage().into_any(),
    }
}

#[lazy]
fn machine_part(page: MachinePart) -> AnyView {
    match page {
        MachinePart::Machine => MachinePage().into_any(),
        MachinePart::Timeline => TimelinePage().into_any(),
        MachinePart::Browse => BrowsePage().into_any(),
        MachinePart::File => FilePage().into_any(),
        MachinePart::Search => SearchPage().into_any(),
        MachinePart::Compare => ComparePage().into_any(),
        MachinePart::Rules => RulesPage().into_any(),
    }
}

/// Where the files of parts are, by the function that needs them.
#[cfg(feature = "ssr")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts(pub std::collections::BTreeMap<String, Vec<String>>);

/// The document names the files of a part, so that the browser fetches them together with the program.
#[cfg(feature = "ssr")]
fn announce(function: &str) {
    let Some(Parts(parts)) = use_context() else { return };
    for href in parts.get(function).into_iter().flatten() {
        // Making HTML of it is what puts it into the head.
        let _ = view! {
            <leptos_meta::Link
                rel="preload"
                as_="fetch"
                type_="application/wasm"
                href=href.clone()
                crossorigin="anonymous"
            />
        }
        .to_html();
    }
}
