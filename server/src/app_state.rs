//! What every handler works with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iota_core::id::{AccountId, ServerId};
use sqlx::{PgPool, Postgres, Transaction};
use tokio::sync::{OwnedMutexGuard, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use crate::client_address::{Network, Proxy};
use crate::clock::Clock;
use crate::downloads::Downloads;
use crate::error::ApiError;
use crate::events::Events;
use crate::host_key::{HostKey, HostKeyError};
use crate::limits::Limits;
use crate::mail::Mailer;
use crate::memory::Memory;
use crate::packs::{Packs, Record, RecordKind};
use crate::rate::Rates;
use crate::records::seal_verifier;
use crate::relay::Relay;
use crate::security_headers::Transport;
use crate::tls::Pin;

/// Shared by all requests; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

struct Shared {
    parts: Parts,
    rates: Rates<i64>,
    strangers: Rates<Network>,
    reports: Rates<()>,
    nobody: Nobody,
    memory: Memory,
    counting: Semaphore,
    events: Events,
    relay: Relay,
    /// Machines and the minute in which each was last noted to be there.
    contacts: Mutex<HashMap<i64, u64>>,
    /// Sets whose log is being changed.
    busy: Mutex<HashMap<i64, Arc<tokio::sync::Mutex<()>>>>,
}

/// Stands in for the account of a login that nobody has, so that looking takes the same way.
pub struct Nobody {
    /// No account's id.
    pub account: AccountId,
    /// A sealed verifier that no secret fits.
    pub verifier: Vec<u8>,
}

/// What an [`AppState`] is made of.
pub struct Parts {
    /// The database.
    pub pool: PgPool,
    /// Where the bytes lie.
    pub packs: Packs,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Seals what may not lie open.
    pub host_key: HostKey,
    /// This installation.
    pub server_id: ServerId,
    /// How much is allowed.
    pub limits: Limits,
    /// How browsers reach it.
    pub transport: Transport,
    /// Whom to believe about a client's address.
    pub proxy: Proxy,
    /// What clients pin, when the certificate is of the server's own making.
    pub pin: Option<Pin>,
    /// Programs that are handed out.
    pub downloads: Downloads,
    /// Sends mails, if a mail server is known.
    pub mailer: Option<Mailer>,
}

/// How long a request waits for another one of the same set.
const SET_PATIENCE: Duration = Duration::from_secs(30);
/// Questions at a time that read everything that a set uses.
const MAX_COUNTING: usize = 2;
const MINUTE_MS: u64 = 60 * 1000;
/// Machines whose last minute is remembered; of others the database is told again.
const MAX_CONTACTS: usize = 10_000;

impl AppState {
    /// Shares the parts.
    ///
    /// # Errors
    /// [`HostKeyError::Random`].
    pub fn new(parts: Parts) -> Result<Self, HostKeyError> {
        let rates = Rates::new(parts.limits.requests_per_s);
        let strangers = Rates::new(parts.limits.strangers_per_s);
        let mut unknown = [0; 32];
        getrandom::fill(&mut unknown)?;
        let account = AccountId::ZERO;
        let nobody = Nobody { account, verifier: seal_verifier(&parts.host_key, account, &unknown)? };
        Ok(Self(Arc::new(Shared {
            parts,
            rates,
            strangers,
            reports: Rates::new(1),
            nobody,
            memory: Memory::default(),
            counting: Semaphore::new(MAX_COUNTING),
            events: Events::default(),
            relay: Relay::default(),
            contacts: Mutex::default(),
            busy: Mutex::default(),
        })))
    }

    /// The database.
    pub fn pool(&self) -> &PgPool {
        &self.0.parts.pool
    }

    /// Where the bytes lie.
    pub fn packs(&self) -> &Packs {
        &self.0.parts.packs
    }

    /// Makes decisions about an account durable, each a record, of what it is and its payload; then commits the transaction
    /// that they belong to. Goes on to its end when the client does not wait for it: no record is left behind alone.
    ///
    /// # Errors
    /// `no_space`, `unavailable`.
    pub async fn decide(
        &self,
        transaction: Transaction<'static, Postgres>,
        owner: AccountId,
        decisions: Vec<(RecordKind, Vec<u8>)>,
    ) -> Result<(), ApiError> {
        let record = |(kind, payload): (RecordKind, Vec<u8>)| Record::new(kind, owner, payload.into());
        let (state, records) = (self.clone(), decisions.into_iter().map(record).collect());
        let decided = tokio::spawn(async move {
            state.packs().append(records).await?;
            transaction.commit().await?;
            Ok(())
        });
        decided.await.unwrap_or_else(|_| Err(ApiError::unavailable()))
    }

    /// Milliseconds since 1970 (UTC), by the server's clock.
    pub fn now_ms(&self) -> u64 {
        self.0.parts.clock.now_ms()
    }

    /// Where the time comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.parts.clock
    }

    /// Seals what may not lie open.
    pub fn host_key(&self) -> &HostKey {
        &self.0.parts.host_key
    }

    /// This installation.
    pub fn server_id(&self) -> ServerId {
        self.0.parts.server_id
    }

    /// How much is allowed.
    pub fn limits(&self) -> &Limits {
        &self.0.parts.limits
    }

    /// How browsers reach it.
    pub fn transport(&self) -> Transport {
        self.0.parts.transport
    }

    /// Waits for the place of the one request that may change a set's log at a time. Whoever waited for its row instead would
    /// hold a connection that others need.
    ///
    /// # Errors
    /// `unavailable` when another one has it for long.
    pub async fn take_set(&self, set_no: i64) -> Result<OwnedMutexGuard<()>, ApiError> {
        let place = {
            let mut busy = self.0.busy.lock().unwrap_or_else(PoisonError::into_inner);
            busy.retain(|_, place| Arc::strong_count(place) > 1);
            busy.entry(set_no).or_default().clone()
        };
        timeout(SET_PATIENCE, place.lock_owned()).await.map_err(|_| ApiError::unavailable())
    }

    /// A place for a question that reads everything that a set uses; there are few, so that others get their connections.
    ///
    /// # Errors
    /// `unavailable` while all are taken.
    pub fn take_counting(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        self.0.counting.try_acquire().map_err(|_| ApiError::unavailable())
    }

    /// Memory for bodies.
    pub fn memory(&self) -> &Memory {
        &self.0.memory
    }

    /// What happens, for pages that are open.
    pub fn events(&self) -> &Events {
        &self.0.events
    }

    /// Sealed messages between machines and pages.
    pub fn relay(&self) -> &Relay {
        &self.0.relay
    }

    /// The minute of now, when a machine was not noted to be there in it yet.
    pub fn take_contact(&self, device_no: i64) -> Option<u64> {
        let minute_ms = self.now_ms() / MINUTE_MS * MINUTE_MS;
        let mut contacts = self.0.contacts.lock().unwrap_or_else(PoisonError::into_inner);
        if contacts.len() >= MAX_CONTACTS {
            contacts.retain(|_, noted_ms| *noted_ms == minute_ms);
        }
        (contacts.insert(device_no, minute_ms) != Some(minute_ms)).then_some(minute_ms)
    }

    /// Counts a request of an account.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn take_known(&self, account_no: i64) -> Result<(), ApiError> {
        self.0.rates.take(account_no, Instant::now())
    }

    /// Counts a request of somebody unknown.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn take_stranger(&self, network: Network) -> Result<(), ApiError> {
        self.0.strangers.take(network, Instant::now())
    }

    /// Stands in for an account that is not there.
    pub fn nobody(&self) -> &Nobody {
        &self.0.nobody
    }

    /// What clients pin, when the certificate is of the server's own making.
    pub fn pin(&self) -> Option<Pin> {
        self.0.parts.pin
    }

    /// Programs that are handed out.
    pub fn downloads(&self) -> &Downloads {
        &self.0.parts.downloads
    }

    /// Sends mails, if a mail server is known.
    pub fn mailer(&self) -> Option<&Mailer> {
        self.0.parts.mailer.as_ref()
    }

    /// Takes note of a report of a browser: of a few only, from whomever they come.
    pub fn take_report(&self) -> bool {
        self.0.reports.take((), Instant::now()).is_ok()
    }

    /// Whom to believe about a client's address.
    pub fn proxy(&self) -> Proxy {
        self.0.parts.proxy
    }

    /// Bytes that nobody can guess.
    ///
    /// # Errors
    /// `unavailable` when the system gives none.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], ApiError> {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).map_err(|error| {
            tracing::error!(%error, "the system gives no random bytes");
            ApiError::unavailable()
        })?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::test_support::{TestAccount, TestServer};

    #[tokio::test]
    async fn a_decision_goes_to_its_end_when_nobody_waits_for_it() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let mut transaction = server.pool().begin().await.unwrap();
        sqlx::query("UPDATE account SET session_epoch = 9").execute(&mut *transaction).await.unwrap();
        let decided = server.state.decide(transaction, ada.account, vec![(RecordKind::Label, vec![1; 20])]);
        assert!(decided.now_or_never().is_none(), "the client hangs up");
        let epoch = || sqlx::query_scalar::<_, i32>("SELECT session_epoch FROM account").fetch_one(server.pool());
        let committed = async { while epoch().await.unwrap() != 9 {} };
        timeout(Duration::from_secs(30), committed).await.unwrap();
    }
}
