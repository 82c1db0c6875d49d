//! The helper's protocol, spoken by somebody who need not mean well.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// Somebody who speaks the helper's protocol, or something like it.
pub struct Peer(pub UnixStream);

impl Peer {
    /// Connects.
    ///
    /// # Panics
    /// Where nobody listens.
    #[must_use]
    pub fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path).expect("somebody listens");
        let patience = Some(Duration::from_secs(30));
        stream.set_read_timeout(patience).expect("a timeout");
        Self(stream)
    }

    /// Says a frame.
    ///
    /// # Errors
    /// Where the other end does not take it.
    pub fn say(&mut self, message: &Value) -> std::io::Result<()> {
        self.0.write_all(&frame(message.to_string().as_bytes()))
    }

    /// What the other end says next.
    ///
    /// # Errors
    /// Where it says nothing.
    pub fn hear(&mut self) -> std::io::Result<Value> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let mut text = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Whether the other end has hung up.
    #[must_use]
    pub fn is_over(&mut self) -> bool {
        let mut byte = [0];
        match self.0.read(&mut byte) {
            Ok(count) => count == 0,
            Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}

/// Bytes with their length before them.
#[must_use]
pub fn frame(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a short message");
    [&length.to_be_bytes()[..], bytes].concat()
}

/// The first frame of a command.
#[must_use]
pub fn run(words: &[&str]) -> Value {
    serde_json::json!({"run": {"arguments": words, "can_ask": false, "is_read": false, "is_coloured": false, "zone": null}})
}
