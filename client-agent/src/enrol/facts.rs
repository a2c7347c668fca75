//! What a machine says of itself when it wants to join.

use iota_crypto::enrol::MachineFacts;
use std::fs;

/// The facts of this machine, under `name` or its host name.
pub fn of_this_machine(name: Option<&str>) -> MachineFacts {
    MachineFacts {
        name: name.map_or_else(host_name, str::to_owned),
        system: fs::read_to_string("/etc/os-release").ok().and_then(|text| system(&text)).unwrap_or("Linux".into()),
        disk_bytes: rustix::fs::statvfs("/").map_or(0, |disk| disk.f_frsize.saturating_mul(disk.f_blocks)),
    }
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "machine".into() } else { name.trim().to_owned() }
}

fn system(os_release: &str) -> Option<String> {
    let value = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_names_itself() {
        assert_eq!(system("ID=debian\nPRETTY_NAME=\"Debian 12\"\n").as_deref(), Some("Debian 12"));
        assert_eq!(system("ID=debian\n"), None);
        let facts = of_this_machine(Some("attic"));
        assert_eq!(facts.name, "attic");
        assert!(facts.disk_bytes > 0 && !facts.system.is_empty() && !host_name().is_empty());
    }
}
