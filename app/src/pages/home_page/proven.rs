//! What came back last: the only proof that a backup is one.

use iota_core::id::SetId;
use iota_core::restore::Ending;
use iota_core::vault::{ListRestores, RestoreView, Standing};
use leptos::prelude::*;

use crate::browser;
use crate::components::ago::Ago;
use crate::components::machine_frame::MachineName;
use crate::components::skeleton::Skeleton;
use crate::downloads::PROVED;
use crate::fleet::Fleet;
use crate::vault::Vault;
use crate::words::{bytes, many};

/// Something that came back whole.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Proof {
    set: SetId,
    at_ms: u64,
    /// What a machine restored; none for what this browser took home.
    restored: Option<(u64, u64)>,
}

/// The card.
#[component]
pub(super) fn ProvenCard() -> impl IntoView {
    let (fleet, vault) = (Fleet::current(), Vault::current());
    let here = RwSignal::new(None::<Proof>);
    Effect::new(move || here.set(browser::stored(PROVED).and_then(|text| of_browser(&text))));
    let there = RwSignal::new(None::<Option<Proof>>);
    let machines = Memo::new(move |_| {
        fleet.machines().map(|machines| machines.iter().map(|machine| machine.set).collect::<Vec<_>>())
    });
    let open = Memo::new(move |_| vault.is_open());
    Effect::new(move || {
        let (true, Some(machines)) = (open.get(), machines.get()) else { return };
        leptos::task::spawn_local(async move {
            let mut newest = None::<Proof>;
            for machine in machines {
                // A list that cannot be read is told on its machine's page.
                let list = vault.ask(ListRestores { machine }).await.unwrap_or_default();
                newest = list.iter().filter_map(of_restore).chain(newest).max_by_key(|proof| proof.at_ms);
            }
            // The page may have gone.
            there.try_set(Some(newest));
        });
    });
    let known = Memo::new(move |_| {
        let there = there.get();
        let newest = there.clone().flatten().into_iter().chain(here.get()).max_by_key(|proof| proof.at_ms);
        // What machines restored is known with an open vault only.
        (newest, there.is_some() || !open.get())
    });
    view! {
        <section class="card" aria-labelledby="proven-title">
            <div class="card__head">
                <h2 class="card__title" id="proven-title">
                    {"Proven readable"}
                </h2>
            </div>
            {move || match known.get() {
                (Some(proof), _) => shown(proof),
                (None, false) => view! { <Skeleton lines=2 /> }.into_any(),
                (None, true) => {
                    let locked = if open.get() { "" } else { " while the vault is locked" };
                    let words = format!(
                        "Nothing has come back yet, as far as this browser knows{locked}. A backup is proved when something was restored: open a machine, choose a file, and take it home."
                    );
                    view! { <p class="card__foot">{words}</p> }.into_any()
                }
            }}
        </section>
    }
    .into_any()
}

fn shown(proof: Proof) -> AnyView {
    let Proof { set, at_ms, restored } = proof;
    let words = match restored {
        Some((files, written)) => format!(
            " had {}, {}, restored by a machine. Every byte was checked against its key before it was written.",
            many(files, "file", "files"),
            bytes(written)
        ),
        None => " had something taken home in this browser: the last time, as far as this browser knows. Every piece was checked against its \
                 key before it was handed out."
            .to_owned(),
    };
    view! {
        <p class="card__figure">
            <Ago ms=at_ms />
        </p>
        <p class="card__foot">
            <MachineName set />
            {words}
        </p>
    }
    .into_any()
}

/// A restore that a machine ended with nothing missing.
fn of_restore(view: &RestoreView) -> Option<Proof> {
    let Standing::Ended(outcome) = &view.standing else { return None };
    let Ending::Done { files, bytes, loss_count: 0, .. } = outcome.ending else { return None };
    (files > 0).then_some(Proof { set: view.set, at_ms: outcome.ended_ms, restored: Some((files, bytes)) })
}

/// As downloads note it: milliseconds since 1970, then the set.
fn of_browser(text: &str) -> Option<Proof> {
    let (at_ms, set) = text.split_once(' ')?;
    Some(Proof { set: set.parse().ok()?, at_ms: at_ms.parse().ok()?, restored: None })
}

#[cfg(test)]
mod tests {
    use iota_core::id::RestoreId;
    use iota_core::restore::{Outcome, Overwrite, Target};

    use super::*;

    fn view(ending: Ending) -> RestoreView {
        let outcome = Outcome {
            began_ms: 1,
            ended_ms: 5,
            paths: vec![],
            path_count: 0,
            target: Target::InPlace,
            overwrite: Overwrite::Never,
            ending,
        };
        let standing = Standing::Ended(Box::new(outcome));
        RestoreView {
            order: RestoreId([1; 16]),
            set: SetId([2; 16]),
            at: 3,
            ordered_ms: 1,
            until_ms: 9,
            ordered: None,
            standing,
        }
    }

    fn done(files: u64, loss_count: u64) -> Ending {
        let (losses, kept) = (vec![], 0);
        Ending::Done {
            files,
            dirs: 1,
            others: 0,
            bytes: 7,
            kept,
            replaced: 0,
            owners_left: 0,
            losses,
            loss_count,
            gaps: 0,
        }
    }

    #[test]
    fn only_what_came_back_whole_proves_anything() {
        let proof = Proof { set: SetId([2; 16]), at_ms: 5, restored: Some((3, 7)) };
        assert_eq!(of_restore(&view(done(3, 0))), Some(proof));
        for ending in [done(3, 1), done(0, 0), Ending::Cancelled, Ending::Failed { message: String::new() }] {
            assert_eq!(of_restore(&view(ending)), None);
        }
        let set = SetId([2; 16]);
        assert_eq!(of_browser(&format!("9 {set}")), Some(Proof { set, at_ms: 9, restored: None }));
        for text in ["", "9", "x y", "9 22"] {
            assert_eq!(of_browser(text), None);
        }
    }
}
