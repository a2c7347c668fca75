//! `/sign-in`: in this version the command line is the way in, and the page says how.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::brand::Brand;
use crate::components::code_block::CodeBlock;
use crate::components::point::Point;
use crate::components::rings::Rings;
use crate::components::skip_link::SkipLink;

/// How to use an account from the command line.
#[component]
pub fn SignInPage() -> impl IntoView {
    view! {
        <Title text="Sign in · IotaBackup" />
        <SkipLink />
        <div class="sign-in">
            <main class="sign-in__form" id="main">
                <Brand />
                <div class="sign-in__inner">
                    <div class="stack stack--tight">
                        <h1>"Sign in"</h1>
                        <p class="ink-2">
                            "Signing in through the browser is not in this version. Everything works on the command line."
                        </p>
                    </div>
                    <CommandLine />
                </div>
            </main>
            <aside class="sign-in__art" aria-label="What this server can see">
                <Rings />
                <Promises />
            </aside>
        </div>
    }
    .into_any()
}

/// The commands, with this server's address in them as soon as the page knows it.
#[component]
fn CommandLine() -> impl IntoView {
    let server = RwSignal::new(String::from("URL"));
    Effect::new(move || {
        if let Ok(origin) = location().origin() {
            server.set(origin);
        }
    });
    view! {
        <ol class="steps">
            <li class="step">
                <h2 class="step__title">"Create your account"</h2>
                <div class="step__body">
                    <CodeBlock>"iota account create --login EMAIL \\\n  --server " {server} " \\\n  --invite CODE --kit kit.txt"</CodeBlock>
                    <p>
                        "CODE is the set-up token that the server printed when it started, or an invitation. Print the recovery kit: it opens the vault when the password is lost."
                    </p>
                </div>
            </li>
            <li class="step">
                <h2 class="step__title">"Let a machine join"</h2>
                <div class="step__body">
                    <CodeBlock>"iota enroll --login EMAIL --name NAME \\\n  --server " {server}</CodeBlock>
                </div>
            </li>
            <li class="step">
                <h2 class="step__title">"Back it up"</h2>
                <div class="step__body">
                    <CodeBlock>"iota include /home\niota backup"</CodeBlock>
                </div>
            </li>
            <li class="step">
                <h2 class="step__title">"Look back, and restore"</h2>
                <div class="step__body">
                    <CodeBlock>"iota snapshots --login EMAIL\niota restore --login EMAIL \\\n  --at latest --to ./restored"</CodeBlock>
                </div>
            </li>
        </ol>
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
                text="The command line opens your files with it, and runs no code that a server sends."
            />
        </ul>
    }
    .into_any()
}
