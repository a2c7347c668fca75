//! The measured work.

use std::rc::Rc;

use futures::FutureExt;
use iota_core::api::json::SetInfo;
use iota_core::vault::{
    Ask, ListFolder, ListMachines, Listing, OpenPoint, Order, PathToken, Problem, Question, ReadRows, Secret, Unlock,
};
use iota_core::wire::WireError;
use iota_crypto::chunk::ChunkOpener;
use iota_crypto::error::CryptoError;
use iota_crypto::keys::{DedupKey, FIRST_EPOCH, MasterKey};
use iota_vault::desk::Desk;
use thiserror::Error;

use crate::browser::{FixtureBrowser, Traffic};
use crate::clock::timed;
use crate::fixture::{ACCOUNT, Content, Fixture, MASTER, Piece};
use crate::report::{Opened, Report, Step, Walk};
use crate::time;

/// Rows that a page asks for at first.
const ROWS: u32 = 200;

/// Why there is no report.
#[derive(Debug, Error)]
pub enum MeasureError {
    /// The fixture is of another version.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// Likewise.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A piece does not open.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The vault does not answer.
    #[error("the vault says: {}", .0.message)]
    Vault(Problem),
    /// The fixture answers at once, so nothing may wait.
    #[error("the vault waits for something that the fixture does not have")]
    Waits,
    /// The fixture has another content than it says.
    #[error("the fixture is incomplete: {0}")]
    Incomplete(&'static str),
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, MeasureError>;

/// Opens everything of a fixture.
///
/// # Errors
/// [`MeasureError`].
pub fn measure(fixture: Vec<u8>) -> Result<Report> {
    let fixture = Rc::new(Fixture::decode(fixture)?);
    // Once before the clock runs: compilers of wasm begin with slow code and replace it while it runs.
    for content in [Content::Text, Content::Noise] {
        open_pieces(&fixture, content)?;
    }
    let text = open_pieces(&fixture, Content::Text)?;
    let noise = open_pieces(&fixture, Content::Noise)?;
    let tab = Tab::new(&fixture, &fixture.known.sets);
    let ((open, seq), first) = (tab.open()?, tab.first_folder()?);
    let walk = tab.walk(seq)?;
    drop(tab);
    let past = time::measure(&fixture)?;
    Ok(Report { text, noise, files: fixture.known.files, open, first, walk, past })
}

fn open_pieces(fixture: &Fixture, content: Content) -> Result<Opened> {
    let dedup = MasterKey::from_bytes(MASTER).dedup_key(ACCOUNT, FIRST_EPOCH);
    let pieces: Vec<&Piece> = fixture.known.pieces.iter().filter(|piece| piece.content == content).collect();
    let mut plaintext = Vec::new();
    let mut opener = ChunkOpener::default();
    let (ms, opened) = timed(|| {
        pieces.iter().try_fold(0, |sum, piece| {
            open_piece(fixture, &dedup, &mut opener, piece, &mut plaintext)?;
            Ok::<_, MeasureError>(sum + plaintext.len() as u64)
        })
    });
    let bytes = opened?;
    if bytes != pieces.iter().map(|piece| piece.bytes).sum::<u64>() {
        return Err(MeasureError::Incomplete("pieces have other lengths"));
    }
    Ok(Opened { bytes, ms })
}

/// As downloads do: id, seal, compression, and the key of the content.
fn open_piece(
    fixture: &Fixture,
    dedup: &DedupKey,
    opener: &mut ChunkOpener,
    piece: &Piece,
    plaintext: &mut Vec<u8>,
) -> Result<()> {
    let object = fixture.object(&piece.cid).ok_or(MeasureError::Incomplete("a piece is missing"))?;
    Ok(opener.open_checked(dedup, &piece.chunk()?, object, plaintext)?)
}

/// A tab that was just loaded, in a browser that was never here.
pub(crate) struct Tab {
    pub(crate) fixture: Rc<Fixture>,
    pub(crate) desk: Rc<Desk<FixtureBrowser>>,
}

impl Tab {
    /// Its server has `sets`.
    pub(crate) fn new(fixture: &Rc<Fixture>, sets: &[SetInfo]) -> Self {
        let browser = FixtureBrowser::new(Rc::clone(fixture), sets.to_vec());
        Self { fixture: Rc::clone(fixture), desk: Desk::new(browser) }
    }

    /// As a page asks: JSON in, JSON out.
    pub(crate) fn ask<Q: Question>(&self, question: Q) -> Result<Q::Answer> {
        let ask: Ask = serde_json::from_str(&serde_json::to_string(&question.into())?)?;
        let answer = self.desk.answer(ask).now_or_never().ok_or(MeasureError::Waits)?;
        Ok(serde_json::from_str(&answer.map_err(MeasureError::Vault)?)?)
    }

    pub(crate) fn step<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(Step, T)> {
        let before = self.traffic();
        let (ms, result) = timed(work);
        Ok((Step::new(ms, self.traffic() - before), result?))
    }

    fn traffic(&self) -> Traffic {
        self.desk.platform.traffic()
    }

    pub(crate) fn unlock(&self) -> Result<()> {
        self.ask(Unlock { secret: Secret::KeyFile(self.fixture.known.key_file.clone()) }).map(drop)
    }

    /// Unlocks the vault, lists the machines, opens the newest state of the one that there is; says which it is.
    fn open(&self) -> Result<(Step, u64)> {
        let known = &self.fixture.known;
        let (step, point) = self.step(|| {
            self.unlock()?;
            let machines = self.ask(ListMachines {})?;
            let machine = machines.first().ok_or(MeasureError::Incomplete("there is no set"))?;
            self.ask(OpenPoint { set: machine.set, at: None })
        })?;
        if point.files != known.files {
            return Err(MeasureError::Incomplete("the set has another number of files"));
        }
        Ok((step, point.seq))
    }

    fn first_folder(&self) -> Result<Step> {
        let seq = self.fixture.known.sets[0].head.as_ref().map_or(0, |head| head.seq);
        let (step, listing) = self.step(|| self.show(seq, None))?;
        if listing.count == 0 { Err(MeasureError::Incomplete("the top is empty")) } else { Ok(step) }
    }

    fn walk(&self, seq: u64) -> Result<Walk> {
        let (walk, before) = (&self.fixture.known.walk, self.traffic());
        let mut times_ms = Vec::with_capacity(walk.len());
        for folder in walk {
            let (step, listing) = self.step(|| self.show(seq, Some(folder)))?;
            if listing.lost > 0 || listing.count != self.fixture.known.folder_entries {
                return Err(MeasureError::Incomplete("a folder has other entries"));
            }
            times_ms.push(step.ms);
        }
        let all = Step::new(times_ms.iter().sum(), self.traffic() - before);
        times_ms.sort_by(f64::total_cmp);
        let at = |share: usize| times_ms.get(times_ms.len() * share / 100).copied().unwrap_or_default();
        Ok(Walk { folders: walk.len() as u32, all, median_ms: at(50), p95_ms: at(95) })
    }

    /// Lists a folder and reads the rows that a page shows.
    pub(crate) fn show(&self, at: u64, folder: Option<&PathToken>) -> Result<Listing> {
        let set = self.fixture.known.sets[0].set;
        let folder = folder.cloned();
        let listing = self.ask(ListFolder { set, at, folder, order: Order::Name, descending: false })?;
        let rows = self.ask(ReadRows { listing: listing.listing, from: 0, count: ROWS })?;
        if rows.len() as u32 == listing.count.min(ROWS) {
            Ok(listing)
        } else {
            Err(MeasureError::Incomplete("rows are missing"))
        }
    }
}
