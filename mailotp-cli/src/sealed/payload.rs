//! What is sealed: chunks of 64 KiB, each with its number and whether it is the last in its nonce (STREAM:
//! Hoang, Reyhanitabar, Rogaway, Vizár 2015). A chunk that is altered, missing, moved or left out at the end
//! opens for nobody.

use std::io::{self, ErrorKind, Read, Write};

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce};
use zeroize::Zeroizing;

use super::{FileKey, derive};

/// Bytes of the nonce before the first chunk.
pub const NONCE_LENGTH: usize = 16;
/// Bytes of a chunk, before it is sealed.
pub const CHUNK: usize = 64 << 10;
const TAG: usize = 16;

/// The cipher, and the number of the next chunk.
struct Stream {
    cipher: ChaCha20Poly1305,
    next: u64,
}

impl Stream {
    fn new(key: &FileKey, nonce: &[u8; NONCE_LENGTH]) -> Stream {
        Stream {
            cipher: ChaCha20Poly1305::new((&*derive(&**key, nonce, "payload")).into()),
            next: 0,
        }
    }

    /// 11 bytes of the number, and one that is 1 for the last chunk.
    fn nonce(&mut self, last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.next.to_be_bytes());
        nonce[11] = u8::from(last);
        // 2^64 chunks are never reached.
        self.next += 1;
        Nonce::from(nonce)
    }
}

/// Seals what is written into it.
pub struct Writer<W> {
    to: W,
    stream: Stream,
    chunk: Zeroizing<Vec<u8>>,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(to: W, key: &FileKey, nonce: &[u8; NONCE_LENGTH]) -> Writer<W> {
        Writer {
            to,
            stream: Stream::new(key, nonce),
            chunk: Zeroizing::new(Vec::with_capacity(CHUNK)),
        }
    }

    /// Writes the last chunk: without it the file is cut off.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.to)
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let nonce = self.stream.nonce(last);
        let sealed = self.stream.cipher.encrypt(&nonce, &self.chunk[..]);
        let sealed = sealed.map_err(|_| io::Error::other("it cannot be sealed"))?;
        self.chunk.clear();
        self.to.write_all(&sealed)
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits: it may be the last.
        if self.chunk.len() == CHUNK {
            self.seal(false)?;
        }
        let count = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens what is read from it. Nothing comes out that was not written so.
pub struct Reader<R> {
    from: R,
    stream: Stream,
    /// What was read ahead: whether a chunk is the last shows behind it.
    ahead: Vec<u8>,
    chunk: Zeroizing<Vec<u8>>,
    read: usize,
    ended: bool,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(from: R, key: &FileKey, nonce: &[u8; NONCE_LENGTH]) -> Reader<R> {
        Reader {
            from,
            stream: Stream::new(key, nonce),
            ahead: Vec::new(),
            chunk: Zeroizing::default(),
            read: 0,
            ended: false,
        }
    }

    fn open(&mut self) -> io::Result<()> {
        const FULL: usize = CHUNK + TAG;
        let first = self.stream.next == 0;
        let wanted = (FULL + 1 - self.ahead.len()) as u64;
        (&mut self.from).take(wanted).read_to_end(&mut self.ahead)?;
        let last = self.ahead.len() <= FULL;
        let length = self.ahead.len().min(FULL);
        let nonce = self.stream.nonce(last);
        let opened = self.stream.cipher.decrypt(&nonce, &self.ahead[..length]);
        let opened = opened.map_err(|_| altered())?;
        // An empty chunk ends an empty file, and no other.
        if opened.is_empty() && !first {
            return Err(altered());
        }
        self.ahead.drain(..length);
        self.chunk = Zeroizing::new(opened);
        self.read = 0;
        self.ended = last;
        Ok(())
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.read == self.chunk.len() && !self.ended {
            self.open()?;
        }
        let count = to.len().min(self.chunk.len() - self.read);
        to[..count].copy_from_slice(&self.chunk[self.read..][..count]);
        self.read += count;
        Ok(count)
    }
}

/// Damaged or cut off; which of them nobody can say.
fn altered() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "it is damaged, or was cut off")
}
