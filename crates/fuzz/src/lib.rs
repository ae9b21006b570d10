//! What must hold for any bytes, wherever they come from.
//!
//! A [`Target`] gives bytes to one parser, or to `detect`, `verify` and `stamp` as a whole, and panics where a property does
//! not hold: that no panic escapes is only the first; sizes stay within the limits, messages steer no terminal, what is
//! trusted is what was signed, a mark that is found is one that was made, and memory stays below the target's bound.
//!
//! Three things run the same targets: the tests of this crate (a fixed number of [mutations](mutate) of
//! [real files](seeds)), its binary (the same for as long as wanted), and the `cargo fuzz` package in `fuzz/`, which is
//! guided by coverage.
//!
//! Whoever links this crate gets an allocator that counts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a target that does not hold, and a seed that is not there, panic"
)]

mod content;
pub mod mutate;
mod repair;
pub mod seeds;
mod targets;

use std::sync::{Mutex, PoisonError};

use peak_alloc::PeakAlloc;

pub use targets::TARGETS;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// One case at a time: memory is counted for the whole process.
static ONE_CASE: Mutex<()> = Mutex::new(());

/// Something that takes bytes from outside.
#[derive(Debug)]
pub struct Target {
    /// Its name in tests, on the command line and under `fuzz/`.
    pub name: &'static str,
    /// Most memory that a case may take beside what is held between cases, in bytes.
    pub memory: usize,
    seeds: fn() -> Vec<Vec<u8>>,
    run: fn(&[u8]),
}

impl Target {
    /// The target of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Real inputs. Also makes ready what all cases share.
    #[must_use]
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        (self.seeds)()
    }

    /// Runs one case and returns the most memory that it took, in bytes.
    ///
    /// # Panics
    /// Where a property does not hold.
    pub fn run(&self, data: &[u8]) -> usize {
        let _alone = ONE_CASE.lock().unwrap_or_else(PoisonError::into_inner);
        let before = ALLOCATOR.current_usage();
        ALLOCATOR.reset_peak_usage();
        (self.run)(data);
        let taken = ALLOCATOR.peak_usage().saturating_sub(before);
        assert!(
            taken <= self.memory,
            "{} took {taken} bytes of memory, and {} are allowed",
            self.name,
            self.memory
        );
        taken
    }
}
