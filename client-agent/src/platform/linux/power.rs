//! What the machine lives on.

use std::{fs, path::Path};

/// Where the kernel tells of batteries and chargers (`Documentation/ABI/testing/sysfs-class-power`).
pub const POWER_SUPPLIES: &str = "/sys/class/power_supply";

/// Whether the machine runs on its battery: one of its own discharges, and nothing feeds it. Where nothing is told it does not.
pub fn is_on_battery(supplies: &Path) -> bool {
    let Ok(entries) = fs::read_dir(supplies) else { return false };
    let mut discharges = false;
    for supply in entries.flatten() {
        let says =
            |name: &str, word: &str| fs::read_to_string(supply.path().join(name)).is_ok_and(|text| text.trim() == word);
        if !says("type", "Battery") {
            if says("online", "1") {
                return false;
            }
        } else if !says("scope", "Device") {
            // What is of scope "Device" feeds a mouse or a headset.
            discharges |= says("status", "Discharging");
        }
    }
    discharges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_battery_counts_when_it_discharges_and_nothing_feeds_the_machine() {
        let supplies = tempfile::tempdir().unwrap();
        let says = |supply: &str, name: &str, word: &str| {
            let directory = supplies.path().join(supply);
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join(name), format!("{word}\n")).unwrap();
        };
        assert!(!is_on_battery(&supplies.path().join("none")) && !is_on_battery(supplies.path()));
        for (name, word) in [("type", "Battery"), ("scope", "Device"), ("status", "Discharging")] {
            says("mouse", name, word);
        }
        assert!(!is_on_battery(supplies.path()), "the battery of a mouse");
        says("BAT0", "type", "Battery");
        says("BAT0", "status", "Full");
        assert!(!is_on_battery(supplies.path()));
        says("BAT0", "status", "Discharging");
        assert!(is_on_battery(supplies.path()));
        says("AC", "type", "Mains");
        says("AC", "online", "0");
        assert!(is_on_battery(supplies.path()));
        says("AC", "online", "1");
        assert!(!is_on_battery(supplies.path()));
    }
}
