//! Values of the configuration that TOML has no type for. Their errors say what is allowed.

use std::time::Duration as StdDuration;

use serde::{Deserialize, Deserializer, de};

use super::network::parse_network;
use crate::rule::Place;

/// `90s`, `10m`, `8h`, `30d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration(pub StdDuration);

impl std::str::FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Duration, String> {
        let wrong =
            || format!("\"{text}\" is no duration: write a number and s, m, h or d, as in \"10m\"");
        let unit = text.chars().last().ok_or_else(wrong)?;
        let seconds: u64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return Err(wrong()),
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        // A hundred years: beyond that somebody has slipped, and sums of times stay far from limits.
        number
            .checked_mul(seconds)
            .filter(|&total| total <= 36_525 * 86_400)
            .map(|total| Duration(StdDuration::from_secs(total)))
            .ok_or_else(|| format!("\"{text}\" is longer than a hundred years"))
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        match text {
            "local" => Ok(Place::Local),
            "unknown" => Ok(Place::Unknown),
            network => parse_network(network)
                .map(Place::Net)
                .map_err(|error| format!("{error}, \"local\" or \"unknown\"")),
        }
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Place, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, seconds) in [
            ("90s", 90),
            ("10m", 600),
            ("8h", 28_800),
            ("30d", 2_592_000),
            ("0s", 0),
        ] {
            assert_eq!(text.parse::<Duration>().unwrap().0.as_secs(), seconds);
        }
        for bad in [
            "",
            "s",
            "10",
            "10 m",
            "-1s",
            "1w",
            "1.5h",
            "+1s",
            "99999999999999999999d",
            "40000d",
            "1µ",
        ] {
            assert!(bad.parse::<Duration>().is_err(), "{bad:?}");
        }
    }
}
