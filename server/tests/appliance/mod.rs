//! A real appliance as its own processes, and a real agent beside it: programs, not libraries.

#![allow(dead_code, reason = "each test file uses its part")]

pub mod tree;

use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The user and group `nobody`: Postgres refuses to run as root.
const NOBODY: u32 = 65534;
const DEADLINE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
pub const LOGIN: &str = "ada@example.org";

pub fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A server with its Postgres, on loopback, with a data folder of its own.
pub struct Appliance {
    folder: TempDir,
    program: PathBuf,
    address: String,
    server: Option<Child>,
}

impl Appliance {
    /// Starts one and waits until it is healthy.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let program = folder.path().join("iota-server");
        // A home folder may be closed to the user that runs it.
        fs::copy(env!("CARGO_BIN_EXE_iota-server"), &program).unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
        if is_root() {
            chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let mut appliance = Self { folder, program, address: free_address(), server: None };
        appliance.restart();
        appliance
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Runs `iota-server` with these arguments and `--data`.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_for(&self.data(), arguments)
    }

    /// The same with another data folder.
    pub fn command_for(&self, data: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--data").arg(data).current_dir("/").stdin(Stdio::null());
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Starts the server, which does not run, and waits until it is healthy.
    pub fn restart(&mut self) {
        self.spawn();
        self.wait_healthy();
    }

    pub fn spawn(&mut self) {
        self.spawn_with(&[]);
    }

    /// Starts the server with more arguments.
    pub fn spawn_with(&mut self, more: &[&str]) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        let mut command = self.command(&[&["serve", "--listen", &self.address], more].concat());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.server = Some(command.spawn().unwrap());
    }

    pub fn wait_healthy(&mut self) {
        let begun = Instant::now();
        while !self.healthy() {
            let ended = self.server.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < DEADLINE, "{ended:?}; the server said:\n{}", self.log());
            sleep(POLL);
        }
    }

    pub fn healthy(&self) -> bool {
        get(&self.address, "/health").is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }

    /// The whole answer to a `GET`, if there is one.
    pub fn get(&self, path: &str) -> Option<String> {
        get(&self.address, path)
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// `kill -9` of the server; Postgres goes on by itself.
    pub fn kill_server(&mut self) {
        let mut server = self.server.take().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
    }

    /// `kill -9` of Postgres' first process.
    pub fn kill_postgres(&self) {
        if let Some(pid) = self.postgres_pid() {
            // It may have ended in this very moment.
            let _ = kill_process(pid, Signal::KILL);
        }
    }

    pub fn server_pid(&self) -> Pid {
        Pid::from_child(self.server.as_ref().unwrap())
    }

    pub fn postgres_pid(&self) -> Option<Pid> {
        let file = fs::read_to_string(self.data().join("postgres/postmaster.pid")).ok()?;
        Pid::from_raw(file.lines().next()?.trim().parse().ok()?)
    }

    /// Ends the server politely and waits for it.
    pub fn stop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let _ = kill_process(Pid::from_child(&server), Signal::TERM);
        let begun = Instant::now();
        while server.try_wait().unwrap().is_none() {
            if begun.elapsed() > DEADLINE {
                server.kill().unwrap();
                server.wait().unwrap();
                panic!("the server did not stop; it said:\n{}", self.log());
            }
            sleep(POLL);
        }
    }

    pub fn setup_token(&self) -> String {
        last_line(&succeed(self.command(&["setup-token"])))
    }

    pub fn invitation(&self) -> String {
        last_line(&succeed(self.command(&["invite"])))
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = kill_process(Pid::from_child(&server), Signal::TERM);
            let begun = Instant::now();
            while server.try_wait().is_ok_and(|ended| ended.is_none()) && begun.elapsed() < DEADLINE {
                sleep(POLL);
            }
            let _ = server.kill();
            let _ = server.wait();
        }
        self.kill_postgres();
    }
}

/// One machine's agent, with an account.
pub struct Agent {
    folder: TempDir,
    program: PathBuf,
    server: String,
}

impl Agent {
    /// Makes an account and joins this machine to it.
    pub fn join(appliance: &Appliance, code: &str) -> Self {
        Self::join_as(appliance, code, LOGIN)
    }

    pub fn join_as(appliance: &Appliance, code: &str, login: &str) -> Self {
        let agent = Self { folder: tempfile::tempdir().unwrap(), program: agent_program(), server: appliance.url() };
        fs::write(agent.path("password"), "a password for a test\n").unwrap();
        let kit = agent.kit();
        let kit = kit.to_str().unwrap();
        let server = agent.server.clone();
        agent.done(&["account", "create", "--server", &server, "--login", login, "--invite", code, "--kit", kit]);
        agent.done(&["enroll", "--server", &server, "--login", login, "--name", "attic"]);
        agent
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn kit(&self) -> PathBuf {
        self.path("kit.txt")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir("/").stdin(Stdio::null());
        command.env("IOTA_CONFIG_DIR", self.path("config")).env("IOTA_STATE_DIR", self.path("state"));
        command.env("IOTA_PASSWORD_FILE", self.path("password"));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must end with 0; returns what it printed.
    pub fn done(&self, arguments: &[&str]) -> String {
        succeed(self.command(arguments))
    }

    /// Runs a command with `--json` that must end with 0; returns the object.
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let all = [&["--json"], arguments].concat();
        serde_json::from_str(&self.done(&all)).unwrap()
    }
}

/// The agent that was built with the server.
fn agent_program() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_iota-server")).with_file_name("iota");
    assert!(program.exists(), "{} is missing: build the whole workspace", program.display());
    program
}

pub fn succeed(mut command: Command) -> String {
    let output = command.output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} ended with {}:\n{said}\n{complained}", output.status);
    said.into_owned()
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().to_owned()
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
