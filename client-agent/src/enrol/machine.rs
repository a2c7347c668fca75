//! The side of the machine that joins.

use super::{EnrolError, Result};
use crate::{identity::Identity, ratchet::Ratchet, remote::http::Http};
use iota_core::{api::json::EnrolGrant, certificate::SignedCertificate, wire::WireError};
use iota_crypto::{
    enrol::{EnrolCode, MachineFacts, MachineKeys},
    keys::{AgreementSecret, SigningKey},
    secret::system_random,
    words,
};
use std::{sync::Arc, time::Duration};

/// How often the server is asked for the grant.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How long the relay stays open.
pub(super) const ASK_TIMES: usize = 15 * 60;

/// A machine that has said its hello and waits to be let in.
pub struct Joining {
    http: Arc<Http>,
    code: EnrolCode,
    facts: MachineFacts,
    signing: SigningKey,
    agreement: AgreementSecret,
}

impl Joining {
    /// Makes the machine's keys and says hello.
    ///
    /// # Errors
    /// [`EnrolError::Remote`].
    pub fn begin(http: &Arc<Http>, code: EnrolCode, facts: MachineFacts) -> Result<Self> {
        let mut random = system_random();
        let (signing, agreement) = (SigningKey::generate(&mut random), AgreementSecret::generate(&mut random));
        let hello = code.hello(signing.verifying_key(), agreement.public(), &facts, &mut random);
        http.put_hello(code.enrol_id, &hello)?;
        Ok(Self { http: Arc::clone(http), code, facts, signing, agreement })
    }

    /// Four words that stand for the machine's keys; the owner sees the same.
    pub fn fingerprint(&self) -> String {
        words::fingerprint(&self.signing.verifying_key(), &self.agreement.public())
    }

    /// Waits for the owner's answer.
    ///
    /// # Errors
    /// [`EnrolError::NoGrant`] after 15 minutes; [`EnrolError::Crypto`] and [`EnrolError::NotOurs`] when the answer is not
    /// the owner's.
    pub fn wait(self) -> Result<(Identity, Ratchet)> {
        for _ in 0..ASK_TIMES {
            if let Some(grant) = self.http.grant(self.code.enrol_id)? {
                return self.accept(&grant);
            }
            self.http.sleep(ASK_EVERY);
        }
        Err(EnrolError::NoGrant)
    }

    fn accept(self, grant: &EnrolGrant) -> Result<(Identity, Ratchet)> {
        let signed = SignedCertificate::decode(&grant.certificate.0)?;
        let keys = self.code.open_grant(&signed, &grant.sealed.0, &self.agreement)?;
        let server_id = self.http.server_info()?.server_id;
        if signed.certificate.signing_key != self.signing.verifying_key() || keys.server_id != server_id {
            return Err(EnrolError::NotOurs(server_id));
        }
        let chain = signed.certificate.head().ok_or(WireError::Invalid("certificate"))?;
        let certificate = &signed.certificate;
        let MachineKeys { account, identity, dedup_epoch, dedup, chunker, chunker_profile, log_root, live, .. } = keys;
        let ratchet = Ratchet::create(certificate.set, certificate.key_epoch, log_root, chain, 0);
        let identity = Identity {
            account,
            account_key: identity,
            server_id,
            server: self.http.server().clone(),
            set: certificate.set,
            device: certificate.device,
            key_epoch: certificate.key_epoch,
            name: self.facts.name,
            signing: self.signing,
            agreement: self.agreement,
            dedup_epoch,
            dedup,
            chunker_profile,
            chunker,
            live,
        };
        Ok((identity, ratchet))
    }
}
