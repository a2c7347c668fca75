//! What somebody chooses in the dialog, and the order that comes of it.

use iota_core::id::SetId;
use iota_core::restore::{Overwrite, Target};
use iota_core::vault::{OrderRestore, Problem, ProblemKind, ReadLive};
use leptos::prelude::*;

use super::RestoreOf;
use crate::components::problem_notice::sentence;
use crate::components::proof::Proof;
use crate::fleet::Fleet;
use crate::vault::Vault;
use crate::words::{Moment, now_ms};

/// Id of the field that takes a folder.
pub const FOLDER_ID: &str = "restore-folder";

/// What the parts of the dialog share.
#[derive(Clone, Copy)]
pub struct Wish {
    vault: Vault,
    proof: Proof,
    /// What would come back.
    pub of: StoredValue<RestoreOf>,
    /// Machines that can take an order, that of the files first.
    pub machines: Memo<Vec<(SetId, String)>>,
    /// The one that is chosen; none when there is none.
    pub machine: Memo<Option<SetId>>,
    /// The one that somebody chose.
    asked: RwSignal<Option<SetId>>,
    /// Which machine is connected or not, as far as it was asked.
    heard: RwSignal<Option<(SetId, bool)>>,
    /// Whether it goes to where it was.
    pub in_place: RwSignal<bool>,
    /// Else the folder that it goes into.
    pub folder: RwSignal<String>,
    /// What is wrong with the folder.
    pub wrong: RwSignal<Option<String>>,
    /// None while nobody chose: then it goes by the place.
    overwrite: RwSignal<Option<Overwrite>>,
    /// Why there is no order.
    pub problem: RwSignal<Option<Problem>>,
    /// What is ordered at this moment: only to look, or to do it.
    pub busy: RwSignal<Option<bool>>,
    /// The order, once it is given.
    pub given: RwSignal<Option<Given>>,
}

/// An order that was given.
#[derive(Clone, PartialEq)]
pub struct Given {
    /// To this machine.
    pub machine: SetId,
    /// Its name.
    pub name: String,
    /// Only to look.
    pub dry_run: bool,
}

impl Wish {
    /// Nothing is chosen yet. Call it in a component.
    pub fn new(of: RestoreOf) -> Self {
        let fleet = Fleet::current();
        let source = of.set;
        let machines = Memo::new(move |_| {
            let mut all = fleet.machines().unwrap_or_default();
            all.retain(|machine| !machine.revoked);
            all.sort_by_key(|machine| (machine.set != source, machine.title().to_lowercase()));
            all.into_iter().map(|machine| (machine.set, machine.title())).collect::<Vec<_>>()
        });
        let asked = RwSignal::new(None::<SetId>);
        let machine = Memo::new(move |_| {
            let asked = asked.get();
            machines.with(|all| {
                let known = asked.filter(|asked| all.iter().any(|(set, _)| set == asked));
                known.or_else(|| all.first().map(|(set, _)| *set))
            })
        });
        let today = Moment::local(now_ms()).iso();
        Self {
            vault: Vault::current(),
            proof: Proof::current(),
            of: StoredValue::new(of),
            machines,
            machine,
            asked,
            heard: RwSignal::new(None),
            in_place: RwSignal::new(false),
            folder: RwSignal::new(format!("/restored-{}", today.split('T').next().unwrap_or_default())),
            wrong: RwSignal::new(None),
            overwrite: RwSignal::new(None),
            problem: RwSignal::new(None),
            busy: RwSignal::new(None),
            given: RwSignal::new(None),
        }
    }

    /// What becomes of what is there.
    pub fn overwrite(self) -> Overwrite {
        let usual = if self.in_place.get() { Overwrite::IfChanged } else { Overwrite::Never };
        self.overwrite.get().unwrap_or(usual)
    }

    fn name(self, machine: SetId) -> String {
        self.machines
            .with(|all| all.iter().find(|(set, _)| *set == machine).map(|(_, name)| name.clone()))
            .unwrap_or_default()
    }

    /// Chooses a machine.
    pub fn choose(self, machine: Option<SetId>) {
        self.asked.set(machine);
    }

    /// Chooses what becomes of what is there.
    pub fn choose_overwrite(self, overwrite: Overwrite) {
        self.overwrite.set(Some(overwrite));
    }

    /// Whether the machine is connected; none while that is not known.
    pub fn listens(self, machine: SetId) -> Option<bool> {
        self.heard.get().filter(|(set, _)| *set == machine).map(|(_, listens)| listens)
    }

    /// Asks whether the machine is connected.
    pub fn ask_whether_it_listens(self, machine: SetId) {
        leptos::task::spawn_local(async move {
            if let Ok(view) = self.vault.ask(ReadLive { set: machine }).await {
                // The dialog may have been closed.
                self.heard.try_set(Some((machine, view.listens)));
            }
        });
    }

    /// Orders it, or asks what it would do; with a fresh proof where the server wants one.
    pub fn order(self, dry_run: bool) {
        let Some(machine) = self.machine.get_untracked() else { return };
        if self.busy.with_untracked(Option::is_some) {
            return;
        }
        let target = match self.in_place.get_untracked() {
            true => Target::InPlace,
            false => Target::Beside(self.folder.with_untracked(|folder| folder.trim().to_owned())),
        };
        if let Err(wrong) = target.check() {
            self.wrong.set(Some(sentence(&wrong)));
            return crate::browser::focus(FOLDER_ID);
        }
        self.wrong.set(None);
        self.problem.set(None);
        self.busy.set(Some(dry_run));
        let (overwrite, name) = untrack(|| (self.overwrite(), self.name(machine)));
        let question = self.of.with_value(|of| OrderRestore {
            set: of.set,
            at: of.at,
            selection: of.selection.clone(),
            machine,
            target,
            overwrite,
            dry_run,
        });
        leptos::task::spawn_local(async move {
            let answer = self.proof.run(|| self.vault.ask(question.clone())).await;
            if self.busy.try_set(None).is_some() {
                return;
            }
            match answer {
                Ok(_) => self.given.set(Some(Given { machine, name, dry_run })),
                Err(problem) if problem.kind == ProblemKind::Cancelled => {}
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }
}
