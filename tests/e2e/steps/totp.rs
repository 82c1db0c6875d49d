//! Step 6: the codes of an authenticator.

use harness::enrol::Totp;

use super::stage::{CAFE, LIBRARY, Stage, text};

/// One is confirmed, the next logs in, and that was it.
pub fn a_code_of_oathtool_is_accepted_once(stage: &Stage) {
    stage.step(6, "TOTP: a code that another program computes from the URI");
    let made = stage.ask("bob", &["--new", "add", "totp", "authenticator"]);
    let authenticator = Totp::new(text(&made["id"]), text(&made["uri"]));
    let code = compute(&authenticator, 0);
    stage.ask_with("bob", &["confirm", &authenticator.id], &format!("{code}\n"));
    stage.shows("a code has confirmed it; that one is spent, so the next one logs in");

    // The next period's code is within one period each way, and saves the wait for it.
    let code = compute(&authenticator, 1);
    stage.accepted(CAFE, "bob", &code);
    stage.remember("bob", "imap", CAFE, "accepted");
    stage.refused(LIBRARY, "bob", &code);
    stage.remember("bob", "imap", LIBRARY, "refused");
    stage.ask("bob", &["grace", "end"]);
    stage.refused(CAFE, "bob", &code);
    stage.remember("bob", "imap", CAFE, "refused");
    stage.shows("accepted once, although its period is not over");
}

fn compute(authenticator: &Totp, periods: i64) -> String {
    let code = authenticator.code(periods);
    println!("    $ oathtool --totp --base32 …\n      {code}");
    code
}
