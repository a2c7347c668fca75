//! The contrast of the colours in `style/tokens.css`, by day and by night: WCAG 2.2, 1.4.3 (text, 4.5 to 1) and 1.4.11 (what tells a control or a
//! mark from its ground, 3 to 1). Each pair is one that style uses, on the worst of its grounds.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

const TOKENS: &str = include_str!("../../style/tokens.css");
const TEXT: f64 = 4.5;
const MARK: f64 = 3.0;

const GROUNDS: &[&str] = &["paper", "surface", "raised", "sunken", "hover"];
const SOFT: &[&str] = &["accent-soft", "past-soft", "ok-soft", "warn-soft", "bad-soft"];
const MAP: &[&str] = &["map-kept", "map-waiting", "map-chosen", "map-out", "map-gap"];

/// What is drawn, on which grounds, and how far apart they must be.
const PAIRS: &[(&[&str], &[&str], f64)] = &[
    (&["ink", "ink-2", "ink-3"], GROUNDS, TEXT),
    (&["ink", "ink-2", "ink-3"], SOFT, TEXT),
    (&["accent", "past", "ok", "warn", "bad"], GROUNDS, TEXT),
    (&["accent"], &["accent-soft"], TEXT),
    (&["past"], &["past-soft"], TEXT),
    (&["ok"], &["ok-soft"], TEXT),
    (&["warn"], &["warn-soft"], TEXT),
    (&["bad"], &["bad-soft"], TEXT),
    (&["accent-ink"], &["accent", "accent-hover", "past"], TEXT),
    (&["bad-ink"], &["bad"], TEXT),
    (&["ink"], MAP, TEXT),
    (&["line-strong", "focus"], GROUNDS, MARK),
    (&["ok-solid", "warn-solid", "bad-solid", "past-solid"], GROUNDS, MARK),
    (&["data-1", "data-2", "data-3", "data-4", "data-5"], GROUNDS, MARK),
    (&["mark-1", "mark-2", "mark-3", "mark-4", "mark-5", "mark-6", "mark-7", "mark-8"], GROUNDS, MARK),
];

/// Lightness, chroma and hue, the last in degrees.
type Oklch = [f64; 3];

/// The colours of a scheme by their names: 0 is light, 1 dark.
fn colours(css: &str, scheme: usize) -> BTreeMap<&str, Oklch> {
    let lines = css.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'));
    let colours = lines.filter_map(|(name, value)| {
        let pair = value.trim().strip_prefix("light-dark(oklch(")?;
        let (light, dark) = pair.split_once("), oklch(").or_else(|| pair.split_once("),")).unwrap();
        let text = [light, dark.trim().trim_start_matches("oklch(")][scheme].split(')').next().unwrap();
        let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
        Some((name, numbers.try_into().unwrap()))
    });
    colours.collect()
}

/// CSS Color 4: to linear sRGB, of which what no screen shows is cut off.
fn linear([lightness, chroma, hue]: Oklch) -> [f64; 3] {
    let (a, b) = (chroma * hue.to_radians().cos(), chroma * hue.to_radians().sin());
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ]
    .map(|channel| channel.clamp(0.0, 1.0))
}

/// WCAG 2.2: from 1 to 21.
fn contrast(one: Oklch, other: Oklch) -> f64 {
    let luminance = |colour| {
        let [red, green, blue] = linear(colour);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The pairs that are too close.
fn too_close(css: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (scheme, name) in ["light", "dark"].into_iter().enumerate() {
        let colours = colours(css, scheme);
        for (drawn, grounds, least) in PAIRS {
            for (one, ground) in drawn.iter().flat_map(|one| grounds.iter().map(move |ground| (one, ground))) {
                let contrast = contrast(colours[one], colours[ground]);
                if contrast < *least {
                    found.push(format!("{name}: --{one} on --{ground} is {contrast:.2}, not {least}"));
                }
            }
        }
    }
    found
}

#[test]
fn every_text_and_every_mark_stands_out() {
    let found = too_close(TOKENS);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn contrast_is_that_of_wcag() {
    let (black, white) = ([0.0, 0.0, 0.0], [1.0, 0.0, 0.0]);
    assert!((contrast(black, white) - 21.0).abs() < 0.001);
    assert!((contrast(white, white) - 1.0).abs() < 0.001);
    // #767676 is the lightest grey that may be text on white; #ff0000 is known to be 4.00.
    assert!((contrast([0.5654, 0.0, 0.0], white) - 4.54).abs() < 0.02);
    assert!((contrast([0.627_955, 0.257_683, 29.2339], white) - 4.0).abs() < 0.01);
}

#[test]
fn a_pair_that_is_too_close_is_found() {
    let good = "--ink-3:        light-dark(oklch(0.510 0.020 226), oklch(0.690 0.016 222));";
    assert!(TOKENS.contains(good));
    let found = too_close(&TOKENS.replace(good, "--ink-3: light-dark(oklch(0.7 0.02 226), oklch(0.690 0.016 222));"));
    assert!(!found.is_empty() && found.iter().all(|line| line.starts_with("light: --ink-3 on --")), "{found:#?}");
}
