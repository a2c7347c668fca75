//! A clock that is finer than a millisecond, natively and in wasm.

/// Milliseconds since some moment.
#[cfg(not(target_family = "wasm"))]
pub fn now_ms() -> f64 {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_secs_f64() * 1000.0
}

/// Milliseconds since some moment: `performance.now()`.
#[cfg(target_family = "wasm")]
pub fn now_ms() -> f64 {
    use js_sys::{Function, Reflect, global};
    use wasm_bindgen::JsCast;
    let performance = Reflect::get(&global(), &"performance".into()).unwrap_or_default();
    let now = Reflect::get(&performance, &"now".into()).unwrap_or_default();
    let now = now.dyn_into::<Function>().and_then(|now| now.call0(&performance));
    now.ok().and_then(|now| now.as_f64()).expect("browsers and Node have performance.now")
}

/// Milliseconds that `work` takes, and what it returns.
pub fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = now_ms();
    let result = work();
    (now_ms() - start, result)
}
