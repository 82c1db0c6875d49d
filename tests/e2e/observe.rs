//! Observe mode: mailotp in front of a server whose users must not notice yet.

use crate::steps::sheet;
use crate::steps::stage::{CAFE, CONFIGURATION, LIBRARY, MAIN_PASSWORD, Stage};

#[test]
fn observed_users_log_in_as_before_and_the_log_says_who_could_not() {
    Stage::run(|stage| {
        let observe = CONFIGURATION.replace("\"enforce\"", "\"observe\"");
        stage
            .sandbox
            .write("/etc/mailotp/mailotp.toml", 0o644, &observe);
        stage
            .sandbox
            .set_system_password("carol", "carols-system-password");
        let sheet = sheet::add(stage, "alice");

        stage.accepted(CAFE, "alice", MAIN_PASSWORD);
        stage.accepted(CAFE, "carol", "carols-system-password");
        stage.refused(CAFE, "alice", "wrong");
        stage.refused(CAFE, "carol", "wrong");
        stage.accepted(CAFE, "alice", &sheet.codes[0]);

        // In an hour somebody switches over, and whoever has enrolled goes on.
        stage
            .sandbox
            .write("/etc/mailotp/mailotp.toml", 0o644, CONFIGURATION);
        stage.refused(CAFE, "alice", MAIN_PASSWORD);
        stage.accepted(LIBRARY, "alice", &sheet.codes[1]);
    });
}

#[test]
fn a_pilot_user_is_held_to_a_rule_while_the_others_are_observed() {
    Stage::run(|stage| {
        let pilot = CONFIGURATION.replace("\"enforce\"", "\"observe\"").replacen(
            "[[rule]]",
            "[[rule]]\nname = \"pilot\"\nusers = [\"alice\"]\nmode = \"enforce\"\naccept = [\"otp\"]\n\n[[rule]]",
            1,
        );
        stage
            .sandbox
            .write("/etc/mailotp/mailotp.toml", 0o644, &pilot);
        stage
            .sandbox
            .set_system_password("carol", "carols-system-password");
        let sheet = sheet::add(stage, "alice");
        stage.refused(CAFE, "alice", MAIN_PASSWORD);
        stage.accepted(CAFE, "alice", &sheet.codes[0]);
        stage.accepted(CAFE, "carol", "carols-system-password");
    });
}
