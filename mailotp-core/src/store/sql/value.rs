//! Values on their way into a statement, and out of a row.

use crate::clock::Timestamp;
use crate::crypto::Tag;
use crate::id::{AccountId, CredentialId};
use crate::store::StoreError;

/// A value of a statement, of one of the three types that every store has.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) enum Value<'a> {
    Integer(Option<i64>),
    Text(Option<&'a str>),
    Bytes(Option<&'a [u8]>),
}

macro_rules! from {
    ($($type:ty => $variant:ident($value:ident: $convert:expr)),* $(,)?) => { $(
        impl<'a> From<$type> for Value<'a> {
            fn from($value: $type) -> Value<'a> {
                Value::$variant(Some($convert))
            }
        }
        impl<'a> From<Option<$type>> for Value<'a> {
            fn from(value: Option<$type>) -> Value<'a> {
                Value::$variant(value.map(|$value| $convert))
            }
        }
    )* };
}

from! {
    i64 => Integer(number: number),
    u32 => Integer(number: i64::from(number)),
    bool => Integer(yes: i64::from(yes)),
    Timestamp => Integer(time: time.0),
    AccountId => Integer(account: account.0),
    &'a str => Text(text: text),
    &'a String => Text(text: text.as_str()),
    &'a CredentialId => Text(id: id.as_str()),
    &'a [u8] => Bytes(bytes: bytes),
    &'a Vec<u8> => Bytes(bytes: bytes.as_slice()),
    &'a [u8; 16] => Bytes(bytes: bytes.as_slice()),
    &'a Tag => Bytes(tag: tag.0.as_slice()),
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(text: &'a Option<String>) -> Value<'a> {
        Value::Text(text.as_deref())
    }
}

impl<'a> From<&'a Option<Vec<u8>>> for Value<'a> {
    fn from(bytes: &'a Option<Vec<u8>>) -> Value<'a> {
        Value::Bytes(bytes.as_deref())
    }
}

/// The values of a statement, `?1` first.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::sql::Value::from($value)),*] };
}
pub(in crate::store) use values;

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Cell {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cell {
    /// As a value of another statement.
    pub(in crate::store) fn value(&self) -> Option<Value<'_>> {
        match self {
            Cell::Null => None,
            Cell::Integer(number) => Some(Value::Integer(Some(*number))),
            Cell::Text(text) => Some(Value::Text(Some(text))),
            Cell::Bytes(bytes) => Some(Value::Bytes(Some(bytes))),
        }
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Row(pub(in crate::store) Vec<Cell>);

/// What a cell can be read as.
pub(in crate::store) trait FromCell: Sized {
    /// `None` where it is something else.
    fn from_cell(cell: &Cell) -> Option<Self>;
}

impl Row {
    /// The value of a column, the first of which is 0. One that this version cannot read is refused, and
    /// with it the login.
    pub(in crate::store) fn get<T: FromCell>(&self, column: usize) -> Result<T, StoreError> {
        let cell = self.0.get(column);
        cell.and_then(T::from_cell)
            .ok_or_else(|| unreadable(column, "a value of another type"))
    }
}

/// A value that this version cannot read.
pub(in crate::store) fn unreadable(column: usize, what: &str) -> StoreError {
    StoreError::Failed(format!("column {column} of a row holds {what:?}"))
}

impl FromCell for i64 {
    fn from_cell(cell: &Cell) -> Option<i64> {
        match cell {
            Cell::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

impl FromCell for u32 {
    fn from_cell(cell: &Cell) -> Option<u32> {
        i64::from_cell(cell)?.try_into().ok()
    }
}

impl FromCell for u64 {
    fn from_cell(cell: &Cell) -> Option<u64> {
        i64::from_cell(cell)?.try_into().ok()
    }
}

impl FromCell for bool {
    fn from_cell(cell: &Cell) -> Option<bool> {
        i64::from_cell(cell).map(|number| number != 0)
    }
}

impl FromCell for Timestamp {
    fn from_cell(cell: &Cell) -> Option<Timestamp> {
        i64::from_cell(cell).map(Timestamp)
    }
}

impl FromCell for String {
    fn from_cell(cell: &Cell) -> Option<String> {
        match cell {
            Cell::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl FromCell for CredentialId {
    fn from_cell(cell: &Cell) -> Option<CredentialId> {
        String::from_cell(cell).map(CredentialId::stored)
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: &Cell) -> Option<Vec<u8>> {
        match cell {
            Cell::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl FromCell for [u8; 16] {
    fn from_cell(cell: &Cell) -> Option<[u8; 16]> {
        match cell {
            Cell::Bytes(bytes) => bytes.as_slice().try_into().ok(),
            _ => None,
        }
    }
}

impl FromCell for Tag {
    fn from_cell(cell: &Cell) -> Option<Tag> {
        <[u8; 16]>::from_cell(cell).map(Tag)
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: &Cell) -> Option<Option<T>> {
        match cell {
            Cell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}
