//! Between a browser and the webmail: a browser cannot choose the address that it comes from, so this comes
//! from there.

use std::io::{Read as _, Write as _, copy};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::thread;

use harness::wire::connect_from;

/// Where the webmail takes connections.
pub const WEB: u16 = 8080;

/// Puts through who comes to `listener`, as from this address, with these lines more in the head of each
/// request. The webmail's server takes one request of a connection.
pub fn relay(listener: TcpListener, from: Ipv4Addr, header: &'static str) {
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || put_through(client, from, header));
        }
    });
}

fn put_through(mut client: TcpStream, from: Ipv4Addr, header: &str) -> Option<()> {
    let mut server = connect_from(from, Ipv4Addr::LOCALHOST, WEB).ok()?;
    let mut start = Vec::new();
    let mut buffer = [0; 65536];
    let end = loop {
        let length = client.read(&mut buffer).ok().filter(|length| *length > 0)?;
        start.extend(&buffer[..length]);
        if let Some(end) = start.windows(2).position(|two| two == b"\r\n") {
            break end + 2;
        }
    };
    server.write_all(&start[..end]).ok()?;
    server.write_all(header.as_bytes()).ok()?;
    server.write_all(&start[end..]).ok()?;
    let (mut from_client, mut to_server) = (client.try_clone().ok()?, server.try_clone().ok()?);
    thread::spawn(move || {
        let _ = copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let _ = copy(&mut server, &mut client);
    client.shutdown(Shutdown::Both).ok()
}
