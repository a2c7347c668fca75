//! An account of a test, with its keys.

use ed25519_dalek::{Signer, SigningKey};
use iota_core::api::json::{Bytes, CreateAccount, Login, OwnerChallengeRequest, OwnerSessionRequest, SessionInfo};
use iota_core::api::json::{ChallengeAnswer, NewSecondFactor, Recover, RecoveryCodes, SecondFactorCode, Token};
use iota_core::api::normalise_login;
use iota_core::id::{AccountId, Challenge, Digest, Signature, SlotId, VerifyingKey};
use iota_core::proof::{account_creation, new_login, owner_session};
use iota_core::slot::{SignedSlotList, Slot, SlotHeader, SlotKind, SlotList};

use super::browser::{Answer, Browser};
use super::server::TestServer;

/// Somebody with a password and a vault, signed in.
pub struct TestAccount {
    /// The account.
    pub account: AccountId,
    /// Its login.
    pub login: String,
    /// What its password becomes.
    pub auth_secret: Digest,
    /// Its identity.
    pub identity: SigningKey,
    /// Its browser.
    pub browser: Browser,
}

impl TestAccount {
    /// The first account of a server, an administrator.
    pub async fn first(server: &TestServer) -> Self {
        let code = server.setup_code().await;
        Self::create(server, &code, "ada@example.org").await
    }

    /// One more account.
    pub async fn invited(server: &TestServer, login: &str) -> Self {
        let code = server.invitation().await;
        Self::create(server, &code, login).await
    }

    /// Makes an account by a code, and stays signed in.
    pub async fn create(server: &TestServer, code: &str, login: &str) -> Self {
        let account = Self::draft(server, login);
        account.browser.post("/accounts", &account.creation(server, code)).await.json::<SessionInfo>();
        account
    }

    /// Keys and names of an account that the server has not heard of.
    pub fn draft(server: &TestServer, login: &str) -> Self {
        let random = || server.state.random().unwrap();
        Self {
            account: AccountId(server.state.random().unwrap()),
            login: login.into(),
            auth_secret: Digest(random()),
            identity: SigningKey::from_bytes(&random()),
            browser: server.stranger(),
        }
    }

    /// The request that makes it.
    pub fn creation(&self, server: &TestServer, code: &str) -> CreateAccount {
        let (login, identity) = (normalise_login(&self.login), self.identity_key());
        let message = account_creation(server.state.server_id(), self.account, &identity, &login, &self.auth_secret.0);
        CreateAccount {
            code: code.into(),
            login: self.login.clone(),
            auth_secret: self.auth_secret,
            account: self.account,
            identity,
            slot_list: Bytes(self.slots(1).encode()),
            signature: self.sign(&message),
        }
    }

    /// Its public key.
    pub fn identity_key(&self) -> VerifyingKey {
        VerifyingKey(self.identity.verifying_key().to_bytes())
    }

    /// A slot list of a version, signed.
    pub fn slots(&self, version: u32) -> SignedSlotList {
        slot_list(self.account, version, &self.identity)
    }

    /// A signature by the identity key.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.identity.sign(message).to_bytes())
    }

    /// Signs in, from this browser.
    pub async fn sign_in(&self, browser: &Browser) -> Answer {
        browser
            .post(
                "/login",
                &Login { login: self.login.clone(), auth_secret: self.auth_secret, second: None, keep: false },
            )
            .await
    }

    /// What somebody with its vault asks, to set another login secret.
    pub async fn recovery(&self, server: &TestServer, auth_secret: Digest) -> Recover {
        let challenge = self.challenge(server).await;
        let message = new_login(server.state.server_id(), self.account, challenge, &self.login, &auth_secret.0);
        let (account, login) = (self.account, self.login.to_uppercase());
        Recover { account, login, challenge, auth_secret, second: None, signature: self.sign(&message) }
    }

    /// A challenge for its identity key.
    pub async fn challenge(&self, server: &TestServer) -> Challenge {
        let asked = server.stranger().post("/owner/challenge", &OwnerChallengeRequest { account: self.account }).await;
        asked.json::<ChallengeAnswer>().challenge
    }

    /// Turns its second factor on. Returns its secret in base32 and its recovery codes.
    pub async fn turn_on_second_factor(&self, server: &TestServer) -> (String, Vec<String>) {
        let new: NewSecondFactor = self.browser.post("/account/second-factor", &()).await.json();
        let codes = self.turn_on_with(server, &new).await;
        (new.secret, codes)
    }

    /// Confirms a second factor that waits. Returns its recovery codes.
    pub async fn turn_on_with(&self, server: &TestServer, new: &NewSecondFactor) -> Vec<String> {
        let code = authenticator_code(&new.secret, server.state.now_ms());
        let answer = self.browser.put("/account/second-factor", &SecondFactorCode { code }).await;
        answer.json::<RecoveryCodes>().codes
    }

    /// An owner session's client.
    pub async fn owner(&self, server: &TestServer) -> Browser {
        let stranger = server.stranger();
        let challenge = self.challenge(server).await;
        let request = self.owner_session(server, ChallengeAnswer { challenge });
        stranger.with_token(&stranger.post("/owner/session", &request).await.json::<Token>().token)
    }

    /// The answer to a challenge.
    pub fn owner_session(&self, server: &TestServer, answer: ChallengeAnswer) -> OwnerSessionRequest {
        let message = owner_session(server.state.server_id(), self.account, answer.challenge);
        OwnerSessionRequest { account: self.account, challenge: answer.challenge, signature: self.sign(&message) }
    }
}

/// What an authenticator app shows.
pub fn authenticator_code(secret: &str, now_ms: u64) -> String {
    let secret: [u8; 20] = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap().try_into().unwrap();
    totp_rs::Builder::new().with_secret(secret).build().unwrap().generate(now_ms / 1000).to_string()
}

/// A signed list of one slot, which opens nothing.
pub fn slot_list(account: AccountId, version: u32, identity: &SigningKey) -> SignedSlotList {
    let header = SlotHeader {
        account,
        slot: SlotId([version as u8; 16]),
        generation: 1,
        kind: SlotKind::RecoveryWords,
        m_kib: 0,
        t: 0,
        p: 0,
        salt: [1; 16],
        nonce: [2; 24],
    };
    let list = SlotList { account, version, slots: vec![Slot { header, commitment: [3; 32], sealed: [4; 48] }] };
    let signature = Signature(identity.sign(&list.encode()).to_bytes());
    SignedSlotList { list, signature }
}
