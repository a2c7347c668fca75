//! Orders to restore, sealed to a machine, and what it says of them, sealed for the owner.
//!
//! ```text
//! order   = HPKE (RFC 9180) mode_psk, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305,
//!           psk = derive("… restore psk", K_live), psk_id = restore id, info = "iotabackup/restore-order/v1\0",
//!           aad = grant;  sent as enc 32 ‖ ciphertext
//! outcome = XChaCha20Poly1305(derive("… restore outcome", K_live), random nonce, JSON (iota_core::restore::Outcome),
//!           aad = "iotabackup/restore-outcome/v1\0" ‖ account ‖ set ‖ restore id)
//! note    = the same of JSON (iota_core::restore::Ordered), aad = "iotabackup/restore-note/v1\0" ‖ …
//! ```
//! An order names the header of the snapshot and brings the keys of the bodies from its base to it, so that the machine needs to believe
//! nothing that the server shows, and can read no other commit.

use crate::{
    derive::{context, derive},
    error::{CryptoError, Result},
    hybrid,
    keys::{AgreementSecret, LiveKey, SigningKey},
    live::Place,
    ratchet::BodyKey,
    seal::{open_random, seal_random},
};
use iota_core::{
    id::{Digest, HeaderHash, RestoreId},
    path::{MAX_PATH_BYTES, TreePath},
    restore::{Grant, MAX_ORDER_BYTES, MAX_OUTCOME_BYTES, Overwrite, SignedGrant, Target},
    wire::{Reader, WireError, Writer},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

const TYPE: &[u8] = b"iotabackup/restore-order/v1\0";
const OUTCOME_TYPE: &[u8] = b"iotabackup/restore-outcome/v1\0";
const NOTE_TYPE: &[u8] = b"iotabackup/restore-note/v1\0";
/// Most paths in one order.
pub const MAX_PATHS: usize = 4096;
/// Most commits from a base to a snapshot.
pub const MAX_BODY_KEYS: usize = 4096;

/// What a machine is to restore, and the keys that it needs to.
pub struct Wish {
    /// The header of the snapshot: everything that the server shows must lead to it.
    pub header: HeaderHash,
    /// The keys of the bodies from the base to the snapshot.
    pub body_keys: Vec<BodyKey>,
    /// Files and directories; none: everything.
    pub paths: Vec<TreePath>,
    /// Where to.
    pub target: Target,
    /// What is replaced.
    pub overwrite: Overwrite,
    /// Only look, and say what would be done.
    pub dry_run: bool,
}

impl Wish {
    /// What stands inside the seal.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::typed(TYPE);
        writer.raw(&self.header.0).u8(u8::from(self.dry_run)).u8(self.overwrite as u8);
        match &self.target {
            Target::InPlace => writer.u8(0),
            Target::Beside(folder) => writer.u8(1).bytes(folder.as_bytes()),
        };
        writer.u32(self.body_keys.len() as u32);
        self.body_keys.iter().for_each(|key| {
            writer.raw(key.expose());
        });
        writer.u32(self.paths.len() as u32);
        self.paths.iter().for_each(|path| {
            writer.bytes(path.as_bytes());
        });
        Zeroizing::new(writer.finish())
    }

    /// Parses [`Wish::encode`].
    ///
    /// # Errors
    /// [`CryptoError::Wire`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::typed(bytes, TYPE)?;
        let header = HeaderHash(reader.array()?);
        let dry_run = match reader.u8()? {
            0 => false,
            1 => true,
            _ => return Err(WireError::Invalid("dry run").into()),
        };
        let overwrite = Overwrite::ALL.get(usize::from(reader.u8()?)).ok_or(WireError::Invalid("overwrite"))?;
        let target = match reader.u8()? {
            0 => Target::InPlace,
            1 => {
                let folder = reader.bytes(MAX_PATH_BYTES, "target")?;
                let folder = String::from_utf8(folder.to_vec()).map_err(|_| WireError::Invalid("target"))?;
                Target::Beside(folder)
            }
            _ => return Err(WireError::Invalid("target").into()),
        };
        target.check().map_err(|_| WireError::Invalid("target"))?;
        let body_keys = (0..count(&mut reader, MAX_BODY_KEYS, "body keys")?)
            .map(|_| Ok(BodyKey::from_bytes(reader.array()?)))
            .collect::<Result<Vec<_>>>()?;
        if body_keys.is_empty() {
            return Err(WireError::Invalid("body keys").into());
        }
        let paths = (0..count(&mut reader, MAX_PATHS, "paths")?)
            .map(|_| Ok(TreePath::parse(reader.bytes(MAX_PATH_BYTES, "path")?)?))
            .collect::<Result<Vec<_>>>()?;
        reader.finish()?;
        Ok(Self { header, body_keys, paths, target, overwrite: *overwrite, dry_run })
    }
}

fn count(reader: &mut Reader<'_>, limit: usize, what: &'static str) -> Result<usize> {
    let count = reader.u32()? as usize;
    if count > limit { Err(WireError::TooLarge(what).into()) } else { Ok(count) }
}

/// Seals an order to the machine that `recipient` belongs to, and signs its grant.
///
/// # Errors
/// [`CryptoError::Restore`] when the order is longer than [`MAX_ORDER_BYTES`], or the machine's key is malformed.
pub fn seal_order(
    grant: &Grant,
    wish: &Wish,
    recipient: &iota_core::id::AgreementKey,
    live: &LiveKey,
    identity: &SigningKey,
    random: &mut impl CryptoRng,
) -> Result<(SignedGrant, Vec<u8>)> {
    let psk = psk(live);
    let preshared = hybrid::Preshared { key: &psk, id: &grant.restore.0 };
    let sealed = hybrid::seal(recipient, preshared, TYPE, &wish.encode(), &grant.encode(), random);
    let sealed = sealed.filter(|sealed| sealed.len() <= MAX_ORDER_BYTES).ok_or(CryptoError::Restore)?;
    let digest = Digest::of(&sealed);
    let signature = identity.sign(&SignedGrant::signed_bytes(grant, &digest));
    Ok((SignedGrant { grant: *grant, sealed: digest, signature }, sealed))
}

/// Opens an order. Whose grant it is, and that it is no old one, is for the caller to check.
///
/// # Errors
/// [`CryptoError::Restore`] when it was not sealed to this machine, by its owner, for this grant.
pub fn open_order(grant: &Grant, sealed: &[u8], secret: &AgreementSecret, live: &LiveKey) -> Result<Wish> {
    if sealed.len() > MAX_ORDER_BYTES {
        return Err(CryptoError::Restore);
    }
    let psk = psk(live);
    let preshared = hybrid::Preshared { key: &psk, id: &grant.restore.0 };
    let plaintext = hybrid::open(secret, preshared, TYPE, sealed, &grant.encode()).ok_or(CryptoError::Restore)?;
    Wish::decode(&plaintext)
}

/// Seals what a machine says of a restore.
///
/// # Errors
/// [`CryptoError::Restore`] when it is longer than [`MAX_OUTCOME_BYTES`].
pub fn seal_outcome(
    live: &LiveKey,
    place: &Place,
    restore: RestoreId,
    json: &str,
    random: &mut impl CryptoRng,
) -> Result<Vec<u8>> {
    seal_word(OUTCOME_TYPE, live, (place, restore), json, random)
}

/// Opens [`seal_outcome`].
///
/// # Errors
/// [`CryptoError::Restore`].
pub fn open_outcome(live: &LiveKey, place: &Place, restore: RestoreId, sealed: &[u8]) -> Result<String> {
    open_word(OUTCOME_TYPE, live, (place, restore), sealed)
}

/// Seals what was ordered, for the owner to read later.
///
/// # Errors
/// [`CryptoError::Restore`] when it is longer than [`MAX_OUTCOME_BYTES`].
pub fn seal_note(
    live: &LiveKey,
    place: &Place,
    restore: RestoreId,
    json: &str,
    random: &mut impl CryptoRng,
) -> Result<Vec<u8>> {
    seal_word(NOTE_TYPE, live, (place, restore), json, random)
}

/// Opens [`seal_note`].
///
/// # Errors
/// [`CryptoError::Restore`].
pub fn open_note(live: &LiveKey, place: &Place, restore: RestoreId, sealed: &[u8]) -> Result<String> {
    open_word(NOTE_TYPE, live, (place, restore), sealed)
}

fn seal_word(
    of: &[u8],
    live: &LiveKey,
    about: (&Place, RestoreId),
    json: &str,
    random: &mut impl CryptoRng,
) -> Result<Vec<u8>> {
    let sealed = seal_random(&outcome_key(live), &word_aad(of, about), json.as_bytes(), random);
    if sealed.len() > MAX_OUTCOME_BYTES { Err(CryptoError::Restore) } else { Ok(sealed) }
}

fn open_word(of: &[u8], live: &LiveKey, about: (&Place, RestoreId), sealed: &[u8]) -> Result<String> {
    if sealed.len() > MAX_OUTCOME_BYTES {
        return Err(CryptoError::Restore);
    }
    let json = open_random(&outcome_key(live), &word_aad(of, about), sealed);
    String::from_utf8(json.map_err(|_| CryptoError::Restore)?).map_err(|_| CryptoError::Restore)
}

fn psk(live: &LiveKey) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(derive(context!("restore psk"), &[&live.0]))
}

fn outcome_key(live: &LiveKey) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(derive(context!("restore outcome"), &[&live.0]))
}

fn word_aad(of: &[u8], (place, restore): (&Place, RestoreId)) -> Vec<u8> {
    [of, &place.account.0, &place.set.0, &restore.0].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::system_random;
    use iota_core::{
        id::{AccountId, DeviceId, SetId},
        restore::Opens,
    };

    const GRANT: Grant = Grant {
        account: AccountId([1; 16]),
        restore: RestoreId([2; 16]),
        machine: SetId([3; 16]),
        device: DeviceId([4; 16]),
        source: SetId([5; 16]),
        seq: 9,
        ordered_ms: 1_000,
        until_ms: 2_000,
        opens: Opens::Snapshot,
    };

    fn wish() -> Wish {
        Wish {
            header: HeaderHash([1; 32]),
            body_keys: vec![BodyKey::from_bytes([2; 32]), BodyKey::from_bytes([3; 32])],
            paths: vec![TreePath::parse(b"home/ada/\xff").unwrap(), TreePath::parse(b"etc").unwrap()],
            target: Target::Beside("/srv/restored".into()),
            overwrite: Overwrite::IfChanged,
            dry_run: true,
        }
    }

    #[test]
    fn an_order_has_one_encoding() {
        for wish in [wish(), Wish { target: Target::InPlace, paths: vec![], dry_run: false, ..wish() }] {
            let bytes = wish.encode();
            assert_eq!(*Wish::decode(&bytes).unwrap().encode(), *bytes);
            for end in 0..bytes.len() {
                assert!(Wish::decode(&bytes[..end]).is_err(), "{end}");
            }
            assert!(Wish::decode(&[&bytes[..], &[0]].concat()).is_err());
        }
        assert!(Wish::decode(&Wish { body_keys: vec![], ..wish() }.encode()).is_err());
        assert!(Wish::decode(&Wish { target: Target::Beside("/a/../b".into()), ..wish() }.encode()).is_err());
        for overwrite in Overwrite::ALL {
            assert_eq!(Wish::decode(&Wish { overwrite, ..wish() }.encode()).unwrap().overwrite, overwrite);
        }
    }

    #[test]
    fn an_order_opens_for_its_machine_and_its_grant_only() {
        let mut random = system_random();
        let (identity, live) = (SigningKey::generate(&mut random), LiveKey::from_bytes([7; 32]));
        let machine = AgreementSecret::generate(&mut random);
        let (signed, sealed) = seal_order(&GRANT, &wish(), &machine.public(), &live, &identity, &mut random).unwrap();
        assert_eq!(signed.verify(&identity.verifying_key(), &sealed), Ok(()));
        assert_eq!(*open_order(&GRANT, &sealed, &machine, &live).unwrap().encode(), *wish().encode());
        let stranger = SigningKey::generate(&mut random).verifying_key();
        assert!(signed.verify(&stranger, &sealed).is_err());
        let other = Grant { source: SetId([6; 16]), ..GRANT };
        assert!(SignedGrant { grant: other, ..signed }.verify(&identity.verifying_key(), &sealed).is_err());
        let wrong = Some(CryptoError::Restore);
        for opens in [Opens::Files(Digest([1; 32])), Opens::Files(Digest([2; 32]))] {
            let other = Grant { opens, ..GRANT };
            assert!(SignedGrant { grant: other, ..signed }.verify(&identity.verifying_key(), &sealed).is_err());
            assert_eq!(open_order(&other, &sealed, &machine, &live).err(), wrong, "one that opens something else");
        }
        assert_eq!(open_order(&other, &sealed, &machine, &live).err(), wrong, "another grant's");
        let elsewhere = AgreementSecret::generate(&mut random);
        assert_eq!(open_order(&GRANT, &sealed, &elsewhere, &live).err(), wrong, "another machine's");
        assert_eq!(
            open_order(&GRANT, &sealed, &machine, &LiveKey::from_bytes([8; 32])).err(),
            wrong,
            "not the owner's"
        );
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(signed.verify(&identity.verifying_key(), &changed).is_err());
            assert_eq!(open_order(&GRANT, &changed, &machine, &live).err(), wrong, "byte {position}");
        }
        assert_eq!(open_order(&GRANT, &sealed[..31], &machine, &live).err(), wrong);
        let path = TreePath::parse("x".repeat(255).as_bytes()).unwrap();
        let long = Wish { paths: vec![path; MAX_PATHS], ..wish() };
        assert_eq!(
            seal_order(&GRANT, &long, &machine.public(), &live, &identity, &mut random).err(),
            wrong,
            "too long"
        );
    }

    #[test]
    fn an_outcome_opens_for_its_restore_only() {
        let live = LiveKey::from_bytes([7; 32]);
        let place = Place { account: GRANT.account, set: GRANT.machine };
        let sealed = seal_outcome(&live, &place, GRANT.restore, "{}", &mut system_random()).unwrap();
        assert_eq!(open_outcome(&live, &place, GRANT.restore, &sealed), Ok("{}".to_owned()));
        assert!(open_note(&live, &place, GRANT.restore, &sealed).is_err());
        let note = seal_note(&live, &place, GRANT.restore, "{}", &mut system_random()).unwrap();
        assert_eq!(open_note(&live, &place, GRANT.restore, &note), Ok("{}".to_owned()));
        assert!(open_outcome(&live, &place, GRANT.restore, &note).is_err());
        assert!(open_outcome(&live, &place, RestoreId([9; 16]), &sealed).is_err());
        assert!(open_outcome(&live, &Place { set: SetId([9; 16]), ..place }, GRANT.restore, &sealed).is_err());
        assert!(open_outcome(&LiveKey::from_bytes([8; 32]), &place, GRANT.restore, &sealed).is_err());
        let long = "x".repeat(MAX_OUTCOME_BYTES);
        assert!(seal_outcome(&live, &place, GRANT.restore, &long, &mut system_random()).is_err());
    }
}
