//! A QR code, drawn as one path.

use std::fmt::Write;

use leptos::prelude::*;
use qrcodegen::{QrCode as Modules, QrCodeEcc};

/// Light modules around a code, so that cameras find it.
const QUIET: i32 = 3;

/// A text as a QR code. One that is too long for any is left out: the text itself stands beside it.
#[component]
pub fn QrCode(
    /// What it says.
    text: String,
    /// What it is, for who does not see it.
    spoken: &'static str,
) -> impl IntoView {
    let code = Modules::encode_text(&text, QrCodeEcc::Medium).ok()?;
    let side = code.size() + 2 * QUIET;
    Some(
        view! {
            <svg class="qr" viewBox=format!("0 0 {side} {side}") role="img" aria-label=spoken>
                <rect class="qr__ground" width=side.to_string() height=side.to_string() />
                <path class="qr__dark" d=path(&code) />
            </svg>
        }
        .into_any(),
    )
}

/// Each run of dark modules in a row is one rectangle.
fn path(code: &Modules) -> String {
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size()).take_while(|&x| code.get_module(x, y)).count() as i32;
            if run > 0 {
                // Writing to a string does not fail.
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_has_the_corners_of_a_code() {
        let code = Modules::encode_text("IOTA-SLOT-1", QrCodeEcc::Medium).unwrap();
        let path = path(&code);
        // The top edge of the finder in the first row.
        assert!(path.starts_with("M3 3h7v1h-7z"), "{path}");
        let dark = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        let dark = dark.filter(|&(x, y)| code.get_module(x, y)).count();
        let drawn: usize =
            path.split('M').filter_map(|run| run.split_once('h')?.1.split_once('v')?.0.parse::<usize>().ok()).sum();
        assert_eq!(drawn, dark);
    }
}
