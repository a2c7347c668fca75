//! Ctrl-C and the polite way to end a program. Every moment is a good one to be cut off, so nothing is undone here.

use super::{failure, output::Output};
use std::io;
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{Signal, SignalKind, signal},
};

const MESSAGE: &str = "interrupted; there is nothing to repair, run it again to go on";

/// From here on the program ends with exit code 1 and a word at the first signal. Where that cannot be set up, a signal
/// ends it without the word.
pub fn watch(output: Output) {
    let Ok((runtime, interrupt, terminate)) = listen() else { return };
    let wait = move || {
        runtime.block_on(first(interrupt, terminate));
        failure::print(output, "interrupted", MESSAGE);
        std::process::exit(1);
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
