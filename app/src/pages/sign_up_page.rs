//! `/sign-up`: makes an account. The code of an invitation may stand in the fragment (`#code=…`), which browsers do not send.

mod choice;

use std::sync::Arc;

use iota_core::api::json::{CheckCode, code};
use iota_core::vault::{ConfirmAccount, NewKey, PrepareAccount, Problem, ProblemKind};
use leptos::ev;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::browser;
use crate::client;
use crate::components::busy_button::BusyButton;
use crate::components::field::TextField;
use crate::components::kit_keeper::KitKeeper;
use crate::components::new_password::{NewPassword, NewPasswordField};
use crate::components::problem_notice::{ProblemNotice, sentence};
use crate::components::site_footer::SiteFooter;
use crate::components::site_header::SiteHeader;
use crate::components::skip_link::SkipLink;
use crate::components::tls_first::TlsFirst;
use crate::session;
use crate::vault::Vault;
use crate::viewer::Viewer;

use choice::ChooseKey;

/// What is known of the account to be.
#[derive(Clone, Copy)]
struct Draft {
    code: RwSignal<String>,
    login: RwSignal<String>,
    password: NewPassword,
    stage: RwSignal<Stage>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
}

/// How far it is.
#[derive(Clone)]
enum Stage {
    Who,
    Key,
    /// Taken by the view that shows it.
    Kit(Arc<NewKey>),
}

/// Three steps: who, which keys, and the kit on paper.
#[component]
pub fn SignUpPage() -> impl IntoView {
    let login = RwSignal::new(String::new());
    let draft = Draft {
        code: RwSignal::new(String::new()),
        login,
        password: NewPassword::new(login),
        stage: RwSignal::new(Stage::Who),
        busy: RwSignal::new(false),
        problem: RwSignal::new(None),
    };
    Effect::new(move || {
        if let Some(code) = browser::fragment().strip_prefix("code=") {
            draft.code.set(code.to_owned());
            browser::drop_fragment();
        }
    });
    let content = if Viewer::current().insecure {
        view! { <TlsFirst /> }.into_any()
    } else {
        view! { <Steps draft /> }.into_any()
    };
    view! {
        <Title text="Create an account · IotaBackup" />
        <SkipLink />
        <SiteHeader />
        <main class="page page--sign-up" id="main">
            {content}
        </main>
        <SiteFooter />
    }
    .into_any()
}

#[component]
fn Steps(draft: Draft) -> impl IntoView {
    let number = move || {
        draft.stage.with(|stage| match stage {
            Stage::Who => 1,
            Stage::Key => 2,
            Stage::Kit(_) => 3,
        })
    };
    Effect::new(move |before: Option<i32>| {
        let now = number();
        if before.is_some_and(|before| before != now) {
            // The next step begins where reading begins.
            browser::focus("step-title");
        }
        now
    });
    view! {
        <header class="page-head">
            <div>
                <p class="page-head__meta">{move || format!("Step {} of 3", number())}</p>
                <h1 class="page-head__title" id="step-title" tabindex="-1">
                    {move || match number() {
                        1 => "Create an account",
                        2 => "Choose what opens your vault",
                        _ => "Keep your key",
                    }}
                </h1>
                <p class="page-head__lead">
                    {move || match number() {
                        1 => {
                            view! {
                                "You need the code of an invitation, or the set-up token of a new server, which "
                                <code>"scripts/up"</code>
                                " shows and "
                                <code>"iota-server setup-token"</code>
                                " makes."
                            }
                                .into_any()
                        }
                        2 => "Your files are sealed under a key that is made in this browser. Choose at least two ways to it, one of them on paper.".into_any(),
                        _ => "Only you can open your backups, so nobody can reset this for you.".into_any(),
                    }}
                </p>
            </div>
        </header>
        {move || match draft.stage.get() {
            Stage::Who => view! { <Who draft /> }.into_any(),
            Stage::Key => view! { <ChooseKey draft /> }.into_any(),
            Stage::Kit(secrets) => view! { <KeepKit draft secrets /> }.into_any(),
        }}
    }
    .into_any()
}

#[component]
fn Who(draft: Draft) -> impl IntoView {
    let wrong_code = RwSignal::new(None::<String>);
    let wrong_login = RwSignal::new(None::<String>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if draft.busy.get_untracked() {
            return;
        }
        let code = draft.code.get_untracked().trim().to_owned();
        let login = draft.login.get_untracked().trim().to_owned();
        wrong_code.set(code.is_empty().then(|| "Type the code first.".into()));
        wrong_login.set((!login.contains('@')).then(|| "Type your e-mail address, as in ada@example.org.".into()));
        let strong = draft.password.check();
        if code.is_empty() || !login.contains('@') || !strong {
            return;
        }
        draft.problem.set(None);
        draft.busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = client::send::<()>("POST", "/accounts/check", &CheckCode { code, login }).await;
            draft.busy.set(false);
            match answer {
                // An older server cannot tell; it will when the account is made.
                Ok(()) | Err(Problem { kind: ProblemKind::Missing, .. }) => draft.stage.set(Stage::Key),
                Err(error) if error.has_code(code::BAD_CODE) => wrong_code.set(Some(sentence(&error.message))),
                Err(error) if error.has_code(code::CONFLICT) => wrong_login.set(Some(sentence(&error.message))),
                Err(error) => draft.problem.set(Some(error)),
            }
        });
    };
    view! {
        <div class="split">
            <section class="card" aria-label="Who you are">
                <form class="stack" on:submit=submit>
                    <TextField
                        id="code"
                        label="Invitation or set-up token"
                        value=draft.code
                        error=wrong_code
                        big=true
                        mono=true
                    />
                    <TextField
                        id="login"
                        label="E-mail address"
                        value=draft.login
                        kind="email"
                        autocomplete="username"
                        inputmode="email"
                        error=wrong_login
                        big=true
                    />
                    <NewPasswordField id="password" label="Password for signing in" password=draft.password />
                    {move || draft.problem.get().map(|problem| view! { <ProblemNotice problem /> })}
                    <div class="row row--between">
                        <a class="small" href="/sign-in">
                            "I have an account"
                        </a>
                        <BusyButton busy=draft.busy label="Go on" working="Checking…" class="button--primary button--big" />
                    </div>
                </form>
            </section>
            <aside class="card card--sunken">
                <h2 class="card__title">"What this server learns"</h2>
                <p class="small ink-2">
                    "Your e-mail address, and a proof that is made of your password. Never the password, and never a key."
                </p>
                <p class="small ink-2">
                    "The keys are made in this browser by code that this server sends. Who would rather not trust it makes the account with the command line: " <code>"iota account create"</code> "."
                </p>
            </aside>
        </div>
    }
    .into_any()
}

#[component]
fn KeepKit(draft: Draft, secrets: Arc<NewKey>) -> impl IntoView {
    let vault = Vault::current();
    let viewer = Viewer::signal();
    let navigate = use_navigate();
    draft.problem.set(None);
    let confirm = Callback::new(move |words: [String; 2]| {
        draft.problem.set(None);
        draft.busy.set(true);
        let navigate = navigate.clone();
        leptos::task::spawn_local(async move {
            let answer = vault.ask(ConfirmAccount { words }).await;
            draft.busy.set(false);
            match answer {
                Ok(session) => {
                    vault.refresh().await;
                    session::begin(viewer, session);
                    navigate("/machines/add", NavigateOptions { replace: true, ..NavigateOptions::default() });
                }
                Err(error) => draft.problem.set(Some(error)),
            }
        });
    });
    let start_over = Callback::new(move |()| {
        draft.problem.set(None);
        draft.stage.set(Stage::Key);
    });
    view! {
        <KitKeeper secrets login=draft.login.get_untracked() confirm busy=draft.busy problem=draft.problem start_over />
    }
    .into_any()
}

impl Draft {
    /// Has the keys made.
    fn prepare(self, vault: Vault, key: iota_core::vault::KeyChoice) {
        self.problem.set(None);
        self.busy.set(true);
        let question = PrepareAccount {
            code: self.code.get_untracked().trim().to_owned(),
            login: self.login.get_untracked().trim().to_owned(),
            password: self.password.text.get_untracked(),
            key,
        };
        leptos::task::spawn_local(async move {
            let answer = vault.ask(question).await;
            self.busy.set(false);
            match answer {
                Ok(secrets) => self.stage.set(Stage::Kit(Arc::new(secrets))),
                Err(error) => self.problem.set(Some(error)),
            }
        });
    }
}
