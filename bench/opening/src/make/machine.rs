//! A machine that backs up a made-up tree, and what lives on in it, and what its account's browser finds then.

use std::collections::HashSet;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Result, ensure};
use iota_agent::backup::{self, Machine, Options};
use iota_agent::monitor::{Clock, Silent};
use iota_agent::ratchet::Ratchet;
use iota_bench_opening::fixture::ACCOUNT;
use iota_core::api::frames::StoredCommit;
use iota_core::api::json::{Bytes, SetInfo};
use iota_core::certificate::{Certificate, SignedCertificate};
use iota_core::chain::SkipChain;
use iota_core::history::Certificates;
use iota_core::id::{AgreementKey, DeviceId, SetId};
use iota_core::page::decode_index;
use iota_core::state::State;
use iota_crypto::chunk::ChunkOpener;
use iota_crypto::domain::Domains;
use iota_crypto::history::open_bodies;
use iota_crypto::keys::{ChunkerSecret, FIRST_EPOCH, MasterKey, SigningKey};
use iota_crypto::label;
use iota_crypto::secret::system_random;
use tempfile::TempDir;

use super::life::{Edited, Life, Part};
use super::server::Server;

const SET: SetId = SetId([2; 16]);
const DEVICE: DeviceId = DeviceId([3; 16]);
/// Commits after the base. With more or larger ones the next base would be due, so no segment is much longer than this one.
pub const DELTAS: u32 = 7;

/// The day of the first base, counted from 1970.
const FIRST_DAY: u64 = 22_000;
const HOUR_MS: u64 = 3_600_000;
/// When the first commit of a later day is made, and how long until after the last.
const WORK_BEGINS_MS: u64 = 8 * HOUR_MS;
const WORK_MS: u64 = 14 * HOUR_MS;

/// What a server has of a set.
pub struct BackedUp {
    /// Answer of `GET /sets` after the busy day.
    pub sets: Vec<SetInfo>,
    /// Files in the newest state of that day.
    pub files: u64,
    /// Answer of `GET /sets` at the end.
    pub later_sets: Vec<SetInfo>,
    /// All commits.
    pub commits: Vec<StoredCommit>,
    /// What was done after the busy day, commit by commit; the first of it is the reference work.
    pub done: Vec<Edited>,
    /// Objects of the bases (index pages and pages), and those of the reference work.
    pub objects: Vec<Vec<u8>>,
}

/// Tells the time of one backup.
struct At(u64);

impl Clock for At {
    fn now_ms(&self) -> u64 {
        self.0
    }
}

/// Backs up a tree: a base, and a busy day's changes, which end with the reference work. The days after it begin with a base each and
/// have as many commits as `days` says.
///
/// # Errors
/// When the disk is full.
pub fn back_up(master: &MasterKey, life: &mut Life<'_>, days: &[u32]) -> Result<BackedUp> {
    let (server, signing) = (Server::new()?, SigningKey::from_seed(&[8; 32]));
    let (config, state) = (private_dir()?, private_dir()?);
    let log_root = master.log_root(ACCOUNT, SET, FIRST_EPOCH);
    Ratchet::create(SET, FIRST_EPOCH, log_root, SkipChain::default(), 0).save(config.path())?;
    let secret = ChunkerSecret::from_bytes(*master.chunker_secret(ACCOUNT, FIRST_EPOCH).expose());
    let live = master.live_key(ACCOUNT, SET, FIRST_EPOCH);
    let machine = Machine {
        account: ACCOUNT,
        set: SET,
        device: DEVICE,
        signing: &signing,
        domains: &Domains::new(master.dedup_key(ACCOUNT, FIRST_EPOCH), &secret, &live),
        config_dir: config.path(),
        state_dir: state.path(),
    };
    let noon = At((FIRST_DAY * 24 + 12) * HOUR_MS);
    let mut files = 0;
    for day_part in 0..=DELTAS {
        let scan = || Ok(life.tree.scan(day_part));
        let report = backup::run(&machine, &server, scan, Options::default(), &noon, &Silent)?;
        ensure!(report.gap_count == 0, "the backup has {} gaps", report.gap_count);
        files = report.files;
    }
    ensure!(server.bases() == [1], "the agent wrote another base than the first");
    let certificate = certificate(master, &signing);
    let sets = vec![set(master, &server, &certificate)];

    let mut done = Vec::new();
    let mut run = |edited: Edited, part: &Part, clock: At| {
        let report = backup::run(&machine, &server, || Ok(part.clone()), Options::default(), &clock, &Silent)?;
        let expected = (u64::from(DELTAS) + 2 + done.len() as u64, edited.files, 0);
        let made = (report.seq, report.files, report.gap_count);
        ensure!(made == expected, "a backup is {made:?} instead of {expected:?}: commit, files, gaps");
        // Files of bundles of which little is used any more are stored anew on the way.
        ensure!(report.changes >= edited.changes.into(), "a backup has {} changes only", report.changes);
        done.push(edited);
        anyhow::Ok(())
    };
    let before = server.sent_bytes();
    let (edited, part) = life.reference_work()?;
    run(edited, &part, noon)?;
    let mut objects = server.objects_since(before)?;
    for (day, &commits) in (1..).zip(days) {
        for commit in 0..commits {
            let (edited, part) = life.edit(day, commit)?;
            let at = (FIRST_DAY + day) * 24 * HOUR_MS + WORK_BEGINS_MS;
            run(edited, &part, At(at + WORK_MS * u64::from(commit) / u64::from(commits)))?;
            if (day, commit) == (1, 0) {
                life.mark();
            }
        }
    }
    objects.extend(pages(master, &server, &certificate)?);
    let later_sets = vec![set(master, &server, &certificate)];
    Ok(BackedUp { sets, files, later_sets, commits: server.commits(), done, objects })
}

/// The agent keeps its names nowhere else.
fn private_dir() -> io::Result<TempDir> {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir()
}

fn certificate(master: &MasterKey, signing: &SigningKey) -> SignedCertificate {
    let certificate = Certificate {
        account: ACCOUNT,
        set: SET,
        device: DEVICE,
        key_epoch: FIRST_EPOCH,
        signing_key: signing.verifying_key(),
        agreement_key: AgreementKey([7; 32]),
        issued_ms: 1,
        first_seq: 1,
        skip_chain: vec![],
    };
    let signature = master.identity(ACCOUNT).sign(&certificate.encode());
    SignedCertificate { certificate, signature }
}

fn set(master: &MasterKey, server: &Server, certificate: &SignedCertificate) -> SetInfo {
    SetInfo {
        set: SET,
        device: DEVICE,
        label: Bytes(label::seal(&master.label_key(ACCOUNT), SET, "attic", &mut system_random())),
        created_ms: 1,
        certificates: vec![Bytes(certificate.encode())],
        head: server.newest(),
        contact_ms: None,
        live_bytes: 0,
        upload: None,
        days: vec![],
        watch: None,
    }
}

/// The objects of all bases, each once.
fn pages(master: &MasterKey, server: &Server, certificate: &SignedCertificate) -> Result<Vec<Vec<u8>>> {
    let identity = master.identity(ACCOUNT).verifying_key();
    let certificates = Certificates::verify(ACCOUNT, SET, &identity, std::slice::from_ref(certificate))?;
    let dedup = master.dedup_key(ACCOUNT, FIRST_EPOCH);
    let (mut pages, mut known, mut plaintext) = (Vec::new(), HashSet::new(), Vec::new());
    for base in server.bases() {
        let verified = certificates.verify_segment(server.base(base), base)?;
        let state = State::replay(open_bodies(&verified, master)?)?;
        for index in &state.top {
            if !known.insert(index.chunk.cid) {
                continue;
            }
            let object = server.object(&index.chunk.cid)?;
            ChunkOpener::default().open_checked(&dedup, &index.chunk, &object, &mut plaintext)?;
            pages.push(object);
            for page in decode_index(&plaintext)? {
                if known.insert(page.chunk.cid) {
                    pages.push(server.object(&page.chunk.cid)?);
                }
            }
        }
    }
    Ok(pages)
}
