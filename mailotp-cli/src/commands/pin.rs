//! `pin`: a memorised prefix before every typed code.

use mailotp_core::request;
use serde_json::json;

use crate::cli::Pin;
use crate::context::Context;
use crate::error::CliError;
use crate::input;

pub fn run(context: &mut Context<'_>, action: &Pin) -> Result<(), CliError> {
    let (pin, site) = match action {
        Pin::Set { site } => {
            whose(context, *site)?;
            (Some(choose()?), *site)
        }
        Pin::Clear { site } => {
            whose(context, *site)?;
            (None, *site)
        }
    };
    if site {
        context.admin(|admin| admin.set_site_pin(pin.as_ref()))?;
    } else {
        let known = context.known()?;
        context.admin(|admin| admin.set_pin(&known, pin.as_ref()))?;
    }
    let is_set = pin.is_some();
    let document = json!({ "site": site, "set": is_set });
    Ok(context.output.show(&document, || {
        match (is_set, site) {
            (true, false) => "From now on the PIN belongs before every code, as in: PIN code\n",
            (true, true) => {
                "From now on the PIN belongs before every code of everybody who has none of their own.\n"
            }
            (false, false) => "The account has no PIN of its own any more.\n",
            (false, true) => "The site has no PIN any more.\n",
        }
        .to_owned()
    })?)
}

/// An account that does not exist is an error before anybody has typed a PIN for it.
fn whose(context: &mut Context<'_>, site: bool) -> Result<(), CliError> {
    match (site, &context.cli.user) {
        (true, Some(_)) => Err(CliError::usage(
            "the PIN of the site is nobody's own",
            "Leave out --site or --user.",
        )),
        (true, None) => Ok(()),
        (false, _) => context.known().map(|_| ()),
    }
}

fn choose() -> Result<request::Pin, CliError> {
    let typed = input::new_secret("New PIN: ", "Once more: ")?;
    request::Pin::new(&typed).map_err(|why| CliError::usage(why.to_string(), "Choose another PIN."))
}
