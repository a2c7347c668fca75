//! Traits and the paths that have them.

use iota_core::rules::{Attachment, RuleFile, Sharing, Trait};
use leptos::prelude::*;

use crate::components::document_link::DocumentLink;
use crate::components::icon::Icon;
use crate::pages::rules_page::draft::Draft;
use crate::pages::rules_page::share_words;
use crate::pages::rules_page::trait_dialog::{Editing, TraitDialog};

/// Each attachment with its settings, and a dialog to change them.
#[component]
pub(super) fn Attachments(draft: Draft) -> impl IntoView {
    let editing = RwSignal::new(None::<Editing>);
    let rows = move || {
        let rows = draft.file().with(rows_of);
        let rows = rows.into_iter().map(|row| view! { <Row draft row editing /> });
        rows.collect::<Vec<_>>()
    };
    view! {
        <section class="card card--flush" aria-labelledby="traits">
            <div class="card__head">
                <h2 class="card__title" id="traits">
                    "Traits"
                </h2>
                <button
                    class="button button--small"
                    type="button"
                    on:click=move |_| editing.set(Some(Editing::default()))
                >
                    <Icon name="plus" />
                    "Add"
                </button>
            </div>
            <div class="rule-list">
                {rows}
                <div class="rule rule--built-in">
                    <Icon name="settings" />
                    <span class="rule__name">"Built in"</span>
                    <span class="rule__traits">
                        <span class="badge">"quiet 5s"</span>
                        <span class="badge">"over 20M: quiet 2m"</span>
                        <span class="badge">"at the latest 1h"</span>
                    </span>
                </div>
            </div>
            <p class="rule-list__note">
                "How files are treated: when, before whom, compressed or not. The nearest to a file wins. "
                <DocumentLink href="/docs/traits">"All of it"</DocumentLink>
            </p>
        </section>
        <TraitDialog draft editing />
    }
    .into_any()
}

/// A row: an attachment, or a trait that is attached nowhere.
#[derive(Clone, PartialEq)]
struct RowOf {
    place: Option<usize>,
    attachment: Attachment,
    settings: Trait,
}

fn rows_of(file: &RuleFile) -> Vec<RowOf> {
    let settings = |name: &str| file.traits.get(name).cloned().unwrap_or_default();
    let attached = file.attach.iter().enumerate().map(|(place, attachment)| RowOf {
        place: Some(place),
        attachment: attachment.clone(),
        settings: settings(&attachment.name),
    });
    let is_attached = |name: &String| file.attach.iter().any(|attachment| attachment.name == *name);
    let alone = file.traits.iter().filter(|(name, _)| !is_attached(name)).map(|(name, settings)| RowOf {
        place: None,
        attachment: Attachment { name: name.clone(), ..Attachment::default() },
        settings: settings.clone(),
    });
    attached.chain(alone).collect()
}

#[component]
fn Row(draft: Draft, row: RowOf, editing: RwSignal<Option<Editing>>) -> impl IntoView {
    let RowOf { place, attachment, settings } = row;
    let share = Memo::new(move |_| draft.coverage().and_then(|coverage| coverage.attach.get(place?).copied()));
    let chips =
        settings_words(&settings).into_iter().map(|words| view! { <span class="badge badge--accent">{words}</span> });
    let conditions = condition_words(&attachment).into_iter().map(|words| view! { <span class="badge">{words}</span> });
    let chips: Vec<_> = chips.map(IntoAny::into_any).chain(conditions.map(IntoAny::into_any)).collect();
    let name = attachment.name.clone();
    let paths = match (place, attachment.paths.is_empty()) {
        (Some(_), false) => attachment.paths.join(", "),
        (Some(_), true) => "everything".to_owned(),
        (None, _) if matches!(name.as_str(), "default" | "large") => "changes what is built in".to_owned(),
        (None, _) => "attached nowhere".to_owned(),
    };
    let spoken = [format!("Change the trait {name}"), format!("Remove the trait {name}")];
    let (edited, removed) = (name.clone(), name.clone());
    let edit = move |_| {
        editing.set(Some(Editing {
            place,
            attachment: attachment.clone(),
            settings: settings.clone(),
            known: Some(edited.clone()),
        }));
    };
    let remove = move |_| {
        draft.edit(|file| {
            if let Some(place) = place {
                file.attach.remove(place);
            }
            if !file.attach.iter().any(|attachment| attachment.name == removed) {
                file.traits.remove(&removed);
            }
        });
    };
    let [spoken_edit, spoken_remove] = spoken;
    view! {
        <div class="rule rule--trait">
            <Icon name="hourglass" />
            <span class="rule__name">
                <b>{name}</b>
                <bdi class="rule__pattern">{paths}</bdi>
            </span>
            <span class="rule__bytes">{move || place.map(|_| share_words(share.get()))}</span>
            <span class="rule__do">
                <button class="button button--quiet button--icon" type="button" aria-label=spoken_edit on:click=edit>
                    <Icon name="settings" />
                </button>
                <button class="button button--quiet button--icon" type="button" aria-label=spoken_remove on:click=remove>
                    <Icon name="trash-2" />
                </button>
            </span>
            <span class="rule__traits">{chips}</span>
        </div>
    }
    .into_any()
}

fn settings_words(settings: &Trait) -> Vec<String> {
    let words = [
        settings.exclude.map(|out| if out { "left out" } else { "kept" }.to_owned()),
        settings.settle.map(|span| format!("quiet {span}")),
        settings.longest_wait.map(|span| format!("at the latest {span}")),
        settings.schedule.as_ref().map(ToString::to_string),
        settings.priority.map(|priority| format!("{priority} priority")),
        settings.compression.map(|on| if on { "compressed" } else { "not compressed" }.to_owned()),
        settings.chunking.map(|chunking| format!("{chunking} chunks")),
        settings.domain.map(|sharing| match sharing {
            Sharing::Private => "shared between machines".to_owned(),
            Sharing::Isolated => "this machine alone".to_owned(),
        }),
    ];
    words.into_iter().flatten().collect()
}

fn condition_words(attachment: &Attachment) -> Vec<String> {
    let words = [
        attachment.larger_than.map(|size| format!("over {size}")),
        attachment.smaller_than.map(|size| format!("under {size}")),
        attachment.older_than.map(|span| format!("older than {span}")),
        attachment.newer_than.map(|span| format!("newer than {span}")),
        attachment.kind.map(|kind| format!("{kind:?} only").to_lowercase()),
    ];
    words.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attachment_has_a_row_and_so_has_a_trait_that_is_attached_nowhere() {
        let settings = Trait { compression: Some(false), settle: Some("2m".parse().unwrap()), ..Trait::default() };
        let on = Attachment {
            name: "a".into(),
            larger_than: Some("20M".parse().unwrap()),
            kind: Some(iota_core::rules::PathKind::File),
            ..Attachment::default()
        };
        let file = RuleFile {
            traits: [("a".to_owned(), settings.clone()), ("large".to_owned(), settings)].into(),
            attach: vec![on.clone(), on],
            ..RuleFile::default()
        };
        let rows = rows_of(&file);
        let places: Vec<_> = rows.iter().map(|row| (row.attachment.name.as_str(), row.place)).collect();
        assert_eq!(places, [("a", Some(0)), ("a", Some(1)), ("large", None)]);
        assert_eq!(settings_words(&rows[2].settings), ["quiet 2m", "not compressed"]);
        assert_eq!(condition_words(&rows[0].attachment), ["over 20M", "file only"]);
    }
}
