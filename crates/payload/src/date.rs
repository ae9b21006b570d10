//! A calendar day, enough for a key's creation date.

use std::fmt;
use std::str::FromStr;

/// A text was not a day of the form `2026-11-23`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a date such as `2026-11-23`, found `{found}`")]
#[non_exhaustive]
pub struct DateError {
    /// What was given instead.
    pub found: String,
}

/// A day of the proleptic Gregorian calendar in UTC; prints and parses as `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day with this year (1970..=9999), month and day, or nothing where there is no such day.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let known = (1970..=9999).contains(&year) && day >= 1 && day <= days_of_month(year, month);
        known.then_some(Self { year, month, day })
    }

    /// The day in UTC on which `seconds` since 1970 fall; beyond 9999 it stays at the last day.
    #[must_use]
    pub fn from_unix(seconds: u64) -> Self {
        let mut left = seconds / 86_400;
        let mut date = Self {
            year: 1970,
            month: 1,
            day: 1,
        };
        while date.year < 9999 && left >= days_of_year(date.year) {
            left -= days_of_year(date.year);
            date.year += 1;
        }
        while date.month < 12 && left >= u64::from(days_of_month(date.year, date.month)) {
            left -= u64::from(days_of_month(date.year, date.month));
            date.month += 1;
        }
        date.day = u8::try_from(left.min(30)).unwrap_or(30) + 1;
        date
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of_year(year: u16) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

/// Zero for a month that does not exist.
fn days_of_month(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let error = || DateError {
            found: text.chars().take(64).collect(),
        };
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts.as_slice() else {
            return Err(error());
        };
        let date = match (year.parse(), month.parse(), day.parse()) {
            (Ok(year), Ok(month), Ok(day)) => Self::new(year, month, day).ok_or_else(error)?,
            _ => return Err(error()),
        };
        // One way to write a day: `+2026-1-1` is not one.
        if date.to_string() == text {
            Ok(date)
        } else {
            Err(error())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_795_392_000, "2026-11-23"),
            (4_107_542_399, "2100-02-28"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(Date::from_unix(seconds).to_string(), day);
            assert_eq!(day.parse::<Date>().unwrap(), Date::from_unix(seconds));
        }
        assert_eq!(Date::from_unix(u64::MAX).to_string(), "9999-12-31");
    }

    #[test]
    fn days_that_do_not_exist() {
        for wrong in [
            "",
            "2026",
            "2026-2-3",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "1969-12-31",
            "2026-11-23 ",
        ] {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
    }
}
