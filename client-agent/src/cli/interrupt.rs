//! Ctrl-C and the polite way to end a program. Every moment is a good one to be cut off, so nothing is undone here but a
//! terminal that was silenced for a password.

use super::{failure, output::Output, secrets};
use std::io;
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{Signal, SignalKind, signal},
};

/// From here on the program ends with exit code 1 and `message` at the first signal; without a message, as a service does, with 0 and no word. Where
/// that cannot be set up, a signal ends it without the word. With `--json`, a program whose result is out ends by itself.
pub fn watch(output: Output, message: Option<&'static str>) {
    let Ok((runtime, interrupt, terminate)) = listen() else { return };
    let wait = move || {
        runtime.block_on(first(interrupt, terminate));
        let _terminal = secrets::restore_terminal();
        let Some(message) = message else { std::process::exit(0) };
        failure::print_and(output, "interrupted", message, || std::process::exit(1));
    };
    let _ = std::thread::Builder::new().name("signals".into()).spawn(wait);
}

fn listen() -> io::Result<(Runtime, Signal, Signal)> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let (interrupt, terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    Ok((runtime, interrupt, terminate))
}

async fn first(mut interrupt: Signal, mut terminate: Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
