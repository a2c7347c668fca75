//! A machine of a test, enrolled.

use ed25519_dalek::{Signer, SigningKey};
use iota_core::api::json::{
    AgentChallengeRequest, AgentSessionRequest, Bytes, ChallengeAnswer, CreateEnrolment, EnrolGrant, EnrolHello, Token,
};
use iota_core::certificate::{Certificate, SignedCertificate};
use iota_core::chain::SkipChain;
use iota_core::id::{AgreementKey, DeviceId, Digest, EnrolId, SetId, Signature, VerifyingKey};
use iota_core::proof::agent_session;

use super::account::TestAccount;
use super::browser::{Answer, Browser};
use super::server::TestServer;

/// A machine that writes a set, with its token.
pub struct TestMachine {
    /// The machine.
    pub device: DeviceId,
    /// Its set.
    pub set: SetId,
    /// Its key.
    pub key: SigningKey,
    /// The key epoch that it opened.
    pub key_epoch: u32,
    /// The chain that it continues.
    pub chain: SkipChain,
    /// Its client.
    pub browser: Browser,
}

impl TestMachine {
    /// Joins with a set of its own.
    pub async fn enrol(server: &TestServer, account: &TestAccount) -> Self {
        let set = SetId(server.state.random().unwrap());
        Self::enrol_in(server, account, set, 1, SkipChain::default()).await
    }

    /// Takes over a set that ends with `chain`, in the next key epoch.
    pub async fn enrol_in(
        server: &TestServer,
        account: &TestAccount,
        set: SetId,
        key_epoch: u32,
        chain: SkipChain,
    ) -> Self {
        let mut machine = Self::draft(server, set, key_epoch, chain);
        let enrol_id = EnrolId(server.state.random().unwrap());
        machine.meet(server, account, enrol_id, machine.certificate(account)).await.ok();
        machine.browser = machine.session(server).await;
        machine
    }

    /// Keys and names of a machine that the server has not heard of.
    pub fn draft(server: &TestServer, set: SetId, key_epoch: u32, chain: SkipChain) -> Self {
        let device = DeviceId(server.state.random().unwrap());
        let key = SigningKey::from_bytes(&server.state.random().unwrap());
        Self { device, set, key, key_epoch, chain, browser: server.stranger() }
    }

    /// The certificate that its account would give it.
    pub fn certificate(&self, account: &TestAccount) -> Certificate {
        Certificate {
            account: account.account,
            set: self.set,
            device: self.device,
            key_epoch: self.key_epoch,
            signing_key: self.signing_key(),
            agreement_key: AgreementKey([9; 32]),
            issued_ms: 1,
            first_seq: self.chain.head().0 + 1,
            skip_chain: self.chain.hashes(),
        }
    }

    /// Its public key.
    pub fn signing_key(&self) -> VerifyingKey {
        VerifyingKey(self.key.verifying_key().to_bytes())
    }

    /// A signature by its key.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.key.sign(message).to_bytes())
    }

    /// What it says when it wants to join.
    pub fn hello(&self) -> EnrolHello {
        EnrolHello {
            signing_key: self.signing_key(),
            agreement_key: AgreementKey([9; 32]),
            sealed: Bytes(vec![1; 64]),
            mac: Digest([2; 32]),
        }
    }

    /// The whole relay with a certificate; returns the answer to the grant.
    pub async fn meet(
        &self,
        server: &TestServer,
        account: &TestAccount,
        enrol_id: EnrolId,
        certificate: Certificate,
    ) -> Answer {
        account.browser.post("/enrolments", &CreateEnrolment { enrol_id }).await.ok();
        server.stranger().put(&format!("/enrolments/{enrol_id}/hello"), &self.hello()).await.ok();
        let grant = grant(account, certificate);
        account.browser.put(&format!("/enrolments/{enrol_id}/grant"), &grant).await
    }

    /// Begins a session; the client has its token.
    pub async fn session(&self, server: &TestServer) -> Browser {
        let answer = self.try_session(server).await;
        server.stranger().with_token(&answer.json::<Token>().token)
    }

    /// The answer to a proof of its key.
    pub async fn try_session(&self, server: &TestServer) -> Answer {
        let stranger = server.stranger();
        let asked = stranger.post("/agent/challenge", &AgentChallengeRequest { device: self.device }).await;
        let challenge = asked.json::<ChallengeAnswer>().challenge;
        let message = agent_session(server.state.server_id(), self.device, challenge);
        let request = AgentSessionRequest { device: self.device, challenge, signature: self.sign(&message) };
        stranger.post("/agent/session", &request).await
    }
}

/// A certificate after which nobody writes the set of a machine that ends with `chain`.
pub fn revocation(account: &TestAccount, machine: &TestMachine, key_epoch: u32, chain: &SkipChain) -> Certificate {
    Certificate {
        key_epoch,
        signing_key: VerifyingKey::ZERO,
        agreement_key: AgreementKey::ZERO,
        first_seq: chain.head().0 + 1,
        skip_chain: chain.hashes(),
        ..machine.certificate(account)
    }
}

/// A certificate signed by the account, with sealed keys and name that open nothing.
pub fn grant(account: &TestAccount, certificate: Certificate) -> EnrolGrant {
    let signature = account.sign(&certificate.encode());
    let signed = SignedCertificate { certificate, signature };
    EnrolGrant { certificate: Bytes(signed.encode()), sealed: Bytes(vec![3; 200]), label: Bytes(vec![4; 100]) }
}
