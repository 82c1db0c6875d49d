use proptest::prelude::*;

use super::*;

#[test]
fn networks_are_prefixes_of_any_length_and_mapped_ones_are_ipv4() {
    for (text, meant) in [
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.0/23", "192.0.2.0/23"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:192.0.2.1", "192.0.2.1/32"),
    ] {
        assert_eq!(parse_network(text).unwrap().to_string(), meant);
    }
    for bad in [
        "",
        "example.com",
        "192.0.2.0/33",
        "192.0.2",
        "192.0.2.0/",
        "10/8",
        "010.0.0.1",
        "10.0.0.01",
        "256.0.0.1",
        "10.0.0.0/08",
        "10.0.0.0/256",
        "10.0.0.0/8/8",
        "10.0.0.0/8 ",
        "10.0.0.0.0/8",
        "/8",
        "::/129",
        "::/064",
        "fe80::1%eth0",
    ] {
        assert!(parse_network(bad).is_err(), "{bad:?}");
    }
}

/// What could be an address, and what nearly is.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<Ipv4Addr>().prop_map(|address| address.to_string()),
        any::<Ipv6Addr>().prop_map(|address| address.to_string()),
        proptest::array::uniform8(prop_oneof![Just(0_u16), any::<u16>()])
            .prop_map(|groups| Ipv6Addr::from(groups).to_string().to_uppercase()),
        "[0-9]{1,4}(\\.[0-9]{0,4}){2,5}",
        "[0-9a-fA-F:]{1,20}",
        "([0-9a-fA-F]{0,5}:){2,9}[0-9a-fA-F.]{0,5}",
        "[0-9a-f:.%/+ ]{0,30}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn an_address_is_what_the_standard_library_takes_it_for(text in text()) {
        crate::config::oracle::network(&text);
    }
}
