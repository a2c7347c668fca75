//! Files on their way out of the vault. The list belongs to the tab: a download goes on while pages change.

#[cfg(feature = "hydrate")]
pub(crate) mod browser;

use std::time::Duration;

use iota_core::id::SetId;
use iota_core::vault::{CancelDownload, Problem, ProblemKind, VaultEvent, Wanted};
use leptos::prelude::*;

use crate::vault::Vault;
#[cfg(feature = "hydrate")]
use crate::words::now_ms;

/// How long one that has ended well stays in the list.
const SHOWN: Duration = Duration::from_secs(12);

/// Where a browser notes what it took home last: milliseconds since 1970, then the set.
pub const PROVED: &str = "iota-proved";

/// A file or zip to take out, as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedFile {
    /// The set.
    pub set: SetId,
    /// The commit.
    pub at: u64,
    /// What.
    pub what: Wanted,
    /// Its name, safe to show.
    pub name: String,
    /// Its size; of a zip, that of the files in it.
    pub bytes: u64,
}

/// One download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadItem {
    /// Names it on the page.
    pub key: u32,
    /// What is taken out.
    pub file: WantedFile,
    /// How far it is.
    pub stage: Stage,
}

/// How far a download is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing has come yet.
    Beginning,
    /// So many bytes were verified and written.
    Running {
        /// The vault's name for it.
        download: u32,
        /// How many.
        bytes: u64,
    },
    /// All of it is on the disk.
    Done,
    /// It was stopped, and nothing of it may be used.
    Stopped(Problem),
}

/// The downloads of this tab. A copy is the same list.
#[derive(Clone, Copy)]
pub struct Downloads {
    vault: Vault,
    items: RwSignal<Vec<DownloadItem>>,
    last: StoredValue<u32>,
    /// How downloads ended while their items were beginning, and did not know them yet.
    early: StoredValue<Vec<VaultEvent>>,
}

/// The download that an event ends.
fn ended(event: &VaultEvent) -> Option<u32> {
    match event {
        VaultEvent::Done { download } | VaultEvent::Stopped { download, .. } => Some(*download),
        _ => None,
    }
}

impl Downloads {
    /// Makes them known to everything below; follows what the vault tells.
    pub fn provide(vault: Vault) -> Self {
        let downloads =
            Self { vault, items: RwSignal::new(Vec::new()), last: StoredValue::new(0), early: StoredValue::default() };
        provide_context(downloads);
        Effect::new(move || {
            if let Some(event) = vault.last_event().get() {
                #[cfg(feature = "hydrate")]
                if browser::ends_peek(&event) {
                    return;
                }
                downloads.hear(&event);
            }
        });
        let open = Memo::new(move |_| vault.is_open());
        Effect::new(move |was_open: Option<bool>| {
            let is_open = open.get();
            if was_open == Some(true) && !is_open {
                downloads.forget();
            }
            is_open
        });
        downloads
    }

    /// The downloads of this tab.
    pub fn current() -> Self {
        expect_context()
    }

    /// All of them, oldest first.
    pub fn items(&self) -> ReadSignal<Vec<DownloadItem>> {
        self.items.read_only()
    }

    /// Begins one. Call it from a click: browsers ask a person where to only then.
    pub fn start(&self, file: WantedFile) {
        let key = self.last.get_value() + 1;
        self.last.set_value(key);
        self.items.update(|items| items.push(DownloadItem { key, file: file.clone(), stage: Stage::Beginning }));
        let downloads = *self;
        leptos::task::spawn_local(async move {
            match downloads.begin(&file).await {
                Ok(download) => downloads.began(key, download),
                Err(problem) if problem.kind == ProblemKind::Cancelled => downloads.dismiss(key),
                Err(problem) => downloads.set(key, Stage::Stopped(problem)),
            }
        });
    }

    /// The vault has begun one; who stopped it meanwhile, or what it told already, counts.
    fn began(&self, key: u32, download: u32) {
        if !self.items.with_untracked(|items| items.iter().any(|item| item.key == key)) {
            #[cfg(feature = "hydrate")]
            browser::ended(download);
            return self.stop(download);
        }
        self.set(key, Stage::Running { download, bytes: 0 });
        let (mine, others): (Vec<_>, Vec<_>) =
            self.early.get_value().into_iter().partition(|event| ended(event) == Some(download));
        self.early.set_value(others);
        mine.iter().for_each(|event| self.hear(event));
    }

    fn stop(&self, download: u32) {
        let vault = self.vault;
        leptos::task::spawn_local(async move {
            // What has ended meanwhile needs no cancelling.
            let _ = vault.ask(CancelDownload { download }).await;
        });
    }

    /// Stops one.
    pub fn cancel(&self, key: u32) {
        let running = self.items.with_untracked(|items| {
            items.iter().find(|item| item.key == key).and_then(|item| match item.stage {
                Stage::Running { download, .. } => Some(download),
                _ => None,
            })
        });
        match running {
            Some(download) => self.stop(download),
            None => self.dismiss(key),
        }
    }

    /// Takes one off the list.
    pub fn dismiss(&self, key: u32) {
        self.items.update(|items| items.retain(|item| item.key != key));
    }

    /// The vault has locked, which ends what still ran: names leave the page.
    fn forget(&self) {
        #[cfg(feature = "hydrate")]
        for item in self.items.get_untracked() {
            if let Stage::Running { download, .. } = item.stage {
                browser::ended(download);
            }
        }
        self.items.set(Vec::new());
        // The next vault counts its downloads anew.
        self.early.set_value(Vec::new());
    }

    fn set(&self, key: u32, stage: Stage) {
        self.items.update(|items| {
            if let Some(item) = items.iter_mut().find(|item| item.key == key) {
                item.stage = stage;
            }
        });
    }

    fn hear(&self, event: &VaultEvent) {
        let (VaultEvent::Progress { download, .. }
        | VaultEvent::Done { download }
        | VaultEvent::Stopped { download, .. }) = event
        else {
            return;
        };
        let running =
            |item: &DownloadItem| matches!(item.stage, Stage::Running { download: of, .. } if of == *download);
        if ended(event).is_some() && !self.items.with_untracked(|items| items.iter().any(running)) {
            let beginning = |item: &DownloadItem| item.stage == Stage::Beginning;
            if self.items.with_untracked(|items| items.iter().any(beginning)) {
                self.early.update_value(|early| early.push(event.clone()));
                return;
            }
            // Nobody waits for it.
            #[cfg(feature = "hydrate")]
            browser::ended(*download);
            return;
        }
        let mut done = None;
        self.items.update(|items| {
            let Some(item) = items.iter_mut().find(|item| running(item)) else { return };
            done = matches!(event, VaultEvent::Done { .. }).then_some(item.key);
            item.stage = match event {
                VaultEvent::Progress { download, bytes } => Stage::Running { download: *download, bytes: *bytes },
                VaultEvent::Stopped { problem, .. } => Stage::Stopped(problem.clone()),
                _ => {
                    #[cfg(feature = "hydrate")]
                    browser::save_blob(*download, &item.file.name);
                    #[cfg(feature = "hydrate")]
                    crate::browser::store(PROVED, Some(&format!("{} {}", now_ms(), item.file.set)));
                    Stage::Done
                }
            };
        });
        if let Some(key) = done {
            // It lies over the page, and has been said.
            let downloads = *self;
            set_timeout(move || downloads.dismiss(key), SHOWN);
        }
        #[cfg(feature = "hydrate")]
        if !matches!(event, VaultEvent::Progress { .. }) {
            browser::ended(*download);
        }
    }

    #[cfg(feature = "hydrate")]
    async fn begin(&self, file: &WantedFile) -> Result<u32, Problem> {
        browser::begin(self.vault, file).await
    }

    #[cfg(not(feature = "hydrate"))]
    async fn begin(&self, _file: &WantedFile) -> Result<u32, Problem> {
        Err(Problem::new(ProblemKind::Failed, "not in a browser"))
    }
}
