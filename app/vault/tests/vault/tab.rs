//! A tab of a browser, in memory.

use crate::support::{ACCOUNT, Rig};
use futures::{FutureExt, executor::block_on};
use iota_agent::remote::{Archive, RemoteError};
use iota_core::{
    api::{
        MAX_READ_OBJECTS,
        frames::{ObjectFrame, Segment},
        json::{Bytes, ServerInfo, SetInfo, Vault},
    },
    id::{Cid, ServerId},
    refs::{Reference, decode_references},
    vault::{
        Ask, Download, DownloadView, ListFolder, Listing, Order, PathToken, Problem, ProblemKind, Question, ReadRows,
        Row, Secret, Strength, Unlock, VaultEvent, Wanted, Way,
    },
    wire::Writer,
};
use iota_crypto::{
    keys::MasterKey,
    kit::KeyFile,
    secret::system_random,
    slot::{KeyFileSecret, SlotSecret, create, sign_list},
};
use iota_vault::{
    desk::Desk,
    platform::{Body, Platform, Request, Sink, Store},
};
use serde::Serialize;
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

/// Alters what an honest server would answer: method, path, answer.
pub type Lie = Box<dyn Fn(&Request, Vec<u8>) -> Vec<u8>>;

/// Answers by method and path.
type Answers = HashMap<(&'static str, String), Result<Vec<u8>, Problem>>;

pub struct Inner {
    pub archive: Box<dyn Archive>,
    pub vault: RefCell<Vault>,
    /// Answers of routes that no archive has.
    pub answers: RefCell<Answers>,
    pub asked: RefCell<Vec<(String, Vec<u8>)>>,
    pub lie: RefCell<Option<Lie>>,
    pub kept: RefCell<HashMap<(Store, String), Vec<u8>>>,
    pub cannot_read: Cell<bool>,
    pub keeps_nothing: Cell<bool>,
    pub now_ms: Cell<u64>,
    pub events: RefCell<Vec<VaultEvent>>,
    /// The vaults of other tabs.
    pub others: RefCell<Vec<Rc<Desk<TestBrowser>>>>,
    pub fetched_bytes: Cell<usize>,
    pub fetched_objects: Cell<usize>,
}

#[derive(Clone)]
pub struct TestBrowser(pub Rc<Inner>);

impl TestBrowser {
    fn honest(&self, request: &Request) -> Result<Vec<u8>, Problem> {
        let path = request.path.split('?').next().unwrap();
        if let Some(answer) = self.0.answers.borrow().get(&(request.method, path.to_owned())) {
            return answer.clone();
        }
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let number = || request.path.rsplit('=').next().unwrap().parse::<u64>().unwrap();
        match (request.method, &segments[..], &request.body) {
            ("GET", ["vault"], _) => json(&*self.0.vault.borrow()),
            ("GET", ["server"], _) => json(&server()),
            ("GET", ["sets"], _) => json(&self.0.archive.sets().map_err(unreachable)?),
            ("GET", ["sets", set, "snapshots"], _) => {
                json(&self.0.archive.snapshots(set.parse().unwrap(), Some(number()), 1000).map_err(unreachable)?)
            }
            ("GET", ["sets", set, "segment"], _) => {
                let mut segment = self.0.archive.segment(set.parse().unwrap(), number()).map_err(unreachable)?;
                let after = request.path.split("after=").nth(1).and_then(|rest| rest.split('&').next()?.parse().ok());
                let seq = |commit: &iota_core::api::frames::StoredCommit| commit.header.header.seq;
                if let Some(after) = after.filter(|&after| seq(&segment.commits[0]) <= after) {
                    segment.commits.retain(|commit| seq(commit) > after);
                }
                Ok(segment.encode())
            }
            ("GET", ["sets", set, "path"], _) => {
                let from = request.path.split("from=").nth(1).and_then(|rest| rest.split('&').next()?.parse().ok());
                let path = self.0.archive.path(set.parse().unwrap(), from.unwrap(), number()).map_err(unreachable)?;
                Ok(Segment { path, commits: vec![] }.encode())
            }
            ("POST", ["objects", "read"], Body::Binary(body)) => Ok(self.objects(body)),
            _ => Err(Problem::new(ProblemKind::Missing, format!("{} {}", request.method, request.path))),
        }
    }

    fn objects(&self, body: &[u8]) -> Vec<u8> {
        let asked = decode_references(body, MAX_READ_OBJECTS).unwrap();
        let objects = self.0.archive.read_objects(&asked).unwrap();
        let mut writer = Writer::new();
        self.0.fetched_objects.set(self.0.fetched_objects.get() + objects.len());
        for (reference, object) in asked.into_iter().zip(&objects) {
            let object = object.as_deref().unwrap_or_default();
            ObjectFrame { reference, object }.write(&mut writer);
        }
        writer.finish()
    }
}

pub fn server() -> ServerInfo {
    ServerInfo { server_id: ServerId([4; 16]), version: "test".into(), api: vec![1], needs_setup: false, key_pin: None }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    Ok(serde_json::to_vec(value).unwrap())
}

fn unreachable(error: RemoteError) -> Problem {
    Problem::new(ProblemKind::Unreachable, error.to_string())
}

impl Platform for TestBrowser {
    async fn exchange(&self, request: Request) -> Result<Vec<u8>, Problem> {
        let body = match &request.body {
            Body::Empty => Vec::new(),
            Body::Json(text) => text.clone().into_bytes(),
            Body::Binary(bytes) => bytes.clone(),
        };
        self.0.asked.borrow_mut().push((format!("{} {}", request.method, request.path), body));
        let answer = self.honest(&request)?;
        let answer = match &*self.0.lie.borrow() {
            Some(lie) => lie(&request, answer),
            None => answer,
        };
        self.0.fetched_bytes.set(self.0.fetched_bytes.get() + answer.len());
        Ok(answer)
    }

    async fn load(&self, store: Store, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Problem> {
        if self.0.cannot_read.get() && store != Store::Visit {
            return Err(Problem::new(ProblemKind::Failed, "the disk of the browser"));
        }
        let kept = self.0.kept.borrow();
        Ok(keys.iter().map(|key| kept.get(&(store, key.clone())).cloned()).collect())
    }

    async fn save(&self, store: Store, values: &[(String, &[u8])]) -> Result<(), Problem> {
        if self.0.keeps_nothing.get() && store != Store::Visit {
            return Err(Problem::new(ProblemKind::Failed, "a private window"));
        }
        let values = values.iter().map(|(key, value)| ((store, key.clone()), value.to_vec()));
        self.0.kept.borrow_mut().extend(values);
        Ok(())
    }

    async fn rate(&self, passphrase: &str, login: &str) -> Result<Strength, Problem> {
        Ok(iota_strength::rate(passphrase, login))
    }

    fn now_ms(&self) -> u64 {
        self.0.now_ms.get()
    }

    async fn sleep(&self, _ms: u32) {
        std::future::pending().await
    }

    fn tell(&self, event: &VaultEvent) {
        self.0.events.borrow_mut().push(event.clone());
    }

    fn lock_others(&self) {
        self.0.others.borrow().iter().for_each(|other| other.lock_here());
    }

    fn server_address(&self) -> String {
        "https://backup.example.org".into()
    }
}

/// A tab with a vault.
pub struct Tab {
    pub browser: TestBrowser,
    pub desk: Rc<Desk<TestBrowser>>,
    pub key_file: String,
}

impl Tab {
    /// Of somebody who owns what `rig` backs up; the vault is locked.
    pub fn new(rig: &Rig) -> Self {
        Self::with_archive(Box::new(rig.archive()))
    }

    pub fn with_archive(archive: Box<dyn Archive>) -> Self {
        let (vault, key_file) = vault(1);
        let inner = Inner {
            archive,
            vault: RefCell::new(vault),
            answers: RefCell::default(),
            asked: RefCell::default(),
            lie: RefCell::default(),
            kept: RefCell::default(),
            cannot_read: Cell::new(false),
            keeps_nothing: Cell::new(false),
            now_ms: Cell::new(1_900_000_000_000),
            events: RefCell::default(),
            others: RefCell::default(),
            fetched_bytes: Cell::new(0),
            fetched_objects: Cell::new(0),
        };
        let browser = TestBrowser(Rc::new(inner));
        Self { desk: Desk::new(browser.clone()), browser, key_file }
    }

    pub fn unlocked(rig: &Rig) -> Self {
        let tab = Self::new(rig);
        tab.unlock().unwrap();
        tab
    }

    /// The same browser later: what it keeps is there, what it had in memory is not.
    pub fn reload(&self) -> Self {
        let tab = Self {
            browser: self.browser.clone(),
            desk: Desk::new(self.browser.clone()),
            key_file: self.key_file.clone(),
        };
        self.browser.0.kept.borrow_mut().retain(|(store, _), _| *store != Store::Visit);
        self.browser.0.fetched_bytes.set(0);
        self.browser.0.fetched_objects.set(0);
        tab
    }

    pub fn unlock(&self) -> Result<(), Problem> {
        self.ask(Unlock { secret: Secret::KeyFile(self.key_file.clone()) }).map(drop)
    }

    pub fn ask<Q: Question>(&self, question: Q) -> Result<Q::Answer, Problem> {
        let ask: Ask = serde_json::from_str(&serde_json::to_string(&question.into()).unwrap()).unwrap();
        // Nothing here ever waits; so it also works within another future.
        self.desk.answer(ask).now_or_never().unwrap().map(|answer| serde_json::from_str(&answer).unwrap())
    }

    pub fn list(&self, rig: &Rig, at: u64, folder: Option<&PathToken>) -> Result<Listing, Problem> {
        let folder = folder.cloned();
        self.ask(ListFolder { set: rig.set, at, folder, order: Order::Name, descending: false })
    }

    pub fn rows(&self, listing: &Listing) -> Vec<Row> {
        self.ask(ReadRows { listing: listing.listing, from: 0, count: listing.count }).unwrap()
    }

    /// The token of a path, found by walking down from the top.
    pub fn walk_to(&self, rig: &Rig, at: u64, path: &str) -> PathToken {
        let mut token = None;
        for name in path.split('/') {
            let listing = self.list(rig, at, token.as_ref()).unwrap();
            let row = self.rows(&listing).into_iter().find(|row| row.name == name);
            token = Some(row.unwrap_or_else(|| panic!("no {name} of {path}")).token);
        }
        token.unwrap()
    }

    /// Takes a file out into memory.
    pub fn download(&self, rig: &Rig, at: u64, path: &PathToken) -> (Result<DownloadView, Problem>, Collected) {
        self.download_into(rig, at, path, Collected::default())
    }

    pub fn download_into(
        &self,
        rig: &Rig,
        at: u64,
        path: &PathToken,
        sink: Collected,
    ) -> (Result<DownloadView, Problem>, Collected) {
        self.take_out(rig, at, Wanted::File(path.clone()), sink)
    }

    /// Takes a file or a zip out.
    pub fn take_out(
        &self,
        rig: &Rig,
        at: u64,
        what: Wanted,
        sink: Collected,
    ) -> (Result<DownloadView, Problem>, Collected) {
        let question = Download { set: rig.set, at, what, way: Way::Stream };
        match block_on(self.desk.download(&question, sink.clone())) {
            Err(problem) => (Err(problem), sink),
            Ok((view, work)) => {
                let (result, sink) = block_on(work);
                (result.map(|()| view), sink)
            }
        }
    }
}

/// What a file became.
#[derive(Clone, Default)]
pub struct Collected {
    pub bytes: Vec<u8>,
    pub longest: usize,
    pub finished: bool,
    pub aborted: Option<Problem>,
    /// Called before each write, with the bytes so far.
    pub before: Option<Rc<dyn Fn(usize)>>,
}

impl Sink for Collected {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        if let Some(before) = &self.before {
            before(self.bytes.len());
        }
        self.longest = self.longest.max(bytes.len());
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Problem> {
        self.finished = true;
        Ok(())
    }

    async fn abort(&mut self, problem: &Problem) {
        self.aborted = Some(problem.clone());
    }
}

/// The vault of the rig's account with a key file and recovery words, at a version of its list.
pub fn vault(version: u32) -> (Vault, String) {
    let master = MasterKey::from_bytes([9; 32]);
    let identity = master.identity(ACCOUNT);
    let secret = KeyFileSecret::from_bytes([5; 32]);
    let slot = create(ACCOUNT, &master, &SlotSecret::KeyFile(&secret), &mut system_random()).unwrap();
    let file = KeyFile { secret, slot: slot.clone() };
    let words = iota_crypto::words::RecoveryWords::generate(&mut system_random());
    let other = create(ACCOUNT, &master, &SlotSecret::RecoveryWords(&words), &mut system_random()).unwrap();
    let slot_list = Bytes(sign_list(ACCOUNT, version, vec![slot, other], &identity).encode());
    (Vault { account: ACCOUNT, identity: identity.verifying_key(), slot_list }, file.to_text())
}

/// A lie about one object.
pub fn about_object(wanted: Cid, alter: impl Fn(&mut Vec<u8>) + 'static) -> Lie {
    Box::new(move |request, answer| {
        if request.path != "/objects/read" {
            return answer;
        }
        let frames = iota_core::api::frames::decode_objects(&answer, MAX_READ_OBJECTS).unwrap();
        let mut writer = Writer::new();
        for frame in frames {
            let Reference { cid, .. } = frame.reference;
            let mut object = frame.object.to_vec();
            if cid == wanted {
                alter(&mut object);
            }
            ObjectFrame { reference: frame.reference, object: &object }.write(&mut writer);
        }
        writer.finish()
    })
}

/// A lie about the sets.
pub fn about_sets(alter: impl Fn(&mut Vec<SetInfo>) + 'static) -> Lie {
    Box::new(move |request, answer| {
        if request.path != "/sets" {
            return answer;
        }
        let mut sets: Vec<SetInfo> = serde_json::from_slice(&answer).unwrap();
        alter(&mut sets);
        serde_json::to_vec(&sets).unwrap()
    })
}
