//! The steps of `make demo`, each on a site of its own.

use crate::steps::stage::Stage;
use crate::steps::{app_password, log, rules, sheet, totp, webmail};

/// Every step must also be found in the log.
fn play(step: fn(&Stage)) {
    Stage::run(|stage| {
        step(stage);
        log::it_shows_all_of_it(stage);
    });
}

#[test]
fn a_code_of_a_sheet_opens_one_door_for_a_while() {
    play(sheet::story);
}

#[test]
fn a_totp_code_is_accepted_once() {
    play(totp::a_code_of_oathtool_is_accepted_once);
}

#[test]
fn an_app_password_opens_its_service_until_it_is_revoked() {
    play(app_password::it_opens_its_service_until_it_is_revoked);
}

#[test]
fn each_address_has_its_rule() {
    play(rules::each_address_has_its_rule);
}

#[test]
fn the_address_that_a_webmail_host_forwards_counts() {
    play(webmail::the_forwarded_address_counts);
}
