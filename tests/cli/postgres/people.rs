//! What people do by themselves, over the helper.

use harness::helper::Helper;
use harness::postgres::shared;
use harness::shared_site::ALONE;
use harness::site::Site;

use crate::HOME;

#[test]
fn users_of_two_hosts_reach_their_account_over_the_helper_of_either() {
    let url = shared().url(&shared().database());
    let site = Site::of_root_and_database(&url, ALONE, "");
    let other = site.another_host();
    let helpers = [Helper::start(&site), Helper::start(&other)];
    let (here, there) = (site.user("daemon"), other.user("daemon"));
    let sheet = site.sheet("daemon");
    let code = format!("{}\n", sheet.codes[0]);
    let made = here.json_reading(&code, &["add", "app-password", "phone"]);
    let secret = made["secret"].as_str().unwrap_or_default().to_owned();
    assert!(!secret.is_empty(), "{made}");
    let shown = there.json(&["show"]);
    let labels: Vec<_> = shown["credentials"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["label"].clone())
        .collect();
    assert!(labels.contains(&"phone".into()), "{shown}");
    for host in [&site, &other] {
        assert_eq!(host.verdict("imap", "daemon", HOME, &secret), "PAM_SUCCESS");
    }
    there.cli(&["revoke", "phone"]).done();
    for host in [&site, &other] {
        assert_eq!(
            host.verdict("imap", "daemon", HOME, &secret),
            "PAM_AUTH_ERR"
        );
    }
    for helper in helpers {
        assert_eq!(helper.end(), "");
    }
}
