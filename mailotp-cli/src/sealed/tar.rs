//! The few files of a backup, one behind the other: a tar archive in the form of POSIX.1-1988 (ustar), of
//! plain files alone. So `age --decrypt backup | tar x` gets at them without mailotp.

use std::io::{self, ErrorKind, Read, Write};

const BLOCK: usize = 512;
/// 11 octal digits.
const MAX_SIZE: u64 = 1 << 33;

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without a folder.
    pub name: String,
    /// How many bytes it has.
    pub size: u64,
}

/// Writes a file of this many bytes, which only its owner can read when it is taken out.
pub fn add(
    to: &mut impl Write,
    name: &str,
    size: u64,
    time: u64,
    from: &mut impl Read,
    progress: &mut dyn FnMut(u64),
) -> io::Result<()> {
    to.write_all(&header(name, size, time)?)?;
    let mut done = 0;
    let mut buffer = zeroize::Zeroizing::new(vec![0; 64 << 10]);
    while done < size {
        let count = from.read(&mut buffer)? as u64;
        if count == 0 || done + count > size {
            return Err(io::Error::other("a file changed while it was read"));
        }
        to.write_all(&buffer[..count as usize])?;
        done += count;
        progress(done);
    }
    to.write_all(&[0; BLOCK][..padding(size)])
}

/// Ends an archive.
pub fn end(to: &mut impl Write) -> io::Result<()> {
    to.write_all(&[0; 2 * BLOCK])
}

fn header(name: &str, size: u64, time: u64) -> io::Result<[u8; BLOCK]> {
    if size >= MAX_SIZE || name.len() > 99 {
        return Err(io::Error::other("a file is too large for an archive"));
    }
    let mut block = [0; BLOCK];
    let mut put =
        |at: usize, text: &str| block[at..][..text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000600\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{size:011o}\0"));
    put(136, &format!("{:011o}\0", time.min(MAX_SIZE - 1)));
    put(156, "0");
    put(257, "ustar\0");
    put(263, "00");
    let sum = checksum(&block);
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}

/// Of all bytes, those of the sum itself being blanks.
fn checksum(block: &[u8; BLOCK]) -> u64 {
    let byte = |(at, byte): (usize, &u8)| match at {
        148..156 => u64::from(b' '),
        _ => u64::from(*byte),
    };
    block.iter().enumerate().map(byte).sum()
}

fn padding(size: u64) -> usize {
    (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
}

/// An archive that is read from its beginning to its end.
pub struct Archive<R> {
    from: R,
    /// Bytes of the current file that were not read.
    left: u64,
    padding: usize,
}

impl<R: Read> Archive<R> {
    /// An archive.
    pub fn new(from: R) -> Archive<R> {
        Archive {
            from,
            left: 0,
            padding: 0,
        }
    }

    /// The next file, once the one before it is read; `None` at the end, behind which nothing may follow.
    pub fn next(&mut self) -> io::Result<Option<Entry>> {
        if self.left > 0 {
            return Err(nonsense());
        }
        let mut block = [0; BLOCK];
        self.from.read_exact(&mut block[..self.padding])?;
        self.padding = 0;
        self.from.read_exact(&mut block)?;
        if block == [0; BLOCK] {
            // Other programs fill the last of their blocks with more of them.
            let mut rest = Vec::new();
            (&mut self.from).take(1 << 20).read_to_end(&mut rest)?;
            let zeros = rest.len() >= BLOCK && rest.iter().all(|byte| *byte == 0);
            return if zeros { Ok(None) } else { Err(nonsense()) };
        }
        let sum = octal(&block[148..156]);
        if sum != Some(checksum(&block)) || !matches!(block[156], b'0' | 0) {
            return Err(nonsense());
        }
        let size = octal(&block[124..136]).ok_or_else(nonsense)?;
        self.left = size;
        self.padding = padding(size);
        Ok(Some(Entry {
            name: text(&block[..100])?,
            size,
        }))
    }
}

impl<R: Read> Read for Archive<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let most = to
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.from.read(&mut to[..most])?;
        if count == 0 && most > 0 {
            return Err(nonsense());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

fn text(field: &[u8]) -> io::Result<String> {
    let end = field.iter().position(|byte| *byte == 0);
    let text = std::str::from_utf8(&field[..end.unwrap_or(field.len())]);
    text.map(str::to_owned).map_err(|_| nonsense())
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = text(field).ok()?;
    u64::from_str_radix(text.trim(), 8).ok()
}

fn nonsense() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "it is no archive of mailotp")
}
