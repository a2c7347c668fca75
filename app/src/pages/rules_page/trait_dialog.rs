//! The dialog in which a trait, and where it is, are written.

use std::fmt::Display;
use std::str::FromStr;

use iota_core::rules::{Attachment, Chunking, PathKind, Priority, Sharing, Trait};
use leptos::prelude::*;

use crate::components::dialog::Dialog;
use crate::components::field::{CheckField, TextField};
use crate::pages::rules_page::draft::Draft;

/// What is written in the dialog.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Editing {
    /// The place of the attachment; none for a new one, or for a trait that is attached nowhere.
    pub place: Option<usize>,
    pub attachment: Attachment,
    pub settings: Trait,
    /// The name that the trait had.
    pub known: Option<String>,
}

/// Open while something is edited.
#[component]
pub(super) fn TraitDialog(draft: Draft, editing: RwSignal<Option<Editing>>) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move || open.set(editing.with(Option::is_some)));
    Effect::new(move || {
        // Each follows the other: what is the same is not set again.
        if !open.get() && editing.with_untracked(Option::is_some) {
            editing.set(None);
        }
    });
    view! {
        <Dialog open labelled="trait-title">
            {move || editing.get().map(|edited| view! { <Form draft edited open /> })}
        </Dialog>
    }
    .into_any()
}

/// One text, parsed when the form is sent. A copy is the same text.
#[derive(Clone, Copy)]
struct Text {
    value: RwSignal<String>,
    wrong: RwSignal<Option<String>>,
}

impl Text {
    fn of(value: Option<impl Display>) -> Self {
        let text = value.map(|value| value.to_string()).unwrap_or_default();
        Self { value: RwSignal::new(text), wrong: RwSignal::new(None) }
    }

    /// What it says; nothing for nothing. What is wrong is said below the field.
    fn parse<T: FromStr<Err = String>>(&self) -> Result<Option<T>, ()> {
        let text = self.value.get_untracked();
        let parsed = if text.trim().is_empty() { Ok(None) } else { text.trim().parse().map(Some) };
        self.wrong.set(parsed.as_ref().err().cloned());
        parsed.map_err(drop)
    }
}

/// Which paths have the trait, as it is written.
#[derive(Clone, Copy)]
struct Place {
    paths: RwSignal<String>,
    larger: Text,
    smaller: Text,
    older: Text,
    newer: Text,
    kind: RwSignal<String>,
}

impl Place {
    fn of(attachment: &Attachment) -> Self {
        Self {
            paths: RwSignal::new(attachment.paths.join("\n")),
            larger: Text::of(attachment.larger_than),
            smaller: Text::of(attachment.smaller_than),
            older: Text::of(attachment.older_than),
            newer: Text::of(attachment.newer_than),
            kind: RwSignal::new(attachment.kind.map(kind_word).unwrap_or_default().to_owned()),
        }
    }

    /// What it says, for a trait of a name. What is wrong is said below the fields.
    fn parse(&self, name: String) -> Result<Attachment, ()> {
        let (larger, smaller) = (self.larger.parse(), self.smaller.parse());
        let (older, newer) = (self.older.parse(), self.newer.parse());
        let typed = self.paths.get_untracked();
        let paths = typed.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        Ok(Attachment {
            name,
            paths,
            larger_than: larger?,
            smaller_than: smaller?,
            older_than: older?,
            newer_than: newer?,
            kind: kind_of(&self.kind.get_untracked()),
        })
    }
}

#[component]
fn PlaceFields(place: Place) -> impl IntoView {
    let Place { paths, larger, smaller, older, newer, kind } = place;
    view! {
        <div class="field">
            <label for="trait-paths">"Which paths"</label>
            <textarea
                class="input input--mono"
                id="trait-paths"
                rows="3"
                autocapitalize="none"
                spellcheck="false"
                placeholder="everything"
                prop:value=move || paths.get()
                aria-describedby="trait-paths-hint"
                on:input=move |event| paths.set(event_target_value(&event))
            ></textarea>
            <span class="field__hint" id="trait-paths-hint">
                "Patterns as in .gitignore, one on each line. A folder stands for all that is in it."
            </span>
        </div>
        <div class="duo">
            <TextField id="trait-larger" label="Only files over" value=larger.value hint="20M, 4G" error=larger.wrong mono=true />
            <TextField id="trait-smaller" label="Only files under" value=smaller.value hint="500K, 2M" error=smaller.wrong mono=true />
        </div>
        <div class="duo">
            <TextField id="trait-older" label="Only files older than" value=older.value hint="30d, 8h" error=older.wrong mono=true />
            <TextField id="trait-newer" label="Only files newer than" value=newer.value hint="1h, 2d" error=newer.wrong mono=true />
        </div>
        <Choice
            id="trait-kind"
            label="What they are"
            value=kind
            options=&[
                ("", "anything"),
                ("file", "files"),
                ("directory", "folders"),
                ("link", "links"),
                ("other", "devices, pipes and sockets"),
            ]
        />
    }
    .into_any()
}

#[component]
fn Form(draft: Draft, edited: Editing, open: RwSignal<bool>) -> impl IntoView {
    let Editing { place, attachment, settings, known } = edited;
    let fresh = known.is_none();
    let name = Text::of((!fresh).then_some(&attachment.name));
    let where_it_is = Place::of(&attachment);
    let settle = Text::of(settings.settle);
    let longest = Text::of(settings.longest_wait);
    let schedule = Text::of(settings.schedule.as_ref());
    let priority = RwSignal::new(settings.priority.map(|priority| priority.to_string()).unwrap_or_default());
    let chunking = RwSignal::new(settings.chunking.map(|chunking| chunking.to_string()).unwrap_or_default());
    let plain = RwSignal::new(settings.compression == Some(false));
    let isolated = RwSignal::new(settings.domain == Some(Sharing::Isolated));
    let exclude = RwSignal::new(settings.exclude == Some(true));
    let wrong = RwSignal::new(None::<String>);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let named = name.value.get_untracked().trim().to_owned();
        let plain_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
        let named_well = !named.is_empty() && named.chars().all(plain_name);
        name.wrong.set((!named_well).then(|| "Letters, digits, - and _".to_owned()));
        let parsed = (where_it_is.parse(named.clone()), settle.parse(), longest.parse(), schedule.parse());
        let (Ok(placed), Ok(settle), Ok(longest), Ok(schedule)) = parsed else { return };
        if !named_well {
            return;
        }
        let changed = Trait {
            settle,
            longest_wait: longest,
            schedule,
            priority: priority_of(&priority.get_untracked()),
            chunking: chunking_of(&chunking.get_untracked()),
            compression: switched(plain.get_untracked(), settings.compression, false),
            domain: switched(
                isolated.get_untracked(),
                settings.domain.map(|sharing| sharing == Sharing::Isolated),
                true,
            )
            .map(|alone| if alone { Sharing::Isolated } else { Sharing::Private }),
            exclude: switched(exclude.get_untracked(), settings.exclude, true),
        };
        if changed == Trait::default() {
            return wrong.set(Some("Set something: a quiet time, a schedule, a priority…".to_owned()));
        }
        let known = known.clone();
        draft.edit(move |file| {
            match place {
                Some(place) if place < file.attach.len() => file.attach[place] = placed,
                // What is attached nowhere stays so.
                _ if known.is_some() => {}
                _ => file.attach.push(placed),
            }
            let unused = |known: &String| !file.attach.iter().any(|attachment| attachment.name == *known);
            if let Some(known) = known.filter(|known| *known != named && unused(known)) {
                file.traits.remove(&known);
            }
            file.traits.insert(named, changed);
        });
        open.set(false);
    };
    let attached = fresh || place.is_some();
    let where_fields = attached.then(|| view! { <PlaceFields place=where_it_is /> });
    view! {
        <form class="stack" on:submit=send>
            <h2 class="dialog__title" id="trait-title">
                {if fresh { "A new trait" } else { "Change a trait" }}
            </h2>
            <TextField id="trait-name" label="Name" value=name.value error=name.wrong focus=true />
            {where_fields}
            <div class="duo">
                <TextField id="trait-settle" label="Quiet for" value=settle.value hint="5s, 10m" error=settle.wrong mono=true />
                <TextField id="trait-longest" label="At the latest after" value=longest.value hint="1h, 6h" error=longest.wrong mono=true />
            </div>
            <TextField
                id="trait-schedule"
                label="Only at these times"
                value=schedule.value
                hint="22:00-06:00 · mon-fri 12:00-13:00, sat"
                error=schedule.wrong
                mono=true
            />
            <div class="duo">
                <Choice
                    id="trait-priority"
                    label="Priority"
                    value=priority
                    options=&[("", "as it is"), ("high", "high"), ("normal", "normal"), ("low", "low")]
                />
                <Choice
                    id="trait-chunking"
                    label="Chunks"
                    value=chunking
                    options=&[("", "as it is"), ("auto", "by kind of file"), ("normal", "200 KB"), ("fine", "32 KB")]
                />
            </div>
            <CheckField id="trait-plain" label="Do not compress" value=plain hint="For what is compressed already" />
            <CheckField
                id="trait-isolated"
                label="Share with no other machine"
                value=isolated
                hint="No other machine can find out that these contents are kept. What several machines have takes its space for each of them"
            />
            <CheckField id="trait-exclude" label="Leave these paths out" value=exclude />
            {move || {
                wrong.get().map(|wrong| view! { <p class="field__error" role="alert">{wrong}</p> })
            }}
            <div class="button-group">
                <button class="button" type="button" on:click=move |_| open.set(false)>
                    "Cancel"
                </button>
                <button class="button button--primary" type="submit">
                    "Take over"
                </button>
            </div>
        </form>
    }
    .into_any()
}

/// One of a few.
#[component]
fn Choice(
    id: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    options: &'static [(&'static str, &'static str)],
) -> impl IntoView {
    let options: Vec<_> = options
        .iter()
        .map(|(key, word)| {
            view! {
                <option value=*key selected=move || value.with(|value| value == key)>
                    {*word}
                </option>
            }
        })
        .collect();
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select class="select" id=id on:change=move |event| value.set(event_target_value(&event))>
                {options}
            </select>
        </div>
    }
    .into_any()
}

/// What a box says; one that was not touched leaves unsaid what was.
fn switched(on: bool, before: Option<bool>, meaning: bool) -> Option<bool> {
    match (on, before) {
        (true, _) => Some(meaning),
        (false, Some(before)) if before != meaning => Some(before),
        (false, _) => None,
    }
}

fn priority_of(text: &str) -> Option<Priority> {
    [Priority::Low, Priority::Normal, Priority::High].into_iter().find(|priority| priority.to_string() == text)
}

fn chunking_of(text: &str) -> Option<Chunking> {
    [Chunking::Auto, Chunking::Normal, Chunking::Fine].into_iter().find(|chunking| chunking.to_string() == text)
}

fn kind_of(text: &str) -> Option<PathKind> {
    [PathKind::File, PathKind::Directory, PathKind::Link, PathKind::Other]
        .into_iter()
        .find(|kind| kind_word(*kind) == text)
}

/// As it stands in a file of rules.
fn kind_word(kind: PathKind) -> &'static str {
    match kind {
        PathKind::File => "file",
        PathKind::Directory => "directory",
        PathKind::Link => "link",
        PathKind::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_trait_is_comes_back_as_it_was_written() {
        let owner = Owner::new();
        owner.set();
        let attachment = Attachment {
            name: "film".into(),
            paths: vec!["*.mkv".into(), "/srv".into()],
            larger_than: Some("20M".parse().unwrap()),
            smaller_than: Some("4G".parse().unwrap()),
            older_than: Some("8h".parse().unwrap()),
            newer_than: Some("30d".parse().unwrap()),
            kind: Some(PathKind::File),
        };
        assert_eq!(Place::of(&attachment).parse("film".into()), Ok(attachment));
        let nothing = Attachment { name: "all".into(), ..Attachment::default() };
        assert_eq!(Place::of(&nothing).parse("all".into()), Ok(nothing));
        let wrong = Place::of(&Attachment::default());
        wrong.smaller.value.set("2 boxes".into());
        assert!(wrong.parse("all".into()).is_err() && wrong.smaller.wrong.get_untracked().is_some());
        for kind in [PathKind::File, PathKind::Directory, PathKind::Link, PathKind::Other] {
            assert_eq!(kind_of(kind_word(kind)), Some(kind));
        }
    }
}
