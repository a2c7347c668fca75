//! What people keep or type, and what a machine is enrolled with.

use super::{
    fault::{Check, Fault},
    vector::Vector,
};
use crate::{
    enrol::EnrolCode,
    keys::{AgreementSecret, MasterKey},
    kit::{KeyFile, Kit, slot_text},
    shares::Share,
    slot::{KeyFileSecret, PasskeySecret, SlotSecret},
    words::RecoveryWords,
};
use iota_core::{
    api::json::{Bytes, EnrolHello},
    certificate::SignedCertificate,
    id::Digest,
};

/// What opens a slot in a vector.
pub(super) enum Secret<'a> {
    Passphrase(&'a str),
    Words(RecoveryWords),
    KeyFile(KeyFileSecret),
    Passkey(PasskeySecret),
}

impl<'a> Secret<'a> {
    /// The field `passphrase`, `words`, `passkey` or `key-file`.
    pub(super) fn read(vector: &Vector<'a>) -> Check<Self> {
        if let Some(passphrase) = vector.get("passphrase") {
            return Ok(Self::Passphrase(passphrase));
        }
        if let Some(words) = vector.get("words") {
            return Ok(Self::Words(RecoveryWords::parse(words)?));
        }
        if vector.get("passkey").is_some() {
            return Ok(Self::Passkey(PasskeySecret::from_bytes(vector.array("passkey")?)));
        }
        Ok(Self::KeyFile(KeyFileSecret::from_bytes(vector.array("key-file")?)))
    }

    pub(super) fn as_slot_secret(&self) -> Check<SlotSecret<'_>> {
        Ok(match self {
            Self::Passphrase(passphrase) => SlotSecret::Passphrase(passphrase),
            Self::Words(words) => SlotSecret::RecoveryWords(words),
            Self::KeyFile(secret) => SlotSecret::KeyFile(secret),
            Self::Passkey(secret) => SlotSecret::Passkey(secret),
        })
    }
}

fn payload_text<'v>(vector: &'v Vector<'_>) -> Check<&'v str> {
    std::str::from_utf8(&vector.payload).map_err(|_| Fault::Broken("the payload is not text".into()))
}

pub(super) fn login(vector: &Vector<'_>) -> Check {
    let server = vector.parsed("server-id")?;
    let secret = crate::login::auth_secret(vector.text("login")?, vector.text("password")?, server)?;
    vector.same("auth-secret", &secret)
}

pub(super) fn words(vector: &Vector<'_>) -> Check {
    let words = RecoveryWords::parse(payload_text(vector)?)?;
    vector.same("words", &words.words().join(" "))?;
    vector.same_bytes("kek", words.kek().expose())
}

fn opened(vector: &Vector<'_>, account: impl std::fmt::Display, master: &MasterKey) -> Check {
    vector.same("account", &account)?;
    vector.same_bytes("master", master.expose())
}

pub(super) fn kit(vector: &Vector<'_>) -> Check {
    let kit = Kit::parse(payload_text(vector)?)?;
    opened(vector, kit.account(), &kit.open()?)?;
    vector.same("slot", &slot_text(&kit.slot))
}

pub(super) fn key_file(vector: &Vector<'_>) -> Check {
    let file = KeyFile::parse(payload_text(vector)?)?;
    opened(vector, file.account(), &file.open()?)?;
    vector.same_again(file.to_text().as_bytes())
}

pub(super) fn share(vector: &Vector<'_>) -> Check {
    let share = Share::parse(payload_text(vector)?)?;
    vector.same("set", &share.slot.header.slot)?;
    vector.same("threshold", &share.threshold)?;
    vector.same("count", &share.count)?;
    vector.same("number", &share.number)?;
    vector.same_bytes("value", share.value.expose())?;
    vector.same("slot", &slot_text(&share.slot))
}

/// The fields `share-1`, `share-2` and so on, in this order.
pub(super) fn shares(vector: &Vector<'_>) -> Check {
    let texts = (1..).map_while(|number| vector.get(&format!("share-{number}")));
    let shares = texts.map(Share::parse).collect::<crate::error::Result<Vec<_>>>()?;
    let (secret, slot) = crate::shares::combine(&shares)?;
    vector.same_bytes("secret", secret.expose())?;
    opened(vector, slot.header.account, &crate::slot::open(&slot, &SlotSecret::Shares(&secret), None)?)
}

pub(super) fn enrol_code(vector: &Vector<'_>) -> Check {
    let code = EnrolCode::parse(payload_text(vector)?)?;
    vector.same("enrol-id", &code.enrol_id)?;
    vector.same_bytes("pin", &code.server_pin.unwrap_or_default())?;
    vector.same("text", &*code.to_text())
}

pub(super) fn enrol_hello(vector: &Vector<'_>) -> Check {
    let code = EnrolCode::parse(vector.text("code")?)?;
    let hello = EnrolHello {
        signing_key: vector.parsed("signing-key")?,
        agreement_key: vector.parsed("agreement-key")?,
        sealed: Bytes(vector.payload.clone()),
        mac: Digest(vector.array("mac")?),
    };
    let facts = code.open_hello(&hello)?;
    vector.same("name", &facts.name)?;
    vector.same("system", &facts.system)?;
    vector.same("disk-bytes", &facts.disk_bytes)
}

pub(super) fn enrol_grant(vector: &Vector<'_>) -> Check {
    let code = EnrolCode::parse(vector.text("code")?)?;
    let certificate = SignedCertificate::decode(&vector.bytes("certificate")?)?;
    let secret = AgreementSecret::from_bytes(vector.array("agreement-secret")?);
    let keys = code.open_grant(&certificate, &vector.payload, &secret)?;
    vector.same("account", &keys.account)?;
    vector.same("identity", &keys.identity)?;
    vector.same("server-id", &keys.server_id)?;
    vector.same("dedup-epoch", &keys.dedup_epoch)?;
    vector.same_bytes("dedup", keys.dedup.expose())?;
    vector.same_bytes("chunker", keys.chunker.expose())?;
    vector.same("chunker-profile", &keys.chunker_profile)?;
    vector.same_bytes("log-root", keys.log_root.expose())?;
    vector.same_bytes("live", keys.live.expose())
}
