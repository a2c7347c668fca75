//! The headings of a document.

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// 1 to 6.
    pub level: u8,
    /// Its words.
    pub text: String,
    /// Its name in addresses.
    pub id: String,
}

/// The headings so far.
#[derive(Default)]
pub struct Outline(pub Vec<Line>);

impl Outline {
    /// Takes one up and gives it a name: as the hosts of the project's repository do it, so that links work in both places.
    pub fn add(&mut self, level: u8, text: String) -> String {
        let plain = slug(&text);
        let taken = |id: &str| self.0.iter().any(|line| line.id == id);
        let id = if taken(&plain) {
            (1..).map(|number| format!("{plain}-{number}")).find(|id| !taken(id)).unwrap_or_default()
        } else {
            plain
        };
        self.0.push(Line { level, text, id: id.clone() });
        id
    }
}

fn slug(text: &str) -> String {
    let kept = text.chars().filter(|&c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_differ() {
        let mut outline = Outline::default();
        let mut add = |text: &str| outline.add(2, text.into());
        assert_eq!(add("Slot list"), "slot-list");
        assert_eq!(add("`POST /accounts`: it, and why?"), "post-accounts-it-and-why");
        assert_eq!(add("Slot list"), "slot-list-1");
    }
}
