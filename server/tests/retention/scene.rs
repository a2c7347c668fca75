//! An account with one machine, through months.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use iota_core::api::json::{Bytes, SnapshotInfo};
use iota_core::api::retention::{Decide, Retention};
use iota_core::id::Cid;
use iota_core::retention::{Decision, Point, Policy, SignedDecision, UNDO_MS, Verdict, What, evaluate, in_force};
use iota_server::retention::round;
use iota_server::test_support::{Answer, TestAccount, TestLog, TestMachine, TestServer, object};

pub const HOUR_MS: u64 = 3_600_000;
pub const DAY_MS: u64 = 24 * HOUR_MS;

/// See the module. The server is another's, so that many share one.
pub struct Scene {
    pub account: TestAccount,
    pub log: TestLog,
    /// Every commit that there was.
    pub points: Vec<Point>,
    /// What the state of each used.
    pub states: BTreeMap<u64, BTreeSet<Cid>>,
    /// Those that should be snapshots.
    pub kept: Vec<Point>,
    /// Every policy that was decided, and when.
    pub policies: Vec<(Policy, u64)>,
    pub version: u64,
}

impl Scene {
    pub async fn new(server: &TestServer, account: TestAccount) -> Self {
        let machine = TestMachine::enrol(server, &account).await;
        let log = TestLog::new(machine, account.account, 0, BTreeSet::new());
        let (points, states, kept) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self { account, log, points, states, kept, policies: Vec::new(), version: 0 }
    }

    /// Lets time pass, after which everybody signs in again.
    pub async fn pass(&mut self, server: &TestServer, ms: u64) {
        server.clock.advance_ms(ms);
        self.account.sign_in(&self.account.browser).await.ok();
        self.log.machine.browser = self.log.machine.session(server).await;
    }

    /// The machine commits a state of these objects, by a clock that is so far off.
    pub async fn commit(&mut self, server: &TestServer, numbers: &BTreeSet<u64>, skew_ms: i64) {
        let received_ms = server.state.now_ms();
        self.log.device_ms = received_ms.checked_add_signed(skew_ms).unwrap();
        let seq = self.log.chain.head().0 + 1;
        let objects: BTreeMap<Cid, Vec<u8>> = numbers.iter().map(|&number| named(&self.log, number)).collect();
        if seq % 5 == 1 {
            self.log.base(&objects.into_values().collect::<Vec<_>>()).await;
        } else {
            let dropped: Vec<Cid> = self.log.live.iter().filter(|cid| !objects.contains_key(cid)).copied().collect();
            let added = objects.into_iter().filter(|(cid, _)| !self.log.live.contains(cid)).map(|(_, object)| object);
            self.log.delta(&added.collect::<Vec<_>>(), &dropped).await;
        }
        self.states.insert(seq, self.log.live.clone());
        let point = Point { seq, received_ms, device_ms: self.log.device_ms };
        self.points.push(point);
        self.kept.push(point);
    }

    /// A round of the server's; what should be left follows from what was and the time at which the clocks agree.
    pub async fn round(&mut self, server: &TestServer, agreed_ms: Option<u64>) {
        round(&server.state).await.unwrap();
        let Some(agreed_ms) = agreed_ms else { return };
        let verdicts = evaluate(&self.policy(agreed_ms), &self.kept, self.points.last().unwrap().seq, agreed_ms);
        let kept = self.kept.iter().zip(verdicts).filter(|(_, verdict)| *verdict != Verdict::Goes);
        self.kept = kept.map(|(point, _)| *point).collect();
    }

    /// The numbers that the server lists, ascending.
    pub async fn listed(&self) -> Vec<u64> {
        let mut seqs: Vec<u64> = Vec::new();
        let mut before = String::new();
        loop {
            let path = format!("/sets/{}/snapshots?limit=1000{before}", self.log.machine.set);
            let page: Vec<SnapshotInfo> = self.account.browser.get(&path).await.json();
            let Some(last) = page.last() else { break };
            before = format!("&before={}", last.seq);
            seqs.extend(page.iter().map(|info| info.seq));
        }
        seqs.reverse();
        seqs
    }

    pub fn kept_seqs(&self) -> Vec<u64> {
        self.kept.iter().map(|point| point.seq).collect()
    }

    pub fn sign(&self, server: &TestServer, version: u64, what: What) -> SignedDecision {
        let decision = Decision { account: self.account.account, version, decided_ms: server.state.now_ms(), what };
        SignedDecision { signature: self.account.sign(&decision.encode()), decision }
    }

    pub async fn send(&self, signed: &SignedDecision) -> Answer {
        self.account.browser.put("/account/retention", &Decide { decision: Bytes(signed.encode()) }).await
    }

    /// Decides, which must be taken.
    pub async fn decide(&mut self, server: &TestServer, what: What) {
        self.version += 1;
        self.send(&self.sign(server, self.version, what)).await.ok();
        if let What::Keep(policy) = what {
            self.policies.push((policy, server.state.now_ms()));
        }
    }

    /// Decides as if it had been done two weeks before, and a day, so that it is carried out in full.
    pub async fn decide_before(&mut self, server: &TestServer, policy: Policy) {
        self.decide(server, What::Keep(policy)).await;
        long_decided(server).await;
        self.policies.iter_mut().for_each(|(_, decided_ms)| *decided_ms -= UNDO_MS + DAY_MS);
    }

    /// What is carried out.
    pub fn policy(&self, at_ms: u64) -> Policy {
        in_force(self.policies.iter().copied(), at_ms).policy
    }

    pub async fn decisions(&self) -> Vec<SignedDecision> {
        let shown: Retention = self.account.browser.get("/account/retention").await.json();
        shown.decisions.iter().map(|bytes| SignedDecision::decode(&bytes.0).unwrap()).collect()
    }

    pub async fn segment(&self, at: u64) -> Answer {
        let path = format!("/sets/{}/segment?at={at}", self.log.machine.set);
        self.account.browser.send(Method::GET, &path, None, vec![]).await
    }

    /// What the intervals of the database say of each snapshot's state.
    pub async fn states_kept(&self, server: &TestServer) -> BTreeMap<u64, BTreeSet<Cid>> {
        let rows: Vec<(i64, Option<Vec<u8>>)> = sqlx::query_as(
            "SELECT seq, cid FROM commit JOIN backup_set USING (set_no)
             LEFT JOIN reference ON reference.set_no = commit.set_no AND from_seq <= seq AND (to_seq IS NULL OR seq < to_seq)
             WHERE set_id = $1 AND kept",
        )
        .bind(&self.log.machine.set.0[..])
        .fetch_all(server.pool())
        .await
        .unwrap();
        let mut states = BTreeMap::<u64, BTreeSet<Cid>>::new();
        for (seq, cid) in rows {
            states.entry(seq as u64).or_default().extend(cid.map(|cid| Cid(cid.try_into().unwrap())));
        }
        states
    }

    /// Checks that the server kept exactly what it should, whole, and nothing beside it.
    pub async fn check(&self, server: &TestServer) {
        assert_eq!(self.listed().await, self.kept_seqs());
        let mut states = self.states.clone();
        states.retain(|seq, _| self.kept.iter().any(|point| point.seq == *seq));
        assert_eq!(self.states_kept(server).await, states);
        let superfluous: i64 = count(
            server,
            "SELECT count(*) FROM reference WHERE NOT EXISTS (
                 SELECT FROM commit WHERE commit.set_no = reference.set_no AND kept
                     AND seq >= from_seq AND (to_seq IS NULL OR seq < to_seq))",
        )
        .await;
        assert_eq!(superfluous, 0, "references that no snapshot needs");
    }
}

/// All decisions that were ever received are two weeks older, and a day.
pub async fn long_decided(server: &TestServer) {
    let earlier = sqlx::query("UPDATE decision SET received_ms = received_ms - $1").bind((UNDO_MS + DAY_MS) as i64);
    earlier.execute(server.pool()).await.unwrap();
}

/// One number of the database.
pub async fn count(server: &TestServer, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(server.pool()).await.unwrap()
}

/// An object that only this machine has.
pub fn named(log: &TestLog, number: u64) -> (Cid, Vec<u8>) {
    let own = u64::from_le_bytes(*log.machine.set.0.first_chunk().unwrap());
    let object = object(own.wrapping_add(number), 300 + number as usize);
    (Cid::of(&object), object)
}
