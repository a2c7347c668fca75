//! `/sign-in`: the way in. It shows the state of the machines; opening files is a second step.

use iota_core::api::json::code;
use iota_core::vault::{Problem, SignIn};
use leptos::ev;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::address::next_page;
use crate::browser;
use crate::components::brand::Brand;
use crate::components::busy_button::BusyButton;
use crate::components::document_link::DocumentLink;
use crate::components::field::{CheckField, PasswordField, TextField};
use crate::components::point::Point;
use crate::components::problem_notice::ProblemNotice;
use crate::components::rings::Rings;
use crate::components::second_factor_field::{SecondFactor, SecondFactorField};
use crate::components::skip_link::SkipLink;
use crate::components::tls_first::TlsFirst;
use crate::session;
use crate::vault::Vault;
use crate::viewer::Viewer;

/// The form, or what is there instead.
#[component]
pub fn SignInPage() -> impl IntoView {
    let Viewer { session, insecure } = Viewer::current();
    let query = use_query_map();
    let next = next_page(query.with_untracked(|query| query.get("next")).as_deref());
    let content = match session {
        Some(session) => view! { <SignedIn login=session.login next /> }.into_any(),
        None if insecure => view! { <TlsFirst /> }.into_any(),
        None => view! { <SignInForm next /> }.into_any(),
    };
    view! {
        <Title text="Sign in · IotaBackup" />
        <SkipLink />
        <div class="sign-in">
            <main class="sign-in__form" id="main">
                <Brand />
                {content}
                <footer class="sign-in__foot">
                    <a href="/download">"Download the agent"</a>
                    <DocumentLink href="/docs">"How it works"</DocumentLink>
                </footer>
            </main>
            <aside class="sign-in__art" aria-label="What this server can see">
                <Rings />
                <Promises />
            </aside>
        </div>
    }
    .into_any()
}

#[component]
fn SignInForm(next: String) -> impl IntoView {
    let vault = Vault::current();
    let viewer = Viewer::signal();
    let navigate = use_navigate();
    let (login, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let second = SecondFactor::new();
    let keep = RwSignal::new(false);
    let wrong = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let question = SignIn {
            login: login.get_untracked().trim().to_owned(),
            password: password.get_untracked(),
            second: second.take(),
            keep: keep.get_untracked(),
        };
        problem.set(None);
        if question.login.is_empty() || question.password.is_empty() {
            return wrong.set(Some("Type e-mail address and password first.".into()));
        }
        wrong.set(None);
        busy.set(true);
        let (navigate, next) = (navigate.clone(), next.clone());
        leptos::task::spawn_local(async move {
            let answer = vault.ask(question).await;
            busy.set(false);
            match answer {
                Ok(session) => {
                    session::begin(viewer, session);
                    navigate(&next, NavigateOptions { replace: true, ..NavigateOptions::default() });
                }
                Err(error) if second.refuse(&error) => {}
                Err(error) if error.has_code(code::BAD_CREDENTIALS) => {
                    wrong.set(Some("E-mail address and password do not fit together. Capital letters?".into()));
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    let server = server_name();
    view! {
        <form class="sign-in__inner" on:submit=submit on:input=move |_| wrong.set(None)>
            <div class="stack stack--tight">
                <h1>"Sign in"</h1>
                <p class="ink-2">{server}</p>
            </div>
            <TextField id="login" label="E-mail address" value=login kind="email" autocomplete="username" inputmode="email" big=true />
            <PasswordField
                id="password"
                label="Password"
                value=password
                autocomplete="current-password"
                error=wrong
                big=true
            />
            <SecondFactorField second id="second" big=true />
            <CheckField
                id="keep"
                label="Stay signed in on this device for 30 days"
                value=keep
                hint="The vault locks by itself all the same."
            />
            {move || problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            <BusyButton busy label="Sign in" working="Signing in…" class="button--primary button--big button--wide" />
            <div class="row row--between">
                <a class="small" href="/forgot">
                    "Cannot sign in?"
                </a>
                <a class="small" href="/sign-up">
                    "Create an account"
                </a>
            </div>
            <p class="small ink-3">
                "Signing in shows the state of your machines. Opening your files is a second step, and happens only in this browser, by code that this server sends: who does it trusts this server to send honest code. The command line needs no such trust."
            </p>
            <p class="small ink-3">
                "This form needs JavaScript: your password is turned into a proof in this browser, and the password itself is never sent."
            </p>
        </form>
    }
    .into_any()
}

/// Whose page it is, as soon as the browser says so.
fn server_name() -> impl Fn() -> String + Copy {
    let name = RwSignal::new(None::<String>);
    Effect::new(move || name.set(Some(browser::host())));
    move || name.get().map_or_else(|| "Sign in to this server".into(), |name| format!("Sign in to {name}"))
}

#[component]
fn SignedIn(login: String, next: String) -> impl IntoView {
    let vault = Vault::current();
    view! {
        <div class="sign-in__inner">
            <div class="stack stack--tight">
                <h1>"You are signed in"</h1>
                <p class="ink-2">{login}</p>
            </div>
            <div class="button-group">
                <a class="button button--primary button--big" href=next>
                    "Go on"
                </a>
                <button class="button button--big" type="button" on:click=move |_| session::sign_out(vault)>
                    "Sign out"
                </button>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Promises() -> impl IntoView {
    view! {
        <ul class="sign-in__points">
            <Point icon="eye-off" title="This server cannot read your backups" text="Not the files, not their names, not your rules." />
            <Point icon="history" title="Every backup is a point in time" text="Go back to it, and take one file or all of them." />
            <Point
                icon="key-round"
                title="You hold the key"
                text="Opening in the browser trusts this server to send honest code. If you would rather not, restore with the command line."
            />
        </ul>
    }
    .into_any()
}
