//! Who may do what, as `docs/api.md` says it: every route, asked by everybody.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use axum::http::Method;
use iota_core::api::frames::ObjectFrame;
use iota_core::api::json::{Bytes, EnrolGrant, Revoke, UploadInfo, WebSessionInfo};
use iota_core::api::retention::Decide;
use iota_core::id::{Cid, Domain, EnrolId, RestoreId, SessionId, SetId, UploadId};
use iota_core::refs::Reference;
use iota_core::retention::{Decision, Deletion, SignedDecision, What};
use iota_core::wire::Writer;
use iota_server::auth::FRESH_MS;
use iota_server::router;
use iota_server::test_support::{Answer, Browser, TestAccount, TestMachine, TestServer, grant};
use serde_json::json;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    All,
    Web,
    FreshWeb,
    Reader,
    Machine,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Nobody,
    StaleWeb,
    FreshWeb,
    Owner,
    Machine,
}

const CALLERS: [Caller; 5] = [Caller::Nobody, Caller::StaleWeb, Caller::FreshWeb, Caller::Owner, Caller::Machine];

/// The word of the refusal that a caller must get; `None` when the route is for them.
fn refusal(who: Who, caller: Caller) -> Option<&'static str> {
    match (who, caller) {
        (Who::All, _)
        | (Who::Web | Who::Reader, Caller::StaleWeb | Caller::FreshWeb)
        | (Who::FreshWeb, Caller::FreshWeb)
        | (Who::Reader, Caller::Owner)
        | (Who::Machine, Caller::Machine) => None,
        (_, Caller::Nobody) => Some("unauthenticated"),
        (Who::FreshWeb, Caller::StaleWeb) => Some("reauthenticate"),
        _ => Some("forbidden"),
    }
}

#[derive(Debug, Clone, Copy)]
enum Body {
    None,
    /// An object without the fields that are needed: whoever may ask is told that it is malformed.
    Empty,
    Hello,
    Grant,
    Label,
    Watch,
    /// One that would let a machine in.
    Certificate,
    /// A signed decision, of snapshots that are not there.
    Deletion,
    /// A signed decision, about one that is not there.
    Undo,
    References,
    Objects,
    Bytes,
}

/// A route is twice here when who may ask it depends on what is asked.
const TABLE: [(&str, &str, Who, Body); 65] = [
    ("GET", "/server", Who::All, Body::None),
    ("GET", "/downloads", Who::All, Body::None),
    ("POST", "/accounts", Who::All, Body::Empty),
    ("POST", "/accounts/check", Who::All, Body::Empty),
    ("POST", "/login", Who::All, Body::Empty),
    ("POST", "/recovery", Who::All, Body::Empty),
    ("POST", "/recovery/slots", Who::All, Body::Empty),
    ("POST", "/logout", Who::Web, Body::Empty),
    ("GET", "/session", Who::Web, Body::None),
    ("POST", "/session/proof", Who::Web, Body::Empty),
    ("GET", "/sessions", Who::Web, Body::None),
    ("DELETE", "/sessions/{session}", Who::FreshWeb, Body::None),
    ("PUT", "/account/password", Who::FreshWeb, Body::Empty),
    ("GET", "/account/second-factor", Who::Web, Body::None),
    ("POST", "/account/second-factor", Who::FreshWeb, Body::Empty),
    ("PUT", "/account/second-factor", Who::FreshWeb, Body::Empty),
    ("DELETE", "/account/second-factor", Who::FreshWeb, Body::Empty),
    ("GET", "/account/alerts", Who::Web, Body::None),
    ("PUT", "/account/alerts", Who::FreshWeb, Body::Empty),
    ("POST", "/account/alerts/test", Who::Web, Body::Empty),
    ("GET", "/account/retention", Who::Reader, Body::None),
    ("PUT", "/account/retention", Who::FreshWeb, Body::Deletion),
    ("PUT", "/account/retention", Who::Web, Body::Undo),
    ("GET", "/events", Who::Web, Body::None),
    ("POST", "/invitations", Who::FreshWeb, Body::Empty),
    ("GET", "/vault", Who::Reader, Body::None),
    ("PUT", "/vault/slots", Who::FreshWeb, Body::Empty),
    ("GET", "/vault/drill", Who::Web, Body::None),
    ("POST", "/vault/drill", Who::Web, Body::None),
    ("POST", "/owner/challenge", Who::All, Body::Empty),
    ("POST", "/owner/session", Who::All, Body::Empty),
    ("POST", "/agent/challenge", Who::All, Body::Empty),
    ("POST", "/agent/session", Who::All, Body::Empty),
    ("POST", "/enrolments", Who::FreshWeb, Body::Empty),
    ("PUT", "/enrolments/{id}/hello", Who::All, Body::Hello),
    ("GET", "/enrolments/{id}/hello", Who::Web, Body::None),
    ("PUT", "/enrolments/{id}/grant", Who::FreshWeb, Body::Grant),
    ("GET", "/enrolments/{id}/grant", Who::All, Body::None),
    ("GET", "/sets", Who::Reader, Body::None),
    ("GET", "/sets/live", Who::Web, Body::None),
    ("PUT", "/sets/{set}/label", Who::Web, Body::Label),
    ("PUT", "/sets/{set}/watch", Who::FreshWeb, Body::Watch),
    ("PUT", "/sets/{set}/certificate", Who::FreshWeb, Body::Certificate),
    ("GET", "/sets/{set}/snapshots", Who::Reader, Body::None),
    ("GET", "/sets/{set}/segment", Who::Reader, Body::None),
    ("GET", "/sets/{set}/path", Who::Reader, Body::None),
    ("POST", "/sets/{set}/freed", Who::Reader, Body::Empty),
    ("GET", "/sets/{set}/live", Who::Web, Body::None),
    ("POST", "/sets/{set}/orders", Who::Web, Body::Empty),
    ("GET", "/sets/{set}/restores", Who::Reader, Body::None),
    ("POST", "/sets/{set}/restores", Who::FreshWeb, Body::Empty),
    ("DELETE", "/sets/{set}/restores/{restore}", Who::Web, Body::None),
    ("POST", "/objects/read", Who::Reader, Body::References),
    ("GET", "/agent/head", Who::Machine, Body::None),
    ("POST", "/agent/live", Who::Machine, Body::Empty),
    ("GET", "/agent/restores", Who::Machine, Body::None),
    ("GET", "/agent/restores/{restore}/segment", Who::Machine, Body::None),
    ("POST", "/agent/restores/{restore}/objects", Who::Machine, Body::References),
    ("POST", "/agent/restores/{restore}/end", Who::Machine, Body::Empty),
    ("POST", "/agent/uploads", Who::Machine, Body::Empty),
    ("POST", "/agent/uploads/{upload}/renew", Who::Machine, Body::Empty),
    ("POST", "/agent/uploads/{upload}/have", Who::Machine, Body::References),
    ("POST", "/agent/uploads/{upload}/objects", Who::Machine, Body::Objects),
    ("PUT", "/agent/uploads/{upload}/references/{part}", Who::Machine, Body::References),
    ("POST", "/agent/uploads/{upload}/commit", Who::Machine, Body::Bytes),
];
/// Asked last, because they end what the others need.
const ENDING: [(&str, &str, Who, Body); 3] = [
    ("DELETE", "/agent/uploads/{upload}", Who::Machine, Body::None),
    ("DELETE", "/enrolments/{id}", Who::Web, Body::None),
    ("DELETE", "/sessions", Who::FreshWeb, Body::None),
];

fn rows() -> impl Iterator<Item = (&'static str, &'static str, Who, Body)> {
    TABLE.into_iter().chain(ENDING)
}

/// Names of things: one's own, another's, or none at all.
#[derive(Clone, Copy)]
struct Names {
    enrolment: EnrolId,
    session: SessionId,
    set: SetId,
    upload: UploadId,
    restore: RestoreId,
}

impl Names {
    fn fill(&self, path: &str) -> String {
        let filled = path.replace("{id}", &self.enrolment.to_string()).replace("{set}", &self.set.to_string());
        let filled = filled.replace("{session}", &self.session.to_string());
        let filled = filled.replace("{upload}", &self.upload.to_string()).replace("{part}", "0");
        let filled = filled.replace("{restore}", &self.restore.to_string());
        match path.rsplit('/').next() {
            Some("segment") => format!("{filled}?at=1"),
            Some("path") => format!("{filled}?to=1"),
            _ => filled,
        }
    }
}

/// An account with everything that it can have.
struct Party {
    account: TestAccount,
    machine: TestMachine,
    /// Waits for its grant.
    joining: TestMachine,
    names: Names,
    /// When it decides, milliseconds since 1970.
    now_ms: u64,
}

impl Party {
    async fn new(server: &TestServer, account: TestAccount) -> Self {
        let machine = TestMachine::enrol(server, &account).await;
        let joining = TestMachine::draft(server, SetId(server.state.random().unwrap()), 1, Default::default());
        let enrolment = EnrolId(server.state.random().unwrap());
        account.browser.post("/enrolments", &json!({ "enrol_id": enrolment })).await.ok();
        server.stranger().put(&format!("/enrolments/{enrolment}/hello"), &joining.hello()).await.ok();
        let upload = machine.browser.post("/agent/uploads", &json!({})).await.json::<UploadInfo>().upload;
        // One that nobody uses, so that it may be ended.
        let unused = server.stranger();
        account.sign_in(&unused).await.ok();
        let sessions: Vec<WebSessionInfo> = unused.get("/sessions").await.json();
        let session = sessions.iter().find(|info| info.current).unwrap().id;
        let names = Names { enrolment, session, set: machine.set, upload, restore: RestoreId([1; 16]) };
        Self { account, machine, joining, names, now_ms: server.state.now_ms() }
    }

    async fn browser(&self, server: &TestServer, caller: Caller, stale: &Browser) -> Browser {
        match caller {
            Caller::Nobody => server.stranger(),
            Caller::StaleWeb => stale.same(),
            Caller::FreshWeb => {
                let browser = server.stranger();
                self.account.sign_in(&browser).await.ok();
                browser
            }
            Caller::Owner => self.account.owner(server).await,
            Caller::Machine => self.machine.session(server).await,
        }
    }

    fn body(&self, body: Body) -> (Option<&'static str>, Vec<u8>) {
        let (json, octets) = (Some("application/json"), Some("application/octet-stream"));
        let reference = Reference { domain: Domain::PRIVATE, cid: Cid::of(b"object") };
        let mut writer = Writer::new();
        match body {
            Body::None => (None, Vec::new()),
            Body::Empty => (json, b"{}".to_vec()),
            Body::Hello => (json, serde_json::to_vec(&self.joining.hello()).unwrap()),
            Body::Grant => {
                let grant = grant(&self.account, self.joining.certificate(&self.account));
                (json, serde_json::to_vec(&grant).unwrap())
            }
            Body::Label => (json, br#"{"label": "AAAA"}"#.to_vec()),
            Body::Watch => (json, br#"{"limit_hours": 1, "public_name": ""}"#.to_vec()),
            Body::Certificate => {
                let EnrolGrant { certificate, .. } = grant(&self.account, self.joining.certificate(&self.account));
                (json, serde_json::to_vec(&Revoke { certificate }).unwrap())
            }
            Body::Deletion => self.decision(What::Delete(Deletion { set: SetId([9; 16]), first: 1, last: 1 })),
            Body::Undo => self.decision(What::Undo(1)),
            Body::References => {
                reference.write(&mut writer);
                (octets, writer.finish())
            }
            Body::Objects => {
                ObjectFrame { reference, object: b"object" }.write(&mut writer);
                (octets, writer.finish())
            }
            Body::Bytes => (octets, vec![1; 400]),
        }
    }

    fn decision(&self, what: What) -> (Option<&'static str>, Vec<u8>) {
        let decision = Decision { account: self.account.account, version: 1, decided_ms: self.now_ms, what };
        let signed = SignedDecision { signature: self.account.sign(&decision.encode()), decision };
        let decide = Decide { decision: Bytes(signed.encode()) };
        (Some("application/json"), serde_json::to_vec(&decide).unwrap())
    }

    async fn ask(&self, browser: &Browser, method: &str, path: &str, body: Body) -> Answer {
        let (content_type, bytes) = self.body(body);
        if path == "/events" {
            // A stream without an end: only how it begins is looked at.
            return browser.events().await.err().unwrap_or_else(Answer::nothing);
        }
        browser.send(Method::from_bytes(method.as_bytes()).unwrap(), path, content_type, bytes).await
    }
}

struct Scene {
    server: TestServer,
    ada: Party,
    bob: Party,
    /// Ada's sessions whose proof is old: one that may sign out, and one for everything else.
    stale: [Browser; 2],
}

async fn scene() -> Scene {
    let server = TestServer::start().await;
    let ada = Party::new(&server, TestAccount::first(&server).await).await;
    let bob = Party::new(&server, TestAccount::invited(&server, "bob@example.org").await).await;
    let stale = [server.stranger(), server.stranger()];
    for browser in &stale {
        ada.account.sign_in(browser).await.ok();
    }
    server.clock.advance_ms(FRESH_MS);
    Scene { server, ada, bob, stale }
}

#[test]
fn the_table_has_every_route_and_no_other() {
    let mut listed: Vec<_> = rows().map(|(method, path, ..)| format!("{method} {path}")).collect();
    let mut routed: Vec<_> = router::routes().table().iter().map(|(method, path)| format!("{method} {path}")).collect();
    listed.sort();
    listed.dedup();
    routed.sort();
    assert_eq!(listed, routed);
}

#[tokio::test]
async fn everybody_asks_everything() {
    let Scene { server, ada, stale, .. } = scene().await;
    for (method, path, who, body) in rows() {
        let [signing_out, other] = &stale;
        let stale = if path == "/logout" { signing_out } else { other };
        for caller in CALLERS {
            let browser = ada.browser(&server, caller, stale).await;
            let code = ada.ask(&browser, method, &ada.names.fill(path), body).await.code();
            let asked = format!("{method} {path} by {caller:?}: {code}");
            match refusal(who, caller) {
                Some(wanted) => assert_eq!(code, wanted, "{asked}"),
                None => {
                    assert!(!matches!(code.as_str(), "unauthenticated" | "forbidden" | "reauthenticate"), "{asked}")
                }
            }
            if caller == Caller::FreshWeb {
                // An account has few sessions.
                browser.post("/logout", &json!({})).await;
            }
        }
    }
}

#[tokio::test]
async fn what_is_somebody_elses_looks_like_what_is_not_there() {
    let Scene { server, ada, bob, stale } = scene().await;
    let random = || server.state.random().unwrap();
    let nowhere = Names {
        enrolment: EnrolId(server.state.random().unwrap()),
        session: SessionId(random()),
        set: SetId(random()),
        upload: UploadId(random()),
        restore: RestoreId(random()),
    };
    for (method, path, who, body) in rows().filter(|(_, path, who, _)| path.contains('{') && *who != Who::All) {
        for caller in
            CALLERS.into_iter().filter(|caller| refusal(who, *caller).is_none() && *caller != Caller::StaleWeb)
        {
            let browser = bob.browser(&server, caller, &stale[0]).await;
            let theirs = bob.ask(&browser, method, &ada.names.fill(path), body).await;
            let nothing = bob.ask(&browser, method, &nowhere.fill(path), body).await;
            let told = |answer: &Answer, names: &Names| {
                String::from_utf8_lossy(&answer.body).replace(&names.set.to_string(), "").to_owned()
            };
            let asked = format!("{method} {path} by {caller:?}: {theirs}");
            assert_eq!(
                (theirs.status, told(&theirs, &ada.names)),
                (nothing.status, told(&nothing, &nowhere)),
                "{asked}"
            );
            let ending_nothing =
                path.starts_with("/agent/uploads/") && method == "DELETE" && theirs.status.is_success();
            assert!(ending_nothing || !theirs.code().is_empty(), "{asked}");
        }
    }
    // And nothing of it has changed anything.
    let again = ada.browser(&server, Caller::Machine, &stale[0]).await;
    ada.ask(&again, "POST", &ada.names.fill("/agent/uploads/{upload}/renew"), Body::Empty).await.ok();
}
