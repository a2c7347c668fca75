//! One machine.

use iota_core::api::alerts::Watch;
use iota_core::api::json::{DayInfo, SetInfo, UploadState};
use iota_core::certificate::SignedCertificate;
use iota_core::commit::{Flags, SignedHeader};
use iota_core::id::SetId;
use iota_core::vault::{HeadView, MachineView, MachineWord, Problem};

/// A machine, as far as this tab knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Its backup set.
    pub set: SetId,
    /// What it is called while its name is sealed: machines are counted as they were enrolled, from 1.
    pub number: usize,
    /// Its name, while the vault is open.
    pub name: Option<String>,
    /// The key that writes was taken away.
    pub revoked: bool,
    /// The newest commit.
    pub head: Option<HeadView>,
    /// When it last proved itself to the server, milliseconds since 1970.
    pub contact_ms: Option<u64>,
    /// When it was enrolled, milliseconds since 1970.
    pub created_ms: u64,
    /// How the server watches over it.
    pub watch: Option<Watch>,
    /// Sealed bytes that its newest state uses.
    pub live_bytes: u64,
    /// What it is sending.
    pub upload: Option<UploadState>,
    /// What it did on the last days.
    pub days: Vec<DayInfo>,
    /// What it said last, while the vault is open and as far as the server still has it.
    pub word: Option<MachineWord>,
    /// What the vault found wrong.
    pub alarm: Option<Problem>,
    /// The vault had not seen it before, so it cannot tell whether the state is the newest.
    pub first_visit: bool,
}

impl Machine {
    /// What the server says.
    pub fn new(number: usize, info: &SetInfo) -> Self {
        let revoked = info.certificates.iter().filter_map(|bytes| SignedCertificate::decode(&bytes.0).ok());
        let newest = revoked.max_by_key(|signed| signed.certificate.key_epoch);
        Self {
            set: info.set,
            number,
            name: None,
            revoked: newest.is_some_and(|signed| signed.certificate.is_revocation()),
            head: info.head.as_ref().and_then(|head| {
                let header = SignedHeader::decode(&head.header.0).ok()?.header;
                Some(HeadView {
                    seq: head.seq,
                    received_ms: head.received_ms,
                    device_time_ms: header.device_time_ms,
                    partial: header.flags.contains(Flags::PARTIAL),
                    gaps: header.flags.contains(Flags::GAPS),
                })
            }),
            contact_ms: info.contact_ms,
            created_ms: info.created_ms,
            watch: info.watch.clone(),
            live_bytes: info.live_bytes,
            upload: info.upload,
            days: info.days.clone(),
            word: None,
            alarm: None,
            first_visit: false,
        }
    }

    /// What the vault verified. Of what the server says to the page, only the number is taken, and days and watch, which nobody can verify.
    pub fn verified(number: usize, view: &MachineView, said: &[Self], words: &[MachineWord]) -> Self {
        let said = said.iter().find(|machine| machine.set == view.set);
        Self {
            set: view.set,
            number: said.map_or(number, |said| said.number),
            name: Some(view.name.clone()),
            revoked: view.revoked,
            head: view.head,
            contact_ms: view.contact_ms,
            created_ms: view.created_ms,
            watch: said.and_then(|said| said.watch.clone()).filter(|_| !view.revoked),
            live_bytes: view.live_bytes,
            upload: view.upload,
            days: said.map(|said| said.days.clone()).unwrap_or_default(),
            word: words.iter().find(|word| word.set == view.set).cloned(),
            alarm: view.alarm.clone(),
            first_visit: view.first_visit,
        }
    }

    /// When its last complete backup arrived, milliseconds since 1970, as far as that is known; none if its first one never ended.
    pub fn complete_ms(&self) -> Option<u64> {
        let head = self.head.filter(|head| !head.partial)?;
        Some(self.watch.as_ref().map_or(head.received_ms, |watch| watch.since_ms))
    }

    /// What it is called: its name, or what mails call it while that is sealed.
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.public_title())
    }

    /// What mails call it, and pages while its name is sealed: its public name, or its number.
    pub fn public_title(&self) -> String {
        let public = self.watch.as_ref().map(|watch| &watch.public_name).filter(|name| !name.is_empty());
        public.cloned().unwrap_or_else(|| format!("Machine {}", self.number))
    }
}

#[cfg(test)]
impl Machine {
    /// A machine of which everything was stored at a time, milliseconds since 1970, and nothing else is known.
    pub fn protected_at(number: u8, ms: u64) -> Self {
        Self {
            set: SetId([number; 16]),
            number: number.into(),
            name: None,
            revoked: false,
            head: Some(HeadView { seq: 3, received_ms: ms, device_time_ms: ms, partial: false, gaps: false }),
            contact_ms: Some(ms),
            created_ms: 0,
            watch: None,
            live_bytes: 0,
            upload: None,
            days: Vec::new(),
            word: None,
            alarm: None,
            first_visit: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use iota_core::vault::{Doing, ProblemKind};

    use super::*;

    fn sealed(number: usize) -> Machine {
        Machine {
            set: SetId([1; 16]),
            number,
            name: None,
            revoked: true,
            head: None,
            contact_ms: Some(8),
            created_ms: 2,
            watch: None,
            live_bytes: 70,
            upload: None,
            days: Vec::new(),
            word: None,
            alarm: None,
            first_visit: false,
        }
    }

    #[test]
    fn while_its_name_is_sealed_a_machine_is_called_as_in_mails() {
        let watch = |public_name: &str| {
            Some(Watch { since_ms: 2, missed: false, limit_hours: None, public_name: public_name.into() })
        };
        let machine = sealed(4);
        assert_eq!(machine.title(), "Machine 4");
        let machine = Machine { watch: watch(""), ..machine };
        assert_eq!(machine.title(), "Machine 4");
        let machine = Machine { watch: watch("Büro"), ..machine };
        assert_eq!(machine.title(), "Büro");
        let machine = Machine { name: Some("attic".into()), ..machine };
        assert_eq!((machine.title(), machine.public_title()), ("attic".into(), "Büro".into()));
    }

    #[test]
    fn what_a_server_tells_the_page_does_not_count_once_the_vault_has_looked() {
        let head = HeadView { seq: 3, received_ms: 5, device_time_ms: 5, partial: false, gaps: true };
        let view = MachineView {
            set: SetId([1; 16]),
            name: "attic".into(),
            revoked: false,
            head: Some(head),
            contact_ms: None,
            created_ms: 1,
            live_bytes: 7,
            upload: None,
            alarm: Some(Problem::new(ProblemKind::Refused, "no path")),
            first_visit: false,
        };
        let days = vec![DayInfo { day: 9, commits: 1, gaps: false }];
        let said = Machine { head: Some(HeadView { seq: 9, gaps: false, ..head }), days: days.clone(), ..sealed(4) };
        let word = |byte| MachineWord { set: SetId([byte; 16]), received_ms: 5, doing: Doing::Works, gap_count: 2 };
        let machine = Machine::verified(1, &view, &[said], &[word(7), word(1)]);
        assert_eq!((machine.head, machine.revoked, machine.live_bytes), (Some(head), false, 7));
        assert_eq!(machine.word, Some(word(1)));
        assert_eq!((machine.number, machine.days, machine.alarm), (4, days, view.alarm));
    }
}
