//! For a visitor: what this server is, who can read what, and the way in.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::icon::Icon;
use crate::components::point::Point;
use crate::components::rings::Rings;
use crate::components::site_footer::SiteFooter;
use crate::components::site_header::SiteHeader;
use crate::components::skip_link::SkipLink;

/// The page for a visitor who is not signed in.
#[component]
pub(super) fn Visitor() -> impl IntoView {
    view! {
        <SkipLink />
        <SiteHeader />
        <main class="page page--home" id="main">
            <Introduction />
            <WhoCanRead />
            <HowItWorks />
        </main>
        <SiteFooter />
    }
    .into_any()
}

#[component]
fn Introduction() -> impl IntoView {
    view! {
        <section class="answer" aria-labelledby="introduction">
            <Rings />
            <p class="answer__question">"A backup appliance that you run yourself"</p>
            <h1 class="answer__line" id="introduction">
                "Your files, kept by a server that cannot read them."
            </h1>
            <p class="answer__more">
                "Each machine encrypts what it stores before anything leaves it. This server keeps what it cannot open, and gives back any kept point in time, byte for byte."
            </p>
            <div class="button-group">
                <A href="/sign-in" attr:class="button button--primary button--big">
                    "Sign in"
                </A>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn WhoCanRead() -> impl IntoView {
    view! {
        <section class="stack" aria-label="Who can read what">
            <ul class="trio">
                <Point
                    icon="eye-off"
                    title="What this server cannot read"
                    text="Not the files, not their names, not your rules. It does not contain the code that opens them."
                />
                <Point
                    icon="info"
                    title="What it does see"
                    text="Your login and network address, how many machines you have, when they store, and how many bytes, in padded sizes."
                />
                <Point
                    icon="key-round"
                    title="Who holds the key"
                    text="You. A password, the twelve words of the recovery kit or a key file opens the vault. Nobody can reset it for you."
                />
            </ul>
            <div class="notice">
                <Icon name="lock" />
                <div>
                    <b>"Who could still read, said plainly"</b>
                    <p>
                        "You can open your files in the browser. They are opened by code that this server sends, so whoever does that trusts the server, at that moment, to send honest code. The command line needs no such trust."
                    </p>
                </div>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn HowItWorks() -> impl IntoView {
    view! {
        <section class="split" aria-label="How it works">
            <div class="card">
                <h2 class="card__title">"What happens in a backup"</h2>
                <ol class="steps">
                    <Step title="Find what changed" text="The agent on the machine compares names, sizes and times with its last run and reads only the rest." />
                    <Step
                        title="Cut, compress, seal"
                        text="Files are cut where their content says so. Each piece is encrypted on the machine, opened again and compared before it is sent. A piece that is already stored is not sent again."
                    />
                    <Step title="Keep" text="The server checks every piece by its hash and answers only when it is safely on disk." />
                    <Step title="Sign" text="A signed and sealed commit makes it a point in time that can be restored in full." />
                </ol>
            </div>
            <div class="card">
                <h2 class="card__title">"What comes back"</h2>
                <ul class="stack">
                    <Point icon="circle-check" title="The content" text="Every byte. A piece that was damaged is named, never passed on, and the rest still comes back." />
                    <Point icon="circle-check" title="Everything about it" text="Owners, modes, times to the nanosecond, attributes, access lists, links and holes." />
                    <Point icon="history" title="As it was" text="Any point in time that is kept, whole or in part." />
                </ul>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Step(
    /// What is done, one or two words.
    title: &'static str,
    /// How, a sentence or two.
    text: &'static str,
) -> impl IntoView {
    view! {
        <li class="step">
            <h3 class="step__title">{title}</h3>
            <p class="step__body">{text}</p>
        </li>
    }
    .into_any()
}
