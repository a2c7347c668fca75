//! The program at a terminal, where a person types.

use crate::{
    LOGIN, PASSWORD,
    appliance::Appliance,
    command::{Home, account, text},
};
use rustix::{
    fs::{Mode, OFlags},
    termios::LocalModes,
};
use std::{
    io::{BufReader, Read, Write},
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
};

/// A program at a terminal of its own, which tells its process id first, and how it ended and left the terminal last.
struct AtTerminal {
    program: Child,
    screen: BufReader<std::process::ChildStdout>,
}

impl AtTerminal {
    fn start(home: &Home, arguments: &str) -> Self {
        let line = format!(
            "trap : INT; tty; sh -c 'echo pid=$$; exec \"$0\" {arguments}' {}; echo code=$?; stty -a",
            env!("CARGO_BIN_EXE_iota")
        );
        let mut program = Command::new("script")
            .args(["--quiet", "--flush", "--command", &line, "/dev/null"])
            .env("IOTA_CONFIG_DIR", home.path("config"))
            .env("IOTA_STATE_DIR", home.path("state"))
            .env_remove("IOTA_PASSWORD_FILE")
            .env_remove("IOTA_ENROL_CODE")
            .env_remove("IOTA_CODE")
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let screen = BufReader::new(program.stdout.take().unwrap());
        Self { program, screen }
    }

    /// Reads on until the screen ends with `end`.
    fn wait_for(&mut self, end: &str) -> String {
        let mut shown = Vec::new();
        while !shown.ends_with(end.as_bytes()) {
            let mut byte = [0];
            self.screen.read_exact(&mut byte).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&shown)));
            shown.push(byte[0]);
        }
        String::from_utf8(shown).unwrap()
    }

    /// The terminal itself.
    fn device(&mut self) -> OwnedFd {
        let path = self.wait_for("\r\n");
        rustix::fs::open(path.trim(), OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap()
    }

    fn process(&mut self) -> rustix::process::Pid {
        self.wait_for("pid=");
        let number = self.wait_for("\r\n").trim().parse().unwrap();
        rustix::process::Pid::from_raw(number).unwrap()
    }

    fn type_in(&mut self, keys: &[u8]) {
        let mut keyboard = self.program.stdin.take().unwrap();
        keyboard.write_all(keys).unwrap();
        self.program.stdin = Some(keyboard);
    }

    /// What was shown until the end.
    fn rest(mut self) -> String {
        let mut rest = String::new();
        self.screen.read_to_string(&mut rest).unwrap();
        self.program.wait().unwrap();
        rest
    }
}

#[test]
fn an_interrupted_prompt_says_one_thing_and_leaves_the_terminal_as_it_was() {
    let (appliance, home) = (Appliance::start(), Home::new());
    account(&home, &appliance);
    let url = &appliance.url;
    for (arguments, prompt, said) in [
        (format!("account slots --login {LOGIN} --server {url}"), "Password: ", "nothing was changed"),
        (format!("enroll --login {LOGIN} --server {url}"), "Password: ", "has not joined"),
        (format!("enroll --server {url}"), "from the owner: ", "has not joined"),
        (
            format!("account create --login b@example.org --server {url} --invite X --kit {}", text(&home.path("k"))),
            "New password: ",
            "whether the account was made",
        ),
    ] {
        for by_key in [true, false] {
            for json in ["", " --json"] {
                let mut terminal = AtTerminal::start(&home, &format!("{arguments}{json}"));
                let device = terminal.device();
                let process = terminal.process();
                terminal.wait_for(prompt);
                let modes = rustix::termios::tcgetattr(&device).unwrap().local_modes;
                assert!(!modes.contains(LocalModes::ECHO), "{arguments}: it is silent before it asks");
                if by_key {
                    terminal.type_in(b"abc\x03");
                } else {
                    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
                }
                let rest = terminal.rest();
                let context = format!("{arguments}{json}, by key: {by_key}: {rest}");
                assert!(rest.contains("code=1\r\n"), "{context}");
                assert_eq!(rest.matches("interrupted; ").count(), 1, "{context}");
                assert_eq!(rest.matches("{\"error\"").count(), usize::from(!json.is_empty()), "{context}");
                assert!(rest.contains(said) && !rest.contains("abc"), "{context}");
                assert!(rest.contains(" echo ") && rest.contains(" icanon "), "{context}");
            }
        }
    }
}

#[test]
fn a_password_is_typed_unseen() {
    let (appliance, home) = (Appliance::start(), Home::new());
    account(&home, &appliance);
    let mut terminal = AtTerminal::start(&home, &format!("account slots --login {LOGIN} --server {}", appliance.url));
    terminal.wait_for("Password: ");
    terminal.type_in(format!("no{PASSWORD}\x15{PASSWORD}x\x7f\n").as_bytes());
    let rest = terminal.rest();
    assert!(rest.contains("recovery-words") && rest.contains("code=0\r\n") && rest.contains(" echo "), "{rest}");
    assert!(!rest.contains(PASSWORD), "{rest}");
}

#[test]
fn a_second_factor_is_asked_for_when_the_server_wants_one() {
    let (appliance, home) = (Appliance::start(), Home::new());
    account(&home, &appliance);
    appliance.site.inner().second = Some("492039".into());
    for (typed, end, said) in
        [(" 492039 \n", "code=0\r\n", "recovery-words"), ("000000\n", "code=1\r\n", "second_factor")]
    {
        let mut terminal =
            AtTerminal::start(&home, &format!("account slots --login {LOGIN} --server {}", appliance.url));
        terminal.wait_for("Password: ");
        terminal.type_in(format!("{PASSWORD}\n").as_bytes());
        terminal.wait_for("Code of the second factor, or a recovery code: ");
        terminal.type_in(typed.as_bytes());
        let rest = terminal.rest();
        assert!(rest.contains(end) && rest.contains(said), "{rest}");
    }
}
