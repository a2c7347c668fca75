//! The project's own documents, as pages. They are rendered on the server only and read without a script.

mod outline;
mod render;

pub use outline::Line;
pub use render::{Rendered, render};

/// A document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    /// Last part of its address, below `/docs/`.
    pub name: &'static str,
    /// Where it lies below `docs/`.
    pub file: &'static str,
    /// What it tells, in a line.
    pub about: &'static str,
    text: &'static str,
}

/// Documents about one matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shelf {
    /// The matter.
    pub title: &'static str,
    /// What there is, in reading order.
    pub documents: &'static [Document],
}

macro_rules! document {
    ($name:literal, $file:literal, $about:literal) => {
        Document { name: $name, file: $file, about: $about, text: include_str!(concat!("../../docs/", $file)) }
    };
}

/// All documents.
pub const SHELVES: [Shelf; 3] = [
    Shelf {
        title: "What it is, and what it promises",
        documents: &[
            document!("manifesto", "manifesto.md", "What must hold on the day when a backup matters."),
            document!("security", "security.md", "What is protected, against whom, and what is not."),
            document!("fidelity", "fidelity.md", "A table that is a test: times, owners, links, holes, special files."),
        ],
    },
    Shelf {
        title: "Running and asking a server",
        documents: &[
            document!("traits", "traits.md", "What is backed up, what is left out, and how paths are treated."),
            document!("operations", "operations.md", "Installing, backing up and repairing an appliance."),
            document!("api", "api.md", "Everything that is asked of a server."),
        ],
    },
    Shelf {
        title: "The format, byte by byte",
        documents: &[
            document!("format", "format.md", "Notation, constants and where each structure is described."),
            document!("format-keys", "format/keys.md", "The keys of an account, slots, enrolment."),
            document!("format-chunks", "format/chunks.md", "How content is cut and sealed."),
            document!(
                "format-chunker",
                "format/chunker.md",
                "The rule by which content is cut, and what it does not tell."
            ),
            document!("format-entries", "format/entries.md", "How a tree of files becomes sorted, sealed pages."),
            document!("format-log", "format/log.md", "The signed chain of commits."),
            document!("format-restores", "format/restores.md", "Orders to restore, and what they let a machine read."),
            document!("format-retention", "format/retention.md", "Which snapshots are kept, and how a reader tells."),
            document!("format-frames", "format/frames.md", "Binary messages between client and server."),
            document!("format-packs", "format/packs.md", "How a server keeps what it stores."),
            document!("format-vectors", "format/vectors.md", "Examples that every reader can be tested with."),
        ],
    },
];

/// The document of an address.
pub fn find(name: &str) -> Option<&'static Document> {
    documents().find(|document| document.name == name)
}

fn documents() -> impl Iterator<Item = &'static Document> {
    SHELVES.iter().flat_map(|shelf| shelf.documents)
}

impl Document {
    /// Its first heading.
    pub fn title(&self) -> &'static str {
        self.text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(self.name)
    }

    /// Where a link of this document leads, if that is served here: a page, a place on a page, or elsewhere on the web.
    fn resolve(&self, link: &str) -> Option<String> {
        if link.starts_with("https://") || link.starts_with('#') {
            return Some(link.to_owned());
        }
        let (path, place) = match link.split_once('#') {
            Some((path, place)) => (path, format!("#{place}")),
            None => (link, String::new()),
        };
        let mut steps: Vec<&str> = self.file.split('/').collect();
        steps.pop();
        for step in path.split('/') {
            match step {
                "." => {}
                ".." => drop(steps.pop()?),
                step => steps.push(step),
            }
        }
        let file = steps.join("/");
        documents().find(|document| document.file == file).map(|document| format!("/docs/{}{place}", document.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_between_documents_lead_to_their_pages() {
        let keys = find("format-keys").unwrap();
        for (link, address) in [
            ("log.md#body", Some("/docs/format-log#body")),
            ("../format.md", Some("/docs/format")),
            ("../format/./chunks.md", Some("/docs/format-chunks")),
            ("#slot", Some("#slot")),
            ("https://example.org/", Some("https://example.org/")),
            ("../../SECURITY.md", None),
            ("javascript:alert(1)", None),
        ] {
            assert_eq!(keys.resolve(link).as_deref(), address, "{link}");
        }
    }

    #[test]
    fn every_document_of_the_project_is_on_a_shelf() {
        let docs = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"));
        let mut there = Vec::new();
        for folder in ["", "format/"] {
            for entry in std::fs::read_dir(docs.join(folder)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                if name.ends_with(".md") {
                    there.push(format!("{folder}{name}"));
                }
            }
        }
        let mut listed: Vec<String> = documents().map(|document| document.file.to_owned()).collect();
        there.sort();
        listed.sort();
        assert_eq!(listed, there);
    }

    #[test]
    fn every_link_and_every_place_exists() {
        for document in documents() {
            for link in render(document).links {
                let (page, place) = link.split_once('#').unwrap_or((&link, ""));
                let target = if page.is_empty() { Some(document) } else { find(page.trim_start_matches("/docs/")) };
                let Some(target) = target else { continue };
                let outline = render(target).outline;
                assert!(place.is_empty() || outline.iter().any(|line| line.id == place), "{}: {link}", document.file);
            }
        }
    }
}
