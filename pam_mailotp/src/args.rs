//! The module's arguments. One that is not known is refused: a typing error must not open a door.

use std::ffi::CStr;
use std::path::PathBuf;

use mailotp_core::config::DEFAULT_PATH;
use mailotp_core::request::Service;

/// What stands behind `pam_mailotp.so` in a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Args {
    /// `config=FILE`
    pub config: PathBuf,
    /// `nullok`: enrolment is optional.
    pub nullok: bool,
    /// Where the secret comes from.
    pub secret: SecretSource,
    /// `second_step`: a module before has judged the password.
    pub second_step: bool,
    /// `challenge`: the gate.
    pub challenge: bool,
    /// `service=NAME`
    pub service: Option<Service>,
    /// `debug`
    pub debug: bool,
}

/// Where the secret comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretSource {
    /// The user is asked.
    #[default]
    Ask,
    /// `try_first_pass`: what a module before has asked for; else the user is asked.
    Try,
    /// `use_first_pass`: what a module before has asked for, and nothing else.
    Use,
}

impl Args {
    /// Reads the arguments; an error names the one that is wrong.
    pub fn parse(args: &[&CStr]) -> Result<Args, String> {
        let mut parsed = Args {
            config: DEFAULT_PATH.into(),
            nullok: false,
            secret: SecretSource::Ask,
            second_step: false,
            challenge: false,
            service: None,
            debug: false,
        };
        for arg in args {
            let text = arg
                .to_str()
                .map_err(|_| "an argument is not UTF-8".to_owned())?;
            match text.split_once('=') {
                Some(("config", path)) if path.starts_with('/') => parsed.config = path.into(),
                Some(("config", _)) => {
                    return Err(format!("\"{text}\": the path must be absolute"));
                }
                Some(("service", name)) => {
                    parsed.service =
                        Some(Service::new(name).map_err(|why| format!("\"{text}\": {why}"))?);
                }
                None => match text {
                    "nullok" => parsed.nullok = true,
                    "try_first_pass" => parsed.secret = SecretSource::Try,
                    "use_first_pass" => parsed.secret = SecretSource::Use,
                    "second_step" => parsed.second_step = true,
                    "challenge" => parsed.challenge = true,
                    "debug" => parsed.debug = true,
                    _ => return Err(format!("\"{text}\" is no argument of pam_mailotp")),
                },
                Some(_) => return Err(format!("\"{text}\" is no argument of pam_mailotp")),
            }
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_of_the_manual_is_understood() {
        let args = Args::parse(&[
            c"config=/srv/m.toml",
            c"nullok",
            c"use_first_pass",
            c"second_step",
            c"challenge",
            c"service=IMAP",
            c"debug",
        ])
        .unwrap();
        assert_eq!(args.config, PathBuf::from("/srv/m.toml"));
        assert_eq!(args.secret, SecretSource::Use);
        assert_eq!(args.service.unwrap().as_str(), "imap");
        assert!(args.nullok && args.second_step && args.challenge && args.debug);
        assert_eq!(
            Args::parse(&[]).unwrap().config,
            PathBuf::from(DEFAULT_PATH)
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            c"nulok",
            c"config=m.toml",
            c"config",
            c"service=",
            c"debug=1",
            c"",
            c"\xff",
            c"Nullok",
        ] {
            assert!(Args::parse(&[bad]).is_err(), "{bad:?}");
        }
    }
}
