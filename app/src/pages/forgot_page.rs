//! `/forgot`: who holds a recovery kit, a key file or enough sheets of trusted people sets a new password.

use iota_core::vault::{Problem, RecoverAccount};
use leptos::ev;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::components::busy_button::BusyButton;
use crate::components::field::TextField;
use crate::components::new_password::{NewPassword, NewPasswordField};
use crate::components::problem_notice::ProblemNotice;
use crate::components::second_factor_field::{SecondFactor, SecondFactorField};
use crate::components::secret_field::{SecretField, SecretInput, SecretWay};
use crate::components::site_footer::SiteFooter;
use crate::components::site_header::SiteHeader;
use crate::components::skip_link::SkipLink;
use crate::components::tls_first::TlsFirst;
use crate::session;
use crate::vault::Vault;
use crate::viewer::Viewer;

/// The form, and what it can and cannot do.
#[component]
pub fn ForgotPage() -> impl IntoView {
    let content =
        if Viewer::current().insecure { view! { <TlsFirst /> }.into_any() } else { view! { <Recovery /> }.into_any() };
    view! {
        <Title text="Cannot sign in · IotaBackup" />
        <SkipLink />
        <SiteHeader />
        <main class="page" id="main">
            {content}
        </main>
        <SiteFooter />
    }
    .into_any()
}

#[component]
fn Recovery() -> impl IntoView {
    view! {
        <header class="page-head">
            <div>
                <h1 class="page-head__title">"Set a new password"</h1>
                <p class="page-head__lead">
                    "Nobody can reset it for you. Your recovery kit, your key file or the sheets of your trusted people can: they prove here that the vault is yours."
                </p>
            </div>
        </header>
        <div class="split">
            <section class="card" aria-label="New password">
                <RecoveryForm />
            </section>
            <aside class="card card--sunken">
                <h2 class="card__title">"And without them?"</h2>
                <p class="small ink-2">
                    "Without password, recovery words, key file and enough sheets of trusted people nobody opens the vault, not even the makers of this program. A machine that is backed up goes on until somebody takes its key away, and its own files are on it."
                </p>
                <p class="small ink-2">
                    "If you know the password but have lost the second factor, sign in with one of its recovery codes."
                </p>
            </aside>
        </div>
    }
    .into_any()
}

#[component]
fn RecoveryForm() -> impl IntoView {
    let vault = Vault::current();
    let viewer = Viewer::signal();
    let navigate = use_navigate();
    let login = RwSignal::new(String::new());
    let wrong_login = RwSignal::new(None::<String>);
    let password = NewPassword::new(login);
    let input = SecretInput::new(SecretWay::Words);
    let second = SecondFactor::new();
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let typed = login.get_untracked().trim().to_owned();
        wrong_login.set((!typed.contains('@')).then(|| "Type your e-mail address, as in ada@example.org.".into()));
        let strong = password.check();
        let secret = input.take();
        problem.set(None);
        let Some(secret) = secret.filter(|_| strong && typed.contains('@')) else { return };
        let question =
            RecoverAccount { login: typed, secret, password: password.text.get_untracked(), second: second.take() };
        busy.set(true);
        let navigate = navigate.clone();
        leptos::task::spawn_local(async move {
            let answer = vault.ask(question).await;
            busy.set(false);
            match answer {
                Ok(session) => {
                    vault.refresh().await;
                    session::begin(viewer, session);
                    navigate("/", NavigateOptions { replace: true, ..NavigateOptions::default() });
                }
                Err(error) if second.refuse(&error) => {}
                Err(error) => {
                    if !input.refuse(&error) {
                        problem.set(Some(error));
                    }
                }
            }
        });
    };
    let other = |way: SecretWay, words: &'static str| {
        move || {
            (input.way.get() != way).then(|| {
                view! {
                    <button class="link-button small" type="button" on:click=move |_| input.choose(way)>
                        {words}
                    </button>
                }
            })
        }
    };
    view! {
        <form class="stack" on:submit=submit>
            <TextField
                id="login"
                label="E-mail address"
                value=login
                kind="email"
                autocomplete="username"
                inputmode="email"
                error=wrong_login
                big=true
            />
            <SecretField input id="proof-secret" />
            <div class="row">
                {other(SecretWay::Words, "Type the words")}
                {other(SecretWay::File, "Use a saved kit or key file")}
                {other(SecretWay::Shares, "Use sheets of trusted people")}
            </div>
            <NewPasswordField id="password" label="New password for signing in" password />
            <SecondFactorField second id="second" big=true />
            {move || problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            <div class="row row--between">
                <a class="small" href="/sign-in">
                    "Back to signing in"
                </a>
                <BusyButton busy label="Set it and sign in" working="Proving…" class="button--primary button--big" />
            </div>
            <p class="small ink-3">"All other browsers are signed out. Your machines and backups stay as they are, and so does a second factor."</p>
        </form>
    }
    .into_any()
}
