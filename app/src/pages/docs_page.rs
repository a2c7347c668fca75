//! `/docs` and `/docs/:name`: the project's documents. The server renders them, and they come without a script. Pages that are
//! alive lead to them by a `DocumentLink`.

#[cfg(not(feature = "ssr"))]
pub use in_browser::{DocsPage, DocumentPage};
#[cfg(feature = "ssr")]
pub use on_server::{DocsPage, DocumentPage};

/// Where a browser whose router got here after all loads the page anew.
#[cfg(not(feature = "ssr"))]
mod in_browser {
    use leptos::prelude::*;

    /// `/docs`.
    #[component]
    pub fn DocsPage() -> impl IntoView {
        Effect::new(|| {
            let address = leptos_router::hooks::use_location().pathname.get_untracked();
            // Nothing is lost when the browser does not follow: this page has nothing to lose.
            let _ = location().replace(&address);
        });
    }

    /// `/docs/:name`.
    #[component]
    pub fn DocumentPage() -> impl IntoView {
        view! { <DocsPage /> }
    }
}

#[cfg(feature = "ssr")]
mod on_server {
    use leptos::prelude::*;
    use leptos_meta::Title;
    use leptos_router::hooks::use_params_map;

    use crate::components::site_footer::SiteFooter;
    use crate::components::site_header::SiteHeader;
    use crate::components::skip_link::SkipLink;
    use crate::docs::{self, Document, Line, Rendered, SHELVES};
    use crate::pages::not_found_page::NotFoundPage;

    /// `/docs`: every document by matter.
    #[component]
    pub fn DocsPage() -> impl IntoView {
        let shelves = SHELVES.map(|shelf| {
            let documents: Vec<_> = shelf.documents.iter().map(list_item).collect();
            view! {
                <section class="card">
                    <h2 class="card__title">{shelf.title}</h2>
                    <ul class="stack">{documents}</ul>
                </section>
            }
        });
        view! {
            <Title text="Documents · IotaBackup" />
            <SkipLink />
            <SiteHeader />
            <main class="page page--docs" id="main">
                <header class="page-head">
                    <div>
                        <h1 class="page-head__title">"Documents"</h1>
                        <p class="page-head__lead">
                            "What IotaBackup promises, how it is run, and what it stores, byte by byte. These pages are the ones of this server’s version, and read without a script."
                        </p>
                    </div>
                </header>
                {shelves.into_iter().collect::<Vec<_>>()}
            </main>
            <SiteFooter />
        }
        .into_any()
    }

    fn list_item(document: &Document) -> AnyView {
        view! {
            <li>
                <a href=format!("/docs/{}", document.name) rel="external">
                    {document.title()}
                </a>
                <p class="ink-2">{document.about}</p>
            </li>
        }
        .into_any()
    }

    /// `/docs/:name`: one document.
    #[component]
    pub fn DocumentPage() -> impl IntoView {
        let name = use_params_map().with_untracked(|params| params.get("name")).unwrap_or_default();
        match docs::find(&name) {
            Some(document) => view! { <Shown document /> }.into_any(),
            None => view! { <NotFoundPage /> }.into_any(),
        }
    }

    #[component]
    fn Shown(
        /// Which.
        document: &'static Document,
    ) -> impl IntoView {
        let Rendered { body, outline, .. } = docs::render(document);
        view! {
            <Title text=format!("{} · IotaBackup", document.title()) />
            <SkipLink />
            <SiteHeader />
            <main class="page page--doc" id="main">
                <nav class="crumbs" aria-label="Path">
                    <a href="/docs" rel="external">
                        "Documents"
                    </a>
                </nav>
                <div class="doc">
                    <article class="prose">{body}</article>
                    <Contents outline />
                </div>
            </main>
            <SiteFooter />
        }
        .into_any()
    }

    /// The headings of the second and third level. It comes after the text in reading order: the text begins with its own
    /// heading.
    #[component]
    fn Contents(
        /// All headings.
        outline: Vec<Line>,
    ) -> impl IntoView {
        let lines: Vec<_> = outline.into_iter().filter(|line| matches!(line.level, 2 | 3)).collect();
        (lines.len() > 1).then(|| {
            let items: Vec<_> = lines.into_iter().map(contents_item).collect();
            view! {
                <nav class="contents" aria-labelledby="contents">
                    <h2 class="contents__title" id="contents">
                        "On this page"
                    </h2>
                    <ul>{items}</ul>
                </nav>
            }
        })
    }

    fn contents_item(line: Line) -> AnyView {
        let class = (line.level == 3).then_some("contents__sub");
        view! {
            <li class=class>
                <a href=format!("#{}", line.id)>{line.text}</a>
            </li>
        }
        .into_any()
    }
}
