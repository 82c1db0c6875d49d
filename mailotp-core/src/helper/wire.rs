//! Frames: four bytes of length, big endian, and as much JSON. Whatever the other end claims, no more is
//! read than was agreed.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// The longest frame of a client, in bytes: an argument list, or a file with a seed in it.
pub const FROM_CLIENT: usize = 256 * 1024;
/// The longest frame of the helper: a sheet of 500 codes as a drawing, or a long log.
pub const FROM_HELPER: usize = 16 * 1024 * 1024;

/// Why a frame was not understood.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The other end is gone, or too slow.
    #[error("the other end does not answer: {0}")]
    Io(#[from] io::Error),
    /// Longer than was agreed.
    #[error("a message of {0} bytes is too long")]
    TooLong(usize),
    /// Not what can be said here.
    #[error("a message cannot be understood")]
    Nonsense,
}

/// Writes a frame. What it holds is wiped afterwards: it may be a secret.
pub fn send<T: Serialize>(to: &mut dyn Write, message: &T) -> Result<(), WireError> {
    let mut frame = Zeroizing::new(vec![0; 4]);
    serde_json::to_writer(&mut *frame, message).map_err(|_| WireError::Nonsense)?;
    let length = u32::try_from(frame.len() - 4).map_err(|_| WireError::TooLong(frame.len()))?;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    to.write_all(&frame)?;
    Ok(to.flush()?)
}

/// Reads a frame of at most `limit` bytes.
pub fn receive<T: DeserializeOwned>(from: &mut dyn Read, limit: usize) -> Result<T, WireError> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > limit {
        return Err(WireError::TooLong(length));
    }
    // Memory is taken as it arrives, not as it was announced.
    let mut frame = Zeroizing::new(Vec::with_capacity(length.min(8192)));
    from.take(length as u64).read_to_end(&mut frame)?;
    if frame.len() < length {
        return Err(WireError::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    serde_json::from_slice(&frame).map_err(|_| WireError::Nonsense)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_frame_survives_and_one_that_is_too_long_or_cut_off_is_refused() {
        let mut wire = Vec::new();
        send(&mut wire, &vec!["a", "bc"]).unwrap();
        let read = |bytes: &[u8], limit| receive::<Vec<String>>(&mut &bytes[..], limit);
        assert_eq!(read(&wire, 100).unwrap(), ["a", "bc"]);
        assert!(matches!(read(&wire, 3), Err(WireError::TooLong(10))));
        assert!(matches!(read(&wire[..9], 100), Err(WireError::Io(_))));
        assert!(matches!(read(&wire[..3], 100), Err(WireError::Io(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nonsense_is_an_error_and_takes_no_more_memory_than_it_has(
            bytes in prop::collection::vec(any::<u8>(), 0..200)
        ) {
            let read = receive::<super::super::Hello<Vec<String>>>(&mut &bytes[..], FROM_CLIENT);
            prop_assert!(read.is_err());
        }
    }
}
