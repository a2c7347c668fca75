//! A folder, or some of it, as one zip: how much it is, and what a zip cannot hold.

use iota_core::id::SetId;
use iota_core::vault::{MeasureZip, Problem, Selection, Wanted, ZipView};
use leptos::prelude::*;

use crate::components::dialog::Dialog;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::skeleton::Skeleton;
use crate::downloads::{Downloads, WantedFile};
use crate::vault::Vault;
use crate::words::{bytes, many};

/// What would be taken out.
#[derive(Clone, PartialEq)]
pub struct ZipOf {
    /// The machine.
    pub set: SetId,
    /// The commit.
    pub at: u64,
    /// Which files.
    pub selection: Selection,
    /// What they are called, safe to show.
    pub name: String,
}

/// A button, and the dialog that it opens.
#[component]
pub fn ZipButton(
    /// What is taken out.
    #[prop(into)]
    of: Signal<ZipOf>,
    /// What the button says.
    label: &'static str,
) -> impl IntoView {
    let open = RwSignal::new(false);
    view! {
        <button class="button button--small" type="button" on:click=move |_| open.set(true)>
            <Icon name="download" />
            {label}
        </button>
        <Dialog open labelled="zip-title">
            <Body of=of.get_untracked() open />
        </Dialog>
    }
    .into_any()
}

#[component]
fn Body(of: ZipOf, open: RwSignal<bool>) -> impl IntoView {
    let vault = Vault::current();
    let measured = RwSignal::new(None::<Result<ZipView, Problem>>);
    let question = StoredValue::new(MeasureZip { set: of.set, at: of.at, selection: of.selection.clone() });
    let ask = move || {
        leptos::task::spawn_local(async move {
            let answer = vault.ask(question.get_value()).await;
            // The dialog may have been closed.
            measured.try_set(Some(answer));
        });
    };
    ask();
    let retry = Callback::new(move |()| {
        measured.set(None);
        ask();
    });
    let name = of.name.clone();
    let shown = move || match measured.get() {
        None => view! {
            <p class="small ink-2" role="status">
                "Counting…"
            </p>
            <Skeleton lines=2 />
        }
        .into_any(),
        Some(Err(problem)) => view! { <ProblemNotice problem retry /> }.into_any(),
        Some(Ok(view)) => found(&of, view, open),
    };
    view! {
        <div class="dialog__body">
            <h2 id="zip-title">
                "Download "
                <bdi>{name}</bdi>
            </h2>
            {shown}
        </div>
    }
    .into_any()
}

fn found(of: &ZipOf, view: ZipView, open: RwSignal<bool>) -> AnyView {
    let downloads = Downloads::current();
    let wanted = WantedFile {
        set: of.set,
        at: of.at,
        what: Wanted::Zip(of.selection.clone()),
        // Spaces that do not break a line are for pages.
        name: format!("{}.zip", of.name.replace('\u{a0}', " ")),
        bytes: view.bytes,
    };
    let press = move |_| {
        downloads.start(wanted.clone());
        open.set(false);
    };
    let links = (view.others > 0).then(|| format!(" and {}", many(view.others, "link or device", "links and devices")));
    view! {
        <p>
            <b class="num">{bytes(view.bytes)}</b>
            " in "
            {many(view.files, "file", "files")}
            ", "
            {many(view.folders, "folder", "folders")}
            {links}
            "."
        </p>
        <p class="small ink-2">
            "Everything is opened and verified here, piece by piece, and comes as one zip. Times and permissions come along. Owners, extended \
             attributes and hard links do not: the agent’s restore brings them back. What else is different, if anything, is said in a text at the end of the zip."
        </p>
        <div class="button-group">
            <button class="button" type="button" on:click=move |_| open.set(false)>
                "Cancel"
            </button>
            <button class="button button--primary" type="button" on:click=press>
                <Icon name="download" />
                {format!("Download, {}", bytes(view.bytes))}
            </button>
        </div>
    }
    .into_any()
}
