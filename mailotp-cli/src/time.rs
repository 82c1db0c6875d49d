//! Times: local for people, UTC (RFC 3339) for programs.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use mailotp_core::clock::Timestamp;
use mailotp_core::config::DurationText;
use serde_json::Value;

use crate::error::CliError;
use crate::terminal;

fn zone() -> TimeZone {
    terminal::with(|terminal| terminal.zone())
}

/// For programs.
pub fn utc(time: Timestamp) -> String {
    jiff::Timestamp::from_second(time.0)
        .unwrap_or(jiff::Timestamp::MAX)
        .to_string()
}

/// For programs, where there may be none.
pub fn utc_or_null(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |time| utc(time).into())
}

/// For people.
pub fn local(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_second(time.0).unwrap_or(jiff::Timestamp::MAX);
    time.to_zoned(zone())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// A day, for people.
pub fn local_day(time: Timestamp) -> String {
    local(time).chars().take(10).collect()
}

/// A day names its first second or its last one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// For `--since`.
    First,
    /// For `--expires`: good through the whole day.
    Last,
}

/// Reads a duration (counted `sign` from now), a day, or a time.
pub fn when(text: &str, now: Timestamp, sign: i64, day: Day) -> Result<Timestamp, CliError> {
    if let Ok(DurationText(duration)) = text.parse() {
        return Ok(Timestamp(
            now.0.saturating_add(sign * duration.as_secs() as i64),
        ));
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp(time.as_second()));
    }
    let date: Date = text.parse().map_err(|_| {
        CliError::usage(
            format!("\"{}\" is no time", text.escape_debug()),
            "Write a duration (14d), a day (2027-01-31) or a time (2027-01-31T12:00:00Z).",
        )
    })?;
    let date = if day == Day::Last {
        date.tomorrow().unwrap_or(date)
    } else {
        date
    };
    let zoned = date.to_datetime(Time::midnight()).to_zoned(zone());
    zoned
        .map(|zoned| Timestamp(zoned.timestamp().as_second()))
        .map_err(|why| CliError::usage(why.to_string(), "Write an earlier day."))
}
