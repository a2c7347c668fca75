//! How much memory the program has.

/// Bytes that it has now; its peak counts from here on. None where the system does not tell.
#[cfg(not(target_family = "wasm"))]
pub fn begin() -> Option<u64> {
    // What resets the peak, says proc(5).
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    line("VmRSS:")
}

/// The most bytes that it had since [`begin`].
#[cfg(not(target_family = "wasm"))]
pub fn most() -> Option<u64> {
    line("VmHWM:")
}

#[cfg(not(target_family = "wasm"))]
fn line(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

/// Bytes that it has now.
#[cfg(target_family = "wasm")]
pub fn begin() -> Option<u64> {
    most()
}

/// The most bytes that it had: the memory of a program in wasm only grows.
#[cfg(target_family = "wasm")]
pub fn most() -> Option<u64> {
    Some((core::arch::wasm32::memory_size::<0>() as u64) << 16)
}
