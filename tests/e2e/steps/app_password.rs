//! Step 7: app passwords.

use harness::dovecot;
use harness::enrol::AppPassword;
use harness::submission::Submission;

use super::stage::{CAFE, LIBRARY, Stage, text};

/// One for IMAP, and one for submission as the counter-test.
pub fn it_opens_its_service_until_it_is_revoked(stage: &Stage) {
    stage.step(7, "an app password for one service");
    let phone = add(
        stage,
        &["--new", "add", "app-password", "phone", "--service", "imap"],
    );
    for from in [CAFE, LIBRARY] {
        stage.accepted(from, "dora", &phone.secret);
        stage.remember("dora", "imap", from, "accepted");
    }
    stage.shows("it works on IMAP, again and again, from anywhere");

    submit(stage, &phone.secret, 535);
    stage.remember("dora", "submission", CAFE, "refused");
    let sender = add(
        stage,
        &["add", "app-password", "sender", "--service", "submission"],
    );
    submit(stage, &sender.secret, 235);
    stage.remember("dora", "submission", CAFE, "accepted");
    stage.shows("submission takes one that was made for it, and not the phone's");

    stage.ask("dora", &["revoke", &phone.id]);
    stage.refused(CAFE, "dora", &phone.secret);
    stage.remember("dora", "imap", CAFE, "refused");
    submit(stage, &sender.secret, 235);
    stage.shows("revoked, it opens nothing; the other one still does");
}

fn add(stage: &Stage, arguments: &[&str]) -> AppPassword {
    let made = stage.ask("dora", arguments);
    AppPassword {
        id: text(&made["id"]),
        secret: text(&made["secret"]),
    }
}

fn submit(stage: &Stage, secret: &str, expected: u16) {
    let reply = Submission::connect(CAFE, dovecot::SUBMISSION).login("dora", secret);
    let right = reply.code == expected;
    let expected = format!("{expected} from the submission server");
    stage.expect(
        right,
        &expected,
        format_args!("{} {}", reply.code, reply.text),
    );
}
