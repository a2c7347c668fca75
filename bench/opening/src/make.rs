//! The fixture: pieces of files, and a large set that the agent itself backed up.

mod life;
mod machine;
mod pieces;
mod server;
mod tree;

use anyhow::Result;
use iota_bench_opening::fixture::{ACCOUNT, Done, Fixture, Known, Later, MASTER, Span, Zip};
use iota_core::api::json::{Bytes, Vault};
use iota_core::id::Cid;
use iota_core::path::TreePath;
use iota_core::vault::PathToken;
use iota_crypto::keys::MasterKey;
use iota_crypto::kit::KeyFile;
use iota_crypto::path_token;
use iota_crypto::secret::system_random;
use iota_crypto::slot::{KeyFileSecret, SlotSecret, create, sign_list};

use life::Life;
use machine::{BackedUp, DELTAS};
use tree::{FILES_PER_FOLDER, Tree};

/// Folders that are looked at, or all when there are fewer.
const WALKED: usize = 500;

/// How large a fixture is.
pub struct Size {
    /// Folders in its set, each with a hundred files.
    pub folders: u32,
    /// Commits of each day after the first.
    pub days: Vec<u32>,
    /// Bytes of pieces, and likewise of the files that can be taken out as a zip.
    pub bytes: usize,
}

/// Days on which something is backed up, after the first.
const DAYS: u32 = 25;
/// One day has so many times the commits of another: so many that a base is due before the day is over.
const BUSY_TIMES: u32 = 20;

/// Commits of each day, together so many; the busy day lies in the middle.
pub fn days(commits: u32) -> Vec<u32> {
    let each = commits / (DAYS - 1 + BUSY_TIMES);
    let mut days = vec![each; DAYS as usize];
    days[DAYS as usize / 2] = commits - each * (DAYS - 1);
    days
}

/// Makes a fixture.
///
/// # Errors
/// When the disk is full.
pub fn fixture(size: &Size) -> Result<Vec<u8>> {
    let master = MasterKey::from_bytes(MASTER);
    let tree = Tree::grown(size.folders)?;
    let mut life = Life::new(&tree, size.bytes)?;
    let BackedUp { sets, files, later_sets, commits, done, objects } =
        machine::back_up(&master, &mut life, &size.days)?;
    let (pieces, sealed) = pieces::seal(&master, size.bytes)?;
    let (vault, key_file) = vault(&master)?;
    let paths = master.path_key(ACCOUNT);
    let token = |path: &TreePath| PathToken(path_token::seal(&paths, path));
    let walk = tree.walk(WALKED).into_iter().map(token).collect();
    let done = (u64::from(DELTAS) + 2..).zip(&done).map(|(seq, edited)| Done {
        seq,
        folder: token(&edited.folder),
        entries: edited.entries,
        changes: edited.changes,
        files: edited.files,
    });
    let later = Later {
        sets: later_sets,
        commits: done.collect(),
        spans: vec![
            Span { what: "from a base".into(), from: u64::from(DELTAS) + 3, changes: life.changes_since(1) },
            Span {
                what: "and the busy day's deltas".into(),
                from: u64::from(DELTAS) + 1,
                changes: life.changes_since(0) + life.reference.files() + 1,
            },
        ],
        names: life.names().count() as u64,
        searches: life.searches(),
        zip: Zip {
            folder: token(&life.reference.folder),
            files: life.reference.files(),
            bytes: life.reference.bytes(),
        },
    };
    let known = Known { pieces, vault, key_file, sets, files, walk, folder_entries: FILES_PER_FOLDER, later };
    let objects = sealed.into_iter().chain(objects).map(|object| (Cid::of(&object), object));
    Ok(Fixture::encode(&known, &commits, objects)?)
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
    use super::Size;
    use iota_bench_opening::measure::measure;

    #[test]
    fn a_small_fixture_opens_and_says_what_was_fetched() {
        let size = Size { folders: 80, days: vec![6, 6, 30, 6, 6, 6], bytes: 1 << 20 };
        let report = measure(super::fixture(&size).unwrap()).unwrap();
        assert_eq!((report.files, report.walk.folders), (8000, 80));
        assert!(report.pieces().bytes >= 1 << 20);
        // A vault, a list of sets twice, a segment; then the only index page with the page of the top.
        assert_eq!((report.open.objects, report.first.objects), (0, 2));
        assert!((report.open.bytes..100_000).contains(&report.bytes_to_open()), "{report:?}");
        // The pages of 8000 entries, none of them twice.
        assert!((20..200).contains(&report.walk.all.objects), "{report:?}");

        let past = &report.past;
        assert_eq!((past.commits, past.bases), (9 + 60, 7));
        let wait = |what: &str| past.waits.iter().find(|wait| wait.what.starts_with(what)).unwrap();
        // A step forward asks for the commit that follows, a step back for none: they are here. Pages that are here are not fetched.
        let (on, back) = (wait("step forward among 29 deltas"), wait("step back among 29 deltas"));
        assert_eq!((on.times, on.all.requests, on.all.objects), (14, 14, 0));
        assert_eq!((back.times, back.all.requests, back.all.objects), (14, 0, 0));
        assert!(on.all.bytes < 14 * 12_000, "{on:?}");
        assert_eq!(wait("– the same folder there, among 29 deltas").all.requests, 0);
        // What comparisons and searches find is compared with what was made when they are measured.
        assert!(wait("comparison over 59 commits").all.objects < wait("comparison over 61 commits").all.objects);
        // Two folders at the top, five areas, two groups, 80 folders with their files, a new file in each commit; the reference work.
        let zip = wait("zip of");
        let in_zip: u64 = zip.what.split(' ').find_map(|word| word.parse().ok()).unwrap();
        assert_eq!(past.names, 2 + 5 + 2 + 80 + 8000 + 60 + 1 + in_zip);
        assert!(wait("– search for one name: 1 of them").times > 0);
        assert!(wait("– search for what there is not: 0 of them").all.requests == 0);
        assert!(past.zip.bytes >= 1 << 20 && zip.all.bytes > past.zip.bytes / 2, "{zip:?}");
    }

    #[test]
    fn the_commits_of_all_days_are_as_many_as_were_asked_for() {
        for commits in [60, 2000] {
            let days = super::days(commits);
            assert_eq!((days.len(), days.iter().sum::<u32>()), (25, commits));
        }
        assert!(super::days(2000).contains(&920));
    }
}
