//! The detector's view: amplitudes on a dense grid.
