//! Folders: listed once, sorted, and handed out row by row.

use std::cmp::Ordering;
use std::collections::HashMap;

use iota_core::difference::{Aspect, Difference};
use iota_core::entry::{Entry, Kind};
use iota_core::id::{Digest, SetId};
use iota_core::path::{Key, TreePath};
use iota_core::vault::{
    CompareListing, EntryKind, Fate, FateRun, FindRows, Jump, ListFolder, Listing, ListingComparison, MAX_FOUND_ROWS,
    MAX_THUMB_BYTES, Order, PlacedRow, ReadRows, Row, is_picture_name,
};

use crate::compare::Between;
use crate::contents::Contents;
use crate::keys::OpenVault;
use crate::machines;
use crate::platform::Platform;
use crate::point::{self, Point};
use crate::problem::{Result, failed, missing};
use crate::show;

/// Most rows of one answer.
const MAX_ROWS: u32 = 1000;

/// A folder that was listed.
pub struct Listed {
    /// Names it.
    pub listing: u32,
    set: SetId,
    at: u64,
    folder: Option<TreePath>,
    rows: Vec<Kept>,
}

/// What is kept of an entry.
struct Kept {
    name: Box<[u8]>,
    kind: EntryKind,
    bytes: u64,
    mtime_s: i64,
    torn: bool,
    picture: Option<Digest>,
}

impl From<Entry> for Kept {
    fn from(entry: Entry) -> Self {
        let is_picture = (1..=MAX_THUMB_BYTES).contains(&entry.size()) && is_picture_name(entry.path.name());
        Self {
            picture: is_picture.then(|| entry.content_hash()),
            name: entry.path.name().into(),
            kind: show::kind(&entry),
            bytes: entry.size(),
            mtime_s: entry.metadata.mtime.seconds,
            torn: entry.metadata.torn,
        }
    }
}

/// Answers [`ListFolder`], and returns what is to be kept for [`rows`].
///
/// # Errors
/// When the point cannot be opened, or the server does not answer.
pub async fn list(
    platform: &impl Platform,
    open: &OpenVault,
    listing: u32,
    question: &ListFolder,
) -> Result<(Listing, Listed)> {
    let folder = question.folder.as_ref().map(|token| open.path(token)).transpose()?;
    let point = point::open_at(platform, open, question.set, question.at).await?;
    let mut rows: Vec<Kept> = Vec::new();
    let lost = point.children(platform, open, folder.as_ref(), |entry| rows.push(entry.into())).await?;
    let exists = !rows.is_empty() || lost > 0 || is_folder(platform, open, &point, folder.as_ref()).await?;
    sort(&mut rows, question.order, question.descending);
    let shown = Listing {
        listing,
        count: rows.len() as u32,
        folders: rows.iter().filter(|row| row.kind == EntryKind::Folder).count() as u32,
        bytes: rows.iter().fold(0, |sum: u64, row| sum.saturating_add(row.bytes)),
        lost,
        crumbs: folder.as_ref().map(|folder| show::crumbs(open, folder)).transpose()?.unwrap_or_default(),
        exists,
    };
    Ok((shown, Listed { listing, set: question.set, at: question.at, folder, rows }))
}

async fn is_folder(
    platform: &impl Platform,
    open: &OpenVault,
    point: &Point,
    folder: Option<&TreePath>,
) -> Result<bool> {
    let Some(folder) = folder else { return Ok(true) };
    Ok(point.entry(platform, open, folder).await?.is_some_and(|entry| entry.kind == Kind::Dir))
}

/// Folders first; then by the order, ties by name.
fn sort(rows: &mut [Kept], order: Order, descending: bool) {
    let by_order = |a: &Kept, b: &Kept| match order {
        Order::Name => Ordering::Equal,
        Order::Size => a.bytes.cmp(&b.bytes),
        Order::Changed => a.mtime_s.cmp(&b.mtime_s),
    };
    let folder = |row: &Kept| row.kind == EntryKind::Folder;
    rows.sort_by(|a, b| {
        let within = by_order(a, b).then_with(|| by_name(&a.name, &b.name));
        folder(b).cmp(&folder(a)).then(if descending { within.reverse() } else { within })
    });
}

/// As people sort: capital letters do not matter, numbers by their value; then byte by byte, so that the order is total.
fn by_name(a: &[u8], b: &[u8]) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    loop {
        let (Some(&x), Some(&y)) = (rest_a.first(), rest_b.first()) else {
            return rest_a.len().cmp(&rest_b.len()).then_with(|| a.cmp(b));
        };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (number_a, after_a) = number(rest_a);
            let (number_b, after_b) = number(rest_b);
            let compared = number_a.len().cmp(&number_b.len()).then_with(|| number_a.cmp(number_b));
            if compared != Ordering::Equal {
                return compared;
            }
            (rest_a, rest_b) = (after_a, after_b);
        } else {
            let compared = x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase());
            if compared != Ordering::Equal {
                return compared;
            }
            (rest_a, rest_b) = (&rest_a[1..], &rest_b[1..]);
        }
    }
}

/// The digits at the start without leading zeros, and what follows.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    (&digits[zeros..], rest)
}

/// Answers [`ReadRows`].
///
/// # Errors
/// A problem when the list is no longer there.
pub fn rows(open: &OpenVault, listed: Option<&Listed>, question: &ReadRows) -> Result<Vec<Row>> {
    let listed = current(listed, question.listing)?;
    let from = (question.from as usize).min(listed.rows.len());
    let count = question.count.min(MAX_ROWS) as usize;
    Ok(listed.rows[from..].iter().take(count).filter_map(|row| shown(open, listed, row)).collect())
}

fn shown(open: &OpenVault, listed: &Listed, row: &Kept) -> Option<Row> {
    let path = match &listed.folder {
        Some(folder) => folder.join(&row.name),
        None => TreePath::parse(&row.name),
    };
    Some(Row {
        name: show::text(&row.name),
        // A name that came out of a valid path makes one again.
        token: open.token(&path.ok()?).ok()?,
        kind: row.kind,
        bytes: row.bytes,
        mtime_s: row.mtime_s,
        torn: row.torn,
        picture: row.picture,
    })
}

/// Answers [`Jump`].
///
/// # Errors
/// A problem when the list is no longer there.
pub fn jump(listed: Option<&Listed>, question: &Jump) -> Result<Option<u32>> {
    let typed = question.typed.to_lowercase();
    let begins = |row: &Kept| show::text(&row.name).to_lowercase().starts_with(&typed);
    Ok(current(listed, question.listing)?.rows.iter().position(begins).map(|row| row as u32))
}

/// Answers [`FindRows`].
///
/// # Errors
/// A problem when the list is no longer there, or when it is asked for too much.
pub fn find(open: &OpenVault, listed: Option<&Listed>, question: &FindRows) -> Result<Vec<Option<PlacedRow>>> {
    let listed = current(listed, question.listing)?;
    if question.tokens.len() > MAX_FOUND_ROWS {
        return Err(failed("these are too many rows to be found at once"));
    }
    let paths = question.tokens.iter().map(|token| open.path(token)).collect::<Result<Vec<_>>>()?;
    let mut found = vec![None; paths.len()];
    let mut wanted: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (place, path) in paths.iter().enumerate().filter(|(_, path)| path.parent() == listed.folder) {
        wanted.entry(path.name()).or_default().push(place);
    }
    for (index, row) in listed.rows.iter().enumerate() {
        for &place in wanted.get(&*row.name).into_iter().flatten() {
            found[place] = shown(open, listed, row).map(|row| PlacedRow { index: index as u32, row });
        }
    }
    Ok(found)
}

/// Answers [`CompareListing`].
///
/// # Errors
/// When the list is no longer there, one of the points cannot be opened, or the server does not answer.
pub async fn compare(
    platform: &impl Platform,
    open: &OpenVault,
    listed: Option<&Listed>,
    question: &CompareListing,
) -> Result<ListingComparison> {
    let listed = current(listed, question.listing)?;
    let history = match open.history(listed.set) {
        Some(history) => history,
        None => machines::history(platform, open, listed.set).await?,
    };
    let newest = history.newest_complete(platform).await?.max(listed.at);
    let before = point::open_at(platform, open, listed.set, listed.at).await?;
    let after = point::open_at(platform, open, listed.set, newest).await?;
    let folder = listed.folder.as_ref();
    let range = (Key::children_start(folder), Some(Key::children_end(folder)));
    let mut between = Between::within(platform, open, (&before, &after), range).await?;
    let (mut contents, mut by_name) = (Contents::new(platform, open), HashMap::<Vec<u8>, Fate>::new());
    loop {
        let window = between.window().await?;
        if window.is_empty() {
            break;
        }
        for difference in contents.settle(window).await?.into_iter().flatten() {
            let name = difference.path().name().to_vec();
            by_name.extend(fate(&difference).map(|fate| (name, fate)));
        }
    }
    let fates = listed.rows.iter().map(|row| by_name.get(&*row.name).copied());
    Ok(ListingComparison {
        seq: newest,
        device_time_ms: after.header.device_time_ms,
        fates: runs(fates),
        lost: between.lost(),
    })
}

/// What became of the entry that was there before; none when there was none.
fn fate(difference: &Difference) -> Option<Fate> {
    Some(match (difference, difference.aspect()) {
        (Difference::Added(_), _) => return None,
        (Difference::Removed(_), _) => Fate::Gone,
        (_, Aspect::Kind) => Fate::OtherKind,
        (_, Aspect::Metadata) => Fate::Metadata,
        (_, Aspect::Content | Aspect::SilentContent | Aspect::Existence) => Fate::Changed,
    })
}

/// Joins rows after each other.
fn runs(fates: impl Iterator<Item = Option<Fate>>) -> Vec<FateRun> {
    let mut runs: Vec<FateRun> = Vec::new();
    for (index, fate) in (0..).zip(fates) {
        let Some(fate) = fate else { continue };
        match runs.last_mut() {
            Some(run) if run.fate == fate && run.from + run.count == index => run.count += 1,
            _ => runs.push(FateRun { from: index, count: 1, fate }),
        }
    }
    runs
}

fn current(listed: Option<&Listed>, listing: u32) -> Result<&Listed> {
    listed.filter(|listed| listed.listing == listing).ok_or_else(|| missing("list"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, kind: EntryKind, bytes: u64) -> Kept {
        Kept { name: name.as_bytes().into(), kind, bytes, mtime_s: 0, torn: false, picture: None }
    }

    fn names(rows: &[Kept]) -> Vec<&str> {
        rows.iter().map(|row| std::str::from_utf8(&row.name).unwrap()).collect()
    }

    #[test]
    fn rows_are_sorted_as_people_do() {
        let mut rows: Vec<Kept> =
            ["b", "img10", "img9", "IMG010", "A", "a"].map(|name| row(name, EntryKind::File, 1)).into();
        rows.push(row("z", EntryKind::Folder, 0));
        sort(&mut rows, Order::Name, false);
        assert_eq!(names(&rows), ["z", "A", "a", "b", "img9", "IMG010", "img10"]);
        sort(&mut rows, Order::Name, true);
        assert_eq!(names(&rows), ["z", "img10", "IMG010", "img9", "b", "a", "A"]);
        rows[3].bytes = 5;
        sort(&mut rows, Order::Size, true);
        assert_eq!(names(&rows)[..2], ["z", "img9"]);
    }

    #[test]
    fn the_order_of_names_is_total() {
        let names: [&[u8]; 9] = [b"", b"0", b"00", b"a", b"A", b"a1", b"a01", b"\xff", b"a1b"];
        for a in names {
            for b in names {
                assert_eq!(by_name(a, b), by_name(b, a).reverse());
                assert_eq!(by_name(a, b) == Ordering::Equal, a == b, "{a:?} {b:?}");
                for c in names {
                    if by_name(a, b).is_le() && by_name(b, c).is_le() {
                        assert!(by_name(a, c).is_le(), "{a:?} {b:?} {c:?}");
                    }
                }
            }
        }
    }
}
