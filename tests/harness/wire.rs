//! A line of conversation with a server, from a chosen address of the loopback, told as it goes.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};

/// Longer than any answer takes on a busy machine, shorter than anybody's patience.
const PATIENCE: Duration = Duration::from_secs(45);

/// A connection that remembers both sides of the conversation, and prints them once it was asked to.
pub struct Wire {
    stream: BufReader<TcpStream>,
    from: Ipv4Addr,
    told: bool,
    transcript: Vec<String>,
}

impl Wire {
    /// Connects to a port of 127.0.0.1.
    pub fn connect(from: Ipv4Addr, port: u16) -> nix::Result<Wire> {
        Wire::between(from, Ipv4Addr::LOCALHOST, port)
    }

    /// Connects to a port of any address.
    pub fn between(from: Ipv4Addr, to: Ipv4Addr, port: u16) -> nix::Result<Wire> {
        let stream = connect_from(from, to, port)?;
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("set a timeout");
        stream
            .set_write_timeout(Some(PATIENCE))
            .expect("set a timeout");
        let stream = BufReader::new(stream);
        Ok(Wire {
            stream,
            from,
            told: false,
            transcript: Vec::new(),
        })
    }

    /// Prints what comes from now on: a greeting tells nothing.
    pub fn tell(&mut self) {
        self.told = true;
    }

    /// Sends one line.
    pub fn send(&mut self, line: &str) {
        self.note(&format!("{} says:", self.from), line);
        if let Err(error) = self
            .stream
            .get_mut()
            .write_all(format!("{line}\r\n").as_bytes())
        {
            self.give_up(&error.to_string());
        }
    }

    /// Reads one line.
    pub fn line(&mut self) -> String {
        let mut line = Vec::new();
        match self.stream.read_until(b'\n', &mut line) {
            Ok(1..) => {}
            Ok(0) => self.give_up("the server has closed the connection"),
            Err(error) => self.give_up(&error.to_string()),
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        self.note("server answers:", &line);
        line
    }

    /// Both sides of the conversation so far, a line each.
    pub fn transcript(&self) -> &[String] {
        &self.transcript
    }

    fn note(&mut self, who: &str, line: &str) {
        if self.told {
            println!("    {who:<16} {}", shortened(line));
        }
        self.transcript.push(format!("{who} {line}"));
    }

    fn give_up(&self, why: &str) -> ! {
        panic!(
            "{why}, after this conversation:\n{}",
            self.transcript.join("\n")
        )
    }
}

/// A connection from a chosen address, which the standard library cannot make.
pub fn connect_from(from: Ipv4Addr, to: Ipv4Addr, port: u16) -> nix::Result<TcpStream> {
    let socket = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    let address = |ip, port| SockaddrIn::from(SocketAddrV4::new(ip, port));
    bind(socket.as_raw_fd(), &address(from, 0))?;
    connect(socket.as_raw_fd(), &address(to, port))?;
    Ok(TcpStream::from(socket))
}

/// The line without a list of capabilities, which tells nothing here.
pub fn shortened(line: &str) -> String {
    match (line.find("[CAPABILITY "), line.find(']')) {
        (Some(start), Some(end)) if start < end => {
            format!("{}[…]{}", &line[..start], &line[end + 1..])
        }
        _ => line.to_owned(),
    }
}
