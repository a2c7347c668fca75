//! Runs the format's test vectors inside wasm.
