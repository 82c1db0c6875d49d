//! Step 8: what is accepted depends on where the login comes from.

use super::sheet;
use super::stage::{CAFE, NOWHERE, OFFICE, Stage};

/// The host's password in the office, a code in the café, nothing from nowhere.
pub fn each_address_has_its_rule(stage: &Stage) {
    stage.step(8, "rules: the host's password from one address, only a code from another, nothing from a third");
    let password = "carols-system-password";
    stage.sandbox.set_system_password("carol", password);
    let sheet = sheet::add(stage, "carol");

    stage.accepted(OFFICE, "carol", password);
    stage.remember("carol", "imap", OFFICE, "passed");
    stage.refused(OFFICE, "carol", "not-carols-password");
    stage.shows("in the office pam_unix decides");

    for secret in [password, &sheet.codes[0]] {
        stage.refused(NOWHERE, "carol", secret);
    }
    stage.remember("carol", "imap", NOWHERE, "denied");
    stage.shows("from nowhere not even a good code is looked at");

    let reply = stage.refused(CAFE, "carol", password);
    stage.remember("carol", "imap", CAFE, "refused");
    let due = sheet::due(stage, &sheet, &reply);
    stage.expect(due == 1, "number 1 is still due", due);
    stage.accepted(CAFE, "carol", &sheet.codes[0]);
    stage.remember("carol", "imap", CAFE, "accepted");
    stage.shows("in the café only the code opens, and the refusal before has not spent it");

    let explained = stage.ask(
        "carol",
        &[
            "explain",
            "--service",
            "imap",
            "--from",
            &OFFICE.to_string(),
        ],
    );
    stage.expect(
        explained["rule"] == "office",
        "the rule \"office\"",
        &explained,
    );
}
