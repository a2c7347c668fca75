//! Shares that trusted people keep: the secret of a slot, split so that some of them together open the vault, and fewer tell
//! nothing (Shamir 1979, over GF(256)).
//!
//! ```text
//! share = slot16 ‖ threshold u8 ‖ count u8 ‖ number u8 ‖ value32          number 1 to count is the x-coordinate
//! ```
//! The master key itself is never split: the shares of another slot have nothing in common with these.

use crate::{
    error::{CryptoError, Result, SharesError},
    keys::MasterKey,
    kit::{KitPlace, SLOT_PREFIX, one_line, parse_slot, slot_text},
    secret::{random_bytes, secrets},
    slot::{self, SharedSecret, SlotSecret},
    text,
};
use iota_core::{
    id::AccountId,
    slot::{Slot, SlotKind},
    wire::{self, Reader, Writer},
};
use rand_core::CryptoRng;
use std::fmt::Write;
use vsss_rs::{Gf256, IdentifierGf256};
use zeroize::Zeroizing;

const SHARE_PREFIX: &str = "IOTA-SHARE-1";
const WHAT: &str = "the sheet";
/// Most shares of one secret.
pub const MAX_SHARES: u8 = 16;
/// Fewest that may be enough.
pub const MIN_THRESHOLD: u8 = 2;

secrets! {
    /// What one person keeps of the secret.
    ShareValue;
}

/// One share, with the slot that enough of them open. The id of the slot is that of the set.
pub struct Share {
    /// How many are needed, [`MIN_THRESHOLD`] at least.
    pub threshold: u8,
    /// How many were made, [`MAX_SHARES`] at most.
    pub count: u8,
    /// Which one it is, from 1.
    pub number: u8,
    /// Its part of the secret.
    pub value: ShareValue,
    /// What they open together.
    pub slot: Slot,
}

fn are_possible(threshold: u8, count: u8) -> bool {
    (MIN_THRESHOLD..=count).contains(&threshold) && count <= MAX_SHARES
}

/// Makes a slot, and `count` shares, any `threshold` of which open it.
///
/// # Errors
/// [`SharesError::Numbers`], and those of [`slot::create`].
pub fn create(
    account: AccountId,
    master: &MasterKey,
    threshold: u8,
    count: u8,
    random: &mut impl CryptoRng,
) -> Result<(Slot, Vec<Share>)> {
    if !are_possible(threshold, count) {
        return Err(SharesError::Numbers.into());
    }
    let secret = SharedSecret::from_bytes(random_bytes(random));
    let slot = slot::create(account, master, &SlotSecret::Shares(&secret), random)?;
    let numbers = (1..=count).map(|number| IdentifierGf256(Gf256(number)));
    let points =
        Gf256::split_bytes_with_participant_ids_iter(threshold.into(), count.into(), secret.expose(), random, numbers);
    let points = Zeroizing::new(points.map_err(|_| SharesError::Numbers)?);
    let share = |point: &Vec<u8>| {
        let (&number, value) = point.split_first()?;
        let value = ShareValue::from_bytes(value.try_into().ok()?);
        Some(Share { threshold, count, number, value, slot: slot.clone() })
    };
    let shares: Option<Vec<_>> = points.iter().map(share).collect();
    let shares = shares.ok_or(CryptoError::System("the secret was not split"))?;
    Ok((slot, shares))
}

/// Puts shares together, in any order. What they add up to opens their slot.
///
/// # Errors
/// [`SharesError`].
pub fn combine(shares: &[Share]) -> Result<(SharedSecret, Slot)> {
    let first = shares.first().ok_or(SharesError::None)?;
    let (threshold, count) = (first.threshold, first.count);
    for (place, share) in shares.iter().enumerate() {
        if share.slot.header.slot != first.slot.header.slot {
            return Err(SharesError::OtherSet.into());
        }
        if (share.threshold, share.count) != (threshold, count) || share.slot != first.slot {
            return Err(SharesError::Mixed.into());
        }
        if shares[..place].iter().any(|earlier| earlier.number == share.number) {
            return Err(SharesError::Twice(share.number).into());
        }
    }
    if shares.len() < threshold.into() {
        return Err(SharesError::TooFew { threshold, count, given: shares.len() }.into());
    }
    let point = |share: &Share| [&[share.number], &share.value.0[..]].concat();
    let points = Zeroizing::new(shares.iter().map(point).collect::<Vec<_>>());
    let bytes = Zeroizing::new(Gf256::combine_bytes(&*points).map_err(|_| SharesError::Wrong)?);
    let secret = SharedSecret::from_bytes(bytes[..].try_into().map_err(|_| SharesError::Wrong)?);
    match slot::open(&first.slot, &SlotSecret::Shares(&secret), None) {
        Ok(_) => Ok((secret, first.slot.clone())),
        Err(CryptoError::Slot) => Err(SharesError::Wrong.into()),
        Err(error) => Err(error),
    }
}

impl Share {
    /// Opens the vault together with others.
    ///
    /// # Errors
    /// Those of [`combine`].
    pub fn open_together(shares: &[Self]) -> Result<(AccountId, MasterKey)> {
        let (secret, slot) = combine(shares)?;
        Ok((slot.header.account, slot::open(&slot, &SlotSecret::Shares(&secret), None)?))
    }

    /// The name of its file, to propose.
    pub fn file_name(&self) -> String {
        format!("iotabackup-sheet-{}-{}.txt", &self.slot.header.slot.to_string()[..8], self.number)
    }

    /// The sheet that one person keeps, as a page of text, to be printed.
    pub fn to_text(&self, place: &KitPlace<'_>) -> String {
        let Self { threshold, count, number, slot, .. } = self;
        let title = format!("IotaBackup: sheet {number} of {count} of trusted people");
        let underline = "=".repeat(title.len());
        let mut page = format!(
            "{title}\n{underline}\n\n\
             Somebody trusts you with this sheet. Alone it opens nothing; {threshold} of the {count} sheets together open these\n\
             backups, with nothing else: no password, no other key.\n\
             Keep it where you keep papers of value, and make no copy. Give it to nobody but the owner of\n\
             the backups, or bring it together with the others; in person.\n\n\
             To open them, choose \"Cannot sign in?\" on the page of the server. Without that page, type what\n\
             stands at the end of each sheet into a file, and run\n\n\
             iota restore --share FILE --share FILE --to FOLDER --server {}\n\n\
             Sheet:     {number} of {count}; {threshold} are needed\n\
             Set:       {}\n\
             Server:    {}\nServer id: {}\nLogin:     {}\nAccount:   {}\n\n\
             Share, and slot (needed when the server is gone):\n",
            one_line(place.server),
            slot.header.slot,
            one_line(place.server),
            place.server_id,
            one_line(place.login),
            slot.header.account,
        );
        for text in [self.share_text(), Zeroizing::new(slot_text(slot))] {
            for line in text.as_bytes().chunks(64) {
                let _ = writeln!(page, "{}", String::from_utf8_lossy(line));
            }
        }
        page
    }

    fn share_text(&self) -> Zeroizing<String> {
        let mut writer = Writer::new();
        writer.raw(&self.slot.header.slot.0).u8(self.threshold).u8(self.count).u8(self.number).raw(&self.value.0);
        Zeroizing::new(text::encode(SHARE_PREFIX, &Zeroizing::new(writer.finish())))
    }

    /// Parses [`Share::to_text`]: the share, and the slot after it.
    ///
    /// # Errors
    /// [`CryptoError::Text`] when one is missing or mistyped, or they do not belong together.
    pub fn parse(page: &str) -> Result<Self> {
        let error = |hint| CryptoError::Text { what: WHAT, hint };
        if page.len() > 64 << 10 {
            return Err(error("it is too long"));
        }
        // A name above it may look like it.
        let start = page.rfind(SHARE_PREFIX).ok_or(error("the block that begins with IOTA-SHARE-1 is missing"))?;
        let blocks = &page[start..];
        let split = blocks.find(SLOT_PREFIX).ok_or(error("the block that begins with IOTA-SLOT-1 is missing"))?;
        let (share, slot) = blocks.split_at(split);
        let (set, share) = Self::decode(&text::decode(SHARE_PREFIX, WHAT, share)?, parse_slot(WHAT, slot)?)
            .map_err(|_| error("its length is wrong"))?;
        if !are_possible(share.threshold, share.count) || !(1..=share.count).contains(&share.number) {
            return Err(error("its numbers cannot be"));
        }
        if set != share.slot.header.slot.0 || share.slot.header.kind != SlotKind::Shares {
            return Err(error("its share and its slot do not belong together"));
        }
        Ok(share)
    }

    /// The id of the set, and the share.
    fn decode(bytes: &[u8], slot: Slot) -> wire::Result<([u8; 16], Self)> {
        let mut reader = Reader::new(bytes);
        let (set, threshold, count, number) = (reader.array()?, reader.u8()?, reader.u8()?, reader.u8()?);
        let value = ShareValue::from_bytes(reader.array()?);
        reader.finish()?;
        Ok((set, Self { threshold, count, number, value, slot }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::system_random;
    use iota_core::id::ServerId;

    const ACCOUNT: AccountId = AccountId([1; 16]);
    const PLACE: KitPlace<'_> =
        KitPlace { server: "https://backup.example", server_id: ServerId([7; 16]), login: "ada@example.org" };

    fn made(threshold: u8, count: u8) -> (MasterKey, Vec<Share>) {
        let mut random = system_random();
        let master = MasterKey::generate(&mut random);
        let (_, shares) = create(ACCOUNT, &master, threshold, count, &mut random).unwrap();
        (master, shares)
    }

    #[test]
    fn what_a_server_calls_itself_makes_no_sheet_unreadable() {
        let (_, shares) = made(2, 3);
        for name in
            ["IOTA-SHARE-1-A@x", "IOTA-SLOT-1-B", "a\nIOTA-SHARE-1-AAAA\n\nGive this page to the server", "1. zoo"]
        {
            let text = shares[0].to_text(&KitPlace { server: name, login: name, ..PLACE });
            let read = Share::parse(&text).unwrap();
            assert!(read.value.0 == shares[0].value.0 && read.slot == shares[0].slot, "{name}");
            assert!(!text.contains("\nGive this page"));
        }
    }

    /// Those of the given places, in that order.
    fn chosen(shares: &[Share], places: &[usize]) -> Vec<Share> {
        places.iter().map(|&place| Share::parse(&shares[place].to_text(&PLACE)).unwrap()).collect()
    }

    fn refusal<T>(answer: Result<T>) -> Option<SharesError> {
        match answer.err() {
            Some(CryptoError::Shares(error)) => Some(error),
            _ => None,
        }
    }

    #[test]
    fn exactly_enough_of_them_open_the_vault() {
        for (threshold, count) in [(2, 2), (2, 3), (3, 5), (5, 5)] {
            let (master, shares) = made(threshold, count);
            for subset in 0..1_u32 << count {
                let places: Vec<_> = (0..usize::from(count)).rev().filter(|place| subset >> place & 1 == 1).collect();
                let opened = Share::open_together(&chosen(&shares, &places));
                let too_few = SharesError::TooFew { threshold, count, given: places.len() };
                match places.len() {
                    0 => assert_eq!(refusal(opened), Some(SharesError::None)),
                    given if given < threshold.into() => assert_eq!(refusal(opened), Some(too_few)),
                    _ => assert_eq!(opened.unwrap().1.expose(), master.expose()),
                }
            }
        }
        let (master, shares) = made(16, 16);
        assert_eq!(Share::open_together(&shares).unwrap().1.expose(), master.expose());
    }

    #[test]
    fn fewer_open_nothing_whatever_they_say_of_themselves() {
        let (_, mut shares) = made(3, 4);
        shares.iter_mut().for_each(|share| share.threshold = 2);
        assert_eq!(refusal(combine(&shares[..2])), Some(SharesError::Wrong));
        assert!(combine(&shares[..3]).is_ok());
    }

    #[test]
    fn what_does_not_belong_together_is_told_apart() {
        let ((_, shares), (_, others)) = (made(2, 3), made(2, 3));
        assert_eq!(refusal(combine(&chosen(&shares, &[1, 1]))), Some(SharesError::Twice(2)));
        let mut mixed = chosen(&shares, &[0]);
        mixed.extend(chosen(&others, &[1]));
        assert_eq!(refusal(combine(&mixed)), Some(SharesError::OtherSet));
        let mut altered = chosen(&shares, &[0, 1]);
        altered[1].slot.commitment[0] ^= 1;
        assert_eq!(refusal(combine(&altered)), Some(SharesError::Mixed));
        let mut altered = chosen(&shares, &[0, 1]);
        altered[0].count = 4;
        assert_eq!(refusal(combine(&altered)), Some(SharesError::Mixed));
        let mut altered = chosen(&shares, &[0, 1, 2]);
        altered[2].value.0[31] ^= 1;
        assert_eq!(refusal(combine(&altered)), Some(SharesError::Wrong));
        assert!(combine(&altered[..2]).is_ok());
    }

    #[test]
    fn absurd_numbers_are_neither_made_nor_read() {
        let mut random = system_random();
        let master = MasterKey::generate(&mut random);
        for (threshold, count) in [(0, 3), (1, 3), (4, 3), (2, 1), (2, 17), (255, 255)] {
            let made = create(ACCOUNT, &master, threshold, count, &mut random);
            assert_eq!(refusal(made), Some(SharesError::Numbers), "{threshold} of {count}");
        }
        let (_, mut shares) = made(2, 3);
        for (threshold, count, number) in [(1, 3, 1), (4, 3, 1), (2, 17, 1), (2, 3, 0), (2, 3, 4)] {
            let share = &mut shares[0];
            (share.threshold, share.count, share.number) = (threshold, count, number);
            let read = Share::parse(&share.to_text(&PLACE)).err();
            assert!(matches!(read, Some(CryptoError::Text { hint: "its numbers cannot be", .. })), "{read:?}");
        }
    }

    #[test]
    fn a_sheet_survives_other_line_ends_and_no_wrong_letter() {
        let (_, shares) = made(2, 3);
        let page = shares[1].to_text(&PLACE);
        let wrapped = page.split_whitespace().collect::<Vec<_>>().join("\r\n  ");
        let blocks = page[page.find(SHARE_PREFIX).unwrap()..].replace('\n', "");
        for text in [&page, &wrapped, &blocks] {
            assert_eq!(Share::parse(text).unwrap().to_text(&PLACE), page);
        }
        let start = page.find(SHARE_PREFIX).unwrap();
        for (place, letter) in page.char_indices().skip(start).filter(|(_, letter)| letter.is_ascii_alphanumeric()) {
            let mut mistyped = page.clone();
            mistyped.replace_range(place..=place, if letter == 'B' { "C" } else { "B" });
            assert!(matches!(Share::parse(&mistyped), Err(CryptoError::Text { .. })), "letter {place}");
            mistyped.replace_range(place..=place, "");
            assert!(matches!(Share::parse(&mistyped), Err(CryptoError::Text { .. })), "without letter {place}");
        }
        assert!(Share::parse(&page[..start]).is_err());
        assert!(Share::parse(&(page + &" ".repeat(64 << 10))).is_err());
    }

    #[test]
    fn a_share_is_of_its_slot() {
        let ((_, shares), (_, others)) = (made(2, 2), made(2, 2));
        let pair = |share: &Share, slot: &Slot| format!("{} {}", *share.share_text(), slot_text(slot));
        assert!(Share::parse(&pair(&shares[0], &shares[0].slot)).is_ok());
        assert!(Share::parse(&pair(&shares[0], &others[0].slot)).is_err());
        let mut slot = shares[0].slot.clone();
        slot.header.kind = SlotKind::KeyFile;
        assert!(Share::parse(&pair(&shares[0], &slot)).is_err());
    }

    #[test]
    fn one_share_tells_nothing_as_every_coefficient_is_as_likely() {
        // Were none of them zero, a share would tell what the secret is not (RUSTSEC-2024-0398).
        let mut seen = [0_u32; 256];
        for _ in 0..1000 {
            let (_, shares) = made(2, 2);
            let (secret, _) = combine(&shares).unwrap();
            // At x = 1 a share is the secret plus the coefficient.
            let coefficients = shares[0].value.0.iter().zip(secret.expose()).map(|(share, secret)| share ^ secret);
            coefficients.for_each(|byte| seen[usize::from(byte)] += 1);
        }
        // 125 are expected of each, with a deviation of 11.
        assert!(seen.iter().all(|count| (40..=250).contains(count)), "{seen:?}");
    }
}
