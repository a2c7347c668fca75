//! A small server that speaks the API: accounts, sessions, enrolment, and one machine's log in memory. It can be told to
//! fail in every way that servers fail.

use crate::server::{self, MemoryServer};
use axum::{
    Router,
    body::{Body, Bytes as Raw},
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use iota_agent::remote::{Remote, RemoteError};
use iota_core::{
    api::{
        MAX_READ_OBJECTS, PREFIX,
        frames::{ObjectFrame, Segment, StoredCommit, encode_bitmap},
        json::*,
        retention::Retention,
    },
    certificate::SignedCertificate,
    chain,
    commit::{CommitKind, SignedHeader},
    id::{AccountId, Challenge, EnrolId, ServerId, SetId, UploadId, VerifyingKey},
    proof,
    refs::decode_references,
    slot::SignedSlotList,
    wire::Writer,
};
use serde::Serialize;
use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::runtime::Runtime;

pub const SERVER_ID: ServerId = ServerId([0x5e; 16]);
pub const INVITE: &str = "welcome";

/// What the next request meets instead of an answer.
#[derive(Debug, Clone)]
pub enum Fault {
    /// A status with these bytes.
    Status(u16, &'static str),
    /// The API's own error.
    Refused(u16, &'static str, Option<u64>),
    /// It is carried out, but the answer breaks off.
    LoseAnswer,
    /// A header that leads elsewhere.
    Redirect,
}

pub struct Account {
    pub message: CreateAccount,
    pub slot_list: Vec<u8>,
}

#[derive(Default)]
pub struct Relay {
    hello: Option<EnrolHello>,
    grant: Option<EnrolGrant>,
}

pub struct SetRecord {
    pub certificates: Vec<Vec<u8>>,
    pub label: Vec<u8>,
    pub memory: Arc<MemoryServer>,
}

#[derive(Default)]
pub struct Inner {
    pub faults: VecDeque<Fault>,
    /// Every request, in order.
    pub requests: Vec<String>,
    pub accounts: HashMap<String, Account>,
    /// The next code of everybody's second factor, when it is on.
    pub second: Option<String>,
    pub relays: HashMap<EnrolId, Relay>,
    pub sets: HashMap<SetId, SetRecord>,
    /// What it shows to an owner as the newest commit of the only set, whatever is below.
    pub forged_head: Option<SignedHeader>,
    cookies: HashMap<String, String>,
    pub tokens: HashMap<String, Bearer>,
    challenges: Vec<Challenge>,
    counter: u8,
}

#[derive(Clone, Copy)]
pub enum Bearer {
    Machine(SetId),
    Owner(AccountId),
}

#[derive(Default)]
pub struct Site(Mutex<Inner>);

impl Site {
    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        let mut inner = self.inner();
        inner.requests.clear();
        inner.faults = faults.into_iter().collect();
    }

    pub fn count(&self, request: &str) -> usize {
        self.inner().requests.iter().filter(|asked| asked.as_str() == request).count()
    }
}

/// A running one; ends when it is dropped.
pub struct Appliance {
    pub url: String,
    pub site: Arc<Site>,
    _runtime: Runtime,
}

impl Appliance {
    pub fn start() -> Self {
        let (runtime, site) = (Runtime::new().unwrap(), Arc::new(Site::default()));
        let router = router(&site);
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url: format!("http://{address}"), site, _runtime: runtime }
    }

    /// With a certificate of its own making; also the SHA-256 of its public key.
    pub fn start_tls() -> (Self, [u8; 32]) {
        use sha2::Digest;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (runtime, site) = (Runtime::new().unwrap(), Arc::new(Site::default()));
        let made = rcgen::generate_simple_self_signed(vec!["some.other.name".into()]).unwrap();
        let pin = sha2::Sha256::digest(rcgen::PublicKeyData::subject_public_key_info(&made.signing_key)).into();
        let (certificate, key) = (made.cert.der().to_vec(), made.signing_key.serialize_der());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let router = router(&site);
        runtime.spawn(async move {
            let config = axum_server::tls_rustls::RustlsConfig::from_der(vec![certificate], key).await.unwrap();
            axum_server::from_tcp_rustls(listener, config).unwrap().serve(router.into_make_service()).await
        });
        (Self { url: format!("https://{address}"), site, _runtime: runtime }, pin)
    }
}

fn router(site: &Arc<Site>) -> Router {
    Router::new().fallback(handle).with_state(Arc::clone(site))
}

async fn handle(State(site): State<Arc<Site>>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.unwrap();
    let path = parts.uri.path().strip_prefix(PREFIX).unwrap().to_owned();
    let fault = {
        let mut inner = site.inner();
        inner.requests.push(format!("{} {path}", parts.method));
        inner.faults.pop_front()
    };
    match fault {
        None => answer(&site, &parts.method, &path, parts.uri.query().unwrap_or(""), &parts.headers, &body),
        Some(Fault::Status(status, text)) => (StatusCode::from_u16(status).unwrap(), text).into_response(),
        Some(Fault::Refused(status, code, retry_after_s)) => refused(status, code, retry_after_s),
        Some(Fault::Redirect) => {
            (StatusCode::FOUND, [(header::LOCATION, "https://elsewhere.example/")]).into_response()
        }
        Some(Fault::LoseAnswer) => {
            let _ = answer(&site, &parts.method, &path, "", &parts.headers, &body);
            let broken = futures::stream::iter([Ok(Raw::from_static(b"{")), Err(std::io::Error::other("cut"))]);
            Body::from_stream(broken).into_response()
        }
    }
}

fn refused(status: u16, code: &str, retry_after_s: Option<u64>) -> Response {
    let detail = ErrorDetail { code: code.into(), message: format!("refused: {code}"), missing: vec![], retry_after_s };
    (StatusCode::from_u16(status).unwrap(), axum::Json(ErrorBody { error: detail })).into_response()
}

fn json(value: &impl Serialize) -> Response {
    axum::Json(value).into_response()
}

fn none() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn of_remote<T: Serialize>(answer: Result<T, RemoteError>) -> Response {
    match answer {
        Ok(value) => json(&value),
        Err(RemoteError::Refused(error)) => (StatusCode::CONFLICT, axum::Json(ErrorBody { error })).into_response(),
        Err(error) => panic!("{error}"),
    }
}

fn parse<T: serde::de::DeserializeOwned>(body: &Raw) -> T {
    serde_json::from_slice(body).unwrap()
}

fn number(query: &str, name: &str) -> Option<u64> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(|text| text.parse().unwrap())
}

fn answer(site: &Site, method: &Method, path: &str, query: &str, headers: &HeaderMap, body: &Raw) -> Response {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let inner = &mut *site.inner();
    match (method.as_str(), &segments[..]) {
        ("GET", ["server"]) => {
            let info = ServerInfo {
                server_id: SERVER_ID,
                version: "test".into(),
                api: vec![1],
                needs_setup: false,
                key_pin: None,
            };
            json(&info)
        }
        ("POST", ["accounts"]) => create_account(inner, parse(body)),
        ("POST", ["login"]) => login(inner, &parse(body)),
        ("POST", ["agent" | "owner", "challenge"]) => {
            inner.counter += 1;
            let challenge = Challenge([inner.counter; 32]);
            inner.challenges.push(challenge);
            json(&ChallengeAnswer { challenge })
        }
        ("POST", ["agent", "session"]) => agent_session(inner, &parse(body)),
        ("POST", ["owner", "session"]) => owner_session(inner, &parse(body)),
        ("PUT", ["enrolments", id, "hello"]) => match inner.relays.get_mut(&id.parse().unwrap()) {
            Some(relay) => {
                relay.hello = Some(parse(body));
                none()
            }
            None => refused(404, code::NOT_FOUND, None),
        },
        ("GET", ["enrolments", id, "grant"]) => {
            json(&inner.relays.get(&id.parse().unwrap()).and_then(|relay| relay.grant.clone()))
        }
        _ => match headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap()) {
            Some(bearer) => match inner.tokens.get(bearer.trim_start_matches("Bearer ")).copied() {
                Some(Bearer::Machine(set)) => {
                    let memory = Arc::clone(&inner.sets[&set].memory);
                    machine(&memory, method, &segments, body)
                }
                Some(Bearer::Owner(account)) => owner(inner, account, method, &segments, query, body),
                None => refused(401, code::UNAUTHENTICATED, None),
            },
            None => person(inner, method, &segments, headers, body),
        },
    }
}

fn create_account(inner: &mut Inner, message: CreateAccount) -> Response {
    let login = iota_core::api::normalise_login(&message.login);
    let secret = message.auth_secret.as_bytes();
    let proof = proof::account_creation(SERVER_ID, message.account, &message.identity, &login, secret);
    message.identity.verify(&proof, &message.signature).unwrap();
    SignedSlotList::decode(&message.slot_list.0).unwrap().verify(&message.identity).unwrap();
    if message.code != INVITE {
        return refused(403, code::BAD_CODE, None);
    }
    if inner.accounts.contains_key(&login) {
        return refused(409, code::CONFLICT, None);
    }
    let slot_list = message.slot_list.0.clone();
    inner.accounts.insert(login.clone(), Account { message, slot_list });
    session(inner, login)
}

fn login(inner: &mut Inner, message: &Login) -> Response {
    let login = iota_core::api::normalise_login(&message.login);
    match inner.accounts.get(&login) {
        Some(account) if account.message.auth_secret == message.auth_secret => {
            if inner.second.is_some() && inner.second != message.second {
                return refused(401, code::SECOND_FACTOR, None);
            }
            session(inner, login)
        }
        _ => refused(401, code::BAD_CREDENTIALS, None),
    }
}

fn session(inner: &mut Inner, login: String) -> Response {
    inner.counter += 1;
    let cookie = format!("__Host-iota=c{}", inner.counter);
    let info =
        SessionInfo { account: inner.accounts[&login].message.account, login: login.clone(), administrator: true };
    inner.cookies.insert(cookie.clone(), login);
    ([(header::SET_COOKIE, format!("{cookie}; Secure; HttpOnly; SameSite=Strict; Path=/"))], json(&info))
        .into_response()
}

fn token(inner: &mut Inner, bearer: Bearer) -> Response {
    inner.counter += 1;
    let token = format!("t{}", inner.counter);
    inner.tokens.insert(token.clone(), bearer);
    json(&Token { token, expires_in_s: 900 })
}

fn spend(inner: &mut Inner, challenge: Challenge) -> bool {
    let before = inner.challenges.len();
    inner.challenges.retain(|known| *known != challenge);
    inner.challenges.len() < before
}

fn agent_session(inner: &mut Inner, message: &AgentSessionRequest) -> Response {
    let newest =
        |record: &SetRecord| SignedCertificate::decode(record.certificates.last().unwrap()).unwrap().certificate;
    let found = inner.sets.iter().map(|(set, record)| (*set, newest(record)));
    let found = found.into_iter().find(|(_, certificate)| certificate.device == message.device);
    let Some((set, certificate)) = found else { return refused(403, code::DEVICE_REPLACED, None) };
    let signed = proof::agent_session(SERVER_ID, message.device, message.challenge);
    let good = certificate.signing_key.verify(&signed, &message.signature).is_ok();
    if spend(inner, message.challenge) && good {
        token(inner, Bearer::Machine(set))
    } else {
        refused(401, code::BAD_CREDENTIALS, None)
    }
}

fn identity_of(inner: &Inner, account: AccountId) -> VerifyingKey {
    inner.accounts.values().find(|known| known.message.account == account).unwrap().message.identity
}

fn owner_session(inner: &mut Inner, message: &OwnerSessionRequest) -> Response {
    let signed = proof::owner_session(SERVER_ID, message.account, message.challenge);
    let good = identity_of(inner, message.account).verify(&signed, &message.signature).is_ok();
    if spend(inner, message.challenge) && good {
        token(inner, Bearer::Owner(message.account))
    } else {
        refused(401, code::BAD_CREDENTIALS, None)
    }
}

fn person(inner: &mut Inner, method: &Method, segments: &[&str], headers: &HeaderMap, body: &Raw) -> Response {
    let cookie = headers.get(header::COOKIE).map(|value| value.to_str().unwrap().to_owned());
    let Some(login) = cookie.as_ref().and_then(|cookie| inner.cookies.get(cookie)).cloned() else {
        return refused(401, code::UNAUTHENTICATED, None);
    };
    assert!(*method == Method::GET || headers.get("x-iota").unwrap() == "1");
    let account = inner.accounts.get_mut(&login).unwrap();
    match (method.as_str(), segments) {
        ("POST", ["logout"]) => {
            inner.cookies.remove(&cookie.unwrap());
            none()
        }
        ("GET", ["vault"]) => {
            let CreateAccount { account: id, identity, .. } = account.message;
            json(&Vault { account: id, identity, slot_list: Bytes(account.slot_list.clone()) })
        }
        ("PUT", ["vault", "slots"]) => {
            let bytes = parse::<ChangeSlots>(body).slot_list.0;
            let (old, new) = (SignedSlotList::decode(&account.slot_list), SignedSlotList::decode(&bytes));
            let (old, new) = (old.unwrap(), new.unwrap());
            new.verify(&account.message.identity).unwrap();
            if new.list.version != old.list.version + 1 {
                return refused(409, code::CONFLICT, None);
            }
            account.slot_list = bytes;
            none()
        }
        ("POST", ["enrolments"]) => {
            inner.relays.entry(parse::<CreateEnrolment>(body).enrol_id).or_default();
            none()
        }
        ("GET", ["enrolments", id, "hello"]) => json(&inner.relays[&id.parse().unwrap()].hello),
        ("PUT", ["enrolments", id, "grant"]) => grant(inner, id.parse().unwrap(), parse(body)),
        _ => refused(404, code::NOT_FOUND, None),
    }
}

fn grant(inner: &mut Inner, id: EnrolId, grant: EnrolGrant) -> Response {
    let certificate = SignedCertificate::decode(&grant.certificate.0).unwrap().certificate;
    let memory = Arc::new(MemoryServer::new(certificate.signing_key));
    match inner.sets.entry(certificate.set) {
        std::collections::hash_map::Entry::Vacant(free) => {
            let (certificates, label) = (vec![grant.certificate.0.clone()], grant.label.0.clone());
            free.insert(SetRecord { certificates, label, memory });
        }
        std::collections::hash_map::Entry::Occupied(mut record) => {
            let old = std::mem::take(&mut *record.get().memory.inner.lock().unwrap());
            *memory.inner.lock().unwrap() = old;
            record.get_mut().certificates.push(grant.certificate.0.clone());
            record.get_mut().memory = memory;
            record.get_mut().label = grant.label.0.clone();
        }
    }
    inner.relays.get_mut(&id).unwrap().grant = Some(grant);
    none()
}

fn owner(inner: &Inner, account: AccountId, method: &Method, segments: &[&str], query: &str, body: &Raw) -> Response {
    match (method.as_str(), segments) {
        ("GET", ["sets"]) => {
            let mut sets: Vec<_> = inner.sets.iter().map(|(set, record)| set_info(*set, record)).collect();
            if let Some(forged) = &inner.forged_head {
                sets[0].head.as_mut().unwrap().header = Bytes(forged.encode());
            }
            json(&sets)
        }
        ("GET", ["sets", set, "path"]) => {
            let memory = inner.sets[&set.parse().unwrap()].memory.inner.lock().unwrap();
            let path = path(&memory, number(query, "from").unwrap(), number(query, "to").unwrap());
            Segment { path, commits: vec![] }.encode().into_response()
        }
        ("GET", ["sets", set, "segment"]) => {
            let memory = inner.sets[&set.parse().unwrap()].memory.inner.lock().unwrap();
            segment(&memory, number(query, "at").unwrap()).encode().into_response()
        }
        ("GET", ["account", "retention"]) => json(&Retention::default()),
        ("GET", ["sets", set, "snapshots"]) => {
            let memory = inner.sets[&set.parse().unwrap()].memory.inner.lock().unwrap();
            let (before, limit) = (number(query, "before").unwrap_or(u64::MAX), number(query, "limit").unwrap());
            json(&snapshots(&memory, before, limit as usize))
        }
        ("POST", ["objects", "read"]) => read_objects(inner, body),
        ("GET", ["vault"]) => {
            let known = inner.accounts.values().find(|known| known.message.account == account).unwrap();
            let identity = known.message.identity;
            json(&Vault { account, identity, slot_list: Bytes(known.slot_list.clone()) })
        }
        _ => refused(404, code::NOT_FOUND, None),
    }
}

fn path(memory: &server::Inner, from: u64, to: u64) -> Vec<SignedHeader> {
    let header = |seq: &u64| memory.commits[*seq as usize - 1].frame.header.clone();
    chain::path(from, to).iter().map(header).collect()
}

fn segment(memory: &server::Inner, at: u64) -> Segment {
    let upto = &memory.commits[..at as usize];
    let base = upto.iter().rposition(|stored| stored.frame.header.header.kind == CommitKind::Base).unwrap();
    let commit =
        |stored: &server::Stored| StoredCommit { header: stored.frame.header.clone(), body: stored.frame.body.clone() };
    Segment { path: path(memory, memory.commits.len() as u64, at), commits: upto[base..].iter().map(commit).collect() }
}

fn snapshots(memory: &server::Inner, before: u64, limit: usize) -> Vec<SnapshotInfo> {
    let listed = memory.commits.iter().rev().filter(|stored| stored.frame.header.header.seq < before).take(limit);
    let snapshot = |stored: &server::Stored| SnapshotInfo {
        seq: stored.frame.header.header.seq,
        received_ms: stored.received_ms,
        header: Bytes(stored.frame.header.encode()),
        live_bytes: 0,
    };
    listed.map(snapshot).collect()
}

/// Two objects at most, as when the answer gets long.
fn read_objects(inner: &Inner, body: &Raw) -> Response {
    let mut writer = Writer::new();
    for reference in decode_references(body, MAX_READ_OBJECTS).unwrap().into_iter().take(2) {
        let find = |record: &SetRecord| record.memory.inner.lock().unwrap().objects.get(&reference.cid).cloned();
        let object = inner.sets.values().find_map(find).unwrap_or_default();
        ObjectFrame { reference, object: &object }.write(&mut writer);
    }
    writer.finish().into_response()
}

fn set_info(set: SetId, record: &SetRecord) -> SetInfo {
    SetInfo {
        set,
        device: SignedCertificate::decode(record.certificates.last().unwrap()).unwrap().certificate.device,
        label: Bytes(record.label.clone()),
        created_ms: 1,
        certificates: record.certificates.iter().cloned().map(Bytes).collect(),
        head: record.memory.head().unwrap(),
        contact_ms: None,
        live_bytes: 0,
        upload: None,
        days: vec![],
        watch: None,
    }
}

fn machine(memory: &MemoryServer, method: &Method, segments: &[&str], body: &Raw) -> Response {
    let upload = |text: &str| text.parse::<UploadId>().unwrap();
    match (method.as_str(), segments) {
        ("GET", ["agent", "head"]) => of_remote(memory.head()),
        ("POST", ["agent", "uploads"]) => of_remote(memory.begin_upload()),
        ("POST", ["agent", "uploads", id, "renew"]) => of_remote(memory.renew_upload(upload(id))),
        ("DELETE", ["agent", "uploads", id]) => of_remote(memory.end_upload(upload(id))),
        ("POST", ["agent", "uploads", id, "have"]) => {
            let references = decode_references(body, iota_core::api::MAX_HAVE_IDS).unwrap();
            encode_bitmap(&memory.have(upload(id), &references).unwrap()).into_response()
        }
        ("POST", ["agent", "uploads", id, "objects"]) => of_remote(memory.put_objects(upload(id), body.clone())),
        ("PUT", ["agent", "uploads", id, "references", part]) => {
            of_remote(memory.put_references(upload(id), part.parse().unwrap(), body.to_vec()))
        }
        ("POST", ["agent", "uploads", id, "commit"]) => of_remote(memory.commit(upload(id), body.to_vec())),
        _ => refused(404, code::NOT_FOUND, None),
    }
}
