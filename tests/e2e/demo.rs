//! `make demo`: the main job, from end to end, against a real Dovecot, told as it goes.

mod steps;

use std::panic;
use std::process::ExitCode;

use steps::stage::Stage;
use steps::{app_password, log, rules, sheet, totp, webmail};

fn main() -> ExitCode {
    // A step that fails says itself which, what it expected and what it got.
    panic::set_hook(Box::new(|failure| {
        let words = failure.payload();
        let text = words.downcast_ref::<String>().map(String::as_str);
        let text = text.or(words.downcast_ref::<&str>().copied());
        eprintln!("\nFAILED: {}", text.unwrap_or("for a reason without words"));
    }));
    match panic::catch_unwind(|| Stage::run(all)) {
        Ok(()) => {
            println!(
                "\nAll ten steps went as they should. Nothing of them is left on this machine."
            );
            ExitCode::SUCCESS
        }
        Err(_) => ExitCode::FAILURE,
    }
}

fn all(stage: &Stage) {
    sheet::story(stage);
    totp::a_code_of_oathtool_is_accepted_once(stage);
    app_password::it_opens_its_service_until_it_is_revoked(stage);
    rules::each_address_has_its_rule(stage);
    webmail::the_forwarded_address_counts(stage);
    log::it_shows_all_of_it(stage);
}
