//! JSON messages. Bytes travel as base64 ([`Bytes`]), ids as hexadecimal, times as milliseconds since 1970 (UTC).

use super::alerts::Watch;
use crate::{
    id::{
        AccountId, AgreementKey, Challenge, DeviceId, Digest, HeaderHash, ServerId, SessionId, SetId, Signature,
        UploadId, VerifyingKey,
    },
    refs::Reference,
};
use base64ct::{Base64, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes as base64 with padding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64::encode_string(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Base64::decode_vec(&text).map(Self).map_err(de::Error::custom)
    }
}

/// Every error answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// Stable word for programs: see [`code`].
    pub code: String,
    /// A sentence for people that says what to do next.
    pub message: String,
    /// With [`code::MISSING_OBJECTS`]: what has to be uploaded again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingObject>,
    /// With [`code::TOO_MANY_REQUESTS`] and [`code::UNAVAILABLE`]: when to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

/// An object that a commit refers to and the server does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingObject {
    /// Domain.
    pub domain: crate::id::Domain,
    /// Object.
    pub cid: crate::id::Cid,
}

impl From<Reference> for MissingObject {
    fn from(reference: Reference) -> Self {
        Self { domain: reference.domain, cid: reference.cid }
    }
}

/// The words of [`ErrorDetail::code`].
pub mod code {
    /// The request is malformed.
    pub const BAD_REQUEST: &str = "bad_request";
    /// Nobody is signed in, or the token has expired.
    pub const UNAUTHENTICATED: &str = "unauthenticated";
    /// Login or password is wrong, or a challenge was not answered by the right key.
    pub const BAD_CREDENTIALS: &str = "bad_credentials";
    /// The password is right; the code of the second factor is missing, wrong or used.
    pub const SECOND_FACTOR: &str = "second_factor";
    /// Signed in, but not allowed.
    pub const FORBIDDEN: &str = "forbidden";
    /// A fresh proof of identity is needed: sign in again.
    pub const REAUTHENTICATE: &str = "reauthenticate";
    /// There is no such thing, or it is not yours.
    pub const NOT_FOUND: &str = "not_found";
    /// It exists already.
    pub const CONFLICT: &str = "conflict";
    /// The machine is not connected now.
    pub const MACHINE_AWAY: &str = "machine_away";
    /// Nothing says where a mail should go, or this server sends none.
    pub const NO_MAIL: &str = "no_mail";
    /// The mail server did not take a mail; the message says why.
    pub const MAIL_FAILED: &str = "mail_failed";
    /// The one-time code is wrong, used or expired.
    pub const BAD_CODE: &str = "bad_code";
    /// The machine was replaced or revoked.
    pub const DEVICE_REPLACED: &str = "device_replaced";
    /// The commit does not follow the head of the log.
    pub const HEAD_MOVED: &str = "head_moved";
    /// Objects that the commit refers to are not on the server.
    pub const MISSING_OBJECTS: &str = "missing_objects";
    /// The live set does not add up; commit again with full references.
    pub const NEED_FULL_REFERENCES: &str = "need_full_references";
    /// A signature, chain or hash does not hold.
    pub const INVALID_COMMIT: &str = "invalid_commit";
    /// The upload session has ended; begin another.
    pub const UPLOAD_ENDED: &str = "upload_ended";
    /// A limit of the request was exceeded.
    pub const TOO_LARGE: &str = "too_large";
    /// Too many requests for now.
    pub const TOO_MANY_REQUESTS: &str = "too_many_requests";
    /// The disk is nearly full.
    pub const NO_SPACE: &str = "no_space";
    /// The server cannot serve now.
    pub const UNAVAILABLE: &str = "unavailable";
    /// The server failed; its log says why.
    pub const INTERNAL: &str = "internal";
}

/// `GET /server`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// Pinned by clients; part of the login secret.
    pub server_id: ServerId,
    /// Program version.
    pub version: String,
    /// Versions of the API that it speaks.
    pub api: Vec<u32>,
    /// Whether the first account has still to be made.
    pub needs_setup: bool,
    /// SHA-256 of the server's public key, when its certificate is of its own making; machines that enrol pin it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_pin: Option<Digest>,
}

/// A program that this server hands out: element of `GET /downloads`; it lies at `/download/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Download {
    /// File name.
    pub name: String,
    /// Operating system, as in `linux`.
    pub system: String,
    /// Processor, as in `x86_64`.
    pub architecture: String,
    /// Version of the program.
    pub version: String,
    /// Size.
    pub bytes: u64,
    /// Its SHA-256, which everybody has a program for.
    pub sha256: Digest,
}

/// `POST /accounts/check`: whether `POST /accounts` would take this code and login.
#[derive(Clone, Serialize, Deserialize)]
pub struct CheckCode {
    /// Set-up token or invitation.
    pub code: String,
    /// E-mail address.
    pub login: String,
}

/// `POST /accounts`.
#[derive(Clone, Serialize, Deserialize)]
pub struct CreateAccount {
    /// Set-up token or invitation.
    pub code: String,
    /// E-mail address.
    pub login: String,
    /// What the password becomes in the client; the server never sees the password.
    pub auth_secret: Digest,
    /// Made by the client.
    pub account: AccountId,
    /// Identity key.
    pub identity: VerifyingKey,
    /// [`crate::slot::SignedSlotList`].
    pub slot_list: Bytes,
    /// Signature of [`crate::proof::account_creation`] by the identity key.
    pub signature: Signature,
}

/// Who is signed in: answer of `POST /accounts`, `POST /login`, `GET /session`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// The account.
    pub account: AccountId,
    /// Its login.
    pub login: String,
    /// May manage accounts; can still read nothing of them.
    pub administrator: bool,
}

/// `POST /login`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Login {
    /// E-mail address.
    pub login: String,
    /// See [`CreateAccount::auth_secret`].
    pub auth_secret: Digest,
    /// Code of the second factor, or one of its recovery codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
    /// Stay signed in for 30 days on this device.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub keep: bool,
}

/// `POST /session/proof`: proves the password again, for what needs a fresh proof of identity.
#[derive(Clone, Serialize, Deserialize)]
pub struct ProveAgain {
    /// See [`CreateAccount::auth_secret`].
    pub auth_secret: Digest,
    /// See [`Login::second`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
}

/// A web session: element of `GET /sessions`, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebSessionInfo {
    /// Names it, and is no key to it.
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When it began.
    pub created_ms: u64,
    /// When it was last used, to the minute.
    pub used_ms: u64,
    /// When it ends at the latest.
    pub expires_ms: u64,
    /// Network address of its last use.
    pub address: String,
    /// What the browser calls itself, at most 256 characters.
    pub browser: String,
}

/// `PUT /account/password`.
#[derive(Clone, Serialize, Deserialize)]
pub struct ChangePassword {
    /// Of the password until now.
    pub current: Digest,
    /// Of the new password.
    pub auth_secret: Digest,
}

/// `POST /recovery/slots`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecoverySlotsRequest {
    /// E-mail address.
    pub login: String,
}

/// Answer of `POST /recovery/slots`: the slots that recovery words open. For an unknown login the answer looks the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoverySlots {
    /// [`crate::slot::Slot`].
    pub slots: Vec<Bytes>,
}

/// `POST /recovery`: sets a new password by proof of the vault, signs in, and ends all other web sessions.
#[derive(Clone, Serialize, Deserialize)]
pub struct Recover {
    /// The account.
    pub account: AccountId,
    /// Its login.
    pub login: String,
    /// Of `POST /owner/challenge`.
    pub challenge: Challenge,
    /// Of the new password.
    pub auth_secret: Digest,
    /// See [`Login::second`]: a second factor stays on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
    /// Signature of [`crate::proof::new_login`] by the identity key.
    pub signature: Signature,
}

/// `GET /account/second-factor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// Whether signing in asks for a code.
    pub on: bool,
    /// Recovery codes that were not used yet.
    pub codes_left: u32,
}

/// Answer of `POST /account/second-factor`: a secret that counts once it is confirmed.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewSecondFactor {
    /// Base32, for typing.
    pub secret: String,
    /// `otpauth://…`, for a QR code.
    pub uri: String,
}

/// `PUT /account/second-factor`, and `DELETE`.
#[derive(Clone, Serialize, Deserialize)]
pub struct SecondFactorCode {
    /// Six digits, or a recovery code (`DELETE` only).
    pub code: String,
}

/// Answer of `PUT /account/second-factor`: shown once.
#[derive(Clone, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// Each signs in once in place of a code.
    pub codes: Vec<String>,
}

/// `POST /invitations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateInvitation {
    /// Days until it ends, 1 to 30.
    pub days: u32,
}

/// Answer of `POST /invitations`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Invitation {
    /// Makes one account, once.
    pub code: String,
    /// When it ends.
    pub expires_ms: u64,
}

/// `PUT /vault/slots`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSlots {
    /// [`crate::slot::SignedSlotList`], its version one more than the last.
    pub slot_list: Bytes,
}

/// `GET /vault`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vault {
    /// The account.
    pub account: AccountId,
    /// Its identity key.
    pub identity: VerifyingKey,
    /// [`crate::slot::SignedSlotList`].
    pub slot_list: Bytes,
}

/// How long a proof that one can open the vault counts, milliseconds: half a year.
pub const DRILL_EVERY_MS: u64 = 182 * 24 * 60 * 60 * 1000;

/// `GET /vault/drill`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drilled {
    /// When the owner last proved to be able to open the vault, milliseconds since 1970: by a drill, or by a kit that was new.
    pub last_ms: u64,
}

impl Drilled {
    /// When it is to be proved again, milliseconds since 1970.
    pub fn due_ms(self) -> u64 {
        self.last_ms.saturating_add(DRILL_EVERY_MS)
    }
}

/// `POST /owner/challenge`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OwnerChallengeRequest {
    /// The account.
    pub account: AccountId,
}

/// `POST /agent/challenge`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgentChallengeRequest {
    /// The machine.
    pub device: DeviceId,
}

/// A challenge to sign; good for one minute, once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChallengeAnswer {
    /// Random.
    pub challenge: Challenge,
}

/// `POST /owner/session`: signature of [`crate::proof::owner_session`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OwnerSessionRequest {
    /// The account.
    pub account: AccountId,
    /// The server's challenge.
    pub challenge: Challenge,
    /// By the identity key.
    pub signature: Signature,
}

/// `POST /agent/session`: signature of [`crate::proof::agent_session`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgentSessionRequest {
    /// The machine.
    pub device: DeviceId,
    /// The server's challenge.
    pub challenge: Challenge,
    /// By the machine's key.
    pub signature: Signature,
}

/// A bearer token.
#[derive(Clone, Serialize, Deserialize)]
pub struct Token {
    /// `Authorization: Bearer …`.
    pub token: String,
    /// Seconds until it ends.
    pub expires_in_s: u64,
}

/// `POST /enrolments`: opens a relay for 15 minutes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateEnrolment {
    /// From the code.
    pub enrol_id: crate::id::EnrolId,
}

/// What a machine says when it wants to join: `PUT` and `GET /enrolments/{id}/hello`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolHello {
    /// Key that will sign headers.
    pub signing_key: VerifyingKey,
    /// Key that grants will be sealed to.
    pub agreement_key: AgreementKey,
    /// Name, system and size, sealed under the code's secret.
    pub sealed: Bytes,
    /// MAC over the above under the code's secret.
    pub mac: Digest,
}

/// The owner's answer: `PUT` and `GET /enrolments/{id}/grant`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolGrant {
    /// [`crate::certificate::SignedCertificate`].
    pub certificate: Bytes,
    /// Keys for the machine, sealed by HPKE.
    pub sealed: Bytes,
    /// Name of the machine, sealed under the account's label key.
    pub label: Bytes,
}

/// `PUT /sets/{set}/label`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeLabel {
    /// Name of the machine, sealed under the account's label key.
    pub label: Bytes,
}

/// `PUT /sets/{set}/certificate`: nobody may write the set any more ([`crate::certificate::Certificate::is_revocation`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoke {
    /// [`crate::certificate::SignedCertificate`].
    pub certificate: Bytes,
}

/// An open upload session of a set, as far as the server sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadState {
    /// When it began.
    pub begun_ms: u64,
    /// When something last arrived.
    pub active_ms: u64,
    /// Sealed bytes that arrived in it so far.
    pub received_bytes: u64,
}

/// What a machine that listens says: body of `POST /agent/live`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveReport {
    /// Its sealed status, when there is something new ([`crate::live`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Bytes>,
    /// How long it waits for an answer if there is nothing to tell, milliseconds; at most 25 seconds.
    pub wait_ms: u64,
}

/// Answer to [`LiveReport`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveAnswer {
    /// Somebody looks: tell more often.
    pub watched: bool,
    /// Sealed orders.
    pub orders: Vec<Bytes>,
    /// Restores were ordered or cancelled since it asked last.
    #[serde(default)]
    pub restores: bool,
}

/// A restore that the owner orders: `POST /sets/{set}/restores`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRestore {
    /// What the machine reads.
    #[serde(flatten)]
    pub order: RestoreOrder,
    /// What the grant opens: [`crate::restore::ObjectList`]; empty when that is a snapshot. The machine does not need it.
    #[serde(default)]
    pub objects: Bytes,
    /// [`crate::restore::Ordered`], sealed for the owner; may be empty.
    #[serde(default)]
    pub note: Bytes,
}

/// What a machine reads of an order to restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreOrder {
    /// [`crate::restore::SignedGrant`].
    pub grant: Bytes,
    /// The order, sealed to the machine.
    pub sealed: Bytes,
}

/// What became of a restore: `POST /agent/restores/{id}/end`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndRestore {
    /// [`crate::restore::Outcome`], sealed for the owner.
    pub outcome: Bytes,
}

/// An order as its owner sees it: `GET /sets/{set}/restores`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreInfo {
    /// [`crate::restore::SignedGrant`].
    pub grant: Bytes,
    /// [`crate::restore::Ordered`], sealed for the owner; may be empty.
    #[serde(default)]
    pub note: Bytes,
    /// When it was cancelled.
    pub cancelled_ms: Option<u64>,
    /// When the machine ended it.
    pub ended_ms: Option<u64>,
    /// What the machine says of it, sealed.
    pub outcome: Option<Bytes>,
}

/// How a machine is: answer to `GET /sets/{set}/live`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveState {
    /// The machine has a connection open, so that orders reach it.
    pub listens: bool,
    /// What it said last, sealed; none when it has said nothing since the server started.
    pub status: Option<Bytes>,
    /// When that arrived.
    pub received_ms: Option<u64>,
}

/// How a machine is, among others: element of `GET /sets/live`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetLive {
    /// Its set.
    pub set: SetId,
    /// What it said last.
    #[serde(flatten)]
    pub state: LiveState,
}

/// A sealed order: body of `POST /sets/{set}/orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendOrder {
    /// The order ([`crate::live`]).
    pub order: Bytes,
}

/// What happens in the account: data of an event of `GET /events` (`text/event-stream`). An event says what to ask again; it
/// is not the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    /// Ask everything again: the first event of each stream, and after some were missed.
    Resync,
    /// A set was made, renamed, replaced or revoked, has a new commit, or an upload of it began, went on or ended.
    Set {
        /// Which.
        set: SetId,
    },
    /// A machine said anew how it is: while somebody looks what is new, else what it is at, and what is missing.
    Live {
        /// Its set.
        set: SetId,
    },
    /// A machine answered to an enrolment, or took its keys.
    Enrolment {
        /// Which.
        enrol_id: crate::id::EnrolId,
    },
    /// The account's slots, second factor, sessions or retention changed.
    Account,
}

/// A backup set: element of `GET /sets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetInfo {
    /// The set.
    pub set: SetId,
    /// The machine that writes it now.
    pub device: DeviceId,
    /// Sealed name.
    pub label: Bytes,
    /// When it was enrolled.
    pub created_ms: u64,
    /// Every certificate of the set ([`crate::certificate::SignedCertificate`]), by key epoch.
    pub certificates: Vec<Bytes>,
    /// The newest commit.
    pub head: Option<HeadInfo>,
    /// When its machine last proved itself, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_ms: Option<u64>,
    /// Sealed bytes that the newest state uses.
    #[serde(default)]
    pub live_bytes: u64,
    /// The open upload session that was active last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<UploadState>,
    /// The last [`SHOWN_DAYS`] days, oldest first; a day without commits and without a proof of its machine is not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<DayInfo>,
    /// Whether its last complete backup is too long ago; none when its key was taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
}

/// How many days [`SetInfo`] tells of, the one that runs counted.
pub const SHOWN_DAYS: u32 = 30;

/// What a set did on a day, by the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayInfo {
    /// Days since 1 January 1970, UTC.
    pub day: u64,
    /// Commits that arrived; 0 when its machine only proved itself.
    pub commits: u64,
    /// The newest of them has gaps.
    #[serde(default)]
    pub gaps: bool,
}

/// The newest commit of a set: `GET /agent/head` (null before the first), and in [`SetInfo`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadInfo {
    /// Its number.
    pub seq: u64,
    /// Its hash.
    pub hash: HeaderHash,
    /// When the server received it.
    pub received_ms: u64,
    /// [`crate::commit::SignedHeader`].
    pub header: Bytes,
    /// Hashes on its skip path, head first.
    pub skip_chain: Vec<HeaderHash>,
}

/// A snapshot: element of `GET /sets/{set}/snapshots?before=SEQ&limit=N`, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotInfo {
    /// Its number.
    pub seq: u64,
    /// When the server received it.
    pub received_ms: u64,
    /// [`crate::commit::SignedHeader`].
    pub header: Bytes,
    /// Sealed bytes that the state uses.
    #[serde(default)]
    pub live_bytes: u64,
}

/// `POST /agent/uploads`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadInfo {
    /// The session.
    pub upload: UploadId,
    /// Seconds until its lease ends unless renewed.
    pub lease_s: u64,
    /// Seconds until it ends whatever happens.
    pub life_s: u64,
    /// Objects of the set's newest state that the server cannot read any more, when the session begins: to be sent again by who
    /// still has their content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<MissingObject>,
}

/// Answer of `POST /agent/uploads/{upload}/objects`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadAnswer {
    /// Objects that are durable now and were not known before.
    pub stored: u32,
    /// Objects that were known already.
    pub known: u32,
}

/// Answer of `POST /agent/uploads/{upload}/commit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitAnswer {
    /// When the server received it.
    pub received_ms: u64,
    /// Heads of the account's other sets.
    pub seen: Vec<SeenHead>,
}

/// Head of another set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenHead {
    /// The set.
    pub set: SetId,
    /// Its head.
    pub seq: u64,
    /// Hash of that header.
    pub hash: HeaderHash,
}
