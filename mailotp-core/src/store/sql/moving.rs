//! A store that moves to another place lets nobody in, and one that has moved never does again.

use std::fmt;

use crate::store::StoreError;

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Moving {
    /// It is being copied to there.
    To(String),
    /// It is being filled, and not to be used before it is whole.
    Filling,
    /// It is over there.
    Gone(String),
}

impl Moving {
    pub(in crate::store) fn stored(text: String) -> Moving {
        match text.split_once(' ') {
            Some(("to", place)) => Moving::To(place.to_owned()),
            Some(("gone", place)) => Moving::Gone(place.to_owned()),
            _ => Moving::Filling,
        }
    }
}

/// As a store keeps it.
impl fmt::Display for Moving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moving::To(place) => write!(f, "to {place}"),
            Moving::Filling => f.write_str("filling"),
            Moving::Gone(place) => write!(f, "gone {place}"),
        }
    }
}

impl From<Moving> for StoreError {
    fn from(moving: Moving) -> StoreError {
        StoreError::Moving(match moving {
            Moving::To(place) => format!("the store moves to {place}"),
            Moving::Filling => "another store moves here, and is not whole yet".to_owned(),
            Moving::Gone(place) => format!("the store has moved to {place}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_as_text() {
        for moving in [
            Moving::To("postgresql://m@/db?host=/run/a b".into()),
            Moving::Filling,
            Moving::Gone("sqlite:/var/lib/m.db".into()),
        ] {
            assert_eq!(Moving::stored(moving.to_string()), moving);
        }
        // Whatever else stands there, nobody is let in.
        assert_eq!(Moving::stored("nonsense".into()), Moving::Filling);
    }
}
