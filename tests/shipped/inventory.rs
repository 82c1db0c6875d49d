//! The licences of others and the bill of materials, held against what cargo says by itself.

use std::collections::BTreeSet;

use harness::output::Output;
use harness::packaged::{source, text_of};
use harness::tool::tool;
use serde_json::Value;

fn inventory(what: &str) -> Output {
    let program = source("packaging/inventory").display().to_string();
    tool("python3", &program, &[what]).done()
}

/// What cargo itself says is linked in: name and version.
fn linked() -> BTreeSet<(String, String)> {
    let manifest = source("Cargo.toml").display().to_string();
    let words = [
        &[
            "tree",
            "--locked",
            "--all-features",
            "--manifest-path",
            &manifest,
        ][..],
        &[
            "--package",
            "mailotp-cli",
            "--package",
            "pam_mailotp",
            "--target",
            "x86_64-unknown-linux-gnu",
        ],
        &[
            "--edges",
            "normal,no-proc-macro",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ],
    ];
    let said = tool("cargo", "cargo", &words.concat()).done().stdout;
    let pairs = said.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((
            words.next()?.to_owned(),
            words.next()?.strip_prefix('v')?.to_owned(),
        ))
    });
    pairs.collect()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("a text: {value}"))
        .to_owned()
}

/// The required fields of https://cyclonedx.org/docs/1.5/json/, and what a reader leans on.
#[test]
fn the_bill_of_materials_is_cyclonedx_and_names_all_that_is_linked_in() {
    let made = inventory("sbom").stdout;
    assert_eq!(made, inventory("sbom").stdout, "it is the same each time");
    let bill: Value = serde_json::from_str(&made).expect("one JSON document");
    assert_eq!(bill["bomFormat"], "CycloneDX");
    assert_eq!(bill["specVersion"], "1.5");
    assert_eq!(bill["version"], 1);
    let serial = text(&bill["serialNumber"]);
    let number = serial.strip_prefix("urn:uuid:").expect("RFC 9562");
    assert_eq!(
        number.split('-').map(str::len).collect::<Vec<_>>(),
        [8, 4, 4, 4, 12]
    );
    assert_eq!(bill["metadata"]["component"]["name"], "mailotp");

    let components = bill["components"].as_array().expect("a list");
    let mut named = BTreeSet::new();
    let mut refs = BTreeSet::from([text(&bill["metadata"]["component"]["bom-ref"])]);
    for one in components {
        let (name, version) = (text(&one["name"]), text(&one["version"]));
        assert!(
            ["application", "library"].contains(&text(&one["type"]).as_str()),
            "{one}"
        );
        let purl = format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"));
        assert_eq!(one["purl"], purl.as_str(), "{one}");
        assert!(!text(&one["licenses"][0]["expression"]).is_empty(), "{one}");
        let own = ["mailotp-cli", "mailotp-core", "pam_mailotp"].contains(&name.as_str());
        let hash = one["hashes"][0]["content"].as_str().map_or(0, str::len);
        assert_eq!(hash, if own { 0 } else { 64 }, "{one}");
        assert!(refs.insert(text(&one["bom-ref"])), "{one} is there twice");
        named.insert((name, version));
    }
    assert_eq!(named, linked());
    let dependencies = bill["dependencies"].as_array().expect("a list");
    assert_eq!(dependencies.len(), refs.len());
    for one in dependencies {
        let on = one["dependsOn"].as_array().expect("a list");
        for name in on.iter().chain([&one["ref"]]) {
            assert!(refs.contains(&text(name)), "{name} is no component");
        }
    }
}

#[test]
fn the_licences_of_others_are_those_of_what_is_linked_in_today() {
    let shipped = text_of("packaging/THIRD-PARTY-NOTICES");
    assert!(
        shipped == inventory("notices").stdout,
        "dependencies have changed: make notices"
    );
    for (name, version) in linked() {
        let own = ["mailotp-cli", "mailotp-core", "pam_mailotp"].contains(&name.as_str());
        assert_eq!(
            shipped.contains(&format!("{name} {version}")),
            !own,
            "{name} {version}"
        );
    }
}
