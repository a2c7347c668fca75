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
}

impl Ways {
    /// Those of a vault.
    pub fn of(slots: &[SlotView]) -> Self {
        let has = |kind| slots.iter().any(|slot| slot.kind == kind);
        Self {
            memory: has(SlotKindView::Passphrase),
            paper: has(SlotKindView::RecoveryWords),
            file: has(SlotKindView::KeyFile),
        }
    }

    /// What still opens the vault, in words; none when nothing does.
    fn words(self) -> Option<&'static str> {
        Some(match (self.memory, self.paper, self.file) {
            (true, true, true) => "password, paper or key file opens the vault",
            (true, true, false) => "password or paper opens the vault",
            (true, false, true) => "password or key file opens the vault",
            (false, true, true) => "paper or key file opens the vault",
            (true, false, false) => "the password opens the vault",
            (false, true, false) => "the paper opens the vault",
            (false, false, true) => "the key file opens the vault",
            (false, false, false) => return None,
        })
    }

    /// Whether one lost secret would lose everything, or all of it depends on memory.
    pub fn is_enough(self) -> bool {
        let count = [self.memory, self.paper, self.file].into_iter().filter(|&way| way).count();
        count >= 2 && self.paper
    }

    fn losses(self) -> Vec<Loss> {
        let mut losses = vec![Loss::new("This computer", self)];
        if self.memory {
            losses.push(Loss::new("Your memory of the password", Self { memory: false, ..self }));
        }
        if self.paper {
            losses.push(Loss::new("The paper", Self { paper: false, ..self }));
        }
        if self.file {
            losses.push(Loss::new("The key file", Self { file: false, ..self }));
        }
        losses.push(Loss {
            what: "Everything at home at once",
            survived: self.memory,
            why: if self.memory {
                "only what you remember is left; keep a second print elsewhere"
            } else {
                "keep a second print elsewhere, or add a passphrase"
            },
        });
        losses
    }
}

struct Loss {
    what: &'static str,
    survived: bool,
    why: &'static str,
}

impl Loss {
    fn new(what: &'static str, left: Ways) -> Self {
        let words = left.words();
        Self { what, survived: words.is_some(), why: words.unwrap_or("nothing else opens the vault; add another way") }
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
        let all = Ways { memory: true, paper: true, file: true };
        assert!(all.losses().iter().all(|loss| loss.survived) && all.is_enough());
        let paper = Ways { paper: true, ..Ways::default() };
        let lost: Vec<_> = paper.losses().iter().filter(|loss| !loss.survived).map(|loss| loss.what).collect();
        assert_eq!(lost, ["The paper", "Everything at home at once"]);
        assert!(!paper.is_enough());
        assert!(!Ways { memory: true, file: true, ..Ways::default() }.is_enough());
        assert!(Ways::default().losses().iter().all(|loss| !loss.survived));
    }
}
