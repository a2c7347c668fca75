//! What became of a path, in words and in JSON.

use super::{ls, output::JsonPath};
use iota_core::{
    difference::{Aspect, Difference},
    entry::{Entry, Kind},
};
use serde_json::{Value, json};

/// What is not said by a difference itself: how it is called that a path appears, and that it goes.
pub struct Words {
    /// It was not there before.
    pub appears: &'static str,
    /// It is not there any more.
    pub goes: &'static str,
}

impl Words {
    /// A word for programs.
    pub fn code(&self, difference: &Difference) -> &'static str {
        match (difference, difference.aspect()) {
            (Difference::Added(_), _) => self.appears,
            (Difference::Removed(_), _) => self.goes,
            (_, Aspect::Kind) => "type",
            (_, Aspect::Metadata) => "metadata",
            (_, Aspect::Content | Aspect::SilentContent | Aspect::Existence) => "content",
        }
    }

    /// Words for people.
    pub fn say(&self, difference: &Difference) -> String {
        let code = self.code(difference);
        match (difference.aspect(), difference.entries()) {
            (Aspect::SilentContent, _) => format!("{code}, same time"),
            (Aspect::Kind, (Some(before), Some(after))) => {
                format!("{} to {}", ls::word(&before.kind), ls::word(&after.kind))
            }
            _ => code.to_owned(),
        }
    }

    /// For programs; without the path.
    pub fn object(&self, difference: &Difference) -> Value {
        let (before, after) = difference.entries();
        json!({
            "change": self.code(difference),
            "same_time": difference.aspect() == Aspect::SilentContent,
            "before": before.map(ls::object),
            "after": after.map(ls::object),
        })
    }

    /// For programs, with the path.
    pub fn object_with_path(&self, difference: &Difference) -> Value {
        let mut value = json!(JsonPath::in_tree(difference.path().as_bytes()));
        if let (Some(value), Value::Object(more)) = (value.as_object_mut(), self.object(difference)) {
            value.extend(more);
        }
        value
    }
}

/// Size of a file for a column; what has none gets a dash.
pub fn size(entry: Option<&Entry>) -> String {
    match entry.map(|entry| &entry.kind) {
        Some(Kind::File { size, .. }) => size.to_string(),
        _ => "-".to_owned(),
    }
}
