//! The program `iota-server`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Parser, Subcommand};
use iota_server::codes::MAX_INVITATION_DAYS;
use iota_server::commands::{codes, doctor, open_or_create, rebuild, serve};
use iota_server::config::{self, Config, OwnTls};
use iota_server::data_dir::DataDir;
use iota_server::telemetry;

/// The server of IotaBackup: keeps what machines back up, and cannot read it.
#[derive(Parser)]
#[command(name = "iota-server", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve agents, browsers and the command line
    Serve(ServeArguments),
    /// Print a one-time token for the first account, the administrator's
    SetupToken(Where),
    /// Print a one-time code for one more account
    Invite {
        /// Where everything is
        #[command(flatten)]
        place: Where,
        /// Days until the code ends
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_INVITATION_DAYS)))]
        days: u32,
    },
    /// Look at everything that is kept, and say what is wrong
    Doctor {
        /// Where everything is
        #[command(flatten)]
        place: Where,
        /// Read every byte of every pack
        #[arg(long)]
        full: bool,
    },
    /// Make an empty database again from the packs
    Rebuild(Where),
    /// Print a configuration with every setting explained
    ExampleConfig,
}

#[derive(Args)]
struct Where {
    /// Folder of everything that is kept
    #[arg(long, value_name = "DIR", env = "IOTABACKUP_DATA")]
    data: PathBuf,
    /// Configuration (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A Postgres elsewhere, in place of the built-in one
    #[arg(long, value_name = "URL", env = "IOTABACKUP_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
}

#[derive(Args)]
struct ServeArguments {
    #[command(flatten)]
    place: Where,
    /// Address and port [default: 127.0.0.1:4680]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<std::net::SocketAddr>,
    /// Certificate chain, PEM
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Its key, PEM
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// A certificate of the server's own making
    #[arg(long, value_name = "HOW")]
    tls: Option<OwnTls>,
    /// A proxy in front does TLS and names the client in X-Forwarded-For
    #[arg(long)]
    behind_proxy: bool,
    /// Mail server: smtp://HOST[:PORT] with STARTTLS, or smtps://HOST[:PORT]; its password comes from a file or IOTABACKUP_SMTP_PASSWORD
    #[arg(long, value_name = "URL", env = "IOTABACKUP_SMTP_URL")]
    smtp_url: Option<String>,
    /// Who mails come from, as in `IotaBackup <backup@example.org>`
    #[arg(long, value_name = "ADDRESS", env = "IOTABACKUP_SMTP_FROM")]
    smtp_from: Option<String>,
    /// Name that the mail server asks for
    #[arg(long, value_name = "NAME", env = "IOTABACKUP_SMTP_USER")]
    smtp_user: Option<String>,
    /// Password that the mail server asks for, alone in a file
    #[arg(long, value_name = "FILE")]
    smtp_password_file: Option<PathBuf>,
    /// Mails may go to another machine without TLS
    #[arg(long)]
    smtp_plain: bool,
}

impl Where {
    fn config(&self) -> Result<Config> {
        let mut config = Config::load(self.config.as_deref())?;
        if let Some(url) = &self.database_url {
            config.database.url = Some(url.clone());
        }
        Ok(config)
    }
}

impl ServeArguments {
    fn config(&self) -> Result<Config> {
        let mut config = self.place.config()?;
        let server = &mut config.server;
        if let Some(listen) = self.listen {
            server.listen = listen;
        }
        if self.tls_cert.is_some() || self.tls_key.is_some() || self.tls.is_some() || self.behind_proxy {
            server.tls_cert.clone_from(&self.tls_cert);
            server.tls_key.clone_from(&self.tls_key);
            (server.tls, server.behind_proxy) = (self.tls, self.behind_proxy);
        }
        let mail = &mut config.mail;
        for (said, known) in [
            (&self.smtp_url, &mut mail.smtp_url),
            (&self.smtp_from, &mut mail.smtp_from),
            (&self.smtp_user, &mut mail.smtp_user),
        ] {
            if said.is_some() {
                known.clone_from(said);
            }
        }
        if self.smtp_password_file.is_some() {
            mail.smtp_password_file.clone_from(&self.smtp_password_file);
        }
        mail.smtp_plain |= self.smtp_plain;
        Ok(config)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    telemetry::start();
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Serve(arguments) => {
            let config = arguments.config()?;
            // What cannot be served is refused before anything is made.
            config.server.protection()?;
            let mailer = serve::mailer(&config)?;
            serve::run(&open_or_create(&arguments.place.data, &config)?, &config, mailer).await
        }
        Command::SetupToken(place) => {
            let config = place.config()?;
            let token = codes::setup_token(&open_or_create(&place.data, &config)?, &config).await?;
            print(&token.0)
        }
        Command::Invite { place, days } => {
            let code = codes::invite(&DataDir::open(&place.data)?, &place.config()?, days).await?;
            print(&code.0)
        }
        Command::Doctor { place, full } => {
            let findings = doctor::run(&DataDir::open(&place.data)?, &place.config()?, full).await?;
            print(&findings.to_string())?;
            if findings.has_problem() { bail!("there are problems: see above for what to do") } else { Ok(()) }
        }
        Command::Rebuild(place) => {
            let report = rebuild::run(&DataDir::open(&place.data)?, &place.config()?).await?;
            print(&report.to_string())
        }
        Command::ExampleConfig => print(config::EXAMPLE.trim_end()),
    }
}

/// Whoever closes the pipe early has read enough.
fn print(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
