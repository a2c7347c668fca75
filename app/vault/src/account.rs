//! Signing in and up. The password stays in this program; the server gets what Argon2id makes of it.

use iota_core::api::json::{
    Bytes, ChallengeAnswer, ChangePassword, CheckCode, CreateAccount, Login, OwnerChallengeRequest, ProveAgain,
    Recover, RecoverySlots, RecoverySlotsRequest, ServerInfo, SessionInfo, code,
};
use iota_core::api::normalise_login;
use iota_core::id::AccountId;
use iota_core::proof;
use iota_core::slot::{Slot, SlotKind};
use iota_core::vault::{
    ChangeLogin, NewKey, PasswordChanged, PrepareAccount, Problem, ProblemKind, ProvePassword, RecoverAccount, SignIn,
};
use iota_crypto::keys::MasterKey;
use iota_crypto::kit::KitPlace;
use iota_crypto::login::auth_secret;
use iota_crypto::secret::{random_bytes, system_random};
use iota_crypto::slot::{SlotSecret, create, open as open_slot, sign_list};

use crate::api;
use crate::keys::OpenVault;
use crate::passphrase::require_strong;
use crate::platform::Platform;
use crate::problem::{Result, Tell, failed};
use crate::server;
use crate::slots::{self, Given, PendingKit, Shown, new_key_file, saved};
use crate::witness::Witness;

/// Signs in.
///
/// # Errors
/// What the server refuses.
pub async fn sign_in(platform: &impl Platform, question: &SignIn) -> Result<SessionInfo> {
    let server = server::known(platform).await?;
    let auth_secret = auth_secret(&question.login, &question.password, server.server_id).tell()?;
    let second = question.second.clone();
    let login = Login { login: question.login.clone(), auth_secret, second, keep: question.keep };
    api::send(platform, "POST", "/login", &login).await
}

/// Proves the password again.
///
/// # Errors
/// What the server refuses.
pub async fn prove(platform: &impl Platform, question: &ProvePassword) -> Result<()> {
    let server = server::known(platform).await?;
    let auth_secret = auth_secret(&question.login, &question.password, server.server_id).tell()?;
    let proof = ProveAgain { auth_secret, second: question.second.clone() };
    api::send::<SessionInfo>(platform, "POST", "/session/proof", &proof).await.map(drop)
}

/// An account that only this program knows of.
pub struct PendingAccount {
    message: CreateAccount,
    account: AccountId,
    master: MasterKey,
    kit: PendingKit,
}

/// Makes the keys of an account.
///
/// # Errors
/// When a password is weak, or the server would not take the code or the login.
pub async fn prepare(platform: &impl Platform, question: &PrepareAccount) -> Result<(NewKey, PendingAccount)> {
    require_strong(platform, &question.password, &question.login).await?;
    if let Some(passphrase) = &question.key.passphrase {
        require_strong(platform, passphrase, &question.login).await?;
    }
    if !question.key.password && question.key.passphrase.is_none() && !question.key.key_file {
        return Err(failed("choose one more way to open the vault beside the recovery kit"));
    }
    let check = CheckCode { code: question.code.clone(), login: question.login.clone() };
    api::send::<()>(platform, "POST", "/accounts/check", &check).await?;
    let server = server::known(platform).await?;
    let mut random = system_random();
    let (account, master) = (AccountId(random_bytes(&mut random)), MasterKey::generate(&mut random));
    let kit = PendingKit::new(account, &master)?;
    let mut slots = vec![kit.kit.slot.clone()];
    let password = question.key.password.then_some(question.password.as_str());
    for text in password.into_iter().chain(question.key.passphrase.as_deref()) {
        slots.push(create(account, &master, &SlotSecret::Passphrase(text), &mut random).tell()?);
    }
    let key_file = question.key.key_file.then(|| new_key_file(account, &master)).transpose()?;
    slots.extend(key_file.as_ref().map(|file| file.slot.clone()));
    let address = platform.server_address();
    let place = KitPlace { server: &address, server_id: server.server_id, login: &question.login };
    let shown = kit.shown(&place, key_file.as_ref().map(saved));
    let message = message(question, &server, account, &master, slots)?;
    Ok((shown, PendingAccount { message, account, master, kit }))
}

fn message(
    question: &PrepareAccount,
    server: &ServerInfo,
    account: AccountId,
    master: &MasterKey,
    slots: Vec<Slot>,
) -> Result<CreateAccount> {
    let identity = master.identity(account);
    let auth_secret = auth_secret(&question.login, &question.password, server.server_id).tell()?;
    let login = normalise_login(&question.login);
    let verifying_key = identity.verifying_key();
    let proof = proof::account_creation(server.server_id, account, &verifying_key, &login, auth_secret.as_bytes());
    Ok(CreateAccount {
        code: question.code.clone(),
        login: question.login.clone(),
        auth_secret,
        account,
        identity: verifying_key,
        slot_list: Bytes(sign_list(account, 1, slots, &identity).encode()),
        signature: identity.sign(&proof),
    })
}

impl PendingAccount {
    /// # Errors
    /// [`ProblemKind::WrongSecret`] unless these are the words that were asked back.
    pub fn require(&self, words: &[String; 2]) -> Result<()> {
        self.kit.require(words)
    }

    /// Makes the account. When an earlier attempt was heard and its answer lost, the next one is refused as known: then signing
    /// in tells whether the account that is there is this one.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn create(&self, platform: &impl Platform) -> Result<SessionInfo> {
        let refused = match api::send(platform, "POST", "/accounts", &self.message).await {
            Err(problem) if problem.has_code(code::CONFLICT) || problem.has_code(code::BAD_CODE) => problem,
            answer => return answer,
        };
        let CreateAccount { login, auth_secret, .. } = self.message.clone();
        let login = Login { login, auth_secret, second: None, keep: false };
        match api::send::<SessionInfo>(platform, "POST", "/login", &login).await {
            Ok(session) if session.account == self.account => Ok(session),
            Ok(_) => Err(refused),
            Err(problem) if problem.kind == ProblemKind::Refused => Err(refused),
            Err(problem) => Err(problem),
        }
    }

    /// Its vault, open; this browser now knows it.
    pub async fn into_vault(self, platform: &impl Platform) -> OpenVault {
        first_seen(platform, OpenVault::new(self.account, self.master)).await
    }
}

/// Notes the identity of a vault in the witness.
async fn first_seen(platform: &impl Platform, open: OpenVault) -> OpenVault {
    if let Ok(mut witness) = Witness::load(platform, open.account).await
        && witness.check_identity(open.identity).is_ok()
    {
        let _ = witness.save(platform, open.account).await;
    }
    open
}

/// Sets a new password by proof of the vault.
///
/// # Errors
/// [`ProblemKind::WrongSecret`]; what the server refuses.
pub async fn recover(platform: &impl Platform, question: &RecoverAccount) -> Result<(SessionInfo, OpenVault)> {
    require_strong(platform, &question.password, &question.login).await?;
    let (account, master) = prove_vault(platform, &question.login, &Given::parse(&question.secret)?).await?;
    let server = server::known(platform).await?;
    let ChallengeAnswer { challenge } =
        api::send(platform, "POST", "/owner/challenge", &OwnerChallengeRequest { account }).await?;
    let auth_secret = auth_secret(&question.login, &question.password, server.server_id).tell()?;
    let login = normalise_login(&question.login);
    let proof = proof::new_login(server.server_id, account, challenge, &login, auth_secret.as_bytes());
    let signature = master.identity(account).sign(&proof);
    let second = question.second.clone();
    let message = Recover { account, login: question.login.clone(), challenge, auth_secret, second, signature };
    let session = api::send(platform, "POST", "/recovery", &message).await?;
    Ok((session, first_seen(platform, OpenVault::new(account, master)).await))
}

/// Opens the vault without being signed in.
async fn prove_vault(platform: &impl Platform, login: &str, given: &Given) -> Result<(AccountId, MasterKey)> {
    let slots = match given {
        Given::KeyFile(file) => vec![file.slot.clone()],
        Given::Words(_, Some(slot)) | Given::Shares(_, slot) => vec![slot.clone()],
        Given::Words(_, None) => {
            let request = RecoverySlotsRequest { login: login.to_owned() };
            let answer: RecoverySlots = api::send(platform, "POST", "/recovery/slots", &request).await?;
            answer.slots.iter().filter_map(|bytes| Slot::decode(&bytes.0).ok()).collect()
        }
        Given::Passphrase(_) | Given::Passkey(_) => {
            return Err(failed(
                "a passphrase or passkey cannot prove the vault before signing in; use recovery words, kit, key file or sheets",
            ));
        }
    };
    let opened = slots.iter().find_map(|slot| {
        let master = open_slot(slot, &given.secret(), None).ok()?;
        Some((slot.header.account, master))
    });
    opened.ok_or_else(|| {
        Problem::new(
            ProblemKind::WrongSecret,
            "that does not open the vault of this e-mail address; compare the words and the address",
        )
    })
}

/// Changes the password; the slot that the old one opens, too. First the new slot comes, then the password changes, then the
/// old slot goes: whatever stops in between, something opens the vault.
///
/// # Errors
/// What the server refuses.
pub async fn change_login(platform: &impl Platform, question: &ChangeLogin) -> Result<PasswordChanged> {
    require_strong(platform, &question.new_password, &question.login).await?;
    let ChangeLogin { login, password, second, .. } = question;
    let proof = ProvePassword { login: login.clone(), password: password.clone(), second: second.clone() };
    prove(platform, &proof).await?;
    let shown = slots::shown(platform).await?;
    let opened = opened_by(&shown, password);
    if let Some((open, _)) = &opened {
        let new = SlotSecret::Passphrase(&question.new_password);
        let slot = create(open.account, &open.keys()?.master, &new, &mut system_random()).tell()?;
        slots::change(platform, open, |slots| Ok([slots, vec![slot]].concat())).await?;
    }
    let server = server::known(platform).await?;
    let secret = |password: &str| auth_secret(login, password, server.server_id).tell();
    let change = ChangePassword { current: secret(password)?, auth_secret: secret(&question.new_password)? };
    api::send::<()>(platform, "PUT", "/account/password", &change).await?;
    if let Some((open, old)) = &opened {
        slots::remove(platform, open, *old).await?;
    }
    Ok(PasswordChanged { opens_vault: opened.is_some() })
}

/// The vault, and the slot of it that a password opens.
fn opened_by(shown: &Shown, password: &str) -> Option<(OpenVault, iota_core::id::SlotId)> {
    let Shown { vault, list, .. } = shown;
    for slot in list.list.slots.iter().filter(|slot| slot.header.kind == SlotKind::Passphrase) {
        if let Ok(master) = open_slot(slot, &SlotSecret::Passphrase(password), Some(&vault.identity)) {
            return Some((OpenVault::new(vault.account, master), slot.header.slot));
        }
    }
    None
}
