//! What is taken out of a folder, or comes back from it: all of it, or what is chosen.

use iota_core::id::SetId;
use iota_core::vault::{PathToken, Selection};
use leptos::prelude::*;

use super::{LIST_ID, Opened};
use crate::browser;
use crate::components::file_list::{Choice, Chosen};
use crate::components::icon::Icon;
use crate::components::restore_dialog::{RestoreButton, RestoreOf};
use crate::components::zip_dialog::{ZipButton, ZipOf};
use crate::fleet::Fleet;

/// A folder at a point in time, and what it is called.
#[derive(Clone, PartialEq)]
pub struct Place {
    set: SetId,
    at: u64,
    when_ms: u64,
    folder: Option<PathToken>,
    /// None at the top.
    name: Option<String>,
    machine: Option<String>,
}

impl Place {
    /// That of a folder that was opened.
    pub fn of(set: SetId, opened: &Opened) -> Self {
        let Opened { point, spot, listing } = opened;
        Self {
            set,
            at: point.seq,
            when_ms: point.device_time_ms,
            folder: spot.path.clone(),
            name: listing.crumbs.last().map(|crumb| crumb.name.clone()),
            machine: Fleet::current().machine(set).and_then(|machine| machine.name),
        }
    }

    fn short_name(&self) -> String {
        self.name.clone().or_else(|| self.machine.clone()).unwrap_or_else(|| "files".into())
    }

    fn all(&self) -> Selection {
        Selection { folder: self.folder.clone(), only: Vec::new() }
    }

    fn zip(&self, selection: Selection, name: String) -> ZipOf {
        ZipOf { set: self.set, at: self.at, selection, name }
    }

    fn restore(&self, selection: Selection, name: String) -> RestoreOf {
        RestoreOf { set: self.set, at: self.at, when_ms: self.when_ms, selection, name }
    }

    fn zip_of_all(&self) -> ZipOf {
        self.zip(self.all(), self.short_name())
    }

    fn restore_of_all(&self) -> RestoreOf {
        let name = self.name.clone().unwrap_or_else(|| match &self.machine {
            Some(machine) => format!("everything of {machine}"),
            None => "everything".into(),
        });
        self.restore(self.all(), name)
    }

    fn zip_of(&self, choice: &Choice) -> ZipOf {
        let some = (!choice.is_all()).then(|| choice.selection(self.folder.clone())).flatten();
        some.map_or_else(|| self.zip_of_all(), |some| self.zip(some, choice.name(&self.short_name())))
    }

    fn restore_of(&self, choice: &Choice) -> RestoreOf {
        let some = (!choice.is_all()).then(|| choice.selection(self.folder.clone())).flatten();
        some.map_or_else(|| self.restore_of_all(), |some| self.restore(some, choice.name(&self.short_name())))
    }
}

/// Takes all of a folder.
#[component]
pub fn TakeFolder(
    /// Which.
    place: Place,
) -> impl IntoView {
    view! {
        <ZipButton of=place.zip_of_all() label="Download folder" />
        <RestoreButton of=place.restore_of_all() />
    }
    .into_any()
}

/// What is chosen of a folder, and what can be done with it: at the end of the list, or at the lower edge of the view.
#[component]
pub fn ChoiceBar(
    /// The folder.
    place: Memo<Option<Place>>,
    /// What is chosen of it.
    chosen: Chosen,
) -> impl IntoView {
    let said = Memo::new(move |before: Option<&String>| {
        let begun = before.is_some_and(|before| !before.is_empty());
        let told: Vec<_> = chosen.refusal().or_else(|| chosen.words()).into_iter().chain(chosen.carried()).collect();
        let words = (!told.is_empty()).then(|| told.join(" "));
        words.unwrap_or_else(|| if begun { "Nothing is chosen.".into() } else { String::new() })
    });
    let is_shown = Memo::new(move |_| chosen.is_shown());
    view! {
        <p class="visually-hidden" role="status">
            {said}
        </p>
        {move || is_shown.get().then(|| bar(place, chosen))}
    }
    .into_any()
}

fn bar(place: Memo<Option<Place>>, chosen: Chosen) -> AnyView {
    let some = Memo::new(move |_| chosen.is_there());
    let clear = move |_| {
        chosen.clear();
        // What had the focus is gone.
        browser::focus_in_place(LIST_ID);
    };
    view! {
        <section class="chosen-bar" aria-label="Chosen entries">
            {move || chosen.refusal().map(|refusal| view! { <p class="chosen-bar__refusal">{refusal}</p> })}
            {move || chosen.carried().map(|carried| view! { <p class="chosen-bar__note">{carried}</p> })}
            <p class="chosen-bar__words">{move || chosen.words()}</p>
            <div class="button-group">
                {move || {
                    let place = place.get().filter(|_| some.get())?;
                    let place = StoredValue::new(place);
                    let zip = Signal::derive(move || chosen.with(|choice| place.with_value(|place| place.zip_of(choice))));
                    let restore = Signal::derive(move || chosen.with(|choice| place.with_value(|place| place.restore_of(choice))));
                    Some(
                        view! {
                            <ZipButton of=zip label="Download as zip" />
                            <RestoreButton of=restore label="Restore…" />
                        },
                    )
                }}
                <button class="button button--quiet button--small" type="button" on:click=clear>
                    <Icon name="x" />
                    {"Clear"}
                </button>
            </div>
        </section>
    }
    .into_any()
}
