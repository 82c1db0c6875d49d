//! What must be true of whatever stands in the file: held by tests of made-up input, and by fuzzing.

pub(crate) mod rules;

use std::path::Path;

use super::Config;
use super::file::Reader;
use super::network::{leading_address, parse_network};

pub(super) fn reader(text: &str) -> Reader<'_> {
    Reader {
        path: Path::new("/site/mailotp.toml"),
        text,
    }
}

pub(super) fn system_groups() -> std::io::Result<String> {
    Ok("vpn:x:7:carol,dave\n".into())
}

pub(super) fn plain(text: &str) -> Option<Config> {
    reader(text).plain(&system_groups)
}

/// What is read as a plain text is what the TOML library reads; whether it is one.
pub(crate) fn agrees(text: &str) -> bool {
    let Some(mine) = plain(text) else {
        return false;
    };
    let theirs = reader(text).toml(&system_groups);
    let theirs = theirs.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let [mine, theirs] = [mine, theirs].map(|mut config| {
        let rules = config.rules.take().map(|rules| rules.written());
        format!("{rules:#?} {config:#?}")
    });
    assert_eq!(mine, theirs, "{text}");
    true
}

/// A text is a configuration, or an error that says on which line.
pub(crate) fn text(text: &str) {
    agrees(text);
    match Config::parse(reader(text).path, text, &system_groups) {
        Ok(config) => {
            assert_eq!(config.fingerprint(), Config::fingerprint_of(text));
            config.only_observes();
        }
        Err(error) => assert!(error.to_string().contains("/site/mailotp.toml"), "{error}"),
    }
}

/// An address is what the standard library takes it for, and a network holds its own address.
pub(crate) fn network(text: &str) {
    let found = leading_address(text).filter(|(_, behind)| behind.is_empty());
    assert_eq!(found.map(|(address, _)| address), text.parse().ok());
    if let Ok(net) = parse_network(text) {
        assert!(net.contains(&net.addr()));
        assert_eq!(parse_network(&net.to_string()), Ok(net));
    }
}
