//! The one line that installs the agent on a machine.

use std::net::IpAddr;

use iota_core::api::json::Bytes;
use iota_core::id::Digest;

/// What the line is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstallLine {
    /// The server, as in `https://backup.example`.
    pub server: String,
    /// SHA-256 of its public key, when its certificate is of its own making.
    pub pin: Option<Digest>,
    /// One-time code; without one the program is only installed.
    pub code: Option<String>,
    /// Who pastes it.
    pub by: By,
}

/// Who pastes the line, and so what is backed up: of who is root, the whole machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum By {
    /// Somebody who may become root.
    Sudo,
    /// Root. Where root has a shell, there is often no sudo.
    Root,
    /// Somebody, for their own files.
    #[default]
    User,
}

impl InstallLine {
    /// The line. The code goes through the environment: arguments can be read by others on the machine.
    pub fn text(&self) -> String {
        let pin =
            self.pin.as_ref().map(|pin| format!(" -k --pinnedpubkey 'sha256//{}'", base64(pin))).unwrap_or_default();
        let code = self.code.as_ref().map(|code| format!("IOTA_ENROL_CODE={code} ")).unwrap_or_default();
        let shell = match (self.by, self.code.is_some()) {
            (By::Sudo, true) => "sudo --preserve-env=IOTA_ENROL_CODE sh",
            (By::Sudo, false) => "sudo sh",
            (By::Root | By::User, _) => "sh",
        };
        format!("curl -fsSL{pin} {}/install.sh | {code}{shell}", self.server)
    }
}

/// Whether an address, as in `http://localhost:4680`, leads a machine to nobody but itself.
pub fn is_loopback(origin: &str) -> bool {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback())
}

fn base64(digest: &Digest) -> String {
    let text = serde_json::to_value(Bytes(digest.0.to_vec()));
    text.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_no_argument() {
        let mut line =
            InstallLine { server: "https://b.example".into(), code: Some("AB-CD".into()), ..InstallLine::default() };
        assert_eq!(line.text(), "curl -fsSL https://b.example/install.sh | IOTA_ENROL_CODE=AB-CD sh");
        line.by = By::Root;
        assert_eq!(line.text(), "curl -fsSL https://b.example/install.sh | IOTA_ENROL_CODE=AB-CD sh");
        line.by = By::Sudo;
        assert_eq!(
            line.text(),
            "curl -fsSL https://b.example/install.sh | IOTA_ENROL_CODE=AB-CD sudo --preserve-env=IOTA_ENROL_CODE sh"
        );
        line.code = None;
        assert_eq!(line.text(), "curl -fsSL https://b.example/install.sh | sudo sh");
    }

    #[test]
    fn a_machine_that_names_itself_is_known() {
        for own in [
            "http://localhost:4680",
            "http://127.0.0.1:4680",
            "https://127.8.0.1",
            "http://[::1]:4680",
            "http://a.localhost",
        ] {
            assert!(is_loopback(own), "{own}");
        }
        for other in [
            "https://b.example",
            "https://10.0.0.2:4680",
            "https://[fd00::1]",
            "https://localhost.example",
            "https://127.example",
        ] {
            assert!(!is_loopback(other), "{other}");
        }
    }

    #[test]
    fn a_key_of_its_own_making_is_pinned() {
        let line =
            InstallLine { server: "https://10.0.0.2".into(), pin: Some(Digest([0; 32])), ..InstallLine::default() };
        assert_eq!(
            line.text(),
            "curl -fsSL -k --pinnedpubkey 'sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' https://10.0.0.2/install.sh | sh"
        );
    }
}
