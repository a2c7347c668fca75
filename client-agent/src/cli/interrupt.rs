//! Ctrl-C and the polite way to end a program. Every moment is a good one to be cut off, so nothing is undone here.

use super::{failure, output::Output};
use tokio::signal::unix::{SignalKind, signal};

const MESSAGE: &str = "interrupted; there is nothing to repair, run it again to go on";

/// Ends the program with exit code 1 at the first signal.
pub fn watch(output: Output) {
    let wait = move || -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async {
            let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            Ok(())
        })
    };
    // Without the thread a signal ends the program anyway, only without a word.
    let _ = std::thread::Builder::new().name("signals".into()).spawn(move || {
        if wait().is_ok() {
            failure::print(output, "interrupted", MESSAGE);
            std::process::exit(1);
        }
    });
}
