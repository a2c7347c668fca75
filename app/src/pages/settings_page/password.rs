//! The password for signing in.

use iota_core::api::json::code;
use iota_core::vault::{ChangeLogin, Problem};
use leptos::ev;
use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::busy_button::BusyButton;
use crate::components::field::{PasswordField, UsernameHint};
use crate::components::icon::Icon;
use crate::components::new_password::{NewPassword, NewPasswordField};
use crate::components::problem_notice::ProblemNotice;
use crate::components::second_factor_field::{SecondFactor, SecondFactorField};
use crate::vault::Vault;
use crate::viewer::Viewer;

#[component]
pub(super) fn PasswordCard() -> impl IntoView {
    let vault = Vault::current();
    let login = RwSignal::new(Viewer::current().session.map(|session| session.login).unwrap_or_default());
    let old = RwSignal::new(String::new());
    let wrong_old = RwSignal::new(None::<String>);
    let new = NewPassword::new(login);
    let second = SecondFactor::new();
    let problem = RwSignal::new(None::<Problem>);
    let done = RwSignal::new(None::<&'static str>);
    let busy = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let nothing = old.with_untracked(String::is_empty);
        wrong_old.set(nothing.then(|| "Type your password first.".into()));
        problem.set(None);
        done.set(None);
        if !new.check() || nothing {
            return;
        }
        let question = ChangeLogin {
            login: login.get_untracked(),
            password: old.get_untracked(),
            new_password: new.text.get_untracked(),
            second: second.take(),
        };
        busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = vault.ask(question).await;
            busy.set(false);
            match answer {
                Ok(changed) => {
                    old.set(String::new());
                    new.text.set(String::new());
                    second.clear();
                    done.set(Some(if changed.opens_vault {
                        "Changed. The new password opens the vault as well; the old one does no more."
                    } else {
                        "Changed. It is for signing in only; the vault opens as before."
                    }));
                }
                Err(error) if second.refuse(&error) => {}
                Err(error) if error.has_code(code::BAD_CREDENTIALS) => {
                    wrong_old.set(Some("That is not the password of this account. Capital letters?".into()));
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    view! {
        <section class="card" aria-labelledby="password-title">
            <div class="card__head">
                <h2 class="card__title" id="password-title">
                    "Password for signing in"
                </h2>
                <A href="/keys" attr:class="small">
                    "Ways to open the vault"
                </A>
            </div>
            <form class="stack" on:submit=submit>
                <UsernameHint login=login.get_untracked() />
                <PasswordField id="old-password" label="Password now" value=old autocomplete="current-password" error=wrong_old />
                <NewPasswordField id="new-password" label="New password" password=new />
                <SecondFactorField second id="password-second" />
                {move || problem.get().map(|problem| view! { <ProblemNotice problem /> })}
                {move || {
                    done.get()
                        .map(|text| {
                            view! {
                                <div class="notice notice--ok" role="status">
                                    <Icon name="circle-check" />
                                    <p>{text}</p>
                                </div>
                            }
                        })
                }}
                <div class="row row--between">
                    <span class="small ink-3">"If the old one opens the vault, the new one will."</span>
                    <BusyButton busy label="Change" working="Changing…" />
                </div>
            </form>
        </section>
    }
    .into_any()
}
