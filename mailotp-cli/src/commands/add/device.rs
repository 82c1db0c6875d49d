//! What a device is told of the mail server: by the options, else by the configuration, else by this
//! machine.

use mailotp_core::account::{Credential, Scope};
use mailotp_core::config::Config;
use mailotp_core::request::AccountName;

use crate::cli::{AppPassword, MailServer, PasswordFormat};
use crate::context::{Context, host_name};
use crate::error::CliError;
use crate::phone::{MailAccount, Server, is_address, is_host_name};

/// What is judged of a login that reads mail, and of one that sends it; where Dovecot has but one
/// PAM service, it is both.
const READING: [&str; 2] = ["imap", "dovecot"];
const SENDING: [&str; 3] = ["submission", "smtp", "dovecot"];

/// All that a device is told, but for the app password.
pub struct Device {
    user: String,
    address: String,
    issuer: String,
    server: Server,
    sends: bool,
}

impl Device {
    /// What the device of this account is told; `None` where nobody asked for it.
    pub fn of(
        context: &Context<'_>,
        wanted: &AppPassword,
        account: &AccountName,
        scope: &Scope,
    ) -> Result<Option<Device>, CliError> {
        let is_profile = wanted.format == PasswordFormat::Mobileconfig;
        if is_profile && wanted.qr.is_some() {
            return Err(CliError::usage(
                "a profile and a QR code would give one password to two devices",
                "Leave out --qr or --format mobileconfig, and make one app password for each device.",
            ));
        }
        if !is_profile && wanted.qr.is_none() {
            return if wanted.server.is_named() {
                Err(CliError::usage(
                    "a mail server is for the device to know, but nothing is made for one",
                    "Add: --qr terminal, or --format mobileconfig",
                ))
            } else {
                Ok(None)
            };
        }
        let config = &context.site.config;
        let serves = |name: &&str| scope.serves(name, config.group_of(name));
        if !READING.iter().any(&serves) {
            return Err(CliError::usage(
                "the scope leaves imap out, so no device can be set up to read mail",
                "Add: --service imap",
            ));
        }
        let host = host(&wanted.server, config)?;
        let address = address(&wanted.server, config, account)?;
        // Thunderbird's reader refuses others (`EmailAddress` of its qr-code-format.md).
        if wanted.qr.is_some() && !address.is_ascii() {
            return Err(CliError::usage(
                format!("\"{address}\": the QR code takes addresses in ASCII only"),
                "Name another address of the account with --address.",
            ));
        }
        let issuer = match config.issuer.as_str() {
            "" => host.clone(),
            issuer => issuer.to_owned(),
        };
        Ok(Some(Device {
            user: account.to_string(),
            address,
            issuer,
            server: Server {
                host,
                imap: wanted.server.imap_port.unwrap_or(993),
                submission: wanted.server.submission_port.unwrap_or(465),
            },
            sends: SENDING.iter().any(serves),
        }))
    }

    /// The same, with the app password.
    pub fn with<'a>(&'a self, credential: &'a Credential, password: &'a str) -> MailAccount<'a> {
        MailAccount {
            user: &self.user,
            address: &self.address,
            password,
            id: credential.id.as_str(),
            label: &credential.label,
            issuer: &self.issuer,
            server: &self.server,
            sends: self.sends,
        }
    }

    /// What people read of it, so that a wrong guess is noticed before the device has it.
    pub fn describe(&self) -> String {
        let Server {
            host,
            imap,
            submission,
        } = &self.server;
        let sending = if self.sends {
            format!("submission on port {submission}")
        } else {
            "and nothing for sending: the scope leaves submission out".to_owned()
        };
        format!(
            "It says: {}, user name {}, server {host}, IMAP on port {imap}, {sending}.\n",
            self.address, self.user
        )
    }
}

fn host(said: &MailServer, config: &Config) -> Result<String, CliError> {
    if let Some(host) = &said.server {
        return if is_host_name(host) {
            Ok(host.clone())
        } else {
            Err(CliError::usage(
                format!("\"{}\" is no name of a host", host.escape_debug()),
                "Correct --server; write a name beyond ASCII as xn--…",
            ))
        };
    }
    // An issuer is for people. One word may be anything; a name with a dot is hardly a title.
    if config.issuer.contains('.') && is_host_name(&config.issuer) {
        return Ok(config.issuer.clone());
    }
    let machine = host_name();
    if is_host_name(&machine) && machine != "localhost" {
        return Ok(machine);
    }
    Err(CliError::usage(
        "which mail server is it?",
        "Say so with: --server HOST",
    ))
}

fn address(said: &MailServer, config: &Config, account: &AccountName) -> Result<String, CliError> {
    if let Some(address) = &said.address {
        return if is_address(address) {
            Ok(address.clone())
        } else {
            Err(CliError::usage(
                format!("\"{}\" is no mail address", address.escape_debug()),
                "Correct --address.",
            ))
        };
    }
    let domain = &config.naming.domain;
    let address = match account.as_str() {
        name if name.contains('@') => name.to_owned(),
        name => format!("{name}@{domain}"),
    };
    if is_address(&address) {
        return Ok(address);
    }
    Err(CliError::usage(
        format!("what is the mail address of {account}?"),
        "Say so with: --address MAIL, or set domain in [users] of the configuration.",
    ))
}
