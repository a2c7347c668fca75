//! What the vault needs from where it runs.

use iota_core::vault::{Problem, Strength, VaultEvent};

/// A request to the API of the server that the page came from.
#[derive(Debug)]
pub struct Request {
    /// HTTP method.
    pub method: &'static str,
    /// Path below the API's prefix, with its query.
    pub path: String,
    /// Body.
    pub body: Body,
}

/// Body of a request.
#[derive(Debug)]
pub enum Body {
    /// None.
    Empty,
    /// JSON.
    Json(String),
    /// Bytes.
    Binary(Vec<u8>),
}

/// Where something is kept between visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Store {
    /// What was last seen of accounts. Never thrown away by the program.
    Witness,
    /// The same, for as long as the vault's program runs: a server can have a browser clear what it keeps, but not this.
    Visit,
    /// Sealed pages of states, by id. A cache of limited size.
    Pages,
}

/// The browser, or a test.
#[expect(async_fn_in_trait, reason = "there is one thread")]
pub trait Platform: 'static {
    /// Sends a request and returns the body of a good answer; a refusal is a problem with its code.
    async fn exchange(&self, request: Request) -> Result<Vec<u8>, Problem>;

    /// Reads what was kept under each key; `None` where there is nothing.
    ///
    /// # Errors
    /// When it cannot be read: that is not the same as nothing.
    async fn load(&self, store: Store, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Problem>;

    /// Keeps values under their keys.
    ///
    /// # Errors
    /// When the browser refuses to keep anything.
    async fn save(&self, store: Store, values: &[(String, &[u8])]) -> Result<(), Problem>;

    /// How well a passphrase withstands guessing.
    ///
    /// # Errors
    /// When the program that knows cannot be loaded.
    async fn rate(&self, passphrase: &str, login: &str) -> Result<Strength, Problem>;

    /// Milliseconds since 1970.
    fn now_ms(&self) -> u64;

    /// Waits.
    async fn sleep(&self, ms: u32);

    /// Tells the page.
    fn tell(&self, event: &VaultEvent);

    /// Has the vaults of the other tabs lock.
    fn lock_others(&self);

    /// Address of the server, as the page has it, for the printed kit.
    fn server_address(&self) -> String;
}

/// Where the bytes of a file go.
#[expect(async_fn_in_trait, reason = "there is one thread")]
pub trait Sink {
    /// Takes verified bytes; returns when there is room for more.
    ///
    /// # Errors
    /// [`iota_core::vault::ProblemKind::Cancelled`] when nobody wants them any more; others when they cannot be written.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Problem>;

    /// All bytes were written: only now does a file exist.
    ///
    /// # Errors
    /// As [`Sink::write`].
    async fn finish(&mut self) -> Result<(), Problem>;

    /// Nothing that was written may be used.
    async fn abort(&mut self, problem: &Problem);
}
