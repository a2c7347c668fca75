//! What a person keeps: the recovery kit (paper) and the key file. Both contain their own slot, and so the account, and
//! work without a login and without the server's database.

use crate::{
    error::{CryptoError, Result},
    keys::MasterKey,
    slot::{KeyFileSecret, SlotSecret, open},
    text,
    words::{RecoveryWords, WORD_COUNT},
};
use iota_core::{
    id::{AccountId, ServerId},
    slot::Slot,
};
use std::fmt::Write;

pub(crate) const SLOT_PREFIX: &str = "IOTA-SLOT-1";
const KEY_PREFIX: &str = "IOTA-KEY-1";

/// The text form of a slot: `IOTA-SLOT-1-…`.
pub fn slot_text(slot: &Slot) -> String {
    text::encode(SLOT_PREFIX, &slot.encode())
}

pub(crate) fn parse_slot(what: &'static str, line: &str) -> Result<Slot> {
    Ok(Slot::decode(&text::decode(SLOT_PREFIX, what, line)?)?)
}

/// What a server says of itself or of a login, where nothing else may be made of it: on paper people believe what they read.
pub(crate) fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace()).collect::<Vec<_>>().join("·")
}

/// A recovery kit.
pub struct Kit {
    /// Opens the slot.
    pub words: RecoveryWords,
    /// The slot that the words open.
    pub slot: Slot,
}

/// Where the account lives, printed on a kit so that a person finds the way back. Not trusted when read.
pub struct KitPlace<'a> {
    /// Address of the server.
    pub server: &'a str,
    /// Its id.
    pub server_id: ServerId,
    /// Login.
    pub login: &'a str,
}

impl Kit {
    /// The account whose vault it opens.
    pub fn account(&self) -> AccountId {
        self.slot.header.account
    }

    /// Opens the vault.
    ///
    /// # Errors
    /// Those of [`open`].
    pub fn open(&self) -> Result<MasterKey> {
        open(&self.slot, &SlotSecret::RecoveryWords(&self.words), None)
    }

    /// The kit as a page of text, to be printed.
    pub fn to_text(&self, place: &KitPlace<'_>) -> String {
        let mut page = String::from(
            "IotaBackup recovery kit\n\
             =======================\n\n\
             Whoever holds this page can open these backups, with nothing else. Without it, and without\n\
             your password or key file, nobody can: not you, not the server, not its makers.\n\
             Print it, keep it where you keep other papers of value, and delete the file.\n\n",
        );
        for (row, words) in self.words.words().chunks(4).enumerate() {
            for (column, word) in words.iter().enumerate() {
                let _ = write!(page, "{:>4}. {word:<12}", row * 4 + column + 1);
            }
            page.push('\n');
        }
        let _ = write!(
            page,
            "\nServer:    {}\nServer id: {}\nLogin:     {}\nAccount:   {}\n\nSlot (needed when the server is gone):\n",
            one_line(place.server),
            place.server_id,
            one_line(place.login),
            self.account()
        );
        let slot = slot_text(&self.slot);
        for line in slot.as_bytes().chunks(64) {
            page.push_str(&String::from_utf8_lossy(line));
            page.push('\n');
        }
        page
    }

    /// Parses [`Kit::to_text`]: the numbered words, and the slot.
    ///
    /// # Errors
    /// [`CryptoError::Text`] when words or slot are missing or mistyped.
    pub fn parse(page: &str) -> Result<Self> {
        const WHAT: &str = "the recovery kit";
        if page.len() > 64 << 10 {
            return Err(CryptoError::Text { what: WHAT, hint: "it is too long" });
        }
        let mut words = Vec::new();
        let mut tokens = page.split_whitespace();
        while let Some(token) = tokens.next() {
            if token.strip_suffix('.') == Some((words.len() + 1).to_string().as_str()) && words.len() < WORD_COUNT {
                words.extend(tokens.next());
            }
        }
        let start = page
            .rfind(SLOT_PREFIX)
            .ok_or(CryptoError::Text { what: WHAT, hint: "the block that begins with IOTA-SLOT-1 is missing" })?;
        let slot = parse_slot(WHAT, &page[start..])?;
        Ok(Self { words: RecoveryWords::parse(&words.join(" "))?, slot })
    }
}

/// A key file.
pub struct KeyFile {
    /// Opens the slot.
    pub secret: KeyFileSecret,
    /// The slot that the secret opens.
    pub slot: Slot,
}

impl KeyFile {
    /// The account whose vault it opens.
    pub fn account(&self) -> AccountId {
        self.slot.header.account
    }

    /// Opens the vault.
    ///
    /// # Errors
    /// Those of [`open`].
    pub fn open(&self) -> Result<MasterKey> {
        open(&self.slot, &SlotSecret::KeyFile(&self.secret), None)
    }

    /// The contents of the file: two lines.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n", text::encode(KEY_PREFIX, self.secret.expose()), slot_text(&self.slot))
    }

    /// Parses [`KeyFile::to_text`].
    ///
    /// # Errors
    /// [`CryptoError::Text`] when a line is missing or mistyped.
    pub fn parse(contents: &str) -> Result<Self> {
        const WHAT: &str = "the key file";
        let mut lines = contents.lines().filter(|line| !line.trim().is_empty());
        let mut line = || lines.next().ok_or(CryptoError::Text { what: WHAT, hint: "it has two lines" });
        let secret = text::decode(KEY_PREFIX, WHAT, line()?)?;
        let secret =
            secret[..].try_into().map_err(|_| CryptoError::Text { what: WHAT, hint: "its length is wrong" })?;
        Ok(Self { secret: KeyFileSecret::from_bytes(secret), slot: parse_slot(WHAT, line()?)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{secret::system_random, slot};

    #[test]
    fn kit_and_key_file_open_the_vault_by_themselves() {
        let mut random = system_random();
        let account = AccountId([1; 16]);
        let master = MasterKey::generate(&mut random);
        let words = RecoveryWords::generate(&mut random);
        let slot = slot::create(account, &master, &SlotSecret::RecoveryWords(&words), &mut random).unwrap();
        let place =
            KitPlace { server: "https://backup.example", server_id: ServerId([7; 16]), login: "ada@example.org" };
        let page = Kit { words, slot }.to_text(&place);
        let kit = Kit::parse(&page).unwrap();
        assert_eq!(kit.account(), account);
        assert_eq!(kit.open().unwrap().expose(), master.expose());
        assert!(Kit::parse(&page.replace("IOTA-SLOT", "IOTA-SL0T")).is_err());

        let secret = KeyFileSecret::from_bytes([3; 32]);
        let slot = slot::create(account, &master, &SlotSecret::KeyFile(&secret), &mut random).unwrap();
        let contents = KeyFile { secret, slot }.to_text();
        assert_eq!(KeyFile::parse(&contents).unwrap().open().unwrap().expose(), master.expose());
        let mistyped = contents.replacen(|c: char| c.is_ascii_digit() && c != '1', "Z", 1);
        assert!(KeyFile::parse(&mistyped).is_err());
    }
}
