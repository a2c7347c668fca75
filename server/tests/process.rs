//! The program as a process: starting, being refused, being killed, stopping.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod appliance;

use appliance::{Appliance, is_root, succeed};
use iota_agent::remote::http::{Http, Patience, Server, ServerPin};
use rustix::process::{Signal, kill_process};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

const POLL: Duration = Duration::from_millis(20);
const DEADLINE: Duration = Duration::from_secs(60);

/// What a command that must fail complains of.
fn refusal(mut command: Command) -> String {
    let output = command.output().unwrap();
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{command:?}: {complained}");
    complained
}

fn server_id(appliance: &Appliance) -> String {
    let answer = appliance.get("/api/v1/server").unwrap();
    answer.split_once("\"server_id\":\"").unwrap().1.split_once('"').unwrap().0.to_owned()
}

/// Processes that work in a folder.
fn processes_in(folder: &Path) -> usize {
    let processes =
        fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path().join("cwd")).ok());
    processes.filter(|working| working == folder).count()
}

/// Gives a file or folder to whoever runs the server.
fn give_away(path: &Path) {
    if is_root() {
        chown(path, Some(65534), Some(65534)).unwrap();
    }
}

fn wait_until(mut what: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < DEADLINE);
        sleep(POLL);
    }
}

#[test]
fn it_starts_serves_and_stops_with_its_database() {
    let mut appliance = Appliance::start();
    assert!(appliance.get("/health").unwrap().ends_with(r#"{"status":"ok"}"#));
    assert!(appliance.get("/").unwrap().contains("<h1"));
    let database = appliance.data().join("postgres");
    assert!(processes_in(&database) > 0);
    let modes = ["", "run", "postgres", "host.key", "lock", "postgres.log"]
        .map(|name| fs::metadata(appliance.data().join(name)).unwrap().permissions().mode() & 0o077);
    assert_eq!(modes, [0; 6]);
    appliance.stop();
    assert_eq!(processes_in(&database), 0);
    assert!(!database.join("postmaster.pid").exists());
    let log = fs::read_to_string(appliance.data().join("postgres.log")).unwrap();
    assert!(log.contains("received fast shutdown request") && !log.contains("was not properly shut down"), "{log}");
}

#[test]
fn codes_are_made_beside_a_running_server_and_alone() {
    let mut appliance = Appliance::start();
    let first = appliance.setup_token();
    let second = appliance.setup_token();
    assert!(first.len() == 27 && second.len() == 27 && first != second, "{first} {second}");
    appliance.stop();
    assert_eq!(appliance.setup_token().len(), 27);
    assert_eq!(processes_in(&appliance.data().join("postgres")), 0);
    assert!(refusal(appliance.command(&["invite"])).contains("iota-server setup-token"));
    appliance.restart();
}

#[test]
fn a_second_server_is_refused() {
    let appliance = Appliance::start();
    let complaint = refusal(appliance.command(&["serve", "--listen", "127.0.0.1:0"]));
    assert!(complaint.contains("is in use by `iota-server serve (process "), "{complaint}");
    assert!(appliance.healthy());
}

#[test]
fn an_address_in_use_is_told() {
    let appliance = Appliance::start();
    let other = tempfile::tempdir().unwrap();
    give_away(other.path());
    fs::set_permissions(other.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let complaint = refusal(appliance.command_for(other.path(), &["serve", "--listen", appliance.address()]));
    assert!(complaint.contains("cannot listen on"), "{complaint}");
    assert_eq!(processes_in(&other.path().join("postgres")), 0);
}

#[test]
fn beyond_loopback_a_way_to_tls_is_needed() {
    let mut appliance = Appliance::start();
    appliance.stop();
    let complaint = refusal(appliance.command(&["serve", "--listen", "0.0.0.0:0"]));
    assert!(complaint.contains("--tls-cert") && complaint.contains("--behind-proxy"), "{complaint}");
}

#[test]
fn whatever_is_killed_the_next_start_goes_on() {
    let mut appliance = Appliance::start();
    let id = server_id(&appliance);
    for round in 0..6 {
        match round % 3 {
            0 => appliance.kill_server(),
            1 => {
                appliance.kill_server();
                appliance.kill_postgres();
            }
            _ => {
                appliance.kill_postgres();
                appliance.kill_server();
            }
        }
        appliance.restart();
        assert_eq!(server_id(&appliance), id);
    }
    appliance.stop();
    assert_eq!(processes_in(&appliance.data().join("postgres")), 0);
}

#[test]
fn a_database_that_crashes_is_started_again_and_requests_are_told_to_wait() {
    let appliance = Appliance::start();
    let id = server_id(&appliance);
    let before = appliance.postgres_pid().unwrap();
    appliance.kill_postgres();
    wait_until(|| {
        let answer = appliance.get("/api/v1/server").unwrap();
        let served = answer.starts_with("HTTP/1.1 200");
        let told = answer.starts_with("HTTP/1.1 503") && answer.contains("\"code\":\"unavailable\"");
        assert!(served || told, "{answer}");
        served && appliance.postgres_pid().is_some_and(|pid| pid != before)
    });
    assert_eq!(server_id(&appliance), id);
}

#[test]
fn an_orphan_of_the_database_is_ended_by_a_command_too() {
    let mut appliance = Appliance::start();
    appliance.kill_server();
    let orphan = appliance.postgres_pid().unwrap();
    assert_eq!(appliance.setup_token().len(), 27);
    wait_until(|| rustix::process::test_kill_process(orphan).is_err());
    appliance.restart();
}

#[test]
fn a_note_of_a_process_that_is_somebody_elses_by_now_does_not_matter() {
    let mut appliance = Appliance::start();
    appliance.stop();
    let note = appliance.data().join("postgres/postmaster.pid");
    for content in [format!("{}\n{}\n", std::process::id(), appliance.data().join("postgres").display()), String::new()]
    {
        fs::write(&note, content).unwrap();
        give_away(&note);
        fs::write(appliance.data().join("run/.s.PGSQL.5432.lock"), format!("{}\n", std::process::id())).unwrap();
        appliance.restart();
        appliance.stop();
    }
}

#[test]
fn a_half_made_database_is_made_again() {
    let mut appliance = Appliance::start();
    appliance.stop();
    let (database, draft) = (appliance.data().join("postgres"), appliance.data().join("postgres.new"));
    fs::rename(&database, &draft).unwrap();
    fs::remove_dir_all(draft.join("base")).unwrap();
    appliance.restart();
    assert!(!draft.exists());
}

#[test]
fn the_schema_of_a_newer_server_is_refused() {
    let mut appliance = Appliance::start();
    execute(
        &appliance,
        "UPDATE _sqlx_migrations SET version = 999 WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
    );
    appliance.stop();
    let complaint = refusal(appliance.command(&["serve", "--listen", "127.0.0.1:0"]));
    assert!(complaint.contains("was made by a newer iota-server (its schema is 999"), "{complaint}");
    assert_eq!(processes_in(&appliance.data().join("postgres")), 0);
}

#[test]
fn data_of_another_postgres_is_refused() {
    let mut appliance = Appliance::start();
    appliance.stop();
    fs::write(appliance.data().join("postgres/PG_VERSION"), "9\n").unwrap();
    let complaint = refusal(appliance.command(&["setup-token"]));
    assert!(complaint.contains("was made by Postgres 9") && complaint.contains("install postgresql-9"), "{complaint}");
}

#[test]
fn a_host_key_that_is_open_or_lost_is_refused() {
    let mut appliance = Appliance::start();
    appliance.stop();
    let key = appliance.data().join("host.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(refusal(appliance.command(&["serve"])).contains("chmod 600"));
    fs::remove_file(&key).unwrap();
    assert!(refusal(appliance.command(&["serve"])).contains("put back the copy"));
    assert!(!key.exists());
}

#[test]
fn root_is_refused_with_advice() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_iota-server"));
    command.arg("serve").arg("--data").arg(folder.path().join("data"));
    assert!(refusal(command).contains("setpriv --reuid"));
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_data_folder_with_a_long_name_has_its_socket_elsewhere() {
    let appliance = Appliance::start();
    let folder = tempfile::tempdir().unwrap();
    give_away(folder.path());
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let data = folder.path().join("long".repeat(30));
    let token = succeed(appliance.command_for(&data, &["setup-token"]));
    assert_eq!(token.trim().len(), 27);
    assert!(!data.join("run").exists());
}

#[test]
fn a_database_elsewhere_is_used_in_place_of_the_built_in_one() {
    let mut appliance = Appliance::start();
    appliance.stop();
    fs::remove_dir_all(appliance.data()).unwrap();
    fs::create_dir(appliance.data()).unwrap();
    give_away(&appliance.data());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(iota_server::test_support::TestDatabase::create_empty());
    appliance.spawn_with(&["--database-url", &database.url()]);
    appliance.wait_healthy();
    let token = succeed(appliance.command(&["setup-token", "--database-url", &database.url()]));
    assert_eq!(token.trim().len(), 27);
    assert!(!appliance.data().join("postgres").exists());
    appliance.stop();
}

#[test]
fn a_certificate_of_its_own_making_has_a_pin_that_stays() {
    let mut appliance = Appliance::start();
    let mut pins = Vec::new();
    for _ in 0..2 {
        appliance.stop();
        appliance.spawn_with(&["--tls", "self-signed"]);
        wait_until(|| appliance.log().matches("pin of its key: ").count() > pins.len());
        wait_until(|| get_by_tls(appliance.address()).is_some());
        assert!(get_by_tls(appliance.address()).unwrap().contains("\"ok\""));
        let log = appliance.log();
        assert_eq!(told_pin(appliance.address()), log.rsplit_once("pin of its key: ").unwrap().1[..64]);
        let pin = log.rsplit_once("pin of its key: ").unwrap().1;
        pins.push(pin[..64].to_owned());
    }
    assert_eq!(pins[0], pins[1]);
}

/// What the server says, to an agent that accepts only that key.
fn told_pin(address: &str) -> String {
    let address = format!("https://{address}");
    let told = get_by_tls_at(&format!("{address}/api/v1/server")).unwrap();
    let info: iota_core::api::json::ServerInfo = serde_json::from_str(&told).unwrap();
    let pin = info.key_pin.unwrap();
    let server = Server { address: address.parse().unwrap(), pin: Some(ServerPin(pin.0)) };
    let again = Http::new(server, Patience::PERSON).unwrap().server_info().unwrap();
    assert_eq!(again, info);
    let mut wrong = pin.0;
    wrong[0] ^= 1;
    let server = Server { address: address.parse().unwrap(), pin: Some(ServerPin(wrong)) };
    assert!(Http::new(server, Patience::PERSON).unwrap().server_info().is_err());
    pin.to_string()
}

fn get_by_tls(address: &str) -> Option<String> {
    get_by_tls_at(&format!("https://{address}/health"))
}

fn get_by_tls_at(url: &str) -> Option<String> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().danger_accept_invalid_certs(true).no_proxy().build().unwrap();
        client.get(url).send().await.ok()?.text().await.ok()
    })
}

#[test]
fn a_request_that_runs_is_finished_before_the_end() {
    use std::io::{Read, Write};
    let mut appliance = Appliance::start();
    let mut stream = std::net::TcpStream::connect(appliance.address()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let body = r#"{"login":"a@b","auth_secret":"00"}"#;
    write!(
        stream,
        "POST /api/v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream.write_all(&body.as_bytes()[..10]).unwrap();
    let server = appliance.server_pid();
    // A later connection is answered, so this one has been accepted.
    assert!(appliance.healthy());
    kill_process(server, Signal::TERM).unwrap();
    wait_until(|| std::net::TcpStream::connect(appliance.address()).is_err());
    stream.write_all(&body.as_bytes()[10..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    appliance.stop();
}

/// Runs a statement in the appliance's database.
fn execute(appliance: &Appliance, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let options = iota_server::postgres::beside(&fs::canonicalize(appliance.data()).unwrap());
    runtime.block_on(async {
        let pool = iota_server::postgres::connect(options).await.unwrap();
        sqlx::query(statement).execute(&pool).await.unwrap();
        pool.close().await;
    });
}
