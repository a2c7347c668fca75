//! Which set is meant.

use super::{ReadError, Result};
use crate::owner::Owner;
use iota_core::{api::json::SetInfo, id::SetId};
use iota_crypto::label;

/// A set with the name that its owner gave it.
#[derive(Debug, Clone)]
pub struct NamedSet {
    /// What the server says of it.
    pub info: SetInfo,
    /// The name; empty when it does not open.
    pub name: String,
}

impl NamedSet {
    fn shown(&self) -> String {
        format!("{} ({})", self.name.escape_debug(), self.info.set)
    }
}

/// The sets of the account.
///
/// # Errors
/// [`ReadError::Remote`].
pub fn named_sets(owner: &Owner) -> Result<Vec<NamedSet>> {
    let key = owner.master.label_key(owner.account);
    let sets = owner.archive.sets()?;
    Ok(sets
        .into_iter()
        .map(|info| NamedSet { name: label::open(&key, info.set, &info.label.0).unwrap_or_default(), info })
        .collect())
}

/// The set that `wanted` names, by name or id or the beginning of its id; without it the set of this machine, `own`, else the
/// only one there is.
///
/// # Errors
/// [`ReadError::NoSet`] and [`ReadError::WhichSet`].
pub fn choose_set(owner: &Owner, wanted: Option<&str>, own: Option<SetId>) -> Result<NamedSet> {
    let sets = named_sets(owner)?;
    let known = || sets.iter().map(NamedSet::shown).collect::<Vec<_>>().join(", ");
    let fitting: Vec<&NamedSet> = match (wanted, own) {
        (Some(wanted), _) => fitting(&sets, wanted),
        (None, Some(own)) => sets.iter().filter(|set| set.info.set == own).collect(),
        (None, None) => sets.iter().collect(),
    };
    match fitting[..] {
        [one] => Ok(one.clone()),
        [] => Err(ReadError::NoSet { wanted: wanted.unwrap_or("of this machine").to_owned(), known: known() }),
        _ => Err(ReadError::WhichSet(known())),
    }
}

fn fitting<'s>(sets: &'s [NamedSet], wanted: &str) -> Vec<&'s NamedSet> {
    let by = |fits: &dyn Fn(&NamedSet) -> bool| sets.iter().filter(|set| fits(set)).collect::<Vec<_>>();
    let exact = by(&|set| set.info.set.to_string() == wanted);
    let named = by(&|set| set.name == wanted);
    if !exact.is_empty() {
        exact
    } else if !named.is_empty() {
        named
    } else if wanted.len() >= 4 {
        by(&|set| set.info.set.to_string().starts_with(wanted))
    } else {
        Vec::new()
    }
}
