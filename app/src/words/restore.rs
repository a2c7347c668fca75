//! Restores that a machine carries out.

use iota_core::live::RestoreProgress;
use iota_core::restore::{Ending, Foretold, Ordered, Outcome, Overwrite, Target};

use super::{bytes, count, many};

/// Paths that are named; the others are counted.
const NAMED: usize = 3;

/// What becomes of files that are there, as the choice is called.
pub fn overwrite(overwrite: Overwrite) -> &'static str {
    match overwrite {
        Overwrite::Never => "Keep them",
        Overwrite::IfNewer => "Replace older ones",
        Overwrite::IfChanged => "Replace changed ones",
        Overwrite::Always => "Replace all",
    }
}

/// The same in a sentence.
pub fn overwrite_means(overwrite: Overwrite) -> &'static str {
    match overwrite {
        Overwrite::Never => "Files that are there stay. What is in the way is named.",
        Overwrite::IfNewer => "Files that were changed before those of the backup are replaced.",
        Overwrite::IfChanged => "Files of another size or time are replaced.",
        Overwrite::Always => "All files that are there are replaced.",
    }
}

/// What was chosen, of a restore that has ended.
pub fn overwrite_meant(overwrite: Overwrite) -> &'static str {
    match overwrite {
        Overwrite::Never => "Files that were there were to stay.",
        Overwrite::IfNewer => "Older files that were there were to be replaced.",
        Overwrite::IfChanged => "Changed files that were there were to be replaced.",
        Overwrite::Always => "All files that were there were to be replaced.",
    }
}

/// Where to, as in `to where they were`.
pub fn target(target: &Target) -> String {
    match target {
        Target::InPlace => "to where they were".into(),
        Target::Beside(folder) => format!("to {folder}"),
    }
}

/// What was ordered, as in `/home/ada/letters and 2 more`.
pub fn paths(paths: &[String], path_count: u64) -> String {
    if path_count == 0 {
        return "Everything".into();
    }
    let named: Vec<&str> = paths.iter().take(NAMED).map(String::as_str).collect();
    match path_count.saturating_sub(named.len() as u64) {
        0 => named.join(", "),
        more => format!("{} and {} more", named.join(", "), count(more)),
    }
}

/// What is to be done, as in `/home/ada/letters, to where they were. Files that are there stay.`
pub fn ordered(ordered: &Ordered) -> String {
    let what = paths(&ordered.paths, ordered.path_count);
    let how = if ordered.dry_run { "It only looks what would be done." } else { overwrite_means(ordered.overwrite) };
    format!("{what}, {}. {how}", target(&ordered.target))
}

/// What was done, as in `Restored 312 files, 1.2 GB, to /restored; all verified.`; none for what did not end well.
pub fn done(outcome: &Outcome) -> Option<String> {
    let Ending::Done { files, bytes: written, .. } = &outcome.ending else { return None };
    let (files, written) = (many(*files, "file", "files"), bytes(*written));
    Some(format!("Restored {files}, {written}, {}; all verified.", target(&outcome.target)))
}

/// What would be done, in a sentence.
pub fn foretold(foretold: &Foretold, to: &Target) -> String {
    if foretold.made == 0 && foretold.replaced == 0 {
        return "Nothing would change.".into();
    }
    let made = many(foretold.made, "file", "files");
    let (replaced, written) = (count(foretold.replaced), bytes(foretold.bytes));
    format!("{made} would be made and {replaced} would be replaced, {written}, {}.", target(to))
}

/// How far it is, as in `1.2 GB of 3 GB, 312 files`.
pub fn progress(progress: &RestoreProgress) -> String {
    let files = many(progress.files, "file", "files");
    if progress.dry_run {
        return format!("{files} looked at");
    }
    match progress.expected_bytes {
        0 => format!("{}, {files}", bytes(progress.bytes)),
        expected => format!("{} of {}, {files}", bytes(progress.bytes), bytes(expected)),
    }
}

#[cfg(test)]
mod tests {
    use iota_core::id::RestoreId;

    use super::*;

    fn outcome(ending: Ending, target: Target) -> Outcome {
        let paths = ["/a", "/b", "/c", "/d"].map(str::to_owned).to_vec();
        Outcome { began_ms: 0, ended_ms: 0, paths, path_count: 9, target, overwrite: Overwrite::Never, ending }
    }

    #[test]
    fn what_was_done_is_said_in_words() {
        let ending = Ending::Done {
            files: 312,
            dirs: 4,
            others: 0,
            bytes: 1_200_000_000,
            kept: 0,
            replaced: 0,
            owners_left: 0,
            losses: vec![],
            loss_count: 0,
            gaps: 0,
        };
        let told = outcome(ending, Target::Beside("/restored".into()));
        let said = done(&told).unwrap().replace('\u{a0}', " ");
        assert_eq!(said, "Restored 312 files, 1.2 GB, to /restored; all verified.");
        assert_eq!(paths(&told.paths, told.path_count), "/a, /b, /c and 6 more");
        assert_eq!(done(&outcome(Ending::Cancelled, Target::InPlace)), None);
        assert_eq!(paths(&[], 0), "Everything");
        let noted = Ordered {
            paths: told.paths,
            path_count: 9,
            target: told.target,
            overwrite: Overwrite::Always,
            dry_run: false,
        };
        assert_eq!(ordered(&noted), "/a, /b, /c and 6 more, to /restored. All files that are there are replaced.");
        let looks = ordered(&Ordered { dry_run: true, path_count: 0, ..noted });
        assert_eq!(looks, "Everything, to /restored. It only looks what would be done.");
    }

    #[test]
    fn what_would_be_done_is_said_in_words() {
        let none = Foretold {
            made: 0,
            replaced: 0,
            same: 7,
            newer: 0,
            in_the_way: vec![],
            in_the_way_count: 0,
            bytes: 0,
            lost: 0,
        };
        assert_eq!(foretold(&none, &Target::InPlace), "Nothing would change.");
        let one = Foretold { replaced: 1, bytes: 5, ..none };
        let said = foretold(&one, &Target::InPlace).replace('\u{a0}', " ");
        assert_eq!(said, "0 files would be made and 1 would be replaced, 5 B, to where they were.");
    }

    #[test]
    fn how_far_it_is_is_said_in_words() {
        let begun = RestoreProgress {
            order: RestoreId([1; 16]),
            since_ms: 0,
            dry_run: false,
            files: 3,
            bytes: 1_000,
            expected_bytes: 3_000,
            current: None,
        };
        assert_eq!(progress(&begun).replace('\u{a0}', " "), "1 kB of 3 kB, 3 files");
        assert_eq!(
            progress(&RestoreProgress { expected_bytes: 0, ..begun.clone() }).replace('\u{a0}', " "),
            "1 kB, 3 files"
        );
        assert_eq!(progress(&RestoreProgress { dry_run: true, ..begun }).replace('\u{a0}', " "), "3 files looked at");
    }
}
