//! A site's door, as the command and the helper open it.

use std::time::Instant;

use mailotp_core::authenticate::Door;
use mailotp_core::request::{Request, Secret};
use mailotp_core::site::{Access, Site};

use crate::arena::InTurn;
use crate::commands::explain;
use crate::context::{Context, System, host_name};
use crate::error::{CliError, FAILED};
use crate::input;

/// Does something at the door of `site`. By `deadline` the store must have done all that it is asked.
pub fn at<T>(site: &Site, deadline: Option<Instant>, work: impl FnOnce(&mut Door<'_>) -> T) -> T {
    let host = host_name();
    let mut mark = site.marker();
    work(&mut Door {
        site,
        open_store: &mut || {
            let access = deadline.map_or(Access::Command, Access::Login);
            Ok(site.open_store(access)?)
        },
        keep_store: None,
        random: &mut System,
        arena: &mut InTurn,
        host: &host,
        mark: mark.as_mut().map(|mark| mark as &mut dyn FnMut(u64)),
    })
}

/// A login of the command line's account: the secret is asked for with `prompt`. `remedy` is for one that
/// cannot be any.
pub fn request(
    context: &Context<'_>,
    service: &str,
    from: &str,
    prompt: &str,
    remedy: &str,
) -> Result<Request, CliError> {
    let (service, remote) = explain::place(service, from)?;
    let account = context.account_name()?;
    let typed = input::secret(prompt)?;
    let secret = Secret::new(typed.as_bytes().to_vec().into())
        .map_err(|why| CliError::new(FAILED, why.to_string(), remedy))?;
    Ok(Request {
        account,
        service,
        remote,
        secret,
        alias: None,
        second_step: false,
    })
}
