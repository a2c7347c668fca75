//! The one line that installs the agent on a machine.

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
    /// For all of the machine, which needs its administrator.
    pub whole: bool,
}

impl InstallLine {
    /// The line. The code goes through the environment: arguments can be read by others on the machine.
    pub fn text(&self) -> String {
        let pin =
            self.pin.as_ref().map(|pin| format!(" -k --pinnedpubkey 'sha256//{}'", base64(pin))).unwrap_or_default();
        let code = self.code.as_ref().map(|code| format!("IOTA_ENROL_CODE={code} ")).unwrap_or_default();
        let shell = match (self.whole, self.code.is_some()) {
            (true, true) => "sudo --preserve-env=IOTA_ENROL_CODE sh",
            (true, false) => "sudo sh",
            (false, _) => "sh",
        };
        format!("curl -fsSL{pin} {}/install.sh | {code}{shell}", self.server)
    }
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
        line.whole = true;
        assert_eq!(
            line.text(),
            "curl -fsSL https://b.example/install.sh | IOTA_ENROL_CODE=AB-CD sudo --preserve-env=IOTA_ENROL_CODE sh"
        );
        line.code = None;
        assert_eq!(line.text(), "curl -fsSL https://b.example/install.sh | sudo sh");
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
