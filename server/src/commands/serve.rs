//! `iota-server serve`.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use iota_core::id::ServerId;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::ServerConfig;
use sqlx::PgPool;
use zeroize::Zeroizing;

use super::{Database, require_new_or_known};
use crate::alerts;
use crate::app_state::{AppState, Parts};
use crate::client_address::Proxy;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Protection};
use crate::data_dir::DataDir;
use crate::downloads::Downloads;
use crate::mail::Mailer;
use crate::packs::{self, Packs};
use crate::pages::Site;
use crate::recent;
use crate::retention;
use crate::router;
use crate::security_headers::Transport;
use crate::serve;
use crate::shutdown::Shutdown;
use crate::store::{self, chunk, commit, server};
use crate::tls::{self, Pin};

/// Names the password of the mail server in the environment.
const PASSWORD_VARIABLE: &str = "IOTABACKUP_SMTP_PASSWORD";

/// Serves until it is told to stop.
///
/// # Errors
/// When it cannot start; the message says what to do.
pub async fn run(data: &DataDir, config: &Config, mailer: Option<Mailer>) -> Result<()> {
    let protection = config.server.protection()?;
    raise_open_files();
    let mut shutdown = Shutdown::listen()?;
    let lock = data.lock("serve")?;
    let listener = TcpListener::bind(config.server.listen)
        .with_context(|| format!("cannot listen on {}", config.server.listen))?;
    let (tls, pin) = tls_of(&protection, data, config)?;
    // Whoever stops us while the database starts ends it; it recovers at the next start.
    let database = tokio::select! {
        started = Database::start(data, config, lock) => started?,
        () = shutdown.asked() => return Ok(()),
    };
    let served = async {
        let root = data.packs();
        let _alone = store::lock::alone(&database.pool)
            .await?
            .context("another server uses this database: stop it first, or give this one a database of its own")?;
        let server_id = server_id(&database.pool, &root).await?;
        require_packs(&database.pool, &root).await?;
        recent::verify_newest(&database.pool, &root).await.context("cannot verify the newest pack")?;
        let packs = Packs::open(&root, server_id, config.packs.options())?;
        let _verifying = recent::verify_in_background(database.pool.clone(), root, SystemTime::now());
        let parts = Parts {
            packs: packs.clone(),
            clock: Arc::new(SystemClock),
            host_key: database.host_key.clone(),
            server_id,
            pool: database.pool.clone(),
            limits: config.limits.clone(),
            transport: transport_of(&protection),
            proxy: if protection == Protection::Proxy { Proxy::InFront } else { Proxy::None },
            pin,
            downloads: Downloads::new(data.path().join("downloads")),
            mailer,
        };
        let state = AppState::new(parts)?;
        let _rounds = (alerts::begin(state.clone()), retention::begin(state.clone()));
        let served = serve_app(state, listener, tls, shutdown).await;
        packs.close().await;
        served
    };
    let served = served.await;
    database.stop().await;
    tracing::info!("stopped");
    served
}

async fn serve_app(
    state: AppState,
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    mut shutdown: Shutdown,
) -> Result<()> {
    let site = Site::beside_program().map(|folder| Site::load(&folder)).transpose()?;
    if site.is_none() {
        tracing::warn!("the files of the pages are not beside the program: pages are plain");
    }
    let (limits, proxy) = (state.limits().clone(), state.proxy());
    let scheme = if tls.is_some() { "https" } else { "http" };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "listening at {scheme}://{}", listener.local_addr()?);
    let events = state.events().clone();
    let app = router::app(state, site);
    let asked = async move {
        shutdown.asked().await;
        events.close();
    };
    serve::serve(listener, app, tls, &limits, proxy, asked).await.context("cannot go on listening")
}

/// Sends mails as the configuration says. A password comes from a file or the environment: arguments can be seen by everybody.
///
/// # Errors
/// When it says what does not work, or the password cannot be read.
pub fn mailer(config: &Config) -> Result<Option<Mailer>> {
    let mail = &config.mail;
    let password = match &mail.smtp_password_file {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the password of the mail server in {}", path.display()))?;
            Some(Zeroizing::new(text))
        }
        None => std::env::var(PASSWORD_VARIABLE).ok().map(Zeroizing::new),
    };
    let password = password.map(|text| Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()));
    Ok(Mailer::new(mail, password)?)
}

/// Connections, packs and the database's sockets are open files; what a shell allows by default may be fewer.
fn raise_open_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    if let Err(error) = raised {
        tracing::warn!(%error, open_files = current, "the limit of open files cannot be raised");
    }
}

/// Made when the database is.
async fn server_id(pool: &PgPool, packs: &Path) -> Result<ServerId> {
    if let Some(known) = require_new_or_known(pool, packs).await? {
        return Ok(known);
    }
    let mut made = ServerId::ZERO;
    getrandom::fill(&mut made.0)?;
    server::insert(pool, made, SystemClock.now_ms()).await?;
    server::find(pool).await?.context("the database does not keep the id of this server")
}

/// Packs that rows name may be away, with the disk that they lie on; then their numbers would be given twice.
async fn require_packs(pool: &PgPool, root: &Path) -> Result<()> {
    let mut connection = pool.acquire().await?;
    let named = chunk::newest_pack(&mut connection).await?.max(commit::newest_pack(&mut connection).await?);
    let newest = packs::list(root)?.numbers.last().copied().unwrap_or(0);
    if named > newest {
        bail!(
            "the database knows pack {named:x}, and the newest in {} is {newest:x}: mount its disk, or put the newer packs \
             back; if they are lost for good, move the database away and run `iota-server rebuild`",
            root.display()
        );
    }
    Ok(())
}

fn transport_of(protection: &Protection) -> Transport {
    if *protection == Protection::None { Transport::Plain } else { Transport::Tls }
}

/// And the pin, when the certificate is of our own making.
fn tls_of(
    protection: &Protection,
    data: &DataDir,
    config: &Config,
) -> Result<(Option<Arc<ServerConfig>>, Option<Pin>)> {
    match protection {
        Protection::None | Protection::Proxy => Ok((None, None)),
        Protection::Files { cert, key } => Ok((Some(tls::from_files(cert, key)?), None)),
        Protection::SelfSigned => {
            let (tls, pin) = tls::self_signed(data.path(), names(config))?;
            tracing::info!("the certificate is of our own making; pin of its key: {pin}");
            Ok((Some(tls), Some(pin)))
        }
    }
}

/// Under which names clients may come. They check the pin; a browser asks once in any case.
fn names(config: &Config) -> Vec<String> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let plain = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    let listen = config.server.listen.ip();
    let address = (!listen.is_unspecified()).then(|| listen.to_string());
    [Some("localhost".to_owned()), plain.then_some(host), address].into_iter().flatten().collect()
}
