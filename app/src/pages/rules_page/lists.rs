//! Roots, and what is left out below them.

use std::path::Path;

use iota_core::rules::{RuleFile, RuleRoot, Share, Size};
use leptos::prelude::*;

use crate::components::document_link::DocumentLink;
use crate::components::field::{CheckField, FieldError};
use crate::components::icon::Icon;
use crate::pages::rules_page::draft::Draft;
use crate::pages::rules_page::share_words;

/// What is backed up.
#[component]
pub(super) fn Roots(draft: Draft) -> impl IntoView {
    let rows = move || {
        let count = draft.file().with(|file| file.roots.len());
        (0..count)
            .map(|place| {
                let name = draft.file().with(|file| root_name(&file.roots[place]));
                let share =
                    Memo::new(move |_| draft.coverage().and_then(|coverage| coverage.roots.get(place).copied()));
                let remove = Callback::new(move |()| draft.edit(|file| drop(file.roots.remove(place))));
                view! { <RuleRow icon="folder" name share remove /> }
            })
            .collect::<Vec<_>>()
    };
    let check = |path: &str| {
        let root = RuleRoot::new(Path::new(path));
        let absolute = path.starts_with('/') && !path.split('/').any(|name| name == "." || name == "..");
        if absolute { Ok(root) } else { Err("Write the full path, as in /home/ada".to_owned()) }
    };
    let add = Callback::new(move |path: String| {
        let path = if path.len() > 1 { path.trim_end_matches('/').to_owned() } else { path };
        let root = check(&path)?;
        if draft.file().with_untracked(|file| file.roots.contains(&root)) {
            return Err("It is backed up already".to_owned());
        }
        draft.edit(|file| file.roots.push(root));
        Ok(())
    });
    view! {
        <section class="card card--flush" aria-labelledby="roots">
            <div class="card__head">
                <h2 class="card__title" id="roots">
                    "Backed up"
                </h2>
            </div>
            <div class="rule-list">{rows}</div>
            <AddRow id="root-new" label="Another folder or file" placeholder="/home/ada/Pictures" add />
        </section>
    }
    .into_any()
}

/// What is left out.
#[component]
pub(super) fn LeftOut(draft: Draft) -> impl IntoView {
    let rows = move || {
        let count = draft.file().with(|file| file.exclude.len());
        let rows = (0..count).map(|place| {
            let name = draft.file().with(|file| file.exclude[place].clone());
            let share = Memo::new(move |_| draft.coverage().and_then(|coverage| coverage.exclude.get(place).copied()));
            let remove = Callback::new(move |()| draft.edit(|file| drop(file.exclude.remove(place))));
            view! { <RuleRow icon="circle-slash" name share remove /> }
        });
        rows.collect::<Vec<_>>()
    };
    let add = Callback::new(move |pattern: String| {
        if draft.file().with_untracked(|file| file.exclude.contains(&pattern)) {
            return Err("It is there already".to_owned());
        }
        draft.edit(|file| file.exclude.push(pattern));
        Ok(())
    });
    view! {
        <section class="card card--flush" aria-labelledby="left-out">
            <div class="card__head">
                <h2 class="card__title" id="left-out">
                    "Left out"
                </h2>
            </div>
            <div class="rule-list">{rows}</div>
            <AddRow id="pattern-new" label="Another pattern, as in .gitignore" placeholder="*.tmp" add />
            <p class="rule-list__note">
                "Read from top to bottom; the last match wins. A name matches anywhere, a path from the root of the machine on, and ! brings back. "
                <DocumentLink href="/docs/traits">"All of it"</DocumentLink>
            </p>
            <div class="rule-list__more">
                <Switches draft />
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Switches(draft: Draft) -> impl IntoView {
    let caches = bound(draft, |file| file.skip_caches, |file, yes| file.skip_caches = yes);
    let others = bound(draft, |file| !file.one_file_system, |file, yes| file.one_file_system = !yes);
    let limit = |file: &RuleFile| file.max_file_bytes.map(|size| Size(size).to_string()).unwrap_or_default();
    let set_limit = |file: &mut RuleFile, text: &str| {
        let size = if text.is_empty() { Ok(None) } else { text.parse::<Size>().map(|size| Some(size.0)) };
        file.max_file_bytes = size.map_err(|_| "Write a size, as in 500M or 4G, or nothing for no limit".to_owned())?;
        Ok(())
    };
    view! {
        <CheckField
            id="skip-caches"
            label="Leave out caches"
            value=caches
            hint="What lies in a folder with a CACHEDIR.TAG"
            switch=true
        />
        <CheckField
            id="cross"
            label="Go into other file systems"
            value=others
            hint="Disks that are mounted below the paths above"
            switch=true
        />
        <DraftField
            draft
            id="max-file"
            label="Leave out files larger than"
            placeholder="no limit"
            get=limit
            set=set_limit
        />
    }
    .into_any()
}

/// A line of the draft. What is wrong with it is said below.
#[component]
pub(super) fn DraftField(
    draft: Draft,
    id: &'static str,
    label: &'static str,
    placeholder: &'static str,
    get: fn(&RuleFile) -> String,
    set: fn(&mut RuleFile, &str) -> Result<(), String>,
) -> impl IntoView {
    let wrong = RwSignal::new(None::<String>);
    let take = move |text: String| {
        let before = draft.file().get_untracked();
        let mut file = before.clone();
        wrong.set(set(&mut file, text.trim()).err());
        if wrong.with_untracked(Option::is_none) && file != before {
            draft.edit(|draft| *draft = file);
        }
    };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                class="input input--mono"
                id=id
                autocomplete="off"
                placeholder=placeholder
                prop:value=move || draft.file().with(get)
                aria-invalid=move || wrong.with(Option::is_some).then_some("true")
                on:change=move |event| take(event_target_value(&event))
            />
            <FieldError id error=wrong />
        </div>
    }
    .into_any()
}

/// A switch of the draft, both ways.
pub(super) fn bound(draft: Draft, get: fn(&RuleFile) -> bool, set: fn(&mut RuleFile, bool)) -> RwSignal<bool> {
    let value = RwSignal::new(draft.file().with_untracked(get));
    Effect::new(move || {
        let told = draft.file().with(get);
        if value.get_untracked() != told {
            value.set(told);
        }
    });
    Effect::new(move || {
        let wanted = value.get();
        if draft.file().with_untracked(get) != wanted {
            draft.edit(|file| set(file, wanted));
        }
    });
    value
}

/// A rule, what it covers, and how to take it away.
#[component]
pub(super) fn RuleRow(
    icon: &'static str,
    name: String,
    /// Nothing is counted for it without one.
    #[prop(optional)]
    share: Option<Memo<Option<Share>>>,
    remove: Callback<()>,
) -> impl IntoView {
    let spoken = format!("Remove {name}");
    view! {
        <div class="rule">
            <Icon name=icon />
            <bdi class="rule__pattern">{name}</bdi>
            <span class="rule__bytes">{move || share.map(|share| share_words(share.get()))}</span>
            <button
                class="button button--quiet button--icon"
                type="button"
                aria-label=spoken
                on:click=move |_| remove.run(())
            >
                <Icon name="trash-2" />
            </button>
        </div>
    }
    .into_any()
}

/// A line to type another one into. What is wrong with it is said below.
#[component]
pub(super) fn AddRow(
    id: &'static str,
    label: &'static str,
    placeholder: &'static str,
    add: Callback<String, Result<(), String>>,
) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let typed = text.get_untracked().trim().to_owned();
        let result = if typed.is_empty() { Err("Type it first".to_owned()) } else { add.run(typed) };
        if result.is_ok() {
            text.set(String::new());
        }
        wrong.set(result.err());
    };
    view! {
        <form class="rule-add" on:submit=send>
            <label class="visually-hidden" for=id>
                {label}
            </label>
            <input
                class="input input--mono"
                id=id
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                placeholder=placeholder
                prop:value=move || text.get()
                aria-invalid=move || wrong.with(Option::is_some).then_some("true")
                on:input=move |event| {
                    text.set(event_target_value(&event));
                    wrong.set(None);
                }
            />
            <button class="button" type="submit">
                <Icon name="plus" />
                "Add"
            </button>
            <FieldError id error=wrong />
        </form>
    }
    .into_any()
}

fn root_name(root: &RuleRoot) -> String {
    match root.path() {
        Ok(path) => String::from_utf8_lossy(&path).into_owned(),
        Err(error) => error.to_string(),
    }
}
