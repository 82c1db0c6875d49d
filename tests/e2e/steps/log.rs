//! Step 10: the log.

use super::stage::{Stage, run, text};

/// Every login that the steps before made a note of is in it.
pub fn it_shows_all_of_it(stage: &Stage) {
    stage.step(10, "the log shows all of it");
    stage.command(&["log"], "");
    let events = run(&["--json", "log", "--limit", "1000"], "").json_lines();
    let times: Vec<_> = events.iter().map(|event| text(&event["time"])).collect();
    stage.expect(
        times.is_sorted(),
        "the events in the order of their times",
        "another order",
    );
    for expected in stage.remembered().iter() {
        let found = events.iter().any(|event| {
            event["account"] == expected.account.as_str()
                && event["service"] == expected.service.as_str()
                && event["remote"] == expected.remote.as_str()
                && event["result"] == expected.result
        });
        let (account, service) = (&expected.account, &expected.service);
        let (remote, result) = (&expected.remote, expected.result);
        let event = format!("an event: {account} {service} {remote} {result}");
        stage.expect(found, &event, "none such in the log above");
    }
    stage.shows("who, as which service, from where, and what became of it");
}
