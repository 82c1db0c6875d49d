//! `make demo-webmail`: the webmail of the tests, left running for a person to try.

#![forbid(unsafe_code)]

mod relay;
#[allow(
    dead_code,
    reason = "the tests look at it, and a person looks at the pages"
)]
mod stage;

use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use relay::relay;
use stage::{CAFE, LIBRARY, Stage, USUAL};

fn main() {
    // Of this machine's own network: what is behind them is in another.
    let doors = [(8025, CAFE), (8026, LIBRARY)].map(|(port, from)| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .unwrap_or_else(|error| panic!("port {port}: {error}: end what listens there"));
        (listener, from)
    });
    Stage::run(USUAL, |stage| {
        let sheet = stage.user("alice");
        for (listener, from) in doors {
            let port = listener.local_addr().expect("it listens").port();
            println!("http://127.0.0.1:{port}/   as from {from}");
            relay(listener, from, "");
        }
        println!("\nUser alice, sheet {}:", sheet.name);
        for (at, code) in sheet.codes.iter().enumerate() {
            println!("  {:>2}  {code}", at + 1);
        }
        println!("\nCtrl-C ends it. Nothing of it stays on this machine.");
        loop {
            thread::park();
        }
    });
}
