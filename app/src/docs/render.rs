//! Markdown as views: only the elements below, and text as text. HTML in a document is shown as what it is.

use leptos::prelude::*;
use pulldown_cmark::{Alignment, Event, HeadingLevel, Options, Parser, Tag};

use super::Document;
use super::outline::{Line, Outline};

/// A document, ready to be shown.
pub struct Rendered {
    /// Its blocks.
    pub body: Vec<AnyView>,
    /// Its headings.
    pub outline: Vec<Line>,
    /// Where its links lead.
    pub links: Vec<String>,
}

/// Renders a document.
pub fn render(document: &'static Document) -> Rendered {
    let mut renderer = Renderer { document, outline: Outline::default(), links: Vec::new(), cell: Cell::default() };
    let body = renderer.children(&mut Parser::new_ext(document.text, Options::ENABLE_TABLES));
    Rendered { body, outline: renderer.outline.0, links: renderer.links }
}

type Events<'e> = dyn Iterator<Item = Event<'static>> + 'e;

struct Renderer {
    document: &'static Document,
    outline: Outline,
    links: Vec<String>,
    cell: Cell,
}

/// Where in a table the next cell stands.
#[derive(Default)]
struct Cell {
    alignments: Vec<Alignment>,
    column: usize,
    head: bool,
}

impl Renderer {
    /// Everything up to the end of the element that has begun.
    fn children(&mut self, events: &mut Events<'_>) -> Vec<AnyView> {
        let mut views = Vec::new();
        while let Some(event) = events.next() {
            views.push(match event {
                Event::End(_) => break,
                Event::Start(tag) => self.element(tag, events),
                Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => text.into_string().into_any(),
                Event::Code(text) => view! { <code>{text.into_string()}</code> }.into_any(),
                Event::SoftBreak => " ".into_any(),
                Event::HardBreak => view! { <br /> }.into_any(),
                Event::Rule => view! { <hr /> }.into_any(),
                _ => continue,
            });
        }
        views
    }

    fn element(&mut self, tag: Tag<'static>, events: &mut Events<'_>) -> AnyView {
        match tag {
            Tag::Heading { level, .. } => self.heading(level, events),
            Tag::Table(alignments) => self.table(alignments, events),
            Tag::TableHead | Tag::TableRow => self.row(matches!(tag, Tag::TableHead), events),
            Tag::TableCell => self.table_cell(events),
            Tag::Link { dest_url, .. } => self.link(&dest_url, events),
            tag => plain(tag, self.children(events)),
        }
    }

    fn heading(&mut self, level: HeadingLevel, events: &mut Events<'_>) -> AnyView {
        let inside: Vec<_> =
            events.take_while(|event| !matches!(event, Event::End(pulldown_cmark::TagEnd::Heading(_)))).collect();
        let id = self.outline.add(level as u8, text_of(&inside));
        let children = self.children(&mut inside.into_iter());
        match level {
            HeadingLevel::H1 => view! { <h1 id=id>{children}</h1> }.into_any(),
            HeadingLevel::H2 => view! { <h2 id=id>{children}</h2> }.into_any(),
            HeadingLevel::H3 => view! { <h3 id=id>{children}</h3> }.into_any(),
            _ => view! { <h4 id=id>{children}</h4> }.into_any(),
        }
    }

    fn link(&mut self, address: &str, events: &mut Events<'_>) -> AnyView {
        let children = self.children(events);
        // What is not served here stays words.
        let Some(href) = self.document.resolve(address) else { return children.into_any() };
        self.links.push(href.clone());
        view! {
            <a href=href rel="external">
                {children}
            </a>
        }
        .into_any()
    }

    fn table(&mut self, alignments: Vec<Alignment>, events: &mut Events<'_>) -> AnyView {
        self.cell.alignments = alignments;
        let mut rows = self.children(events).into_iter();
        let head = rows.next();
        let body: Vec<_> = rows.collect();
        // It scrolls when it is wide, so the keyboard must reach it. It is no landmark: a document has many tables.
        view! {
            <div class="prose__table" tabindex="0" role="group" aria-label="Table">
                <table>
                    <thead>{head}</thead>
                    <tbody>{body}</tbody>
                </table>
            </div>
        }
        .into_any()
    }

    fn row(&mut self, head: bool, events: &mut Events<'_>) -> AnyView {
        self.cell.column = 0;
        self.cell.head = head;
        let cells = self.children(events);
        view! { <tr>{cells}</tr> }.into_any()
    }

    fn table_cell(&mut self, events: &mut Events<'_>) -> AnyView {
        let Cell { alignments, column, head } = &self.cell;
        let class = matches!(alignments.get(*column), Some(Alignment::Right)).then_some("end");
        let head = *head;
        self.cell.column += 1;
        let children = self.children(events);
        // An empty cell is the heading of nothing.
        if head && !children.is_empty() {
            view! {
                <th scope="col" class=class>
                    {children}
                </th>
            }
            .into_any()
        } else {
            view! { <td class=class>{children}</td> }.into_any()
        }
    }
}

/// Elements that need nothing but their content.
fn plain(tag: Tag<'static>, children: Vec<AnyView>) -> AnyView {
    match tag {
        Tag::Paragraph => view! { <p>{children}</p> }.into_any(),
        Tag::BlockQuote(_) => view! { <blockquote>{children}</blockquote> }.into_any(),
        Tag::CodeBlock(_) => {
            // It scrolls when a line is long, so the keyboard must reach it.
            view! {
                <pre class="code-block" tabindex="0">
                    <code>{children}</code>
                </pre>
            }
            .into_any()
        }
        Tag::List(Some(first)) => view! { <ol start=first>{children}</ol> }.into_any(),
        Tag::List(None) => view! { <ul>{children}</ul> }.into_any(),
        Tag::Item => view! { <li>{children}</li> }.into_any(),
        Tag::Emphasis => view! { <em>{children}</em> }.into_any(),
        Tag::Strong => view! { <b>{children}</b> }.into_any(),
        _ => children.into_any(),
    }
}

fn text_of(events: &[Event<'_>]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(&**text),
        Event::SoftBreak => Some(" "),
        _ => None,
    });
    texts.collect()
}
