//! People with accounts and machines: the real agent library, against a server of a test.

#![allow(dead_code, reason = "each user takes its part")]

#[path = "../../../client-agent/tests/support/compare.rs"]
pub mod compare;
#[path = "../../../client-agent/tests/support/corpus.rs"]
pub mod corpus;

use iota_agent::{
    account::{self, NewAccount},
    backup::{self, BackupError, Options, Report},
    enrol::{
        admit::{Doorkeeper, Wanted},
        machine::Joining,
    },
    history::{History, Moment, choose_set},
    identity::Identity,
    monitor::{Clock, Silent, SystemClock},
    owner::Owner,
    remote::http::{Http, HttpRemote, Patience, Server, WebSession},
    restore,
    rules::{RuleFile, RuleRoot, Rules},
    scan::Scan,
    vault::{self, Pinned},
    witness::Witness,
};
use iota_crypto::{
    enrol::{EnrolCode, MachineFacts},
    kit::Kit,
    secret::system_random,
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

const PASSWORD: &str = "a password for a test";
/// Somebody with an account and a kit.
pub struct Person {
    pub folder: TempDir,
    pub http: Arc<Http>,
    pub login: String,
}

impl Person {
    pub fn sign_up(url: &str, code: &str, login: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server { address: url.parse().unwrap(), pin: None };
        let http = Arc::new(Http::new(server, Patience::BACKUP).unwrap());
        let kit = folder.path().join("kit.txt");
        let new = NewAccount { code, login, password: PASSWORD, passphrase: None, kit: &kit, key_file: None };
        account::create(&http, &new).unwrap();
        Self { folder, http, login: login.to_owned() }
    }

    pub fn session(&self) -> WebSession {
        let server_id = self.http.server_info().unwrap().server_id;
        vault::sign_in(&self.http, server_id, &self.login, PASSWORD).unwrap()
    }

    /// With nothing but the printed kit.
    pub fn owner(&self) -> Owner {
        let kit = Kit::parse(&fs::read_to_string(self.folder.path().join("kit.txt")).unwrap()).unwrap();
        vault::owner_by_kit(&self.http, &kit, &Pinned::default()).unwrap()
    }

    pub fn witness(&self, owner: &Owner) -> Witness {
        Witness::load(self.folder.path(), owner.account).unwrap()
    }
}

/// A machine of a person.
pub struct Machine {
    pub home: TempDir,
    http: Arc<Http>,
    rules: Rules,
    clock: Arc<dyn Clock + Send>,
}

impl Machine {
    pub fn enrol(person: &Person, wanted: &Wanted, root: &Path) -> Self {
        let (owner, session) = (person.owner(), person.session());
        let mut witness = person.witness(&owner);
        let server_id = person.http.server_info().unwrap().server_id;
        let code = EnrolCode::generate(None, &mut system_random());
        let text = code.to_text();
        session.create_enrolment(code.enrol_id).unwrap();
        let facts = MachineFacts { name: "attic".into(), system: "Linux".into(), disk_bytes: 1 };
        let joining = Joining::begin(&person.http, EnrolCode::parse(&text).unwrap(), facts).unwrap();
        let hello = session.hello(code.enrol_id).unwrap().unwrap();
        let mut door = Doorkeeper { owner: &owner, session: &session, server_id, witness: &mut witness };
        door.admit(&code, &hello, None, wanted, 1).unwrap();
        let (identity, ratchet) = joining.wait().unwrap();
        let home = tempfile::tempdir().unwrap();
        identity.save(&home.path().join("config"), &ratchet).unwrap();
        let file = RuleFile { roots: vec![RuleRoot::new(root)], one_file_system: false, ..RuleFile::default() };
        let rules = Rules::compile(&file).unwrap();
        Self { home, http: Arc::clone(&person.http), rules, clock: Arc::new(SystemClock) }
    }

    /// The same with another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock + Send>) -> Self {
        self.clock = clock;
        self
    }

    pub fn config(&self) -> PathBuf {
        self.home.path().join("config")
    }

    pub fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    pub fn identity(&self) -> Identity {
        Identity::load(&self.config()).unwrap()
    }

    pub fn back_up(&self) -> Result<Report, BackupError> {
        let identity = self.identity();
        let remote = HttpRemote::new(Arc::clone(&self.http), identity.speaker());
        let domains = identity.domains();
        let (config, state) = (self.config(), self.state());
        let machine = identity.machine(&domains, &config, &state);
        let own = [config.as_path(), state.as_path()];
        let open = || Scan::start(self.rules.clone(), &own);
        backup::run(&machine, &remote, open, Options::default(), &*self.clock, &Silent)
    }

    /// Restores a commit with the kit; compares it with what a folder looked like.
    pub fn check(&self, person: &Person, seq: u64, root: &Path, looked: &compare::Tree) {
        let owner = person.owner();
        let mut witness = person.witness(&owner);
        let set = choose_set(&owner, None, Some(self.identity().set)).unwrap();
        let history = History::open(&owner, &set.info, &mut witness).unwrap();
        witness.save().unwrap();
        let point = history.at(Moment::Seq(seq)).unwrap();
        let target = tempfile::tempdir().unwrap();
        let options = restore::Options { devices: true, trust: true, keep_damaged: false, ..Default::default() };
        let report = restore::restore(&point, &[], target.path(), options, &Silent).unwrap();
        assert_eq!(report.loss_count, 0, "commit {seq}: {:?}", report.losses);
        let restored = compare::look(&below(target.path(), root));
        let differences = compare::differences(looked, &restored);
        assert!(differences.is_empty(), "commit {seq}: {differences:?}");
    }
}

pub fn below(target: &Path, root: &Path) -> PathBuf {
    target.join(root.strip_prefix("/").unwrap())
}

/// Runs what waits on files and network beside the server's own tasks.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
