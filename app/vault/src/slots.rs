//! The ways to open the vault: each change is a new version of the whole list, signed by the account.

use iota_core::api::json::{Bytes, ChangeSlots, SessionInfo, Vault};
use iota_core::id::{Digest, SlotId};
use iota_core::slot::{SignedSlotList, Slot, SlotKind};
use iota_core::vault::{
    KitSheet, NewKey, PrepareShares, Problem, ProblemKind, SavedFile, Secret, ShareView, SlotKindView, SlotView,
};
use iota_crypto::keys::MasterKey;
use iota_crypto::kit::{KeyFile, Kit, KitPlace, slot_text};
use iota_crypto::secret::{random_bytes, system_random};
use iota_crypto::shares::{self, Share, combine};
use iota_crypto::slot::{KeyFileSecret, PasskeySecret, SharedSecret, SlotSecret, create, open_any, sign_list};
use iota_crypto::words::{RecoveryWords, WORD_COUNT};

use crate::api;
use crate::keys::OpenVault;
use crate::passphrase::require_strong;
use crate::platform::Platform;
use crate::problem::{Result, Tell, failed};
use crate::server;
use crate::witness::Witness;

/// A secret that a person gave, in the form that opens slots.
pub enum Given {
    /// Password or passphrase.
    Passphrase(String),
    /// Words, with their own slot when they come from a kit.
    Words(RecoveryWords, Option<Slot>),
    /// A key file.
    KeyFile(KeyFile),
    /// What a passkey computed.
    Passkey(PasskeySecret),
    /// What shares add up to, with their own slot.
    Shares(SharedSecret, Slot),
}

impl Given {
    /// Parses what a person gave.
    ///
    /// # Errors
    /// [`ProblemKind::WrongSecret`] when it is not well-formed.
    pub fn parse(secret: &Secret) -> Result<Self> {
        match secret {
            Secret::Passphrase(text) => Ok(Self::Passphrase(text.clone())),
            Secret::Words(text) => Ok(Self::Words(RecoveryWords::parse(text).tell()?, None)),
            Secret::Kit(text) => {
                let Kit { words, slot } = Kit::parse(text).tell()?;
                Ok(Self::Words(words, Some(slot)))
            }
            Secret::KeyFile(text) => Ok(Self::KeyFile(KeyFile::parse(text).tell()?)),
            Secret::Passkey(output) => Ok(Self::Passkey(passkey_secret(output)?)),
            Secret::Shares(texts) => {
                let shares = texts.iter().map(|text| Share::parse(text)).collect::<std::result::Result<Vec<_>, _>>();
                let (secret, slot) = combine(&shares.tell()?).tell()?;
                Ok(Self::Shares(secret, slot))
            }
        }
    }

    /// What opens slots.
    pub fn secret(&self) -> SlotSecret<'_> {
        match self {
            Self::Passphrase(text) => SlotSecret::Passphrase(text),
            Self::Words(words, _) => SlotSecret::RecoveryWords(words),
            Self::KeyFile(file) => SlotSecret::KeyFile(&file.secret),
            Self::Passkey(secret) => SlotSecret::Passkey(secret),
            Self::Shares(secret, _) => SlotSecret::Shares(secret),
        }
    }
}

/// What a passkey computed, from its text form.
fn passkey_secret(output: &str) -> Result<PasskeySecret> {
    let digest: Digest = output
        .parse()
        .map_err(|_| Problem::new(ProblemKind::WrongSecret, "the passkey gave no 32 bytes to open the vault with"))?;
    Ok(PasskeySecret::from_bytes(digest.0))
}

/// Opens the vault that the server shows; the witness then knows its identity and its list of slots.
///
/// # Errors
/// [`ProblemKind::WrongSecret`]; [`ProblemKind::Altered`] when the server shows another vault, or an older list.
pub async fn unlock(platform: &impl Platform, secret: &Secret) -> Result<OpenVault> {
    let given = Given::parse(secret)?;
    let Shown { vault, list, witness } = shown(platform).await?;
    let master = open_any(&list, &given.secret(), &vault.identity).tell()?;
    // A private window keeps nothing; then each visit is a first one.
    let _ = witness.save(platform, vault.account).await;
    Ok(OpenVault::new(vault.account, master))
}

/// What the server shows, as far as it is proved without a key.
pub struct Shown {
    /// The vault.
    pub vault: Vault,
    /// Its list, signed by its identity, not older than what was seen before.
    pub list: SignedSlotList,
    /// What was seen, this included.
    pub witness: Witness,
}

/// The vault that the server shows, compared with what was seen before.
///
/// # Errors
/// [`ProblemKind::Altered`] when the server shows another vault, or an older list.
pub async fn shown(platform: &impl Platform) -> Result<Shown> {
    match shown_once(platform).await {
        // Another tab may have changed the list between the answer and the look at what was seen.
        Err(problem) if problem.kind == ProblemKind::Altered => shown_once(platform).await,
        answer => answer,
    }
}

async fn shown_once(platform: &impl Platform) -> Result<Shown> {
    let vault = api::vault(platform).await?;
    let list = shown_list(&vault)?;
    let mut witness = Witness::load(platform, vault.account).await?;
    witness.check_identity(vault.identity)?;
    witness.check_slots(list.list.version)?;
    Ok(Shown { vault, list, witness })
}

/// The list that the server shows, signed by the identity that it shows.
fn shown_list(vault: &Vault) -> Result<SignedSlotList> {
    let list = SignedSlotList::decode(&vault.slot_list.0).tell()?;
    if list.list.account != vault.account || list.verify(&vault.identity).is_err() {
        return Err(Problem::new(
            ProblemKind::Altered,
            "the ways to open this vault were not signed by this account; the server may have altered them",
        ));
    }
    Ok(list)
}

/// Whether `secret` opens the vault of who is signed in.
///
/// # Errors
/// As [`unlock`], but a secret that opens nothing is no error.
pub async fn drill(platform: &impl Platform, secret: &Secret) -> Result<bool> {
    match unlock(platform, secret).await {
        Ok(_) => Ok(true),
        Err(problem) if problem.kind == ProblemKind::WrongSecret => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// The ways that the server shows; those of the open vault, when there is one.
///
/// # Errors
/// As [`shown`].
pub async fn list(platform: &impl Platform, open: Option<&OpenVault>) -> Result<Vec<SlotView>> {
    let list = match open {
        Some(open) => current(platform, open).await?,
        None => shown(platform).await?.list,
    };
    Ok(views(&list.list.slots))
}

fn views(slots: &[Slot]) -> Vec<SlotView> {
    let view = |slot: &Slot| SlotView {
        slot: slot.header.slot,
        kind: match slot.header.kind {
            SlotKind::Passphrase => SlotKindView::Passphrase,
            SlotKind::RecoveryWords => SlotKindView::RecoveryWords,
            SlotKind::KeyFile => SlotKindView::KeyFile,
            SlotKind::Passkey => SlotKindView::Passkey,
            SlotKind::Shares => SlotKindView::Shares,
        },
    };
    slots.iter().map(view).collect()
}

/// The newest list, checked against the open vault.
async fn current(platform: &impl Platform, open: &OpenVault) -> Result<SignedSlotList> {
    let Shown { vault, list, .. } = shown(platform).await?;
    if (vault.account, vault.identity) != (open.account, open.identity) {
        return Err(Problem::new(
            ProblemKind::Altered,
            "another account is signed in than the one whose vault is open; lock it and sign in again",
        ));
    }
    Ok(list)
}

/// Puts `change(slots)` in the place of the slots.
///
/// # Errors
/// What `change` or the server refuses.
pub async fn change(
    platform: &impl Platform,
    open: &OpenVault,
    change: impl FnOnce(Vec<Slot>) -> Result<Vec<Slot>>,
) -> Result<Vec<SlotView>> {
    let list = current(platform, open).await?;
    let slots = change(list.list.slots.clone())?;
    require_enough(&slots)?;
    let version = list.list.version + 1;
    let signed = sign_list(open.account, version, slots, &open.signing()?);
    let message = ChangeSlots { slot_list: Bytes(signed.encode()) };
    api::send::<()>(platform, "PUT", "/vault/slots", &message).await?;
    let mut witness = Witness::load(platform, open.account).await?;
    witness.check_slots(version)?;
    let _ = witness.save(platform, open.account).await;
    Ok(views(&signed.list.slots))
}

/// A vault keeps two ways, one of them on paper or in a file.
fn require_enough(slots: &[Slot]) -> Result<()> {
    if slots.len() < 2 {
        return Err(failed(
            "a vault keeps two ways to open it, so that one lost secret loses nothing; add another first",
        ));
    }
    if !slots.iter().any(|slot| slot.header.kind.works_offline()) {
        return Err(failed(
            "one way must depend neither on memory nor on a device: keep a recovery kit, a key file or shares; add one first",
        ));
    }
    Ok(())
}

/// Adds a passphrase.
///
/// # Errors
/// When it is weak, and as [`change`].
pub async fn add_passphrase(platform: &impl Platform, open: &OpenVault, passphrase: &str) -> Result<Vec<SlotView>> {
    require_strong(platform, passphrase, "").await?;
    let secret = SlotSecret::Passphrase(passphrase);
    let slot = create(open.account, &open.keys()?.master, &secret, &mut system_random()).tell()?;
    add(platform, open, slot).await
}

/// Adds a passkey, by what it computed.
///
/// # Errors
/// As [`change`].
pub async fn add_passkey(platform: &impl Platform, open: &OpenVault, output: &str) -> Result<Vec<SlotView>> {
    let secret = passkey_secret(output)?;
    let secret = SlotSecret::Passkey(&secret);
    let slot = create(open.account, &open.keys()?.master, &secret, &mut system_random()).tell()?;
    add(platform, open, slot).await
}

/// Shares of trusted people, made but not entered: their slot, and a sheet for each.
///
/// # Errors
/// When there cannot be so many, and when the server does not say what stands on them.
pub async fn new_shares(
    platform: &impl Platform,
    open: &OpenVault,
    question: &PrepareShares,
) -> Result<(Slot, Vec<SavedFile>)> {
    let server = server::known(platform).await?;
    let session: SessionInfo = api::get(platform, "/session").await?;
    let address = platform.server_address();
    let place = KitPlace { server: &address, server_id: server.server_id, login: &session.login };
    let PrepareShares { threshold, count } = *question;
    let made = shares::create(open.account, &open.keys()?.master, threshold, count, &mut system_random());
    let (slot, shares) = made.map_err(|error| failed(error.to_string()))?;
    let sheet = |share: &Share| SavedFile { name: share.file_name(), text: share.to_text(&place) };
    Ok((slot, shares.iter().map(sheet).collect()))
}

/// Adds a way that was made, unless it is there already: the answer may have been lost.
///
/// # Errors
/// As [`change`].
pub async fn add(platform: &impl Platform, open: &OpenVault, slot: Slot) -> Result<Vec<SlotView>> {
    let list = current(platform, open).await?;
    if list.list.slots.contains(&slot) {
        return Ok(views(&list.list.slots));
    }
    change(platform, open, |slots| Ok([slots, vec![slot]].concat())).await
}

/// Reads the sheet of one person.
///
/// # Errors
/// [`ProblemKind::WrongSecret`] when it is not well-formed.
pub fn read_share(text: &str) -> Result<ShareView> {
    let Share { threshold, count, number, slot, .. } = Share::parse(text).tell()?;
    Ok(ShareView { slot: slot.header.slot, number, threshold, count })
}

/// Removes a way.
///
/// # Errors
/// As [`change`].
pub async fn remove(platform: &impl Platform, open: &OpenVault, slot: SlotId) -> Result<Vec<SlotView>> {
    let without = |mut slots: Vec<Slot>| {
        slots.retain(|kept| kept.header.slot != slot);
        Ok(slots)
    };
    change(platform, open, without).await
}

/// A key file, made but not entered.
///
/// # Errors
/// When the browser gives no randomness.
pub fn new_key_file(account: iota_core::id::AccountId, master: &MasterKey) -> Result<KeyFile> {
    let mut random = system_random();
    let secret = KeyFileSecret::from_bytes(random_bytes(&mut random));
    let slot = create(account, master, &SlotSecret::KeyFile(&secret), &mut random).tell()?;
    Ok(KeyFile { secret, slot })
}

/// A key file for a person to save.
pub fn saved(file: &KeyFile) -> SavedFile {
    let id = file.slot.header.slot.to_string();
    SavedFile { name: format!("iotabackup-key-{}.txt", &id[..8]), text: file.to_text() }
}

/// A recovery kit that waits for two of its words.
pub struct PendingKit {
    /// The kit.
    pub kit: Kit,
    ask_back: [usize; 2],
}

impl PendingKit {
    /// A new kit.
    ///
    /// # Errors
    /// When the browser gives no randomness.
    pub fn new(account: iota_core::id::AccountId, master: &MasterKey) -> Result<Self> {
        let mut random = system_random();
        let words = RecoveryWords::generate(&mut random);
        let slot = create(account, master, &SlotSecret::RecoveryWords(&words), &mut random).tell()?;
        let [a, b]: [u8; 2] = random_bytes(&mut random);
        let first = usize::from(a) % WORD_COUNT;
        let second = (first + 1 + usize::from(b) % (WORD_COUNT - 1)) % WORD_COUNT;
        Ok(Self { kit: Kit { words, slot }, ask_back: [first.min(second) + 1, first.max(second) + 1] })
    }

    /// What a person is shown.
    pub fn shown(&self, place: &KitPlace<'_>, key_file: Option<SavedFile>) -> NewKey {
        NewKey {
            kit: KitSheet {
                words: self.kit.words.words().into_iter().map(str::to_owned).collect(),
                slot: slot_text(&self.kit.slot),
                account: self.kit.account(),
                server_id: place.server_id,
                text: self.kit.to_text(place),
            },
            key_file,
            ask_back: self.ask_back,
        }
    }

    /// # Errors
    /// [`ProblemKind::WrongSecret`] unless these are the words that were asked back.
    pub fn require(&self, typed: &[String; 2]) -> Result<()> {
        let words = self.kit.words.words();
        for (typed, number) in typed.iter().zip(self.ask_back) {
            if typed.trim().to_lowercase() != words[number - 1] {
                let text = format!("word {number} is another one; look at the kit again");
                return Err(Problem::new(ProblemKind::WrongSecret, text));
            }
        }
        Ok(())
    }
}

/// Puts a kit in the place of all others.
///
/// # Errors
/// As [`change`].
pub async fn replace_kit(platform: &impl Platform, open: &OpenVault, kit: &Kit) -> Result<Vec<SlotView>> {
    let slot = kit.slot.clone();
    let replaced = |mut slots: Vec<Slot>| {
        slots.retain(|kept| kept.header.kind != SlotKind::RecoveryWords);
        slots.push(slot);
        Ok(slots)
    };
    change(platform, open, replaced).await
}
