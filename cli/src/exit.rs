//! The one place that chooses the exit status.

use std::process::ExitCode;

use serde::{Deserialize, Serialize};

/// What a run came to. With many files the largest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Affirmative: marked, found, verified.
    Affirmative = 0,
    /// A negative answer: nothing found, or not sure.
    Negative = 1,
    /// Usage, input or output error.
    Error = 2,
    /// Evidence is present but invalid or contradictory.
    Contradiction = 3,
    /// Refused, nothing was written.
    Refused = 4,
    /// A batch finished with failures.
    BatchFailures = 5,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    /// The status of a run over several files: answers keep theirs, and any file that failed makes
    /// the run a batch with failures.
    pub(crate) fn of_run(statuses: &[Self]) -> Self {
        let failed = |status: &Self| matches!(status, Self::Error | Self::Refused);
        if statuses.len() > 1 && statuses.iter().any(failed) {
            return Self::BatchFailures;
        }
        statuses.iter().copied().max().unwrap_or(Self::Affirmative)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::Exit::{Affirmative, BatchFailures, Contradiction, Error, Negative, Refused};
    use super::*;

    #[test]
    fn the_worst_wins() {
        assert_eq!(Exit::of_run(&[]), Affirmative);
        assert_eq!(Exit::of_run(&[Refused]), Refused);
        assert_eq!(Exit::of_run(&[Affirmative, Negative]), Negative);
        assert_eq!(
            Exit::of_run(&[Affirmative, Contradiction, Negative]),
            Contradiction
        );
        assert_eq!(Exit::of_run(&[Affirmative, Error]), BatchFailures);
        assert_eq!(Exit::of_run(&[Contradiction, Refused]), BatchFailures);
    }
}
