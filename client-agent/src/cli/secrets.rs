//! Passwords: from a file or by prompt, never as arguments.

use super::Usage;
use anyhow::Result;
use iota_agent::account::check_password;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::{
    fs,
    io::{self, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};
use zeroize::Zeroizing;

/// Most that a terminal gives as one line.
const MAX_LINE_BYTES: usize = 4096;

/// The terminal as it was before a prompt, while one is waiting.
static TERMINAL: Mutex<Option<(fs::File, Termios)>> = Mutex::new(None);

/// A secret as text.
pub type Secret = Zeroizing<String>;

/// The first line of a file.
pub fn read_file(path: &Path) -> Result<Secret> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| anyhow::anyhow!("{} cannot be read: {error}; check its name", path.display()))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Usage(format!("{} is empty; its first line is the secret", path.display())).into());
    }
    Ok(Zeroizing::new(line.to_owned()))
}

/// A secret that exists: from its file, or asked for.
pub fn existing(file: Option<&Path>, what: &str, option: &str) -> Result<Secret> {
    match file {
        Some(path) => read_file(path),
        None => prompt(&format!("{what}: "), option),
    }
}

/// A secret that is new: from its file, or asked for twice.
pub fn new(file: Option<&Path>, what: &str, option: &str) -> Result<Secret> {
    let secret = match file {
        Some(path) => read_file(path)?,
        None => {
            let first = prompt(&format!("New {what}: "), option)?;
            let second = prompt(&format!("New {what}, again: "), option)?;
            if first != second {
                anyhow::bail!("the two are not the same; try again");
            }
            first
        }
    };
    check_password(&secret)?;
    Ok(secret)
}

fn prompt(text: &str, option: &str) -> Result<Secret> {
    let typed = ask(text);
    typed.map_err(|error| Usage(format!("there is no terminal to ask at ({error}); give {option}")).into())
}

/// Asks at the terminal, which is silent before the question is seen.
fn ask(text: &str) -> io::Result<Secret> {
    let mut terminal = fs::File::options().read(true).write(true).open("/dev/tty")?;
    silence(terminal.try_clone()?)?;
    let typed = terminal.write_all(text.as_bytes()).and_then(|()| read_line(&mut terminal));
    drop(restore_terminal());
    typed
}

fn silence(terminal: fs::File) -> io::Result<()> {
    let before = tcgetattr(&terminal)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    let mut saved = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
    tcsetattr(&terminal, OptionalActions::Now, &silent)?;
    *saved = Some((terminal, before));
    Ok(())
}

/// One line, of at most what a terminal takes for one.
fn read_line(terminal: &mut impl io::Read) -> io::Result<Secret> {
    let mut line = Zeroizing::new([0; MAX_LINE_BYTES]);
    let mut length = 0;
    while length < line.len() {
        match terminal.read(&mut line[length..])? {
            0 => break,
            count => length += count,
        }
        if let Some(text) = line[..length].strip_suffix(b"\n") {
            let text = std::str::from_utf8(text).map_err(|_| io::Error::other("what was typed is no text"))?;
            return Ok(Zeroizing::new(text.to_owned()));
        }
    }
    Err(io::Error::other("nothing was typed"))
}

/// Undoes the silence of a prompt under way. While the guard is held, nobody can silence the terminal again.
pub fn restore_terminal() -> impl Drop {
    let mut saved = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((terminal, before)) = saved.take() {
        // The end of the line was not seen either. A terminal that is gone needs neither.
        let _ = (&terminal).write_all(b"\n");
        let _ = tcsetattr(terminal, OptionalActions::Now, &before);
    }
    saved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_counts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("password");
        for (contents, secret) in [("one two \n", "one two "), ("a\r\nb", "a"), ("ä", "ä")] {
            fs::write(&path, contents).unwrap();
            assert_eq!(&**read_file(&path).unwrap(), secret);
        }
        for contents in ["", "\nx"] {
            fs::write(&path, contents).unwrap();
            assert!(read_file(&path).unwrap_err().is::<Usage>());
        }
        fs::write(&path, "short").unwrap();
        assert!(new(Some(&path), "password", "--password-file").is_err());
    }

    #[test]
    fn a_typed_line_ends_where_it_ends() {
        let read = |mut bytes: &[u8]| read_line(&mut bytes).ok().map(|line| line.to_string());
        assert_eq!(read("grüße \n".as_bytes()).as_deref(), Some("grüße "));
        assert_eq!(read(b"\n").as_deref(), Some(""));
        for bad in [&b""[..], b"cut off", b"\xff\n", &[b'a'; 5000]] {
            assert_eq!(read(bad), None);
        }
    }
}
