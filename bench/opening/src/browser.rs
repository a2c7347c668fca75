//! A browser whose server is a fixture: it answers at once, and counts what crosses the network.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::pending;
use std::ops::Sub;
use std::rc::Rc;

use iota_core::api::MAX_READ_OBJECTS;
use iota_core::api::frames::ObjectFrame;
use iota_core::api::json::SetInfo;
use iota_core::refs::decode_references;
use iota_core::vault::{Problem, ProblemKind, Strength, VaultEvent};
use iota_core::wire::Writer;
use iota_vault::platform::{Body, Platform, Request, Store};

use crate::fixture::Fixture;

/// Snapshots in an answer, unless fewer are asked for.
const MAX_SNAPSHOTS: u64 = 1000;

/// What was asked of the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests.
    pub requests: u64,
    /// Objects in the answers.
    pub objects: u64,
    /// Bytes of the answers.
    pub bytes: u64,
}

impl Sub for Traffic {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            requests: self.requests - before.requests,
            objects: self.objects - before.objects,
            bytes: self.bytes - before.bytes,
        }
    }
}

/// See the module.
pub struct FixtureBrowser {
    fixture: Rc<Fixture>,
    sets: Vec<SetInfo>,
    kept: RefCell<HashMap<(Store, String), Vec<u8>>>,
    traffic: Cell<Traffic>,
}

impl FixtureBrowser {
    /// A browser that keeps nothing yet; the server has `sets`, and of the history what is not newer.
    pub fn new(fixture: Rc<Fixture>, sets: Vec<SetInfo>) -> Self {
        Self { fixture, sets, kept: RefCell::default(), traffic: Cell::default() }
    }

    /// What was asked so far.
    pub fn traffic(&self) -> Traffic {
        self.traffic.get()
    }

    /// Bytes that it keeps.
    pub fn kept_bytes(&self) -> u64 {
        self.kept.borrow().values().map(|value| value.len() as u64).sum()
    }

    fn answer(&self, request: &Request, traffic: &mut Traffic) -> Result<Vec<u8>, Problem> {
        let head = self.sets.first().and_then(|set| set.head.as_ref()).map_or(0, |head| head.seq);
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let missing = || failed(format!("there is no {}", request.path));
        let number = |name| query.split('&').find_map(|part| part.strip_prefix(name)?.parse::<u64>().ok());
        let part = |name| number(name).filter(|seq| (1..=head).contains(seq));
        match (request.method, path, &request.body) {
            ("GET", "/vault", _) => json(&self.fixture.known.vault),
            ("GET", "/sets", _) => json(&self.sets),
            ("GET", path, _) if path.ends_with("/segment") => {
                part("at=").and_then(|at| self.fixture.segment(head, at, number("after="))).ok_or_else(missing)
            }
            ("GET", path, _) if path.ends_with("/path") => {
                part("from=").zip(part("to=")).and_then(|(from, to)| self.fixture.path(from, to)).ok_or_else(missing)
            }
            ("GET", path, _) if path.ends_with("/snapshots") => {
                let before = number("before=").unwrap_or(head + 1).min(head + 1);
                json(&self.fixture.snapshots(before, number("limit=").unwrap_or(MAX_SNAPSHOTS) as usize))
            }
            ("POST", "/objects/read", Body::Binary(body)) => self.objects(body, traffic),
            (method, path, _) => Err(failed(format!("nobody asks {method} {path} here"))),
        }
    }

    fn objects(&self, body: &[u8], traffic: &mut Traffic) -> Result<Vec<u8>, Problem> {
        let asked = decode_references(body, MAX_READ_OBJECTS).map_err(failed)?;
        let mut writer = Writer::new();
        for reference in asked {
            let object = self.fixture.object(&reference.cid).unwrap_or_default();
            ObjectFrame { reference, object }.write(&mut writer);
            traffic.objects += 1;
        }
        Ok(writer.finish())
    }
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(failed)
}

fn failed(error: impl ToString) -> Problem {
    Problem::new(ProblemKind::Failed, error.to_string())
}

impl Platform for FixtureBrowser {
    async fn exchange(&self, request: Request) -> Result<Vec<u8>, Problem> {
        let mut traffic = self.traffic.get();
        let answer = self.answer(&request, &mut traffic)?;
        traffic.requests += 1;
        traffic.bytes += answer.len() as u64;
        self.traffic.set(traffic);
        Ok(answer)
    }

    async fn load(&self, store: Store, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Problem> {
        let kept = self.kept.borrow();
        Ok(keys.iter().map(|key| kept.get(&(store, key.clone())).cloned()).collect())
    }

    async fn save(&self, store: Store, values: &[(String, &[u8])]) -> Result<(), Problem> {
        let values = values.iter().map(|(key, value)| ((store, key.clone()), value.to_vec()));
        self.kept.borrow_mut().extend(values);
        Ok(())
    }

    async fn rate(&self, _passphrase: &str, _login: &str) -> Result<Strength, Problem> {
        Err(failed("nothing is rated here"))
    }

    fn now_ms(&self) -> u64 {
        // It does not lock while it is measured.
        1_900_000_000_000
    }

    async fn sleep(&self, _ms: u32) {
        pending().await
    }

    fn tell(&self, _event: &VaultEvent) {}

    fn lock_others(&self) {}

    fn server_address(&self) -> String {
        "https://backup.example.org".into()
    }
}
