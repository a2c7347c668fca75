//! Tasks that cargo alone does not do.
fn main() {}
