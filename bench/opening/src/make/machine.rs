//! A machine that backs up a made-up tree, and what its account's browser finds then.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result, ensure};
use iota_agent::backup::{self, Machine, Options};
use iota_agent::monitor::{Clock, Silent};
use iota_agent::ratchet::Ratchet;
use iota_bench_opening::fixture::ACCOUNT;
use iota_core::api::frames::Segment;
use iota_core::api::json::{Bytes, SetInfo};
use iota_core::certificate::{Certificate, SignedCertificate};
use iota_core::chain::SkipChain;
use iota_core::extent::ChunkRef;
use iota_core::history::Certificates;
use iota_core::id::{AgreementKey, DeviceId, SetId};
use iota_core::page::decode_index;
use iota_core::state::State;
use iota_crypto::chunk::ChunkOpener;
use iota_crypto::chunker::ChunkerKey;
use iota_crypto::cut::CutKey;
use iota_crypto::history::open_bodies;
use iota_crypto::keys::{ChunkerSecret, FIRST_EPOCH, MasterKey, SigningKey};
use iota_crypto::label;
use iota_crypto::secret::system_random;
use tempfile::TempDir;

use super::server::Server;
use super::tree::Tree;

const SET: SetId = SetId([2; 16]);
const DEVICE: DeviceId = DeviceId([3; 16]);
/// Commits after the base. With more or larger ones the next base would be due, so no segment is much longer than this one.
const DELTAS: u32 = 7;

/// What a server has of a set.
pub struct BackedUp {
    /// Answer of `GET /sets`.
    pub sets: Vec<SetInfo>,
    /// From the base to the head.
    pub segment: Segment,
    /// Files in the newest state.
    pub files: u64,
    /// Objects of the base: index pages and pages.
    pub pages: Vec<Vec<u8>>,
}

/// Noon, so that all backups are of one day.
struct Noon;

impl Clock for Noon {
    fn now_ms(&self) -> u64 {
        (22_000 * 24 + 12) * 3_600_000
    }
}

/// Backs up a tree: a base, and then a busy day's changes.
///
/// # Errors
/// When the disk is full.
pub fn back_up(master: &MasterKey, tree: &Tree) -> Result<BackedUp> {
    let (server, signing) = (Server::new()?, SigningKey::from_seed(&[8; 32]));
    let (config, state) = (private_dir()?, private_dir()?);
    let log_root = master.log_root(ACCOUNT, SET, FIRST_EPOCH);
    Ratchet::create(SET, FIRST_EPOCH, log_root, SkipChain::default(), 0).save(config.path())?;
    let secret = ChunkerSecret::from_bytes(*master.chunker_secret(ACCOUNT, FIRST_EPOCH).expose());
    let machine = Machine {
        account: ACCOUNT,
        set: SET,
        device: DEVICE,
        signing: &signing,
        dedup: &master.dedup_key(ACCOUNT, FIRST_EPOCH),
        chunker: &ChunkerKey::new(&secret),
        cut: &CutKey::new(&secret),
        config_dir: config.path(),
        state_dir: state.path(),
    };
    let mut files = 0;
    for day_part in 0..=DELTAS {
        let scan = || Ok(tree.scan(day_part));
        let report = backup::run(&machine, &server, scan, Options::default(), &Noon, &Silent)?;
        ensure!(report.gap_count == 0, "the backup has {} gaps", report.gap_count);
        files = report.files;
    }
    let segment = server.segment();
    ensure!(segment.commits.len() == DELTAS as usize + 1, "the agent wrote another base than the first");
    let certificate = certificate(master, &signing);
    let pages = pages(master, &server, &certificate)?;
    let sets = vec![set(master, &server, &certificate)];
    Ok(BackedUp { sets, segment, files, pages })
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

/// The objects of the newest base.
fn pages(master: &MasterKey, server: &Server, certificate: &SignedCertificate) -> Result<Vec<Vec<u8>>> {
    let identity = master.identity(ACCOUNT).verifying_key();
    let head = server.newest().context("nothing was committed")?;
    let certificates = Certificates::verify(ACCOUNT, SET, &identity, std::slice::from_ref(certificate))?;
    let verified = certificates.verify_segment(server.segment(), head.seq)?;
    let state = State::replay(open_bodies(&verified, master)?)?;
    let dedup = master.dedup_key(ACCOUNT, FIRST_EPOCH);
    let (mut pages, mut plaintext) = (Vec::new(), Vec::new());
    for index in &state.top {
        let ChunkRef { cid, .. } = index.chunk;
        let object = server.object(&cid)?;
        ChunkOpener::default().open_private(&dedup, &index.chunk, &object, &mut plaintext)?;
        pages.push(object);
        for page in decode_index(&plaintext)? {
            pages.push(server.object(&page.chunk.cid)?);
        }
    }
    Ok(pages)
}
