//! Files that a machine of the account brings back to its disk: which machine, where to, and what becomes of what is there.

mod wish;

use iota_core::id::SetId;
use iota_core::restore::{FILES_LIFE_MS, LIFE_MS, Overwrite};
use iota_core::vault::Selection;
use leptos::prelude::*;
use leptos::{ev, html};

use crate::components::busy_button::BusyButton;
use crate::components::dialog::Dialog;
use crate::components::field::TextField;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::spot;
use crate::words::{Moment, restore, span};

use wish::{FOLDER_ID, Given, Wish};

/// What would come back.
#[derive(Clone, PartialEq)]
pub struct RestoreOf {
    /// The machine that backed it up.
    pub set: SetId,
    /// The commit.
    pub at: u64,
    /// When that was, by the machine's clock, milliseconds since 1970.
    pub when_ms: u64,
    /// Which files.
    pub selection: Selection,
    /// What they are called, safe to show.
    pub name: String,
}

/// A button, and the dialog that it opens.
#[component]
pub fn RestoreButton(
    /// What would come back.
    #[prop(into)]
    of: Signal<RestoreOf>,
    /// What the button says.
    #[prop(default = "Restore on a machine")]
    label: &'static str,
    /// As wide as what is around it, and not small.
    #[prop(optional)]
    wide: bool,
) -> impl IntoView {
    let open = RwSignal::new(false);
    // What lies around it may close by Escape, too; one layer goes at a time.
    let keys = move |event: ev::KeyboardEvent| {
        if open.get_untracked() {
            event.stop_propagation();
        }
    };
    view! {
        <div on:keydown=keys>
            <button
                class=if wide { "button button--wide" } else { "button button--small" }
                type="button"
                on:click=move |_| open.set(true)
            >
                <Icon name="archive-restore" />
                {label}
            </button>
            <Dialog open labelled="restore-title">
                <Body of=of.get_untracked() open />
            </Dialog>
        </div>
    }
    .into_any()
}

#[component]
fn Body(of: RestoreOf, open: RwSignal<bool>) -> impl IntoView {
    let wish = Wish::new(of);
    Effect::new(move || {
        if let Some(machine) = wish.machine.get() {
            wish.ask_whether_it_listens(machine);
        }
    });
    move || match wish.given.get() {
        Some(given) => view! { <Thanks wish given open /> }.into_any(),
        None => view! { <Form wish open /> }.into_any(),
    }
}

#[component]
fn Form(wish: Wish, open: RwSignal<bool>) -> impl IntoView {
    let (name, when) = wish.of.with_value(|of| (of.name.clone(), Moment::local(of.when_ms).full()));
    let busy = |dry_run: bool| Signal::derive(move || wish.busy.get() == Some(dry_run));
    let disabled =
        |dry_run: bool| Signal::derive(move || wish.machine.get().is_none() || wish.busy.get() == Some(!dry_run));
    let press = |dry_run: bool| Callback::new(move |()| wish.order(dry_run));
    view! {
        <div class="dialog__body">
            <div class="stack stack--tight">
                <h2 id="restore-title">
                    "Restore "
                    <bdi>{name}</bdi>
                </h2>
                <p class="ink-2">{format!("As it was {when}. The order is sealed: only the machine can read it.")}</p>
            </div>
            <MachineField wish />
            <PlaceField wish />
            <OverwriteField wish />
            {move || wish.problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            <div class="button-group">
                <BusyButton
                    busy=busy(true)
                    disabled=disabled(true)
                    label="See what would happen"
                    working="Sealing…"
                    on_press=press(true)
                />
                <BusyButton
                    busy=busy(false)
                    disabled=disabled(false)
                    label="Restore"
                    working="Sealing…"
                    class="button--primary"
                    on_press=press(false)
                />
                <button class="button button--quiet" type="button" on:click=move |_| open.set(false)>
                    {"Close"}
                </button>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn MachineField(wish: Wish) -> impl IntoView {
    let source = wish.of.with_value(|of| of.set);
    let options = move || {
        let all = wish.machines.get();
        let option = |(set, name): (SetId, String)| {
            let text = if set == source { format!("{name}, where they come from") } else { name };
            view! {
                <option value=set.to_string() prop:selected=move || wish.machine.get() == Some(set)>
                    {text}
                </option>
            }
        };
        all.into_iter().map(option).collect_view()
    };
    let choose = move |event| wish.choose(event_target_value(&event).parse().ok());
    // Which of both it is shows when the vault has counted what is needed.
    let waits =
        format!("{} when a few files were chosen, {} otherwise", span(FILES_LIFE_MS / 1000), span(LIFE_MS / 1000));
    let presence = move || match wish.machine.get() {
        None => "No machine of this account can take an order. Add one first.".to_owned(),
        Some(machine) => match wish.listens(machine) {
            Some(true) => "It is connected now.".to_owned(),
            Some(false) => format!("It is not connected now. The order waits for it: {waits}."),
            None => format!("If it is away, the order waits for it: {waits}."),
        },
    };
    view! {
        <div class="field">
            <label for="restore-machine">{"On which machine"}</label>
            <select class="select" id="restore-machine" aria-describedby="restore-machine-hint" on:change=choose>
                {options}
            </select>
            <span class="field__hint" id="restore-machine-hint">
                {presence}
            </span>
        </div>
    }
    .into_any()
}

#[component]
fn PlaceField(wish: Wish) -> impl IntoView {
    let place = move |in_place: bool, label: &'static str| {
        let chosen = Signal::derive(move || wish.in_place.get() == in_place);
        radio("restore-place", label, chosen, move || wish.in_place.set(in_place))
    };
    view! {
        <fieldset class="field">
            <legend class="field__label">{"Where to"}</legend>
            <div class="segmented">{place(false, "Into another folder")} {place(true, "Where it was")}</div>
        </fieldset>
        {move || {
            (!wish.in_place.get())
                .then(|| {
                    view! {
                        <TextField
                            id=FOLDER_ID
                            label="Folder on that machine"
                            value=wish.folder
                            error=wish.wrong
                            mono=true
                            hint="The whole path of a folder, which is made if it is not there. Everything keeps its own full path below it."
                        />
                    }
                })
        }}
    }
    .into_any()
}

#[component]
fn OverwriteField(wish: Wish) -> impl IntoView {
    let choices = Overwrite::ALL.map(|overwrite| {
        let chosen = Signal::derive(move || wish.overwrite() == overwrite);
        radio("restore-overwrite", restore::overwrite(overwrite), chosen, move || wish.choose_overwrite(overwrite))
    });
    let means = move || {
        let chosen = wish.overwrite();
        let lost = (chosen != Overwrite::Never).then_some(" What they held stays only in that machine’s backups.");
        format!(
            "{}{} Nothing that the backup does not have is deleted.",
            restore::overwrite_means(chosen),
            lost.unwrap_or_default()
        )
    };
    view! {
        <fieldset class="field" aria-describedby="restore-overwrite-hint">
            <legend class="field__label">{"Files that are there"}</legend>
            <div class="segmented">{choices.into_iter().collect_view()}</div>
            <span class="field__hint" id="restore-overwrite-hint">
                {means}
            </span>
        </fieldset>
    }
    .into_any()
}

fn radio(name: &'static str, label: &'static str, chosen: Signal<bool>, choose: impl Fn() + 'static) -> AnyView {
    view! {
        <label class="segmented__item">
            <input type="radio" name=name prop:checked=move || chosen.get() on:change=move |_| choose() />
            {label}
        </label>
    }
    .into_any()
}

/// What follows an order, and where to see it.
#[component]
fn Thanks(wish: Wish, given: Given, open: RwSignal<bool>) -> impl IntoView {
    let Given { machine, name, dry_run } = given;
    let node = NodeRef::<html::A>::new();
    Effect::new(move || {
        if let Some(link) = node.get() {
            // What had the focus is gone.
            let _ = link.focus();
        }
    });
    let what = if dry_run { "It only looks, and says what it would do." } else { "It says when it has ended." };
    let words = move || match wish.listens(machine) {
        Some(false) => {
            format!("{name} is not connected. It begins when it is back; until then the order can be cancelled.")
        }
        _ => format!("{name} begins in a moment. {what}"),
    };
    view! {
        <div class="dialog__body">
            <div class="stack stack--tight">
                <h2 id="restore-title">{"The order is given"}</h2>
                <p class="ink-2">{words}</p>
            </div>
            <div class="button-group">
                <button class="button" type="button" on:click=move |_| open.set(false)>
                    {"Close"}
                </button>
                <a class="button button--primary" href=spot::machine(machine) node_ref=node>
                    {"See how it goes"}
                </a>
            </div>
        </div>
    }
    .into_any()
}
