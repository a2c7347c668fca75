//! What one can lose and still open the vault.

use iota_core::vault::{SlotKindView, SlotView};
use leptos::prelude::*;

use crate::components::icon::Icon;

/// Ways to open the vault, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// A password or passphrase, in somebody's memory.
    pub memory: bool,
    /// A recovery kit, on paper.
    pub paper: bool,
    /// A key file.
    pub file: bool,
    /// A passkey, which may live on one device only.
    pub passkey: bool,
    /// Sheets of trusted people, in their homes.
    pub people: bool,
}

impl Ways {
    /// Those of a vault.
    pub fn of(slots: &[SlotView]) -> Self {
        let has = |kind| slots.iter().any(|slot| slot.kind == kind);
        Self {
            memory: has(SlotKindView::Passphrase),
            paper: has(SlotKindView::RecoveryWords),
            file: has(SlotKindView::KeyFile),
            passkey: has(SlotKindView::Passkey),
            people: has(SlotKindView::Shares),
        }
    }

    /// What still opens the vault, in words; none when nothing does.
    fn words(self) -> Option<String> {
        let mut left = self.names();
        let last = left.pop()?;
        let open = if self.people { "open" } else { "opens" };
        Some(match left.join(", ") {
            none if none.is_empty() => format!("the {last} {open} the vault"),
            others => format!("{others} or {last} {open} the vault"),
        })
    }

    /// The ways that there are.
    fn names(self) -> Vec<&'static str> {
        let ways = [
            (self.memory, "password"),
            (self.paper, "paper"),
            (self.file, "key file"),
            (self.passkey, "passkey"),
            (self.people, "trusted people"),
        ];
        ways.into_iter().filter_map(|(is_there, name)| is_there.then_some(name)).collect()
    }

    /// Whether one lost secret would lose everything, or all of it depends on memory.
    pub fn is_enough(self) -> bool {
        self.lack().is_none()
    }

    /// What these ways lack; nothing when they are enough.
    pub fn lack(self) -> Option<&'static str> {
        match self.names().len() {
            0 => Some("Nothing that you have opens your vault."),
            1 => Some("One lost secret, and nothing opens your vault."),
            _ if !self.paper => Some("Nothing on paper opens your vault."),
            _ => None,
        }
    }

    fn losses(self) -> Vec<Loss> {
        let device = if self.passkey { "This computer or phone, with the passkey on it" } else { "This computer" };
        let mut losses = vec![Loss::new(device, Self { passkey: false, ..self })];
        if self.memory {
            losses.push(Loss::new("Your memory of the password", Self { memory: false, ..self }));
        }
        if self.paper {
            losses.push(Loss::new("The paper", Self { paper: false, ..self }));
        }
        if self.file {
            losses.push(Loss::new("The key file", Self { file: false, ..self }));
        }
        if self.people {
            losses.push(Loss::new("More sheets than your people can spare", Self { people: false, ..self }));
        }
        losses.push(Loss {
            what: "Everything at home at once",
            survived: self.memory || self.people,
            why: match (self.memory, self.people) {
                (_, true) => "the trusted people are elsewhere, each with a sheet".into(),
                (true, false) => "only what you remember is left; keep a second print elsewhere".into(),
                (false, false) => "keep a second print elsewhere, or add a passphrase".into(),
            },
        });
        losses
    }
}

struct Loss {
    what: &'static str,
    survived: bool,
    why: String,
}

impl Loss {
    fn new(what: &'static str, left: Ways) -> Self {
        let words = left.words();
        let survived = words.is_some();
        Self { what, survived, why: words.unwrap_or_else(|| "nothing else opens the vault; add another way".into()) }
    }
}

/// The list, anew with every choice.
#[component]
pub fn Survive(
    /// The ways that there are, or would be.
    #[prop(into)]
    ways: Signal<Ways>,
) -> impl IntoView {
    let rows = move || {
        let row = |loss: Loss| {
            let (class, icon, spoken) = if loss.survived {
                ("survive__row survive__row--yes", "check", "You can lose: ")
            } else {
                ("survive__row survive__row--no", "x", "You must not lose: ")
            };
            view! {
                <li class=class>
                    <Icon name=icon />
                    <span>
                        <b>
                            <span class="visually-hidden">{spoken}</span>
                            {loss.what}
                        </b>
                        <small>{loss.why}</small>
                    </span>
                </li>
            }
            .into_any()
        };
        ways.get().losses().into_iter().map(row).collect_view()
    };
    view! { <ul class="survive">{rows}</ul> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_and_kept_follows_from_the_ways() {
        let all = Ways { memory: true, paper: true, file: true, ..Ways::default() };
        assert!(all.losses().iter().all(|loss| loss.survived) && all.is_enough());
        let paper = Ways { paper: true, ..Ways::default() };
        let lost: Vec<_> = paper.losses().iter().filter(|loss| !loss.survived).map(|loss| loss.what).collect();
        assert_eq!(lost, ["The paper", "Everything at home at once"]);
        assert!(!paper.is_enough());
        assert!(!Ways { memory: true, file: true, ..Ways::default() }.is_enough());
        let lack = |ways: Ways| ways.lack().unwrap_or_default();
        assert!(
            lack(paper).starts_with("One lost secret") && lack(Ways::default()).starts_with("Nothing that you have")
        );
        assert!(
            lack(Ways { memory: true, file: true, ..Ways::default() }).contains("on paper") && lack(all).is_empty()
        );
        assert!(Ways::default().losses().iter().all(|loss| !loss.survived));
    }

    #[test]
    fn a_passkey_goes_with_its_device_and_is_no_paper() {
        let with_paper = Ways { paper: true, passkey: true, ..Ways::default() };
        let why = |what: &str| with_paper.losses().into_iter().find(|loss| loss.what.contains(what)).unwrap().why;
        assert_eq!(why("the passkey on it"), "the paper opens the vault");
        assert_eq!(why("The paper"), "the passkey opens the vault");
        assert!(with_paper.is_enough());
        let alone = Ways { passkey: true, ..Ways::default() };
        assert!(alone.losses().iter().all(|loss| !loss.survived) && !alone.is_enough());
        assert!(!Ways { memory: true, passkey: true, ..Ways::default() }.is_enough());
        let people = Ways { people: true, ..alone };
        let lost: Vec<_> = people.losses().iter().filter(|loss| !loss.survived).map(|loss| loss.what).collect();
        assert!(lost.is_empty() && !people.is_enough(), "{lost:?}");
        assert_eq!(people.words().unwrap(), "passkey or trusted people open the vault");
        let last = Ways { passkey: false, ..people };
        assert_eq!(last.words().unwrap(), "the trusted people open the vault");
        assert_eq!(last.losses().iter().filter(|loss| !loss.survived).count(), 1);
        let all = Ways { memory: true, file: true, ..with_paper };
        assert_eq!(all.words().unwrap(), "password, paper, key file or passkey opens the vault");
    }
}
