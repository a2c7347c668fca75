//! Folders taken out as zips: opened by the programs that people have, and compared.

use crate::support::{Rig, crafted::Crafted};
use crate::tab::{Collected, Tab, about_object};
use iota_agent::backup::{Options, source::FoundKind};
use iota_core::{
    entry::Xattr,
    id::Cid,
    vault::{Download, MAX_CHOSEN, MeasureZip, Problem, ProblemKind, Selection, Wanted, Way},
};
use iota_vault::platform::Sink;
use std::{
    collections::{BTreeMap, HashSet},
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::Command,
};
use unicode_normalization::UnicodeNormalization;

fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut output = vec![0; bytes];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut output);
    output
}

fn rig_of(tree: &Crafted) -> Rig {
    let rig = Rig::new();
    rig.run(|| Ok(tree.walk()), Options::default()).unwrap();
    rig
}

fn zip(tab: &Tab, rig: &Rig, selection: Selection) -> (Result<String, Problem>, Collected) {
    let (result, collected) = tab.take_out(rig, 1, Wanted::Zip(selection), Collected::default());
    (result.map(|view| view.name), collected)
}

/// Has a program look at an archive, which it must find to be without fault.
fn run(program: &str, arguments: &[&str], archive: &Path) -> String {
    let output = Command::new(program).args(arguments).arg(archive).output();
    let output = output.unwrap_or_else(|error| panic!("{program} is needed by this test: {error}"));
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {text}");
    text
}

fn unpacked(bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("it.zip");
    fs::write(&archive, bytes).unwrap();
    let tested = run("7zz", &["t"], &archive);
    assert!(tested.contains("Everything is Ok") && !tested.contains("Warning"), "{tested}");
    let target = format!("-d{}", folder.path().join("out").display());
    let output = Command::new("unzip").args(["-q", archive.to_str().unwrap(), &target]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::remove_file(archive).unwrap();
    folder
}

#[test]
fn a_folder_comes_out_as_it_is() {
    let mut tree = Crafted::default();
    for dir in ["home", "home/ada", "home/ada/empty", "home/ada/Köln", "home/ada/deep", "home/ada/deep/er", "home/bob"]
    {
        tree.dir(dir);
    }
    tree.dir("home/ada/empty").metadata.mode = 0o700;
    let files: [(&str, Vec<u8>); 6] = [
        ("home/ada/none", vec![]),
        ("home/ada/small.txt", b"small".to_vec()),
        ("home/ada/Köln/Straße ☕.txt", noise(70_000, 1)),
        ("home/ada/deep/er/large", noise(6_000_000, 2)),
        ("home/ada/run.sh", b"#!/bin/sh\n".to_vec()),
        ("home/bob/not this", b"x".to_vec()),
    ];
    for (path, content) in &files {
        tree.file(path, content).metadata.mtime.seconds = 1_700_000_001;
    }
    tree.file("home/ada/run.sh", b"#!/bin/sh\n").metadata.mode = 0o755;
    tree.link("home/ada/link", "small.txt");
    let rig = rig_of(&tree);
    let tab = Tab::unlocked(&rig);
    let folder = Some(tab.walk_to(&rig, 1, "home/ada"));
    let selection = Selection { folder: folder.clone(), only: vec![] };
    let measured = tab.ask(MeasureZip { set: rig.set, at: 1, selection: selection.clone() }).unwrap();
    assert_eq!((measured.files, measured.folders, measured.others), (5, 5, 1));
    assert_eq!(measured.bytes, 5 + 70_000 + 6_000_000 + 10);

    let (name, collected) = zip(&tab, &rig, selection);
    assert_eq!(name.unwrap(), "ada.zip");
    assert!(collected.finished && collected.aborted.is_none() && collected.longest <= 1 << 20);
    let folder_out = unpacked(&collected.bytes);
    let out = folder_out.path().join("out");
    for (path, content) in &files[..5] {
        let path = out.join(path.strip_prefix("home/").unwrap());
        assert!(fs::read(&path).unwrap() == *content, "{}", path.display());
        let metadata = fs::metadata(&path).unwrap();
        let (seconds, mode) = if path.ends_with("run.sh") { (1_600_000_000, 0o755) } else { (1_700_000_001, 0o644) };
        assert_eq!((metadata.mtime(), metadata.permissions().mode() & 0o7777), (seconds, mode), "{}", path.display());
    }
    assert_eq!(fs::metadata(out.join("ada/empty")).unwrap().permissions().mode() & 0o7777, 0o700);
    assert_eq!(fs::read_link(out.join("ada/link")).unwrap(), Path::new("small.txt"));
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);

    let only = vec![tab.walk_to(&rig, 1, "home/ada/deep"), tab.walk_to(&rig, 1, "home/ada/small.txt")];
    let (_, collected) = zip(&tab, &rig, Selection { folder: folder.clone(), only });
    let folder_out = unpacked(&collected.bytes);
    let mut names: Vec<_> =
        fs::read_dir(folder_out.path().join("out/ada")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["deep", "small.txt"]);
    assert!(folder_out.path().join("out/ada/deep/er/large").exists());

    let (name, collected) = zip(&tab, &rig, Selection::default());
    assert_eq!(name.unwrap(), "files.zip");
    assert!(unpacked(&collected.bytes).path().join("out/home/bob/not this").exists());

    let too_much = vec![tab.walk_to(&rig, 1, "home/ada/small.txt"); MAX_CHOSEN + 1];
    let too_much = Selection { folder: folder.clone(), only: too_much };
    assert_eq!(zip(&tab, &rig, too_much).0.unwrap_err().kind, ProblemKind::Failed);
    let elsewhere = Selection { folder, only: vec![tab.walk_to(&rig, 1, "home/bob/not this")] };
    assert_eq!(zip(&tab, &rig, elsewhere).0.unwrap_err().kind, ProblemKind::Missing);
}

#[test]
fn what_a_zip_cannot_hold_is_said_in_it_and_nothing_leaves_its_folder() {
    let mut tree = Crafted::default();
    tree.dir("d");
    for name in [&b"d/..\\..\\up"[..], b"d/C:evil", b"d/caf\xe9", b"d/new\nline", b"d/nul.txt", b"d/plain"] {
        tree.file(name, name);
    }
    tree.put("d/pipe", FoundKind::Fifo);
    tree.hard_link("d/second", "d/plain", b"d/plain");
    tree.file("d/tagged", b"t").metadata.xattrs = vec![Xattr { name: b"user.a"[..].into(), value: b"1"[..].into() }];
    let rig = rig_of(&tree);
    let tab = Tab::unlocked(&rig);
    let (_, collected) = zip(&tab, &rig, Selection { folder: Some(tab.walk_to(&rig, 1, "d")), only: vec![] });
    let folder = unpacked(&collected.bytes);
    let out = folder.path().join("out");
    let names: Vec<String> =
        fs::read_dir(out.join("d")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.len(), 8, "{names:?}");
    assert!(names.iter().all(|name| !name.contains(['\\', ':', '\n'])), "{names:?}");
    let text = fs::read_to_string(out.join(NOTES)).unwrap();
    for line in [
        "left out: d/pipe, a pipe, device or socket",
        "a copy of its own, and no hard link any more: d/second",
        "without its extended attributes: d/tagged",
        "renamed: d/new‹U+000A›line is here d/new‹U+000A›line~",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(text.matches("renamed: ").count(), 5, "{text}");
}

/// The files below a folder with their contents, by path; no two paths are the same for a system that does not tell case or the
/// composing of letters apart.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut files, mut folders, mut folded) = (BTreeMap::new(), vec![folder.to_owned()], HashSet::new());
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            assert!(folded.insert(name.nfc().collect::<String>().to_lowercase()), "{name}");
            if path.is_dir() { folders.push(path) } else { drop(files.insert(name, fs::read(&path).unwrap())) }
        }
    }
    files
}

const NOTES: &str = "What is different - IotaBackup.txt";

/// A name with a part of its hash.
fn marked(stem: &str, extension: &str) -> String {
    let name = format!("{stem}{extension}");
    format!("{stem}~{}{extension}", &blake3::hash(name.as_bytes()).to_hex()[..8])
}

#[test]
fn names_that_some_system_takes_for_one_do_not_meet() {
    let mut tree = Crafted::default();
    let (composed, apart) = ("Caf\u{e9}", "Cafe\u{301}");
    let looks_changed = marked("readme", ".md");
    let folders = ["d", "d/Photos", "d/photos", "d/photos/2026", "d/photos/EMPTY", "d/photos/empty"];
    for folder in folders {
        tree.dir(folder);
    }
    for folder in [composed, apart] {
        tree.dir(format!("d/{folder}"));
    }
    let paths = [
        "d/README.md".to_owned(),
        "d/Readme.md".into(),
        format!("d/{}", looks_changed.to_uppercase()),
        "d/readme.md".into(),
        "d/Photos/one".into(),
        "d/photos/one".into(),
        "d/photos/2026/two".into(),
        format!("d/{composed}/{composed}.txt"),
        format!("d/{composed}/{apart}.txt"),
        format!("d/{apart}/{composed}.txt"),
        format!("d/{}", NOTES.to_lowercase()),
        NOTES.to_owned(),
    ];
    for path in &paths {
        tree.file(path, path);
    }
    tree.put("d/PHOTOS", FoundKind::Fifo);
    let rig = rig_of(&tree);
    let tab = Tab::unlocked(&rig);
    let (result, collected) = zip(&tab, &rig, Selection::default());
    result.unwrap();
    let folder = unpacked(&collected.bytes);
    let mut found = files(&folder.path().join("out"));
    let text = String::from_utf8(found.remove(NOTES).unwrap()).unwrap();
    // Names are given in order of their bytes, so that of the composed letter is the later one.
    let (photos, cafe, cafe_text) = (marked("photos", ""), marked(composed, ""), marked(composed, ".txt"));
    // The name that the last one would get is taken.
    let last = found.keys().find(|name| name.starts_with("d/readme~")).unwrap().clone();
    assert!(!last.eq_ignore_ascii_case(&format!("d/{looks_changed}")) && last.len() == "d/readme~12345678.md".len());
    let expected = [
        ("d/README.md".to_owned(), "d/README.md".to_owned()),
        (format!("d/{}", marked("Readme", ".md")), "d/Readme.md".into()),
        (format!("d/{}", looks_changed.to_uppercase()), format!("d/{}", looks_changed.to_uppercase())),
        (last.clone(), "d/readme.md".into()),
        ("d/Photos/one".into(), "d/Photos/one".into()),
        (format!("d/{photos}/one"), "d/photos/one".into()),
        (format!("d/{photos}/2026/two"), "d/photos/2026/two".into()),
        (format!("d/{cafe}/{cafe_text}"), format!("d/{composed}/{composed}.txt")),
        (format!("d/{cafe}/{apart}.txt"), format!("d/{composed}/{apart}.txt")),
        (format!("d/{apart}/{composed}.txt"), format!("d/{apart}/{composed}.txt")),
        (format!("d/{}", NOTES.to_lowercase()), format!("d/{}", NOTES.to_lowercase())),
        (marked("What is different - IotaBackup", ".txt"), NOTES.into()),
    ];
    let expected: BTreeMap<String, Vec<u8>> =
        expected.into_iter().map(|(path, content)| (path, content.into_bytes())).collect();
    assert_eq!(found, expected);
    let empty = marked("empty", "");
    assert!(folder.path().join("out/d").join(&photos).join(&empty).is_dir());
    for line in [
        format!("renamed: d/Readme.md is here d/{}", marked("Readme", ".md")),
        format!("renamed: d/readme.md is here {last}"),
        format!("renamed: d/photos is here d/{photos}, with all that is in it"),
        format!("renamed: d/photos/empty is here d/{photos}/{empty}, with all that is in it"),
        format!("renamed: d/{composed} is here d/{cafe}, with all that is in it"),
        format!("renamed: d/{composed}/{composed}.txt is here d/{cafe}/{cafe_text}"),
        format!("renamed: {NOTES} is here {}", marked("What is different - IotaBackup", ".txt")),
    ] {
        assert!(text.lines().any(|said| said == line), "{line}: {text}");
    }
    assert_eq!(text.matches("renamed: ").count(), 7, "{text}");

    // Of those that were chosen, too, and only of those.
    let chosen = |names: &[&str]| names.iter().map(|name| tab.walk_to(&rig, 1, &format!("d/{name}"))).collect();
    let take = |names: &[&str]| {
        let selection = Selection { folder: Some(tab.walk_to(&rig, 1, "d")), only: chosen(names) };
        let (result, collected) = zip(&tab, &rig, selection);
        result.unwrap();
        files(&unpacked(&collected.bytes).path().join("out"))
    };
    let found = take(&["readme.md", "photos", "Photos", "Readme.md"]);
    assert_eq!(found["d/Readme.md"], b"d/Readme.md");
    assert_eq!(found[&format!("d/{looks_changed}")], b"d/readme.md");
    assert_eq!(found["d/Photos/one"], b"d/Photos/one");
    assert_eq!(found[&format!("d/{photos}/one")], b"d/photos/one");
    assert_eq!(found.len(), 6);
    let found = take(&["readme.md", "photos"]);
    assert_eq!(found.keys().filter(|name| !name.contains('~')).count(), 4, "{found:?}");
    assert_eq!(
        (found["d/readme.md"].as_slice(), found["d/photos/one"].as_slice()),
        (&b"d/readme.md"[..], &b"d/photos/one"[..])
    );
}

#[test]
fn a_damaged_file_is_not_in_it_and_all_others_are() {
    let mut tree = Crafted::default();
    let content = noise(3_000_000, 7);
    tree.file("a first", noise(200_000, 8));
    tree.file("broken", &content);
    tree.file("z last", noise(200_000, 9));
    let rig = rig_of(&tree);
    let large: Vec<Cid> = {
        let inner = rig.server.inner.lock().unwrap();
        let large = inner.objects.iter().filter(|(_, object)| object.len() > 60_000);
        large.map(|(&cid, _)| cid).collect()
    };
    let tab = Tab::unlocked(&rig);
    let mut broken = 0;
    for cid in large {
        tab.browser.0.lie.replace(Some(about_object(cid, |object| object[1000] ^= 1)));
        let (result, collected) = zip(&tab, &rig, Selection::default());
        result.unwrap();
        let folder = unpacked(&collected.bytes);
        let out = folder.path().join("out");
        let notes = fs::read_to_string(out.join(NOTES)).unwrap();
        assert_eq!(notes.matches("missing: ").count(), 1, "{notes}");
        let mut missing = 0;
        for name in ["a first", "broken", "z last"] {
            let lost = notes.contains(&format!("missing: {name}, a piece"));
            assert_eq!(out.join(name).exists(), !lost, "{name}: {notes}");
            missing += u32::from(lost);
        }
        assert_eq!(missing, 1);
        broken += u32::from(!out.join("broken").exists());
    }
    assert!(broken >= 8, "{broken}");
}

#[test]
fn many_small_files_are_fetched_together() {
    let mut tree = Crafted::default();
    for number in 0..3000u64 {
        tree.file(format!("{number:04}"), noise(700, number));
    }
    let rig = rig_of(&tree);
    let tab = Tab::unlocked(&rig);
    tab.browser.0.asked.borrow_mut().clear();
    let (result, collected) = zip(&tab, &rig, Selection::default());
    result.unwrap();
    let asked = tab.browser.0.asked.borrow().len();
    assert!(asked < 20, "{asked}");
    let folder = unpacked(&collected.bytes);
    for number in [0u64, 1, 1500, 2999] {
        assert!(fs::read(folder.path().join(format!("out/{number:04}"))).unwrap() == noise(700, number));
    }
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 3000);
}

/// A file on the disk, zeros as holes.
struct Sparse {
    file: File,
    bytes: u64,
    longest: usize,
    zeros: Vec<u8>,
}

impl Sink for Sparse {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.longest = self.longest.max(bytes.len());
        self.bytes += bytes.len() as u64;
        if *bytes == self.zeros[..bytes.len()] {
            self.file.seek(SeekFrom::Current(bytes.len() as i64)).unwrap();
        } else {
            self.file.write_all(bytes).unwrap();
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Problem> {
        self.file.set_len(self.bytes).unwrap();
        Ok(())
    }

    async fn abort(&mut self, _problem: &Problem) {
        self.file.set_len(0).unwrap();
    }
}

#[test]
fn beyond_four_gigabytes_and_65_535_members() {
    let mut tree = Crafted::default();
    tree.file("a huge", b"begins").hole = (4 << 30) + 5;
    for number in 0..66_000 {
        tree.put(format!("b{number:05}"), FoundKind::Symlink { target: b"x"[..].into() });
    }
    tree.file("c behind", b"behind");
    let rig = rig_of(&tree);
    let tab = Tab::unlocked(&rig);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("it.zip");
    let sink = Sparse { file: File::create(&archive).unwrap(), bytes: 0, longest: 0, zeros: vec![0; 1 << 20] };
    let question = Download { set: rig.set, at: 1, what: Wanted::Zip(Selection::default()), way: Way::File };
    let (view, work) = futures::executor::block_on(tab.desk.download(&question, sink)).unwrap();
    let (result, sink) = futures::executor::block_on(work);
    result.unwrap();
    assert_eq!(view.bytes, (4 << 30) + 5 + 6 + 6);
    assert!(sink.longest <= 1 << 20);
    // Both read what is behind the zeros by the directory; one of them checks the zeros as well.
    let listed = run("unzip", &["-Z", "-t"], &archive);
    assert!(listed.contains("66002 files"), "{listed}");
    let behind = Command::new("unzip").args(["-p", archive.to_str().unwrap(), "c behind"]).output().unwrap();
    assert_eq!(behind.stdout, b"behind");
    let mut whole = Command::new("7zz");
    let mut whole = whole.args(["e", "-so", archive.to_str().unwrap(), "a huge"]);
    whole = whole.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut child = whole.spawn().unwrap();
    let (mut count, mut buffer) = (0u64, vec![0; 1 << 20]);
    let mut output = child.stdout.take().unwrap();
    loop {
        let read = output.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        count += read as u64;
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(count, 6 + (4 << 30) + 5);
}
