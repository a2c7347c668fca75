//! Signing in and up, and the ways to open the vault.

use crate::id::{AccountId, ServerId, SlotId};
use serde::{Deserialize, Serialize};

/// Signs in. It does not unlock.
#[derive(Serialize, Deserialize)]
pub struct SignIn {
    /// E-mail address.
    pub login: String,
    /// Password; it never leaves the vault.
    pub password: String,
    /// Code of the second factor, once the server has asked for it.
    pub second: Option<String>,
    /// Stay signed in for 30 days.
    pub keep: bool,
}

/// Proves the password again, for what needs a proof of less than five minutes.
#[derive(Serialize, Deserialize)]
pub struct ProvePassword {
    /// E-mail address of who is signed in.
    pub login: String,
    /// Password.
    pub password: String,
    /// Code of the second factor.
    pub second: Option<String>,
}

/// Makes the keys of a new account. The server hears of it with [`ConfirmAccount`].
#[derive(Serialize, Deserialize)]
pub struct PrepareAccount {
    /// Set-up token or invitation.
    pub code: String,
    /// E-mail address.
    pub login: String,
    /// Password for signing in.
    pub password: String,
    /// What opens the vault beside the recovery kit.
    pub key: KeyChoice,
}

/// What opens the vault beside the recovery kit: one of them at least.
#[derive(Default, Serialize, Deserialize)]
pub struct KeyChoice {
    /// The password for signing in opens the vault as well.
    pub password: bool,
    /// A passphrase of its own.
    pub passphrase: Option<String>,
    /// A key file.
    pub key_file: bool,
}

/// New secrets, for a person to keep.
#[derive(Serialize, Deserialize)]
pub struct NewKey {
    /// The recovery kit.
    pub kit: KitSheet,
    /// The key file that was asked for.
    pub key_file: Option<SavedFile>,
    /// Numbers of the two words that are to be typed back, from 1.
    pub ask_back: [usize; 2],
}

/// A recovery kit.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KitSheet {
    /// Twelve words.
    pub words: Vec<String>,
    /// The slot that they open, as text, also for a QR code.
    pub slot: String,
    /// The account whose vault it opens.
    pub account: AccountId,
    /// The server that the account is on.
    pub server_id: ServerId,
    /// The whole kit as a page of text, which the command line reads.
    pub text: String,
}

/// A small file for a person to save.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFile {
    /// Name to propose.
    pub name: String,
    /// Content.
    pub text: String,
}

/// Makes the account of the last [`PrepareAccount`], signs in and unlocks, if the two words are right.
#[derive(Serialize, Deserialize)]
pub struct ConfirmAccount {
    /// The words of [`NewKey::ask_back`], in that order.
    pub words: [String; 2],
}

/// What a person gives to open the vault.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Secret {
    /// Password or passphrase.
    Passphrase(String),
    /// Twelve recovery words.
    Words(String),
    /// Content of a recovery kit that was saved as text.
    Kit(String),
    /// Content of a key file.
    KeyFile(String),
    /// What a passkey computed: 32 bytes in hexadecimal.
    Passkey(String),
    /// The sheets of enough trusted people, a text for each.
    Shares(Vec<String>),
}

/// Sets a new password by proof of the vault, signs in and unlocks. A kit, key file or shares need nothing else; for words the
/// server is asked for the slot.
#[derive(Serialize, Deserialize)]
pub struct RecoverAccount {
    /// E-mail address.
    pub login: String,
    /// Not a passphrase.
    pub secret: Secret,
    /// New password.
    pub password: String,
    /// Code of the second factor, once the server has asked for it.
    pub second: Option<String>,
}

/// Changes the password for signing in; the slot that the old one opens, too, if there is one.
#[derive(Serialize, Deserialize)]
pub struct ChangeLogin {
    /// E-mail address of who is signed in.
    pub login: String,
    /// Old password.
    pub password: String,
    /// New password.
    pub new_password: String,
    /// Code of the second factor.
    pub second: Option<String>,
}

/// Answer of [`ChangeLogin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordChanged {
    /// The old password opened the vault; now the new one does.
    pub opens_vault: bool,
}

/// Opens the vault of who is signed in.
#[derive(Serialize, Deserialize)]
pub struct Unlock {
    /// With what.
    pub secret: Secret,
}

/// Forgets all keys and everything that was opened.
#[derive(Serialize, Deserialize)]
pub struct Lock {}

/// Asks whether it is open.
#[derive(Serialize, Deserialize)]
pub struct AskState {}

/// Somebody is here: an open vault stays open for another quarter of an hour.
#[derive(Serialize, Deserialize)]
pub struct Touch {}

/// Whether the vault is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VaultState {
    /// Whose vault it is, while it is open.
    pub account: Option<AccountId>,
    /// When it locks by itself, or forgets the keys of an account in the making, milliseconds since 1970.
    pub locks_at_ms: Option<u64>,
}

impl VaultState {
    /// Whether keys are at hand.
    pub fn is_open(&self) -> bool {
        self.account.is_some()
    }
}

/// The ways to open the vault. Works while it is locked.
#[derive(Serialize, Deserialize)]
pub struct ListSlots {}

/// A way to open the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotView {
    /// Its id.
    pub slot: SlotId,
    /// How it is opened.
    pub kind: SlotKindView,
}

/// How a slot is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotKindView {
    /// Password or passphrase.
    Passphrase,
    /// Recovery kit.
    RecoveryWords,
    /// Key file.
    KeyFile,
    /// Passkey.
    Passkey,
    /// Shares of trusted people.
    Shares,
}

/// Adds a passphrase; needs an open vault and a fresh proof of identity.
#[derive(Serialize, Deserialize)]
pub struct AddPassphrase {
    /// At least 12 characters and not easily guessed.
    pub passphrase: String,
}

/// Makes a key file; it counts with [`ConfirmSlot`], once it is saved. Needs an open vault.
#[derive(Serialize, Deserialize)]
pub struct PrepareKeyFile {}

/// Makes shares of trusted people, a sheet for each, in order; likewise.
#[derive(Serialize, Deserialize)]
pub struct PrepareShares {
    /// How many are needed, 2 at least.
    pub threshold: u8,
    /// How many are made, 16 at most.
    pub count: u8,
}

/// Adds the way that was prepared last: who has the files says so. Needs what [`AddPassphrase`] needs.
#[derive(Serialize, Deserialize)]
pub struct ConfirmSlot {}

/// Reads the sheet of one person. Works while the vault is locked.
#[derive(Serialize, Deserialize)]
pub struct ReadShare {
    /// Content of the sheet.
    pub text: String,
}

/// Which share a sheet has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareView {
    /// The slot that it helps to open.
    pub slot: SlotId,
    /// Its number, from 1.
    pub number: u8,
    /// How many are needed.
    pub threshold: u8,
    /// How many were made.
    pub count: u8,
}

/// Adds a passkey. Needs what [`AddPassphrase`] needs.
#[derive(Serialize, Deserialize)]
pub struct AddPasskey {
    /// What it computed from [`passkey_input`](crate::slot::passkey_input): 32 bytes in hexadecimal.
    pub output: String,
}

/// Removes a way; two must stay, one of them on paper or in a file. Needs what [`AddPassphrase`] needs.
#[derive(Serialize, Deserialize)]
pub struct RemoveSlot {
    /// Which.
    pub slot: SlotId,
}

/// Makes a new recovery kit; it counts with [`ConfirmKit`]. Needs an open vault.
#[derive(Serialize, Deserialize)]
pub struct PrepareKit {}

/// Puts the kit of the last [`PrepareKit`] in the place of all others, if the two words are right. Needs what
/// [`AddPassphrase`] needs.
#[derive(Serialize, Deserialize)]
pub struct ConfirmKit {
    /// The words of [`NewKey::ask_back`], in that order.
    pub words: [String; 2],
}

/// Whether a secret still opens the vault, which is neither opened nor locked by it.
#[derive(Serialize, Deserialize)]
pub struct Drill {
    /// Which.
    pub secret: Secret,
}

/// How well a passphrase withstands guessing.
#[derive(Serialize, Deserialize)]
pub struct RatePassphrase {
    /// The passphrase.
    pub passphrase: String,
    /// E-mail address, which makes a bad part of a passphrase.
    pub login: String,
}

/// Answer of [`RatePassphrase`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strength {
    /// 0 (guessed at once) to 4.
    pub score: u8,
    /// Whether it may be used: 12 characters and a score of 3.
    pub enough: bool,
    /// What would make it better, in a sentence.
    pub advice: Option<String>,
}

/// A random passphrase of six words.
#[derive(Serialize, Deserialize)]
pub struct SuggestPassphrase {}
