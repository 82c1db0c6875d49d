//! Frames: four bytes of length, big endian, and as much JSON. Whatever the other end claims, no more is
//! read than was agreed, and no longer waited.

use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv, send as send_to};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// The longest first frame of a client, in bytes: a question, or an argument list.
pub const HELLO: usize = 64 * 1024;
/// The longest of its others: a file with a seed in it.
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

/// A connection.
pub struct Wire(UnixStream);

impl Wire {
    /// The connection of a stream.
    pub fn new(stream: UnixStream) -> Wire {
        Wire(stream)
    }

    /// Sends a frame, all of it `within` this time.
    pub fn send<T: Serialize>(&self, message: &T, within: Duration) -> Result<(), WireError> {
        send(&mut Timed::new(&self.0, Some(within)), message)
    }

    /// Receives a frame of at most `limit` bytes, all of it `within` this time; `None`: whenever it comes.
    pub fn receive<T: DeserializeOwned>(
        &self,
        limit: usize,
        within: Option<Duration>,
    ) -> Result<T, WireError> {
        receive(&mut Timed::new(&self.0, within), limit)
    }

    /// Whether the other end has not hung up.
    pub fn is_open(&self) -> bool {
        let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
        match recv(self.0.as_raw_fd(), &mut [0], flags) {
            Ok(count) => count > 0,
            Err(error) => matches!(error, Errno::EAGAIN | Errno::EINTR),
        }
    }
}

/// A stream until a moment: who drips bytes gains no time by each of them.
struct Timed<'a> {
    stream: &'a UnixStream,
    end: Option<Instant>,
}

impl Timed<'_> {
    fn new(stream: &UnixStream, within: Option<Duration>) -> Timed<'_> {
        Timed {
            stream,
            end: within.map(|within| Instant::now() + within),
        }
    }

    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self
            .end
            .map(|end| end.saturating_duration_since(Instant::now()));
        match left {
            Some(Duration::ZERO) => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(left),
        }
    }
}

/// The kernel says of a timeout that it would have had to wait.
fn in_time<T>(result: io::Result<T>) -> io::Result<T> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    })
}

impl Read for Timed<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        in_time(self.stream.read(bytes))
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        // Without the flag a helper that has died ends the mail server that hosts the module.
        let sent = send_to(self.stream.as_raw_fd(), bytes, MsgFlags::MSG_NOSIGNAL);
        in_time(sent.map_err(io::Error::from))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a frame. What it holds is wiped afterwards: it may be a secret, and a buffer that grows would
/// leave copies of it behind.
fn send<T: Serialize>(to: &mut dyn Write, message: &T) -> Result<(), WireError> {
    let mut length = Counted(0);
    serde_json::to_writer(&mut length, message).map_err(|_| WireError::Nonsense)?;
    let length = u32::try_from(length.0).map_err(|_| WireError::TooLong(length.0))?;
    let mut frame = Zeroizing::new(Vec::with_capacity(4 + length as usize));
    frame.extend_from_slice(&length.to_be_bytes());
    serde_json::to_writer(&mut *frame, message).map_err(|_| WireError::Nonsense)?;
    Ok(to.write_all(&frame)?)
}

struct Counted(usize);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a frame of at most `limit` bytes.
fn receive<T: DeserializeOwned>(from: &mut dyn Read, limit: usize) -> Result<T, WireError> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > limit {
        return Err(WireError::TooLong(length));
    }
    // Pages of zeros cost nothing until they are written: memory is taken as it arrives.
    let mut frame = Zeroizing::new(vec![0; length]);
    from.read_exact(&mut frame)?;
    serde_json::from_slice(&frame).map_err(|_| WireError::Nonsense)
}

/// Bytes that may be a secret, in hexadecimal digits: not everything is UTF-8.
pub struct Bytes(pub Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Bytes {
    /// A copy that wipes itself.
    pub fn copy(bytes: &[u8]) -> Bytes {
        Bytes(Zeroizing::new(bytes.to_vec()))
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = Zeroizing::new(String::with_capacity(self.0.len() * 2));
        for byte in self.0.iter() {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        to.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = Zeroizing::new(String::deserialize(from)?);
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
        for [high, low] in pairs {
            let byte = digit(*high).zip(digit(*low));
            let (high, low) = byte.ok_or_else(|| serde::de::Error::custom("no digits"))?;
            bytes.push(high << 4 | low);
        }
        match rest {
            [] => Ok(Bytes(bytes)),
            _ => Err(serde::de::Error::custom("half a byte")),
        }
    }
}

/// Whatever is understood is what is said again: held by fuzzing.
#[cfg(any(test, fuzzing))]
pub(crate) fn oracle(bytes: &[u8]) {
    fn again<T: Serialize + DeserializeOwned>(bytes: &[u8], limit: usize) {
        let Ok(message) = receive::<T>(&mut &bytes[..], limit) else {
            return;
        };
        let said = |message: &T| {
            let mut frame = Vec::new();
            send(&mut frame, message).map(|()| frame)
        };
        let first = said(&message).expect("it was a frame");
        let heard = receive(&mut &first[..], usize::MAX).expect("it is one");
        assert_eq!(said(&heard).expect("it was one"), first);
    }
    again::<super::Hello<Vec<String>>>(bytes, HELLO);
    again::<super::judge::Judged>(bytes, HELLO);
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

    #[test]
    fn who_drips_bytes_gains_no_time_by_them() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let drip = std::thread::spawn(move || {
            let mut bytes = [0, 0, 0, 200].into_iter().chain(std::iter::repeat(b' '));
            while (&theirs).write_all(&[bytes.next().unwrap()]).is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let begin = Instant::now();
        let wire = Wire::new(ours);
        let heard = wire.receive::<Vec<String>>(HELLO, Some(Duration::from_millis(200)));
        assert!(matches!(heard, Err(WireError::Io(_))), "{heard:?}");
        assert!(begin.elapsed() < Duration::from_secs(2));
        assert!(wire.is_open());
        drop(wire);
        drip.join().unwrap();
    }

    #[test]
    fn who_reads_nothing_is_not_waited_for_and_who_has_hung_up_is_an_error() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let wire = Wire::new(ours);
        let much = "x".repeat(4 << 20);
        let begin = Instant::now();
        let sent = wire.send(&much, Duration::from_millis(200));
        assert!(matches!(sent, Err(WireError::Io(_))), "{sent:?}");
        assert!(begin.elapsed() < Duration::from_secs(2));
        drop(theirs);
        assert!(!wire.is_open());
        assert!(wire.send(&much, Duration::from_secs(1)).is_err());
    }

    #[test]
    fn bytes_are_an_even_number_of_hexadecimal_digits_and_are_not_shown() {
        let read = |text: &str| serde_json::from_str::<Bytes>(text).map(|bytes| bytes.0.to_vec());
        assert_eq!(read(r#""00fFa5""#).unwrap(), [0, 255, 165]);
        assert_eq!(
            serde_json::to_string(&Bytes::copy(&[0, 255])).unwrap(),
            r#""00ff""#
        );
        for bad in [r#""0""#, r#""0g""#, r#""+1""#, "[1]", "1", r#"" 1""#] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(format!("{:?}", Bytes::copy(b"secret")), "[redacted]");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nonsense_is_an_error_and_takes_no_more_memory_than_it_has(
            bytes in prop::collection::vec(any::<u8>(), 0..200)
        ) {
            let read = receive::<super::super::Hello<Vec<String>>>(&mut &bytes[..], FROM_CLIENT);
            prop_assert!(read.is_err());
            let read = receive::<super::super::judge::Judged>(&mut &bytes[..], HELLO);
            prop_assert!(read.is_err());
        }

        /// JSON that is nearly what is meant, in a frame of any length.
        #[test]
        fn what_is_nearly_a_message_is_one_or_an_error(
            cut in 0..400_usize, noise in any::<u8>(), length in 0..300_u32, word in "[a-z-]{0,12}"
        ) {
            let text = format!(
                r#"{{"judge":{{"phase":{{"{word}":"6162"}},"account":"alice","service":"imap","remote":"local","second_step":false,"nullok":false}}}}"#
            );
            let mut frame = [&length.to_be_bytes()[..], text.as_bytes()].concat();
            if let Some(byte) = frame.get_mut(cut) {
                *byte = noise;
            }
            let _ = receive::<super::super::Hello<Vec<String>>>(&mut &frame[..], HELLO);
            let _ = receive::<super::super::judge::Judged>(&mut &frame[4..], HELLO);
        }
    }
}
