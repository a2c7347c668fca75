//! What changed in a folder, and when: read beside the list, as far back as is drawn.

use std::collections::{BTreeMap, HashMap};

use iota_core::id::SetId;
use iota_core::vault::{EntryKind, Fate, FindFolderChanges, FolderChangesPage, PathToken, Row};
use leptos::prelude::*;

use crate::vault::Vault;
use crate::words::{Moment, count, many, now_ms};

/// How far back is read and drawn, milliseconds.
const SPAN_MS: u64 = 30 * 24 * 3_600_000;
/// Most parts of the history that are read.
const MAX_PARTS: usize = 8;
/// What counts as just now, milliseconds.
const HOUR_MS: u64 = 3_600_000;
/// Places on a line; dots that come closer are one.
const PLACES: u64 = 96;

/// A change of an entry, or of something below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dot {
    seq: u64,
    ms: u64,
    gone: bool,
}

/// What is known of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// The newest first.
    by_entry: HashMap<PathToken, Vec<Dot>>,
    /// Changes of commits from this one on are known; none before the first part was read.
    from_seq: Option<u64>,
    /// When that is, by the machine's clock.
    from_ms: u64,
    /// The newest point, by the machine's clock.
    end_ms: u64,
    /// Commits of which not every change is told, the newest first.
    unsure: Vec<u64>,
}

impl Known {
    fn add(&mut self, page: FolderChangesPage) {
        for change in page.changes {
            if change.more_children > 0 || change.lost > 0 {
                self.unsure.push(change.seq);
            }
            let (seq, ms) = (change.seq, change.device_time_ms);
            for child in change.children {
                self.by_entry.entry(child.token).or_default().push(Dot { seq, ms, gone: child.gone });
            }
        }
        self.from_seq = Some(page.from_seq);
        self.from_ms = page.from_ms;
    }

    fn dots(&self, entry: &PathToken) -> &[Dot] {
        self.by_entry.get(entry).map_or(&[], Vec::as_slice)
    }

    /// Whether every change after a commit is known.
    fn knows_after(&self, seq: u64) -> bool {
        self.from_seq.is_some_and(|from| from <= seq.saturating_add(1))
            && self.unsure.first().is_none_or(|&unsure| unsure <= seq)
    }

    /// In how many later snapshots an entry was put; none when that is not known.
    fn newer(&self, entry: &PathToken, seq: u64) -> Option<u64> {
        let newer = self.dots(entry).iter().filter(|dot| dot.seq > seq && !dot.gone).count() as u64;
        Some(newer).filter(|_| self.knows_after(seq))
    }

    /// When an entry that is not there any more went.
    fn gone_ms(&self, entry: &PathToken, seq: u64) -> Option<u64> {
        let last = self.dots(entry).first().filter(|dot| dot.gone && dot.seq > seq)?;
        self.knows_after(last.seq).then_some(last.ms)
    }

    /// What to say of an entry at a commit, of which the comparison with the newest point says its `fate`.
    fn badge(&self, row: &Row, fate: Option<Fate>, at: u64, now_ms: Option<u64>) -> Option<String> {
        match fate {
            Some(Fate::Gone) => Some(match self.gone_ms(&row.token, at) {
                Some(ms) => format!("gone since {}", Moment::local(ms).day_month()),
                None => "not there today".into(),
            }),
            Some(Fate::OtherKind) => Some(match row.kind {
                EntryKind::Folder => "no folder today".into(),
                EntryKind::File => "no file today".into(),
                EntryKind::Link => "no link today".into(),
                EntryKind::Special => "something else today".into(),
            }),
            Some(Fate::Changed) => Some(match self.newer(&row.token, at) {
                Some(newer) if newer > 0 => many(newer, "newer version", "newer versions"),
                _ => "changed since".into(),
            }),
            Some(Fate::Metadata) => None,
            None => {
                let last = self.dots(&row.token).first().filter(|_| row.kind != EntryKind::Folder)?;
                now_ms
                    .is_some_and(|now_ms| last.ms.saturating_add(HOUR_MS) > now_ms)
                    .then(|| "changed this hour".into())
            }
        }
    }

    /// What is drawn of an entry; none before the first part was read. `at_ms`: the point that is shown, when it is not the newest.
    pub fn line(&self, entry: &PathToken, at: u64, at_ms: Option<u64>) -> Option<Line> {
        self.from_seq?;
        let begin_ms = self.end_ms.saturating_sub(SPAN_MS);
        let place = |ms: u64| ms.checked_sub(begin_ms).map(|after| after.min(SPAN_MS) * PLACES / SPAN_MS);
        let shown = self.dots(entry).iter().find(|dot| dot.seq <= at);
        let drawn: Vec<&Dot> = self.dots(entry).iter().filter(|dot| dot.ms >= begin_ms).collect();
        let mut dots = BTreeMap::new();
        for dot in drawn.iter().rev() {
            let Some(place) = place(dot.ms) else { continue };
            let on = at_ms.is_some() && shown.is_some_and(|shown| shown.seq == dot.seq);
            let look = match (on, dot.gone) {
                (true, _) => Look::Shown,
                (_, true) => Look::Gone,
                _ => Look::Changed,
            };
            // The one that is shown is seen.
            dots.entry(place)
                .and_modify(|kept| *kept = if *kept == Look::Shown { *kept } else { look })
                .or_insert(look);
        }
        let from_ms = self.from_ms.max(begin_ms);
        let since = Moment::local(from_ms).day_month();
        let least = if self.unsure.is_empty() { "" } else { "at least " };
        let label = match drawn.len() {
            0 if self.unsure.is_empty() => format!("not changed since {since}"),
            0 => format!("no change known since {since}"),
            1 => format!("changed {least}once since {since}"),
            some => format!("changed {least}{} times since {since}", count(some as u64)),
        };
        let from = place(from_ms).unwrap_or_default();
        Some(Line { from, dots: dots.into_iter().collect(), at: at_ms.and_then(place), label })
    }
}

/// The line of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Where it begins, of [`PLACES`]: of what lies before nothing was read.
    from: u64,
    /// Where, of [`PLACES`], and how.
    dots: Vec<(u64, Look)>,
    /// Where the point is that is shown.
    at: Option<u64>,
    label: String,
}

/// How a dot looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Changed,
    Gone,
    /// The version that the list shows.
    Shown,
}

impl Line {
    /// Draws it.
    pub fn draw(self) -> AnyView {
        let x = |place: u64| format!("{:.1}%", place as f64 * 100.0 / PLACES as f64);
        let mark = self.at.map(|at| {
            view! { <line class="dot__line dot__line--on" x1=x(at) x2=x(at) y1="0" y2="100%"></line> }
        });
        let dots: Vec<_> = self
            .dots
            .into_iter()
            .map(|(place, look)| {
                let class = match look {
                    Look::Changed => "dot",
                    Look::Gone => "dot dot--gone",
                    Look::Shown => "dot dot--on",
                };
                view! { <circle class=class cx=x(place) cy="50%" r="3"></circle> }
            })
            .collect();
        let title = self.label.clone();
        view! {
            <svg class="file-list__line" role="img" aria-label=self.label>
                <title>{title}</title>
                <line class="dot__line" x1=x(self.from) x2="100%" y1="50%" y2="50%"></line>
                {mark}
                {dots}
            </svg>
        }
        .into_any()
    }
}

/// What changed in the folder that is shown. A copy is the same.
#[derive(Clone, Copy)]
pub struct Changes {
    vault: Vault,
    known: RwSignal<Known>,
    /// The folder and the newest commit that it was read for.
    of: StoredValue<Option<(Option<PathToken>, u64)>>,
    turn: StoredValue<u32>,
}

impl Changes {
    /// Nothing yet.
    pub fn nothing(vault: Vault) -> Self {
        Self { vault, known: RwSignal::default(), of: StoredValue::new(None), turn: StoredValue::new(0) }
    }

    /// Reads what changed in a folder until the newest commit, unless that was begun; `end_ms`: when the newest complete point was written.
    pub async fn read(self, set: SetId, folder: Option<PathToken>, newest: u64, end_ms: u64) {
        let of = Some((folder.clone(), newest));
        if self.of.try_with_value(|known| *known == of) != Some(false) {
            return;
        }
        let turn = self.turn.get_value().wrapping_add(1);
        self.turn.set_value(turn);
        self.of.set_value(of);
        self.known.set(Known { end_ms, ..Known::default() });
        let mut before = None;
        for _ in 0..MAX_PARTS {
            let page = self.vault.ask(FindFolderChanges { set, folder: folder.clone(), before }).await;
            // The view may be gone, or show another folder.
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            // What was read stays; nothing is claimed of the rest.
            let Ok(page) = page else { return };
            let is_read = page.before.is_none() || page.from_ms.saturating_add(SPAN_MS) <= end_ms;
            before = page.before;
            self.known.update(|known| known.add(page));
            if is_read {
                return;
            }
        }
    }

    /// Forgets it: another folder is shown.
    pub fn clear(self) {
        self.turn.update_value(|turn| *turn = turn.wrapping_add(1));
        self.of.set_value(None);
        self.known.set(Known::default());
    }

    /// See [`Known::badge`].
    pub(super) fn badge(self, row: &Row, fate: Option<Fate>, at: u64, past: bool) -> Option<String> {
        self.known.with(|known| known.badge(row, fate, at, (!past).then(now_ms)))
    }

    /// See [`Known::line`].
    pub(super) fn line(self, entry: &PathToken, at: u64, at_ms: Option<u64>) -> Option<Line> {
        self.known.with(|known| known.line(entry, at, at_ms))
    }
}

#[cfg(test)]
mod tests {
    use iota_core::vault::{ChildChange, FolderChange};

    use super::*;

    const DAY_MS: u64 = 24 * 3_600_000;
    const NOW_MS: u64 = 100 * DAY_MS;

    fn token(name: &str) -> PathToken {
        PathToken(name.into())
    }

    fn row(name: &str, kind: EntryKind) -> Row {
        Row { name: name.into(), token: token(name), kind, bytes: 1, mtime_s: 0, torn: false, picture: None }
    }

    /// A snapshot so many days ago, at which these were put, or were gone.
    fn change(seq: u64, days: u64, put: &[&str], gone: &[&str]) -> FolderChange {
        let child = |name: &&str, gone: bool| ChildChange {
            name: (*name).into(),
            token: token(name),
            put: u64::from(!gone),
            removed: u64::from(gone),
            gone,
        };
        let children = put.iter().map(|name| child(name, false)).chain(gone.iter().map(|name| child(name, true)));
        FolderChange {
            seq,
            device_time_ms: NOW_MS - days * DAY_MS,
            put: put.len() as u64,
            removed: gone.len() as u64,
            bytes: 0,
            children: children.collect(),
            more_children: 0,
            lost: 0,
        }
    }

    fn known(parts: Vec<(Vec<FolderChange>, Option<u64>, u64)>) -> Known {
        let mut known = Known { end_ms: NOW_MS, ..Known::default() };
        for (changes, before, days) in parts {
            let from_seq = before.unwrap_or_default();
            known.add(FolderChangesPage { changes, before, from_seq, from_ms: NOW_MS - days * DAY_MS });
        }
        known
    }

    fn some() -> Known {
        known(vec![
            (vec![change(90, 0, &["a"], &[]), change(80, 1, &["a"], &["b"])], Some(71), 2),
            (vec![change(60, 4, &["a", "c"], &[]), change(50, 40, &["a", "b"], &[])], Some(41), 41),
        ])
    }

    #[test]
    fn versions_are_counted_where_all_of_them_are_known() {
        let known = some();
        for (at, newer) in [(90, Some(0)), (80, Some(1)), (65, Some(2)), (59, Some(3)), (40, Some(4)), (39, None)] {
            assert_eq!(known.newer(&token("a"), at), newer, "{at}");
        }
        assert_eq!(known.newer(&token("b"), 55), Some(0), "what is gone is no version");
        let mut cut = change(80, 1, &["a"], &[]);
        cut.more_children = 1;
        let unsure = self::known(vec![(vec![change(90, 0, &["a"], &[]), cut], None, 2)]);
        assert_eq!((unsure.newer(&token("a"), 80), unsure.newer(&token("a"), 79)), (Some(1), None));
        assert_eq!(Known::default().newer(&token("a"), 5), None);
    }

    #[test]
    fn badges_say_what_is_known_and_no_more() {
        let (known, file) = (some(), |name| row(name, EntryKind::File));
        let badge = |name, fate, at| known.badge(&file(name), fate, at, None);
        assert_eq!(badge("a", Some(Fate::Changed), 60).unwrap(), "2\u{a0}newer versions");
        assert_eq!(badge("a", Some(Fate::Changed), 80).unwrap(), "1\u{a0}newer version");
        assert_eq!(badge("a", Some(Fate::Changed), 30).unwrap(), "changed since");
        // The comparison knows of a change that the history does not tell.
        assert_eq!(badge("x", Some(Fate::Changed), 60).unwrap(), "changed since");
        let gone = Moment::local(NOW_MS - DAY_MS).day_month();
        assert_eq!(badge("b", Some(Fate::Gone), 60).unwrap(), format!("gone since {gone}"));
        assert_eq!(badge("a", Some(Fate::Gone), 60).unwrap(), "not there today");
        assert_eq!(badge("a", Some(Fate::OtherKind), 60).unwrap(), "no file today");
        assert_eq!(badge("a", Some(Fate::Metadata), 60), None);
        assert_eq!(badge("a", None, 60), None);
        let now = |name, now_ms| known.badge(&file(name), None, 90, Some(now_ms));
        assert_eq!(now("a", NOW_MS + HOUR_MS - 1).unwrap(), "changed this hour");
        assert_eq!((now("a", NOW_MS + HOUR_MS), now("c", NOW_MS)), (None, None));
        assert_eq!(known.badge(&row("a", EntryKind::Folder), None, 90, Some(NOW_MS)), None);
    }

    #[test]
    fn a_line_has_a_dot_for_each_change_of_thirty_days() {
        let known = some();
        assert_eq!(Known::default().line(&token("a"), 9, None), None);
        let line = |name, at, days: Option<u64>| {
            known.line(&token(name), at, days.map(|days| NOW_MS - days * DAY_MS)).unwrap()
        };
        let since = Moment::local(NOW_MS - SPAN_MS).day_month();
        let now = line("a", 90, None);
        assert_eq!(now.dots.iter().map(|dot| dot.1).collect::<Vec<_>>(), [Look::Changed; 3]);
        assert_eq!(now.dots.last(), Some(&(PLACES, Look::Changed)));
        assert_eq!((&now.label, now.at), (&format!("changed 3 times since {since}"), None));
        let past = line("a", 70, Some(3));
        assert_eq!(past.dots.iter().map(|dot| dot.1).collect::<Vec<_>>(), [Look::Shown, Look::Changed, Look::Changed]);
        assert_eq!(past.at, Some(27 * PLACES / 30));
        assert_eq!(line("b", 70, Some(3)).dots, [(29 * PLACES / 30, Look::Gone)]);
        assert_eq!(line("b", 70, Some(3)).label, format!("changed once since {since}"));
        assert_eq!(line("quiet", 70, Some(3)).label, format!("not changed since {since}"));
        assert_eq!(now.from, 0);
        // Before the line begins nothing is marked.
        assert_eq!(line("a", 50, Some(40)).at, None);
        let busy: Vec<_> = (0..5_000).rev().map(|seq| change(seq, 0, &["a"], &[])).collect();
        let busy = self::known(vec![(busy, None, 1)]);
        let line = busy.line(&token("a"), 100, Some(NOW_MS)).unwrap();
        assert_eq!((line.dots.len(), line.dots[0].1), (1, Look::Shown));
        assert_eq!(line.label, format!("changed 5,000 times since {}", Moment::local(NOW_MS - DAY_MS).day_month()));
    }

    #[test]
    fn a_line_begins_where_it_was_read_from_and_the_oldest_snapshot_hides_nothing() {
        let short = known(vec![(vec![change(90, 0, &["a"], &[])], Some(71), 8)]);
        let line = short.line(&token("a"), 90, None).unwrap();
        assert_eq!((line.from, line.dots), (22 * PLACES / 30, vec![(PLACES, Look::Changed)]));
        // The server lists no snapshot before the one of now.
        let mut hidden = Known { end_ms: NOW_MS, ..Known::default() };
        hidden.add(FolderChangesPage { changes: vec![], before: None, from_seq: 91, from_ms: NOW_MS });
        assert_eq!((hidden.newer(&token("a"), 89), hidden.newer(&token("a"), 90)), (None, Some(0)));
        assert_eq!(hidden.badge(&row("a", EntryKind::File), Some(Fate::Changed), 80, None).unwrap(), "changed since");
        let line = hidden.line(&token("a"), 90, Some(u64::MAX)).unwrap();
        assert_eq!((line.from, line.at), (PLACES, Some(PLACES)));
        // By a clock that is set to the end of time.
        let mut last = change(92, 0, &["a"], &[]);
        last.device_time_ms = u64::MAX;
        hidden.add(FolderChangesPage { changes: vec![last], before: None, from_seq: 91, from_ms: NOW_MS });
        assert_eq!(hidden.badge(&row("a", EntryKind::File), None, 92, Some(NOW_MS)).unwrap(), "changed this hour");
    }
}
