//! The desk: takes questions, knows whether the vault is open, and locks it when nobody is there.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::{Either, select};
use iota_core::api::json::SessionInfo;
use iota_core::id::EnrolId;
use iota_core::id::SetId;
use iota_core::slot::Slot;
use iota_core::vault::{
    Admit, Ask, Compare, Comparison, ConfirmAccount, ConfirmKit, Download, DownloadView, HearEnrolment, HelloView,
    ListFolder, Listing, MAX_BLOB_BYTES, NewKey, PrepareAccount, Problem, ProblemKind, RecoverAccount, Selection,
    SlotView, Unlock, VaultEvent, VaultState, Wanted, Way, file_name,
};
use iota_crypto::kit::KitPlace;
use iota_crypto::secret::system_random;
use iota_crypto::words::random_passphrase;
use serde::Serialize;

use crate::account::{self, PendingAccount};
use crate::archive::{self, Members};
use crate::churn;
use crate::clock::{IDLE_MS, LOOK_MS, UNATTENDED_MS};
use crate::compare::{self, Compared};
use crate::download;
use crate::enrolment::{self, Codes};
use crate::entry;
use crate::folder_changes;
use crate::keys::OpenVault;
use crate::listing::{self, Listed};
use crate::live;
use crate::machines;
use crate::names::{self, Found, Names};
use crate::platform::{Platform, Sink};
use crate::point::{self, Point};
use crate::problem::{Result, failed, locked, missing};
use crate::restore;
use crate::retention;
use crate::server;
use crate::show;
use crate::slots::{self, PendingKit};
use crate::space;
use crate::versions;
use crate::witness::Witness;

/// The vault of one tab.
pub struct Desk<P> {
    /// Where it runs.
    pub platform: P,
    open: RefCell<Option<Rc<OpenVault>>>,
    locks_at_ms: Cell<u64>,
    /// When somebody was last there.
    touched_ms: Cell<u64>,
    listed: RefCell<Option<Rc<Listed>>>,
    compared: RefCell<Option<Compared>>,
    found: RefCell<Option<Found>>,
    codes: RefCell<Codes>,
    pending_account: RefCell<Option<Rc<PendingAccount>>>,
    pending_kit: RefCell<Option<PendingKit>>,
    /// A way that was made and not added yet.
    pending_slot: RefCell<Option<Slot>>,
    /// Downloads that are under way; one that is not in here stops.
    downloads: RefCell<Vec<(u32, oneshot::Sender<()>)>>,
    /// How often somebody, or the clock, locked it: what was asked before does not open it afterwards.
    locks: Cell<u32>,
    last: Cell<u32>,
}

impl<P: Platform> Desk<P> {
    /// A locked vault.
    pub fn new(platform: P) -> Rc<Self> {
        Rc::new(Self {
            platform,
            open: RefCell::default(),
            locks_at_ms: Cell::new(0),
            touched_ms: Cell::new(0),
            listed: RefCell::default(),
            compared: RefCell::default(),
            found: RefCell::default(),
            codes: RefCell::default(),
            pending_account: RefCell::default(),
            pending_kit: RefCell::default(),
            pending_slot: RefCell::default(),
            downloads: RefCell::default(),
            locks: Cell::new(0),
            last: Cell::new(0),
        })
    }

    /// Locks the vault when nobody has been there for [`IDLE_MS`], and forgets keys in the making. Never returns.
    pub async fn watch(self: Rc<Self>) {
        loop {
            self.platform.sleep(LOOK_MS as u32).await;
            self.lock_if_idle();
        }
    }

    fn lock_if_idle(&self) {
        if self.holds_keys() && self.platform.now_ms() >= self.locks_at_ms.get() {
            self.lock_here();
        }
    }

    fn holds_keys(&self) -> bool {
        self.open.borrow().is_some() || self.pending_account.borrow().is_some()
    }

    /// Locks the vaults of all tabs.
    fn lock_all(&self) {
        self.platform.lock_others();
        self.lock_here();
    }

    /// Locks the vault of this tab: another did so with its own, or nobody is here. Somebody may be in another tab.
    pub fn lock_here(&self) {
        self.lock();
        self.locks.set(self.locks.get() + 1);
        self.platform.tell(&VaultEvent::State(self.state()));
    }

    /// The open vault.
    ///
    /// # Errors
    /// [`ProblemKind::Locked`].
    fn open(&self) -> Result<Rc<OpenVault>> {
        self.lock_if_idle();
        self.open.borrow().clone().ok_or_else(locked)
    }

    fn state(&self) -> VaultState {
        let account = self.open.borrow().as_ref().map(|open| open.account);
        VaultState { account, locks_at_ms: self.holds_keys().then(|| self.locks_at_ms.get()) }
    }

    /// Opens the vault, unless it was locked since `locks` were counted.
    fn unlocked(&self, open: OpenVault, locks: u32) -> VaultState {
        if self.locks.get() != locks {
            return self.state();
        }
        self.lock();
        self.locks_at_ms.set(self.platform.now_ms() + IDLE_MS);
        self.open.replace(Some(Rc::new(open)));
        self.touch()
    }

    /// Forgets all keys and everything that was opened with them.
    fn lock(&self) {
        if let Some(open) = self.open.take() {
            open.end();
        }
        self.listed.take();
        self.compared.take();
        self.found.take();
        self.codes.take();
        self.pending_account.take();
        self.pending_kit.take();
        self.pending_slot.take();
        self.downloads.take();
    }

    fn touch(&self) -> VaultState {
        self.lock_if_idle();
        if self.holds_keys() {
            self.touched_ms.set(self.platform.now_ms());
            self.locks_at_ms.set(self.platform.now_ms() + IDLE_MS);
        }
        let state = self.state();
        self.platform.tell(&VaultEvent::State(state));
        state
    }

    fn next(&self) -> u32 {
        self.last.set(self.last.get().wrapping_add(1));
        self.last.get()
    }

    /// Answers a question, as JSON. Downloads are begun with [`Desk::download`].
    ///
    /// # Errors
    /// What the page is to show.
    pub async fn answer(self: &Rc<Self>, ask: Ask) -> Result<String> {
        let platform = &self.platform;
        match ask {
            Ask::SignIn(question) => json(&account::sign_in(platform, &question).await?),
            Ask::ProvePassword(question) => json(&account::prove(platform, &question).await?),
            Ask::PrepareAccount(question) => json(&self.prepare_account(&question).await?),
            Ask::ConfirmAccount(question) => json(&self.confirm_account(&question).await?),
            Ask::RecoverAccount(question) => json(&self.recover(&question).await?),
            Ask::ChangeLogin(question) => json(&account::change_login(platform, &question).await?),
            Ask::Unlock(question) => json(&self.unlock(&question).await?),
            Ask::Lock(_) => {
                self.lock_all();
                json(&self.state())
            }
            Ask::AskState(_) => {
                self.lock_if_idle();
                json(&self.state())
            }
            Ask::Touch(_) => json(&self.touch()),
            Ask::ListSlots(_) => {
                let open = self.open.borrow().clone();
                json(&slots::list(platform, open.as_deref()).await?)
            }
            Ask::AddPassphrase(question) => {
                let open = self.open()?;
                json(&slots::add_passphrase(platform, &open, &question.passphrase).await?)
            }
            Ask::PrepareKeyFile(_) => {
                let open = self.open()?;
                let file = slots::new_key_file(open.account, &open.keys()?.master)?;
                let shown = slots::saved(&file);
                self.pending_slot.replace(Some(file.slot));
                json(&shown)
            }
            Ask::PrepareShares(question) => {
                let open = self.open()?;
                let (slot, sheets) = slots::new_shares(platform, &open, &question).await?;
                open.require_open()?;
                self.pending_slot.replace(Some(slot));
                json(&sheets)
            }
            Ask::ConfirmSlot(_) => json(&self.confirm_slot().await?),
            Ask::ReadShare(question) => json(&slots::read_share(&question.text)?),
            Ask::AddPasskey(question) => json(&slots::add_passkey(platform, &*self.open()?, &question.output).await?),
            Ask::RemoveSlot(question) => json(&slots::remove(platform, &*self.open()?, question.slot).await?),
            Ask::PrepareKit(_) => json(&self.prepare_kit().await?),
            Ask::ConfirmKit(question) => json(&self.confirm_kit(&question).await?),
            Ask::Drill(question) => json(&slots::drill(platform, &question.secret).await?),
            Ask::RatePassphrase(question) => json(&platform.rate(&question.passphrase, &question.login).await?),
            Ask::SuggestPassphrase(_) => json(&random_passphrase(&mut system_random()).as_str()),
            Ask::ListMachines(_) => json(&machines::list(platform, &*self.open()?).await?),
            Ask::Rename(question) => json(&machines::rename(platform, &*self.open()?, &question).await?),
            Ask::RevokeMachine(question) => json(&machines::revoke(platform, &*self.open()?, &question).await?),
            Ask::ReadLive(question) => json(&live::read(platform, &*self.open()?, &question).await?),
            Ask::ReadWords(_) => json(&live::words(platform, &*self.open()?).await?),
            Ask::GiveOrder(question) => json(&live::order(platform, &*self.open()?, &question).await?),
            Ask::BeginEnrolment(question) => {
                self.open()?;
                let (view, pending) = enrolment::begin(platform, &question).await?;
                self.open()?;
                self.codes.borrow_mut().keep(pending);
                json(&view)
            }
            Ask::HearEnrolment(question) => json(&self.hear(&question).await?),
            Ask::Admit(question) => json(&self.admit(&question).await?),
            Ask::Refuse(question) => {
                enrolment::refuse(platform, question.enrol_id).await?;
                self.codes.borrow_mut().forget(question.enrol_id);
                json(&())
            }
            Ask::OpenPoint(question) => json(&point::show(platform, &*self.open()?, &question).await?),
            Ask::ListFolder(question) => json(&self.list(&question).await?),
            Ask::ReadRows(question) => {
                let open = self.open()?;
                json(&listing::rows(&open, self.listed.borrow().as_deref(), &question)?)
            }
            Ask::Jump(question) => {
                self.open()?;
                json(&listing::jump(self.listed.borrow().as_deref(), &question)?)
            }
            Ask::FindRows(question) => {
                let open = self.open()?;
                json(&listing::find(&open, self.listed.borrow().as_deref(), &question)?)
            }
            Ask::CompareListing(question) => {
                let (open, listed) = (self.open()?, self.listed.borrow().clone());
                json(&listing::compare(platform, &open, listed.as_deref(), &question).await?)
            }
            Ask::ShowEntry(question) => json(&entry::details(platform, &*self.open()?, &question).await?),
            Ask::FindVersions(question) => json(&versions::find(platform, &*self.open()?, &question).await?),
            Ask::FindFolderChanges(question) => json(&folder_changes::find(platform, &*self.open()?, &question).await?),
            Ask::Compare(question) => json(&self.compare(&question).await?),
            Ask::ReadDifferences(question) => {
                let open = self.open()?;
                json(&compare::rows(&open, self.compared.borrow().as_ref(), &question)?)
            }
            Ask::WeighFolders(question) => json(&space::weigh(platform, &*self.open()?, &question).await?),
            Ask::ReadChurn(question) => json(&churn::read(platform, &*self.open()?, &question).await?),
            Ask::LoadNames(question) => {
                let (open, names) = (self.open()?, Names::of(question.set));
                open.keep_names(&names);
                json(&names::load(platform, &open, &names).await?)
            }
            Ask::SearchNames(question) => {
                let open = self.open()?;
                let names =
                    open.names(question.set).ok_or_else(|| failed("the names of this machine were not read"))?;
                let (shown, found) = names::search(&names, self.next(), &question)?;
                self.found.replace(Some(found));
                json(&shown)
            }
            Ask::ReadFound(question) => {
                let open = self.open()?;
                json(&names::rows(&open, self.found.borrow().as_ref(), &question)?)
            }
            Ask::MeasureZip(question) => {
                let open = self.open()?;
                let point = point::open_at(platform, &open, question.set, question.at).await?;
                json(&archive::measure(platform, &open, &point, &question.selection).await?)
            }
            Ask::ReadRetention(_) => json(&retention::view(platform, &*self.open()?).await?),
            Ask::DecideRetention(question) => json(&retention::decide(platform, &*self.open()?, &question).await?),
            Ask::CheckPoints(question) => json(&crate::points_check::check(platform, &*self.open()?, &question).await?),
            Ask::OrderRestore(question) => json(&restore::order(platform, &*self.open()?, &question).await?),
            Ask::ListRestores(question) => json(&restore::list(platform, &*self.open()?, &question).await?),
            Ask::CancelRestore(question) => {
                self.open()?;
                json(&restore::cancel(platform, &question).await?)
            }
            Ask::Download(_) => Err(failed("a download needs somewhere to go")),
            Ask::CancelDownload(question) => {
                self.downloads.borrow_mut().retain(|(download, _)| *download != question.download);
                json(&())
            }
        }
    }

    /// It stays at hand until it is added: a proof may be asked for first, and an answer may be lost.
    async fn confirm_slot(&self) -> Result<Vec<SlotView>> {
        let open = self.open()?;
        let slot = self.pending_slot.borrow().clone();
        let slot = slot.ok_or_else(|| failed("make a key file, or sheets, first: the vault was locked meanwhile"))?;
        let slots = slots::add(&self.platform, &open, slot).await?;
        self.pending_slot.take();
        Ok(slots)
    }

    async fn prepare_account(&self, question: &PrepareAccount) -> Result<NewKey> {
        let locks = self.locks.get();
        let (shown, pending) = account::prepare(&self.platform, question).await?;
        if self.locks.get() != locks {
            return Err(forgotten());
        }
        self.locks_at_ms.set(self.platform.now_ms() + IDLE_MS);
        self.pending_account.replace(Some(Rc::new(pending)));
        self.touch();
        Ok(shown)
    }

    async fn confirm_account(&self, question: &ConfirmAccount) -> Result<SessionInfo> {
        self.touch();
        let pending = self.pending_account.borrow().clone().ok_or_else(forgotten)?;
        pending.require(&question.words)?;
        let locks = self.locks.get();
        let session = pending.create(&self.platform).await?;
        self.pending_account.take();
        if let Ok(pending) = Rc::try_unwrap(pending) {
            self.unlocked(pending.into_vault(&self.platform).await, locks);
        }
        Ok(session)
    }

    async fn recover(&self, question: &RecoverAccount) -> Result<SessionInfo> {
        let locks = self.locks.get();
        let (session, open) = account::recover(&self.platform, question).await?;
        self.unlocked(open, locks);
        Ok(session)
    }

    async fn unlock(&self, question: &Unlock) -> Result<VaultState> {
        let locks = self.locks.get();
        let open = slots::unlock(&self.platform, &question.secret).await?;
        Ok(self.unlocked(open, locks))
    }

    async fn prepare_kit(&self) -> Result<NewKey> {
        let open = self.open()?;
        let server = server::known(&self.platform).await?;
        let session: SessionInfo = crate::api::get(&self.platform, "/session").await?;
        let pending = PendingKit::new(open.account, &open.keys()?.master)?;
        let address = self.platform.server_address();
        let place = KitPlace { server: &address, server_id: server.server_id, login: &session.login };
        let shown = pending.shown(&place, None);
        self.open()?;
        self.pending_kit.replace(Some(pending));
        Ok(shown)
    }

    async fn confirm_kit(&self, question: &ConfirmKit) -> Result<Vec<SlotView>> {
        let open = self.open()?;
        let pending = self.pending_kit.take().ok_or_else(|| failed("make a new kit first"))?;
        let replaced = match pending.require(&question.words) {
            Ok(()) => slots::replace_kit(&self.platform, &open, &pending.kit).await,
            Err(problem) => Err(problem),
        };
        if replaced.is_err() && self.open().is_ok() {
            // It can be tried again.
            self.pending_kit.replace(Some(pending));
        }
        replaced
    }

    async fn hear(&self, question: &HearEnrolment) -> Result<Option<HelloView>> {
        self.open()?;
        let hello = enrolment::hear(&self.platform, question.enrol_id).await?;
        hello.map(|hello| self.codes.borrow().read(question.enrol_id, &hello)).transpose()
    }

    async fn admit(&self, question: &Admit) -> Result<SetId> {
        let (open, enrol_id): (_, EnrolId) = (self.open()?, question.enrol_id);
        let hello = enrolment::hear(&self.platform, enrol_id).await?.ok_or_else(enrolment::silent)?;
        let admission = self.codes.borrow().admission(enrol_id, hello)?;
        let unsealed = enrolment::admit(&self.platform, &open, question, &admission).await?;
        open.require_open()?;
        let grant = self.codes.borrow().seal(enrol_id, &unsealed)?;
        enrolment::grant(&self.platform, enrol_id, &grant).await?;
        self.codes.borrow_mut().forget(enrol_id);
        let certificate = unsealed.certificate();
        Witness::note_certificate(&self.platform, open.account, certificate.set, certificate.key_epoch).await;
        Ok(certificate.set)
    }

    async fn list(&self, question: &ListFolder) -> Result<Listing> {
        let open = self.open()?;
        let (shown, listed) = listing::list(&self.platform, &open, self.next(), question).await?;
        open.require_open()?;
        // Somebody may have gone on meanwhile: what was asked for last is kept.
        let newer = |kept: &Rc<Listed>| kept.listing > listed.listing;
        if !self.listed.borrow().as_ref().is_some_and(newer) {
            self.listed.replace(Some(Rc::new(listed)));
        }
        Ok(shown)
    }

    /// What is to be taken out, with a name for the disk, and how much it is.
    async fn wanted(&self, open: &OpenVault, point: &Point, wanted: &Wanted) -> Result<(String, What, u64)> {
        match wanted {
            Wanted::File(token) => {
                let path = open.path(token)?;
                let file = download::find(&self.platform, open, point, &path).await?;
                let bytes = file.bytes;
                Ok((file_name(&show::text(path.name())), What::File(file), bytes))
            }
            Wanted::Zip(selection) => {
                let view = archive::measure(&self.platform, open, point, selection).await?;
                let folder = selection.folder.as_ref().map(|token| open.path(token)).transpose()?;
                let name = folder.map_or_else(|| "files".into(), |folder| show::text(folder.name()));
                Ok((format!("{}.zip", file_name(&name)), What::Zip(selection.clone()), view.bytes))
            }
        }
    }

    async fn compare(&self, question: &Compare) -> Result<Comparison> {
        let open = self.open()?;
        let (shown, compared) = compare::compare(&self.platform, &open, self.next(), question).await?;
        open.require_open()?;
        let newer = |kept: &Compared| kept.comparison > compared.comparison;
        if !self.compared.borrow().as_ref().is_some_and(newer) {
            self.compared.replace(Some(compared));
        }
        Ok(shown)
    }

    /// Begins a download into `sink`, and says what it is; the rest is the future, which tells how it goes.
    ///
    /// # Errors
    /// When there is no such file, or it is too long for the way.
    pub async fn download<S: Sink + 'static>(
        self: &Rc<Self>,
        question: &Download,
        mut sink: S,
    ) -> Result<(DownloadView, impl Future<Output = (std::result::Result<(), Problem>, S)> + use<P, S>)> {
        let open = self.open()?;
        let point = point::open_at(&self.platform, &open, question.set, question.at).await?;
        let (name, what, bytes) = self.wanted(&open, &point, &question.what).await?;
        if question.way == Way::Blob && bytes > MAX_BLOB_BYTES {
            return Err(failed("this is too long to be collected in memory"));
        }
        let download = self.next();
        let view = DownloadView { download, name, bytes };
        open.require_open()?;
        let (running, stopped) = oneshot::channel();
        self.downloads.borrow_mut().push((download, running));
        let desk = Rc::clone(self);
        let run = async move {
            let mut told_ms = 0;
            let progress = |bytes| {
                if !desk.downloads.borrow().iter().any(|(running, _)| *running == download) {
                    return Err(stopped_problem());
                }
                // A download is somebody waiting, for a while.
                let now_ms = desk.platform.now_ms();
                desk.locks_at_ms.set((now_ms + IDLE_MS).min(desk.touched_ms.get() + UNATTENDED_MS));
                if now_ms >= told_ms + 200 {
                    if now_ms / LOOK_MS != told_ms / LOOK_MS {
                        desk.platform.tell(&VaultEvent::State(desk.state()));
                    }
                    told_ms = now_ms;
                    desk.platform.tell(&VaultEvent::Progress { download, bytes });
                }
                Ok(())
            };
            let work = async {
                match what {
                    What::File(file) => download::write(&desk.platform, &open, file, &mut sink, progress).await,
                    What::Zip(selection) => {
                        let members = Members::new(&desk.platform, &open, &point, &selection)?;
                        download::write_zip(&desk.platform, &open, members, &mut sink, progress).await
                    }
                }
            };
            let ended = match select(pin!(work), stopped).await {
                Either::Left((result, _)) => Some(result),
                Either::Right(_) => None,
            };
            desk.downloads.borrow_mut().retain(|(running, _)| *running != download);
            let result = match ended {
                Some(result) => result,
                // Its end is known at once, whatever it waits for.
                None => {
                    let problem = open.require_open().err().unwrap_or_else(stopped_problem);
                    sink.abort(&problem).await;
                    Err(problem)
                }
            };
            (result, sink)
        };
        Ok((view, run))
    }
}

/// What is about to be taken out.
enum What {
    File(download::File),
    Zip(Selection),
}

fn stopped_problem() -> Problem {
    Problem::new(ProblemKind::Cancelled, "the download was stopped; no part of it was kept")
}

/// An account was in the making, and its keys are gone.
fn forgotten() -> Problem {
    failed(format!(
        "the keys of this sign-up were forgotten, because nobody was here for {} minutes or the vault was locked; start over with a new kit. \
         If the server then refuses the code, the account may have been made: try to sign in, and keep this kit",
        IDLE_MS / 60_000
    ))
}

fn json(answer: &impl Serialize) -> Result<String> {
    serde_json::to_string(answer).map_err(|error| failed(format!("the answer has no JSON form: {error}")))
}

/// The problem of a question that no one understands.
pub fn garbled() -> Problem {
    missing("question")
}
