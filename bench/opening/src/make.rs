//! The fixture: pieces of files, and a large set that the agent itself backed up.

mod machine;
mod pieces;
mod server;
mod tree;

use anyhow::Result;
use iota_bench_opening::fixture::{ACCOUNT, Fixture, Known, MASTER};
use iota_core::api::json::{Bytes, Vault};
use iota_core::id::Cid;
use iota_core::vault::PathToken;
use iota_crypto::keys::MasterKey;
use iota_crypto::kit::KeyFile;
use iota_crypto::path_token;
use iota_crypto::secret::system_random;
use iota_crypto::slot::{KeyFileSecret, SlotSecret, create, sign_list};

use machine::BackedUp;
use tree::{FILES_PER_FOLDER, Tree};

/// Folders that are looked at, or all when there are fewer.
const WALKED: usize = 500;

/// A fixture with this many folders in its set and this many bytes of pieces.
///
/// # Errors
/// When the disk is full.
pub fn fixture(folders: u32, piece_bytes: usize) -> Result<Vec<u8>> {
    let master = MasterKey::from_bytes(MASTER);
    let tree = Tree::grown(folders)?;
    let BackedUp { sets, segment, files, pages } = machine::back_up(&master, &tree)?;
    let (pieces, objects) = pieces::seal(&master, piece_bytes)?;
    let (vault, key_file) = vault(&master)?;
    let paths = master.path_key(ACCOUNT);
    let walk = tree.walk(WALKED).into_iter().map(|path| PathToken(path_token::seal(&paths, path))).collect();
    let known = Known {
        pieces,
        vault,
        key_file,
        sets,
        segment: Bytes(segment.encode()),
        files,
        walk,
        folder_entries: FILES_PER_FOLDER,
    };
    let objects = objects.into_iter().chain(pages).map(|object| (Cid::of(&object), object));
    Ok(Fixture::encode(&known, objects)?)
}

/// A vault that a key file opens.
fn vault(master: &MasterKey) -> Result<(Vault, String)> {
    let identity = master.identity(ACCOUNT);
    let secret = KeyFileSecret::from_bytes([5; 32]);
    let slot = create(ACCOUNT, master, &SlotSecret::KeyFile(&secret), &mut system_random())?;
    let words = iota_crypto::words::RecoveryWords::generate(&mut system_random());
    let other = create(ACCOUNT, master, &SlotSecret::RecoveryWords(&words), &mut system_random())?;
    let slot_list = Bytes(sign_list(ACCOUNT, 1, vec![slot.clone(), other], &identity).encode());
    let vault = Vault { account: ACCOUNT, identity: identity.verifying_key(), slot_list };
    Ok((vault, KeyFile { secret, slot }.to_text()))
}

/// Bytes that nobody can compress, the same for equal seeds.
fn noise(seed: u64, output: &mut [u8]) {
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(output);
}

#[cfg(test)]
mod tests {
    use iota_bench_opening::measure::measure;

    #[test]
    fn a_small_fixture_opens_and_says_what_was_fetched() {
        let report = measure(super::fixture(40, 1 << 20).unwrap()).unwrap();
        assert_eq!((report.files, report.walk.folders), (4000, 40));
        assert!(report.pieces().bytes >= 1 << 20);
        // A vault, a list of sets twice, a segment; then the only index page with the page of the top.
        assert_eq!((report.open.objects, report.first.objects), (0, 2));
        assert!((report.open.bytes..100_000).contains(&report.bytes_to_open()), "{report:?}");
        // The pages of 4000 entries, none of them twice.
        assert!((10..100).contains(&report.walk.all.objects), "{report:?}");
    }
}
