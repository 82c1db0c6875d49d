//! `store hosts`: who uses a store that several machines share.

use mailotp_core::admin;
use mailotp_core::site::{self, Site};
use serde_json::json;

use crate::cli::Cli;
use crate::error::CliError;
use crate::output::{Output, table};
use crate::time;

pub fn run(cli: &Cli, forget: Option<&str>) -> Result<(), CliError> {
    let site = Site::of(site::load_config(&cli.config)?).map_err(|failed| failed.1)?;
    let output = Output::new(cli.json);
    if let Some(host) = forget {
        admin::forget_host(&site, host)?;
        return Ok(output.show(&json!({ "forgotten": host }), || {
            format!("Nobody waits for the word of {host} any more.\n")
        })?);
    }
    let hosts = admin::hosts(&site)?;
    let document = hosts.iter().map(|host| {
        json!({
            "id": host.id, "name": host.name, "seen": time::utc(host.seen), "vouches": host.vouches,
        })
    });
    Ok(output.show(&document.collect(), || {
        let row = |host: &admin::MailHost| {
            let vouches = if host.vouches { "yes" } else { "not yet" };
            vec![
                host.name.clone(),
                host.id.clone(),
                time::local_day(host.seen),
                vouches.to_owned(),
            ]
        };
        table(
            &["HOST", "ID", "SEEN", "VOUCHES"],
            hosts.iter().map(row).collect(),
        )
    })?)
}
