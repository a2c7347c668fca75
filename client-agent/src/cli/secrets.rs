//! Passwords: from a file or by prompt, never as arguments.

use super::Usage;
use anyhow::Result;
use iota_agent::account::check_password;
use std::{fs, path::Path};
use zeroize::Zeroizing;

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
    rpassword::prompt_password(text)
        .map(Zeroizing::new)
        .map_err(|error| Usage(format!("there is no terminal to ask at ({error}); give {option}")).into())
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
}
