//! A cursor in a list and the part of the list on screen.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    pub cursor: usize,
    /// First line on screen.
    pub top: usize,
    /// First column on screen.
    pub left: usize,
}

impl Scroll {
    /// Moves the cursor within a list of `len` lines.
    pub fn move_by(&mut self, lines: isize, len: usize) {
        self.cursor = self.cursor.saturating_add_signed(lines).min(len.saturating_sub(1));
    }

    /// Scrolls so that the cursor is among `height` lines on screen, and the screen is full if it can be.
    pub fn follow(&mut self, height: usize, len: usize) {
        self.cursor = self.cursor.min(len.saturating_sub(1));
        self.top = self.top.min(len.saturating_sub(height)).min(self.cursor);
        if height > 0 && self.cursor >= self.top + height {
            self.top = self.cursor + 1 - height;
        }
    }

    /// Scrolls a cursor that jumped to the middle, so that what is around it shows; a near one stays where it is.
    pub fn center(&mut self, height: usize, len: usize) {
        if self.cursor < self.top || self.cursor >= self.top + height {
            self.top = self.cursor.saturating_sub(height / 2);
        }
        self.follow(height, len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_in_the_list_and_on_screen() {
        for len in 0..8 {
            for height in 0..5 {
                let mut scroll = Scroll::default();
                for step in [1, 1, 3, -2, 100, -100, 2] {
                    scroll.move_by(step, len);
                    scroll.follow(height, len);
                    assert!(scroll.cursor < len.max(1));
                    assert!(scroll.top <= scroll.cursor);
                    assert!(height == 0 || scroll.cursor < scroll.top + height, "{scroll:?} in {height} of {len}");
                }
            }
        }
    }
}
