//! Which rows of a long list are to be seen, and where.

/// Rows above and below the visible ones that are there already.
const MARGIN: u32 = 12;
/// Browsers lose count above some 16 million pixels; a longer list moves faster than the page.
const MAX_HEIGHT_PX: f64 = 10_000_000.0;

/// The rows that are in the document.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Window {
    /// The first.
    pub first: u32,
    /// The one after the last.
    pub end: u32,
    /// Where the first begins, pixels from the top of the list.
    pub top_px: f64,
}

/// What a window is computed from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// How many rows there are.
    pub count: u32,
    /// Height of a row, pixels.
    pub row_px: f64,
    /// What is seen of the page, pixels.
    pub view_px: f64,
}

impl Window {
    /// The rows that are seen of it, at least by a part, when the list begins `list_px` below the upper edge of the view.
    pub fn seen(&self, measure: Measure, list_px: f64) -> impl Iterator<Item = u32> + use<> {
        let (first, row_px, top) = (self.first, measure.row_px, list_px + self.top_px);
        let is_seen = move |&row: &u32| {
            let upper = top + f64::from(row - first) * row_px;
            upper + row_px > 0.0 && upper < measure.view_px
        };
        (self.first..self.end).filter(is_seen)
    }
}

impl Measure {
    /// Height of the list, pixels.
    pub fn height_px(&self) -> f64 {
        self.full_px().min(MAX_HEIGHT_PX)
    }

    fn full_px(&self) -> f64 {
        f64::from(self.count) * self.row_px
    }

    /// How much faster rows move than the page: 1 unless the list is too long.
    fn speed(&self) -> f64 {
        let (full, shown) = (self.full_px() - self.view_px, self.height_px() - self.view_px);
        if shown > 0.0 && full > shown { full / shown } else { 1.0 }
    }

    /// The rows to show when `scrolled_px` of the list are above the upper edge of the view.
    pub fn window(&self, scrolled_px: f64) -> Window {
        if self.row_px <= 0.0 || self.count == 0 {
            return Window::default();
        }
        let scrolled = scrolled_px.clamp(0.0, (self.height_px() - self.row_px).max(0.0));
        let in_full = scrolled * self.speed();
        let seen = (in_full / self.row_px) as u32;
        let rows = (self.view_px / self.row_px).ceil() as u32 + 1;
        let first = seen.saturating_sub(MARGIN);
        let end = seen.saturating_add(rows + MARGIN).min(self.count);
        Window { first, end, top_px: scrolled - (in_full - f64::from(first) * self.row_px) }
    }

    /// How much of the list must be above the upper edge for a row to begin there, pixels.
    pub fn place_of(&self, row: u32) -> f64 {
        f64::from(row) * self.row_px / self.speed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(count: u32) -> Measure {
        Measure { count, row_px: 44.0, view_px: 880.0 }
    }

    #[test]
    fn only_what_is_seen_is_there() {
        let measure = measure(100_000);
        assert_eq!(measure.height_px(), 4_400_000.0);
        assert_eq!(measure.window(-500.0), Window { first: 0, end: 33, top_px: 0.0 });
        let middle = measure.window(44.0 * 50_000.0 + 10.0);
        assert_eq!((middle.first, middle.end), (49_988, 50_033));
        assert_eq!(middle.top_px, 49_988.0 * 44.0);
        let last = measure.window(4_400_000.0 - 880.0);
        assert_eq!((last.end, last.first), (100_000, 99_968));
    }

    #[test]
    fn rows_that_are_there_and_not_seen_are_told_apart() {
        let measure = measure(100_000);
        let seen = |list_px: f64| Vec::from_iter(measure.window(-list_px).seen(measure, list_px));
        assert_eq!(seen(0.0), Vec::from_iter(0..20));
        assert_eq!(seen(500.0), Vec::from_iter(0..9), "what stands above the list takes its part");
        assert_eq!(seen(-44.0 * 50_000.0 - 10.0), Vec::from_iter(50_000..50_021));
        assert_eq!(seen(-4_400_000.0 + 44.0), [99_999]);
        assert_eq!(Vec::from_iter(Window::default().seen(measure, 0.0)), [0_u32; 0]);
    }

    #[test]
    fn few_rows_are_all_there() {
        let window = measure(3).window(0.0);
        assert_eq!((window.first, window.end), (0, 3));
        assert_eq!(measure(0).window(0.0), Window::default());
    }

    #[test]
    fn a_list_that_is_too_long_still_ends() {
        let measure = measure(2_000_000);
        assert_eq!(measure.height_px(), MAX_HEIGHT_PX);
        let bottom = measure.window(MAX_HEIGHT_PX - 880.0);
        assert_eq!(bottom.end, 2_000_000);
        let below = bottom.top_px + f64::from(bottom.end - bottom.first) * 44.0;
        assert!((below - MAX_HEIGHT_PX).abs() < 1.0, "{below}");
        assert!((measure.place_of(1_000_000) - MAX_HEIGHT_PX / 2.0).abs() < 880.0);
    }
}
