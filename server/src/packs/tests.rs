use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use futures::future::join_all;
use iota_core::pack::{FIRST_RECORD, record_bytes};

use super::disk::Disk;
use super::simulated::{SimulatedDisk, Trouble};
use super::*;

const SERVER: ServerId = ServerId([7; 16]);
const ROOT: &str = "/data/packs";
const SMALL: PackOptions = PackOptions { pack_bytes: 4096, min_free_bytes: Some(1000), reserve_bytes: 0 };

fn record(kind: RecordKind, number: u32, bytes: usize) -> Record {
    let payload: Vec<u8> = number.to_le_bytes().into_iter().cycle().take(bytes).collect();
    Record::new(kind, AccountId([1; 16]), payload.into())
}

fn object(number: u32, bytes: usize) -> Record {
    record(RecordKind::Object, number, bytes)
}

/// A disk with the packs of a server on it, and whether the writer said that the disk failed.
fn open(disk: &SimulatedDisk, options: PackOptions) -> Result<(Packs, Arc<AtomicBool>), PackError> {
    let failed = Arc::new(AtomicBool::new(false));
    let flag = failed.clone();
    let packs = Packs::open_on(Arc::new(disk.clone()), Path::new(ROOT), SERVER, options, move |_| {
        flag.store(true, Ordering::SeqCst)
    })?;
    Ok((packs, failed))
}

fn walk_on(disk: &SimulatedDisk, number: u64, verify: bool) -> Walk {
    walk::walk(disk, Path::new(ROOT), number, verify).unwrap()
}

/// Batches of every kind of length, so that several packs are filled. Returns what was acknowledged.
async fn work(packs: &Packs) -> Vec<(Place, Record)> {
    let mut acknowledged = Vec::new();
    for number in 0..12 {
        let batch: Vec<_> =
            (0..=number % 3).map(|part| object(100 * number + part, 700 * (number as usize % 4) + 1)).collect();
        if let Ok(places) = packs.append(batch.clone()).await {
            acknowledged.extend(places.into_iter().zip(batch));
        }
    }
    packs.close().await;
    acknowledged
}

async fn assert_all_read(packs: &Packs, acknowledged: &[(Place, Record)]) {
    let read = packs.read_all(acknowledged.iter().map(|(place, _)| *place).collect()).await.unwrap();
    for ((place, record), read) in acknowledged.iter().zip(read) {
        assert_eq!(&read.unwrap(), record, "{place}");
    }
}

#[tokio::test]
async fn what_was_appended_is_read_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("packs");
    let packs = Packs::open(&root, SERVER, SMALL).unwrap();
    let acknowledged = work(&packs).await;
    assert_eq!(acknowledged.len(), 24);
    assert_all_read(&packs, &acknowledged).await;
    assert!(matches!(packs.append(vec![object(1, 1)]).await, Err(PackError::Closed)));

    let list = list(&root).unwrap();
    assert_eq!(list.numbers, (1..=list.numbers.len() as u64).collect::<Vec<_>>());
    assert!(list.numbers.len() > 3 && list.foreign.is_empty(), "{list:?}");
    let mut listed = Vec::new();
    for number in list.numbers {
        let (quick, verified) = (walk(&root, number, false).unwrap(), walk(&root, number, true).unwrap());
        assert_eq!((&quick.records, quick.ended, quick.torn_bytes), (&verified.records, true, 0));
        assert!(verified.faults.is_empty() && verified.file_bytes < 2 * SMALL.pack_bytes, "{verified:?}");
        listed.extend(quick.of_kind(RecordKind::Object).map(|(place, head)| (place, head.id)));
    }
    assert_eq!(listed, acknowledged.iter().map(|(place, record)| (*place, record.id)).collect::<Vec<_>>());
}

#[tokio::test]
async fn each_run_writes_to_packs_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("packs");
    let mut acknowledged = Vec::new();
    for run in 0..3 {
        let packs =
            Packs::open(&root, SERVER, PackOptions { min_free_bytes: Some(0), ..PackOptions::default() }).unwrap();
        let batch = vec![object(run, 100_000)];
        let places = packs.append(batch.clone()).await.unwrap();
        assert_eq!(places[0], Place { pack: u64::from(run) + 1, position: FIRST_RECORD, payload_bytes: 100_000 });
        acknowledged.extend(places.into_iter().zip(batch));
        assert_all_read(&packs, &acknowledged).await;
    }
    assert!(matches!(Packs::open(&root, ServerId([8; 16]), SMALL), Err(PackError::Foreign { .. })));
}

#[tokio::test]
async fn many_at_once_share_syncs_and_lose_nothing() {
    let disk = SimulatedDisk::new(None);
    let (packs, _) = open(&disk, PackOptions { pack_bytes: 1 << 20, ..SMALL }).unwrap();
    let before = disk.operations();
    let records: Vec<_> = (0..200).map(|number| object(number, 500)).collect();
    let mut appended = join_all(records.iter().map(|record| packs.append(vec![record.clone()])));
    // While the disk is busy they queue up.
    let busy = disk.hold();
    assert!((&mut appended).now_or_never().is_none());
    drop(busy);
    let places = appended.await.into_iter().map(|places| places.unwrap()[0]);
    let acknowledged: Vec<_> = places.zip(records).collect();
    assert_eq!(acknowledged.iter().map(|(place, _)| place).collect::<BTreeSet<_>>().len(), 200);
    assert!(disk.operations() - before < 300, "{} operations for 200 batches", disk.operations() - before);
    let (packs, _) = open(&disk.after_crash(|_| Vec::new()), SMALL).unwrap();
    assert_all_read(&packs, &acknowledged).await;
}

type Leftover = fn(&[u8]) -> Vec<u8>;
/// What a crash may leave of bytes that were not synced.
const LEFTOVERS: [Leftover; 4] =
    [|_| Vec::new(), |bytes| bytes.to_vec(), |bytes| bytes[..bytes.len() / 2].to_vec(), |bytes| vec![0; bytes.len()]];

#[tokio::test]
async fn a_crash_between_any_two_steps_loses_nothing_acknowledged() {
    let undisturbed = SimulatedDisk::new(None);
    work(&open(&undisturbed, SMALL).unwrap().0).await;
    for at in 0..=undisturbed.operations() {
        let disk = SimulatedDisk::new(Some(Trouble::Crash(at)));
        let acknowledged = match open(&disk, SMALL) {
            Ok((packs, _)) => work(&packs).await,
            Err(_) => Vec::new(),
        };
        for keep in LEFTOVERS {
            let disk = disk.after_crash(keep);
            let old: BTreeSet<_> = disk.paths().into_iter().collect();
            let contents: Vec<_> = old.iter().map(|path| disk.content(path)).collect();
            let (packs, _) = open(&disk, SMALL).unwrap();
            let more = work(&packs).await;
            assert_eq!(more.len(), 24);
            assert_all_read(&packs, &[&acknowledged[..], &more].concat()).await;
            // Never appended to a file of an earlier run.
            assert!(old.iter().map(|path| disk.content(path)).eq(contents), "crash at {at}");
            for (place, record) in &acknowledged {
                let walk = walk_on(&disk, place.pack, true);
                assert!(walk.of_kind(record.kind).any(|(found, head)| found == *place && head.id == record.id));
            }
        }
    }
}

#[tokio::test]
async fn after_an_error_of_the_disk_nothing_is_acknowledged() {
    let undisturbed = SimulatedDisk::new(None);
    work(&open(&undisturbed, SMALL).unwrap().0).await;
    for at in 0..undisturbed.operations() {
        let disk = SimulatedDisk::new(Some(Trouble::Error(at)));
        let Ok((packs, failed)) = open(&disk, SMALL) else { continue };
        let acknowledged = work(&packs).await;
        assert!(packs.append(vec![object(0, 1)]).await.is_err(), "error at {at}");
        // The thread says so, and the process would end.
        while !failed.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        let (packs, _) = open(&disk.after_crash(|_| Vec::new()), SMALL).unwrap();
        assert_all_read(&packs, &acknowledged).await;
    }
}

#[tokio::test]
async fn a_full_disk_refuses_and_then_goes_on() {
    let undisturbed = SimulatedDisk::new(None);
    work(&open(&undisturbed, SMALL).unwrap().0).await;
    let mut refused = 0;
    for at in 0..undisturbed.operations() {
        let disk = SimulatedDisk::new(Some(Trouble::Full(at)));
        let Ok((packs, failed)) = open(&disk, SMALL) else { continue };
        let acknowledged = work(&packs).await;
        refused += usize::from(acknowledged.len() < 24 && !failed.load(Ordering::SeqCst));
        let (packs, _) = open(&disk.after_crash(|_| Vec::new()), SMALL).unwrap();
        assert_all_read(&packs, &acknowledged).await;
    }
    assert!(refused > 10, "{refused}");
}

#[tokio::test]
async fn objects_leave_room_and_decisions_go_on() {
    let disk = SimulatedDisk::new(None);
    let options = PackOptions { reserve_bytes: 2 << 20, ..SMALL };
    let (packs, _) = open(&disk, options).unwrap();
    let reserve = Path::new(ROOT).join("reserve");
    assert_eq!(disk.content(&reserve).len(), 2 << 20);
    disk.set_free_bytes(999);
    assert!(matches!(packs.append(vec![object(1, 10)]).await, Err(PackError::NoSpace)));
    let decision = vec![record(RecordKind::Account, 1, 10)];
    packs.append(decision.clone()).await.unwrap();
    assert!(disk.paths().contains(&reserve));

    // Now the disk is full for the next write: the reserve is given back and the decision made.
    let full = SimulatedDisk::new(Some(Trouble::Full(disk.operations() - 2)));
    let (packs, _) = open(&full, options).unwrap();
    let places = packs.append(decision.clone()).await.unwrap();
    assert!(!full.paths().contains(&reserve));
    assert_eq!(packs.read(places[0]).await.unwrap(), decision[0]);
    assert!(packs.append(vec![object(1, 10)]).await.is_ok());
}

#[tokio::test]
async fn a_payload_that_is_too_long_is_refused() {
    let (packs, _) = open(&SimulatedDisk::new(None), SMALL).unwrap();
    assert!(matches!(packs.append(vec![object(1, (16 << 20) + 1)]).await, Err(PackError::TooLarge { .. })));
    assert!(packs.append(vec![object(1, 16 << 20)]).await.is_ok());
}

/// A pack with three records, and its bytes.
async fn small_pack(close: bool) -> (SimulatedDisk, PathBuf, Vec<u8>, Vec<(Place, Record)>) {
    let disk = SimulatedDisk::new(None);
    let (packs, _) = open(&disk, SMALL).unwrap();
    let batch = vec![object(1, 40), record(RecordKind::Body, 2, 30), object(3, 50)];
    let acknowledged = packs.append(batch.clone()).await.unwrap().into_iter().zip(batch).collect();
    if close {
        packs.close().await;
    }
    // A disk of its own: the writer ends its pack when it hears that nobody needs it any more.
    let disk = disk.after_crash(<[u8]>::to_vec);
    let path = path_of(Path::new(ROOT), 1);
    let bytes = disk.content(&path);
    (disk, path, bytes, acknowledged)
}

#[tokio::test]
async fn every_flipped_bit_is_noticed_and_costs_one_record() {
    let (disk, path, bytes, acknowledged) = small_pack(true).await;
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        disk.set_content(&path, damaged);
        let position = (bit / 8) as u64;
        let hit =
            |place: &Place| (place.position..place.position + record_bytes(place.payload_bytes)).contains(&position);

        let walk = walk_on(&disk, 1, true);
        assert_eq!(walk.faults.len(), 1, "bit {bit}: {:?}", walk.faults);
        let whole: Vec<_> = acknowledged.iter().filter(|(place, _)| !hit(place)).map(|(place, _)| *place).collect();
        assert_eq!(walk.records.iter().map(|entry| walk.place(entry)).collect::<Vec<_>>(), whole, "bit {bit}");
        if let Some((place, _)) = acknowledged.iter().find(|(place, _)| hit(place)) {
            assert_eq!(walk.faults[0].position, place.position, "bit {bit}");
        }

        let (packs, _) = open(&disk, SMALL).unwrap();
        for (place, record) in &acknowledged {
            match packs.read(*place).await {
                Ok(read) => assert!(!hit(place) && read == *record, "bit {bit}"),
                Err(PackError::Damaged { place: named, .. }) => assert!(hit(place) && named == *place, "bit {bit}"),
                Err(error) => panic!("bit {bit}: {error}"),
            }
        }
    }
}

#[tokio::test]
async fn a_record_torn_anywhere_is_a_torn_tail() {
    let (disk, path, bytes, acknowledged) = small_pack(false).await;
    let last = acknowledged[2].0;
    for length in last.position as usize..bytes.len() {
        for verify in [false, true] {
            disk.set_content(&path, bytes[..length].to_vec());
            let walk = walk_on(&disk, 1, verify);
            assert_eq!((walk.records.len(), walk.ended, walk.faults.len()), (2, false, 0), "{length}");
            assert_eq!(walk.torn_bytes, length as u64 - last.position);
            // The length grew before the bytes came.
            let mut zeros = bytes[..length].to_vec();
            zeros.resize(bytes.len(), 0);
            disk.set_content(&path, zeros);
            let walk = walk_on(&disk, 1, true);
            assert!(length >= bytes.len() - 4 || (walk.records.len(), walk.faults.len()) == (2, 0), "{length}");
        }
    }
}

#[tokio::test]
async fn nobody_plants_a_record_in_an_object() {
    let (disk, path, bytes, acknowledged) = small_pack(true).await;
    // The attacker knows every byte of a record but not the salt of the pack: a copy from another pack.
    let (_, _, other, _) = small_pack(true).await;
    let (packs, _) = open(&disk, SMALL).unwrap();
    let planted = other[FIRST_RECORD as usize..].to_vec();
    let object = Record::new(RecordKind::Object, AccountId([1; 16]), planted.into());
    let place = packs.append(vec![object]).await.unwrap()[0];
    packs.close().await;
    let path_of_it = path_of(Path::new(ROOT), place.pack);
    let mut damaged = disk.content(&path_of_it);
    damaged[FIRST_RECORD as usize] ^= 1;
    disk.set_content(&path_of_it, damaged);
    let walk = walk_on(&disk, place.pack, true);
    assert_eq!((walk.records.len(), walk.faults.len()), (0, 1));
    // The same damage where there is a next record: it is found.
    let mut damaged = bytes;
    damaged[FIRST_RECORD as usize] ^= 1;
    disk.set_content(&path, damaged);
    assert_eq!(walk_on(&disk, 1, true).records.len(), acknowledged.len() - 1);
}

#[tokio::test]
async fn nobody_hides_records_behind_a_trailer_in_an_object() {
    let disk = SimulatedDisk::new(None);
    let (packs, _) = open(&disk, SMALL).unwrap();
    let acknowledged = packs.append(vec![object(1, 40), object(2, 50)]).await.unwrap();
    // A payload of trailers, and a crash while it is written: at every length.
    let trailer = iota_core::pack::Trailer { position: FIRST_RECORD }.encode();
    let planted: Vec<u8> = trailer.iter().copied().cycle().take(20 * trailer.len()).collect();
    packs.append(vec![Record::new(RecordKind::Object, AccountId([1; 16]), planted.into())]).await.unwrap();
    let path = path_of(Path::new(ROOT), 1);
    let bytes = disk.content(&path);
    let mut seen_as_ended = 0;
    for length in acknowledged[1].position as usize + record_bytes(50) as usize..bytes.len() - 1 {
        disk.set_content(&path, bytes[..length].to_vec());
        for verify in [false, true] {
            let walk = walk_on(&disk, 1, verify);
            seen_as_ended += usize::from(walk.ended);
            let places: Vec<_> = walk.records.iter().map(|entry| walk.place(entry)).collect();
            assert_eq!(places, acknowledged, "{length}");
            assert!(!walk.is_indexed());
        }
    }
    assert!(seen_as_ended >= 20, "{seen_as_ended}: the trailers are not where they could be taken for one");
}

#[tokio::test]
async fn a_pack_that_is_away_is_not_a_damaged_one() {
    let (disk, path, bytes, acknowledged) = small_pack(true).await;
    let (packs, _) = open(&disk, SMALL).unwrap();
    disk.remove(&path).unwrap();
    assert!(matches!(packs.read(acknowledged[0].0).await, Err(PackError::Away { .. })));
    disk.set_content(&path, bytes);
    assert_all_read(&packs, &acknowledged).await;
}

#[tokio::test]
async fn without_its_header_a_pack_is_still_read() {
    let (disk, path, mut bytes, acknowledged) = small_pack(true).await;
    bytes[..FIRST_RECORD as usize].fill(0);
    disk.set_content(&path, bytes);
    let (packs, _) = open(&disk, SMALL).unwrap();
    assert_all_read(&packs, &acknowledged).await;
    let walk = walk_on(&disk, 1, false);
    assert_eq!((walk.records.len(), walk.header), (3, None));
}
