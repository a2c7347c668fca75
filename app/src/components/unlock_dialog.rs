//! Opens the vault, over the page that needs it.

use iota_core::vault::{AskState, ListSlots, Problem, Secret, SlotKindView, SlotView, Unlock};
use leptos::ev;
use leptos::html;
use leptos::prelude::*;

use crate::browser;
use crate::components::busy_button::BusyButton;
use crate::components::dialog::Dialog;
use crate::components::document_link::DocumentLink;
use crate::components::field::UsernameHint;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::secret_field::{SecretField, SecretInput, SecretWay};
use crate::passkey;
use crate::vault::Vault;
use crate::viewer::Viewer;

/// Has the vault opened. A copy is the same dialog.
#[derive(Clone, Copy)]
pub struct Unlocker {
    shown: RwSignal<bool>,
    busy: RwSignal<bool>,
}

impl Unlocker {
    /// Makes it known to everything below.
    pub fn provide() -> Self {
        let unlocker = Self { shown: RwSignal::new(false), busy: RwSignal::new(false) };
        provide_context(unlocker);
        unlocker
    }

    /// The one of this tab.
    pub fn current() -> Self {
        expect_context()
    }

    /// Shows the dialog, if the vault is locked.
    pub fn open(&self) {
        self.shown.set(true);
    }

    /// Whether the vault is being opened right now.
    pub fn is_opening(&self) -> Signal<bool> {
        self.busy.into()
    }
}

/// The dialog itself; once, outside the pages.
#[component]
pub fn UnlockDialog() -> impl IntoView {
    let unlocker = Unlocker::current();
    let vault = Vault::current();
    // Unlocked elsewhere, or nothing to do any more.
    Effect::new(move |asked: Option<bool>| {
        let asked = asked.unwrap_or_default();
        let open = vault.is_open();
        if open {
            unlocker.shown.set(false);
        }
        if open && !asked {
            browser::persist_storage();
        }
        asked || open
    });
    view! {
        <Dialog open=unlocker.shown labelled="unlock-title">
            <UnlockForm />
        </Dialog>
    }
    .into_any()
}

#[component]
fn UnlockForm() -> impl IntoView {
    let unlocker = Unlocker::current();
    let vault = Vault::current();
    let (login, account) = Viewer::current().session.map(|session| (session.login, session.account)).unzip();
    let input = SecretInput::new(SecretWay::Password);
    let slots = RwSignal::new(None::<Vec<SlotView>>);
    let problem = RwSignal::new(None::<Problem>);
    let learn = move || {
        problem.set(None);
        leptos::task::spawn_local(async move {
            match vault.ask(ListSlots {}).await {
                Ok(list) => {
                    if let Some(way) = best_way(&list).filter(|way| *way != SecretWay::Password) {
                        input.way.set(way);
                    }
                    slots.set(Some(list));
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    learn();
    // Whether the vault has something to be opened with.
    let handed = StoredValue::new(false);
    // Who closes the dialog while the vault is being opened has it stay locked, and is asked for no passkey.
    on_cleanup(move || {
        passkey::cancel();
        let is_opening = unlocker.busy.get_untracked() && handed.try_get_value().unwrap_or_default();
        if is_opening && !vault.state().with_untracked(|state| state.is_open()) {
            vault.lock();
        }
    });
    let open = move || {
        // What was typed or chosen, or whose passkey is to be asked for.
        let given = match account.filter(|_| input.way.get_untracked() == SecretWay::Passkey) {
            Some(account) => Err(account),
            None => match input.take() {
                Some(secret) => Ok(secret),
                None => return,
            },
        };
        problem.set(None);
        unlocker.busy.set(true);
        handed.set_value(given.is_ok());
        leptos::task::spawn_local(async move {
            let secret = match given {
                Ok(secret) => Ok(secret),
                Err(account) => passkey::use_any(account).await.map(Secret::Passkey),
            };
            let answer = match secret {
                // Who closed the dialog while the device asked has the vault stay locked.
                Ok(secret) if !problem.is_disposed() => {
                    handed.set_value(true);
                    vault.ask(Unlock { secret }).await
                }
                Ok(_) => vault.ask(AskState {}).await,
                Err(error) => Err(error),
            };
            unlocker.busy.set(false);
            if problem.is_disposed() {
                // The dialog was closed meanwhile.
                return;
            }
            match answer {
                Ok(_) => {
                    input.clear();
                    vault.refresh().await;
                }
                Err(error) => {
                    if !input.refuse(&error) {
                        problem.set(Some(error));
                    }
                }
            }
        });
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if !unlocker.busy.get_untracked() {
            open();
        }
    };
    let retry = Callback::new(move |()| if slots.with_untracked(Option::is_none) { learn() } else { open() });
    view! {
        <div class="dialog__body">
            <div class="stack stack--tight">
                <span class="vault__glyph vault__glyph--sealed vault__glyph--lg">
                    <Icon name="lock" />
                </span>
                <h2 id="unlock-title">"Unlock to read names and files"</h2>
                <p class="ink-2">
                    "The key is opened in this browser and forgotten after 15 quiet minutes, or when you close the tab."
                </p>
            </div>
            <form class="stack" on:submit=submit>
                <UsernameHint login=login.unwrap_or_default() />
                <SecretField input id="unlock-secret" />
                {move || {
                    if input.way.get() == SecretWay::Passkey {
                        view! { <PasskeyButton unlocker /> }.into_any()
                    } else {
                        view! {
                            <BusyButton
                                busy=unlocker.busy
                                label="Unlock"
                                working="Opening…"
                                class="button--primary button--big button--wide"
                            />
                        }
                            .into_any()
                    }
                }}
            </form>
            {move || problem.get().map(|problem| view! { <ProblemNotice problem retry /> })}
            {move || slots.get().map(|slots| view! { <OtherWays slots input /> })}
            <div class="row row--between">
                <button class="link-button small" type="button" on:click=move |_| unlocker.shown.set(false)>
                    "Stay locked"
                </button>
                <DocumentLink class="small" href="/docs/security">
                    "I have lost my ways in"
                </DocumentLink>
            </div>
        </div>
    }
    .into_any()
}

/// The way with nothing to type: the button has the focus.
#[component]
fn PasskeyButton(unlocker: Unlocker) -> impl IntoView {
    const ID: &str = "unlock-passkey";
    let node = NodeRef::<html::Div>::new();
    Effect::new(move || {
        if node.get().is_some() {
            browser::focus(ID);
        }
    });
    view! {
        <div class="stack" node_ref=node>
            <BusyButton
                busy=unlocker.busy
                id=ID
                label="Use your passkey"
                working="Opening…"
                class="button--primary button--big button--wide"
            />
        </div>
    }
    .into_any()
}

/// The other ways that exist.
#[component]
fn OtherWays(slots: Vec<SlotView>, input: SecretInput) -> impl IntoView {
    let ways = ways(&slots);
    let press = move |way| {
        // Who takes another way is asked for no passkey any more.
        passkey::cancel();
        input.choose(way);
    };
    move || {
        let now = input.way.get();
        let others: Vec<_> = ways.iter().copied().filter(|way| *way != now).collect();
        (!others.is_empty()).then(|| {
            let choices = others
                .into_iter()
                .map(|way| {
                    let (icon, label) = match way {
                        SecretWay::Password => ("rectangle-ellipsis", "Password or passphrase"),
                        SecretWay::Passkey => ("fingerprint-pattern", "Passkey"),
                        SecretWay::Words => ("printer", "Recovery words"),
                        SecretWay::File => ("file-key", "Key file or saved kit"),
                        SecretWay::Shares => ("users", "Sheets of trusted people"),
                    };
                    view! {
                        <button class="choice" type="button" on:click=move |_| press(way)>
                            <Icon name=icon />
                            {label}
                            <Icon name="chevron-right" />
                        </button>
                    }
                    .into_any()
                })
                .collect_view();
            view! {
                <div class="stack stack--tight">
                    <p class="or">"or"</p>
                    {choices}
                </div>
            }
        })
    }
}

fn ways(slots: &[SlotView]) -> Vec<SecretWay> {
    let has = |kind| slots.iter().any(|slot| slot.kind == kind);
    let mut ways = Vec::new();
    if has(SlotKindView::Passkey) && passkey::obstacle().is_none() {
        ways.push(SecretWay::Passkey);
    }
    if has(SlotKindView::Passphrase) {
        ways.push(SecretWay::Password);
    }
    if has(SlotKindView::RecoveryWords) {
        ways.push(SecretWay::Words);
    }
    if has(SlotKindView::KeyFile) || has(SlotKindView::RecoveryWords) {
        ways.push(SecretWay::File);
    }
    if has(SlotKindView::Shares) {
        ways.push(SecretWay::Shares);
    }
    ways
}

/// The quickest that there is.
fn best_way(slots: &[SlotView]) -> Option<SecretWay> {
    ways(slots).first().copied()
}

#[cfg(test)]
mod tests {
    use iota_core::id::SlotId;

    use super::*;

    #[test]
    fn a_passkey_is_the_quickest_way_where_there_is_one() {
        let slots = |kinds: &[SlotKindView]| -> Vec<SlotView> {
            kinds.iter().map(|&kind| SlotView { slot: SlotId([1; 16]), kind }).collect()
        };
        let (kit, word) = (SlotKindView::RecoveryWords, SlotKindView::Passphrase);
        let with = slots(&[kit, word, SlotKindView::Passkey]);
        assert_eq!(best_way(&with), Some(SecretWay::Passkey));
        assert_eq!(ways(&with)[1..], ways(&slots(&[kit, word])));
        assert_eq!(best_way(&slots(&[kit, word])), Some(SecretWay::Password));
        assert_eq!(ways(&slots(&[SlotKindView::KeyFile])), [SecretWay::File]);
        assert_eq!(ways(&slots(&[word, SlotKindView::Shares])), [SecretWay::Password, SecretWay::Shares]);
    }
}
