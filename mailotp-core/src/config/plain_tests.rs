use proptest::prelude::*;
use proptest::sample::select;

use crate::config::oracle::{agrees, plain, reader, system_groups};

#[test]
fn rules_as_everybody_writes_them_are_plain() {
    for text in [
        "[[rule]]\naccept = []",
        "[[rule]]\naccept=['otp']#comment\n",
        "mode = \"observe\"\n\n[[rule]]\nname = \"ä, it's all\"\naccept = [ \"otp\" , \"password\" ]\n",
        "# nothing\n[groups]\nstaff = [\"alice\"]\n[[rule]] # first\n\tname = 'say \"a\"'\n\n\
         services = [\"Mail\"]\n# a comment\nfrom = [\n  \"192.0.2.0/24\", # office\n\n  \"local\",\n]\n\
         users = [\"@staff\", \"@vpn\", \"*@Example.com\", \"Bob\"]\naccept = [\"otp\"]\n\
         grace = \"secret\"\nmode = \"observe\"\n  [[rule]]\naccept = [\"otp\"]\n\n\
         [store]\nurl = \"sqlite:m.db\"\n[log]\nkeep = \"1d\"\n",
        "[[rule]]\nname = \"\"\nfrom = []\nusers = [\n]\naccept = []\n",
    ] {
        assert!(agrees(text), "{text}");
    }
}

/// Each is TOML, and good or not: the library has to say.
#[test]
fn whatever_else_toml_has_is_left_to_the_library() {
    let rule = "[[rule]]\naccept = [\"otp\"]\n";
    for text in [
        "".to_owned(),
        "mode = \"observe\"\n".to_owned(),
        // A rule that is none: it stands in a string, and so does one of its ends.
        format!("[otp]\nissuer = \"\"\"\n{rule}\"\"\"\n"),
        format!("[otp]\nissuer = '''\n{rule}\n[groups]\nx = '''\n"),
        format!("{rule}[otp]\nissuer = \"\"\"\n[[rule]]\naccept = []\n\"\"\"\n"),
        format!("[users]\nexempt = [\n{rule}]\n"),
        // Other ways to write one.
        "rule = [{ accept = [\"otp\"] }]\n".to_owned(),
        format!("rule = []\n{rule}"),
        "[[ rule ]]\naccept = [\"otp\"]\n".to_owned(),
        format!("[[\"rule\"]]\naccept = []\n{rule}"),
        format!("{rule}[rule.more]\n"),
        format!("{rule}more.words = 1\n"),
        format!("{rule}\"name\" = \"x\"\n"),
        format!("{rule}name = \"\\u0061\"\n"),
        format!("{rule}name = \"\"\"x\"\"\"\n"),
        format!("{rule}name = ''''''\n"),
        format!("{rule}name = \"a\tb\"\n"),
        rule.replace('\n', "\r\n"),
        format!("{rule}[otp]\ndigits = 6\n{rule}"),
        // Errors.
        format!("{rule}name = \"a\" \"b\"\n"),
        format!("{rule}name = \"a\nb\"\n"),
        format!("{rule}name = \"a\"\nname = \"b\"\n"),
        format!("{rule}users = [\"a\" \"b\"]\n"),
        format!("{rule}users = [,]\n"),
        format!("{rule}users = \"a\"\n"),
        format!("{rule}users = [\"@nobody\"]\n"),
        format!("{rule}from = [\"192.0.2.0/33\"]\n"),
        format!("{rule}acept = []\n"),
        format!("{rule}# \u{1}\n"),
        format!("{rule}{rule}accept = []\n"),
        format!("{rule}\n]\n"),
        format!("{rule}[[rule]"),
        format!("{rule}[[rule]]"),
        format!("[groups]\n{rule}[groups]\n"),
    ] {
        assert!(plain(&text).is_none(), "{text}");
    }
}

#[test]
fn a_thousand_rules_read_fast_and_share_what_they_have_in_common() {
    let mut asked = std::cell::Cell::new(0);
    let mut text = String::from("[groups]\nstaff = [\"alice\", \"bob\"]\n");
    for at in 0..1000 {
        text += &format!(
            "[[rule]]\nname = \"branch {at}\"\nservices = [\"imap\"]\nfrom = [\"10.0.{}.{}\"]\n\
             users = [\"@staff\", \"@vpn\", \"user{at}\"]\naccept = [\"otp\"]\n",
            at / 256,
            at % 256
        );
    }
    let config = reader(&text).plain(&|| {
        asked.set(asked.get() + 1);
        system_groups()
    });
    let config = config.expect("they are plain");
    assert_eq!(*asked.get_mut(), 1, "/etc/group is read once");
    let rules = config.rules.expect("there are rules");
    let shared = rules.shared();
    assert_eq!(shared, [2, 1, 1], "groups, lists of services, of means");
}

/// One of these lines, or none.
fn maybe(lines: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop_oneof![1 => Just(""), 1 => select(lines)]
}

/// A line that may be wrong, or more than plain.
fn odd() -> impl Strategy<Value = String> {
    let word = || {
        select(
            &[
                "\"imap\"",
                "\"alice\"",
                "'@vpn'",
                "\"10.0.0.0/8\"",
                "\"otp\"",
                "\"password\"",
                "\"a b\"",
                "''",
                "\"\\u0041\"",
                "x",
                "1",
                "\"ü\"",
                "\"\"\"x\"\"\"",
            ][..],
        )
    };
    let gap = || select(&["", " ", "\n", " # c\n", "\t", ","][..]);
    let list = proptest::collection::vec((gap(), word(), gap()), 0..3).prop_map(|words| {
        let word = |(before, word, after)| format!("{before}{word}{after}");
        let words: Vec<String> = words.into_iter().map(word).collect();
        format!("[{}]", words.join(","))
    });
    let value = prop_oneof![4 => list, 2 => word().prop_map(str::to_owned)];
    let key = select(
        &[
            "name", "services", "from", "users", "grace", "mode", "nmae", "# x", "[otp]\nx",
        ][..],
    );
    (key, value).prop_map(|(key, value)| format!("{key} = {value}\n"))
}

fn rule() -> impl Strategy<Value = String> {
    (
        maybe(&["\n", " # first\n", " "]),
        maybe(&["services = [\"imap\"]\n", "services=[ \"IMAP\" ,'mail' ]\n\n"]),
        maybe(&["from = [\"10.0.0.0/8\", \"::1\"] # here\n", "from = [\n\t'local',\n]\n"]),
        maybe(&["users = [\"alice\", \"@staff\"]\n", "users = [\"*@x\", 'Ü']\n", "users = []\n"]),
        maybe(&["grace = \"off\"\n", "  grace = 'secret'#\n"]),
        maybe(&["mode = 'observe'\n", "# comment\n", "mode\t=\t\"enforce\"\n"]),
        prop_oneof![9 => Just(String::new()), 1 => odd()],
        0_u32..999,
    )
        .prop_map(|(behind, services, from, users, grace, mode, odd, number)| {
            format!(
                "[[rule]]{behind}\n{services}{from}name = \"r{number}\"\n{users}accept = [\"otp\"]\n\
                 {grace}{mode}{odd}"
            )
        })
}

fn file() -> impl Strategy<Value = String> {
    (
        maybe(&[
            "mode = \"observe\"\n",
            "# [[rule]]\n",
            "[otp]\nissuer = \"\"\"\n",
        ]),
        prop_oneof![
            9 => Just("[groups]\nstaff = [\"alice\"]\n"),
            1 => Just("groups.staff = ['bob']\n"),
        ],
        proptest::collection::vec(rule(), 0..4),
        maybe(&[
            "[log]\nkeep = \"1d\"",
            "[users]\nexempt = [\n\"root\"]\n\n",
            "\"\"\"\n",
        ]),
        maybe(&[
            "[store]\nurl = \"sqlite:x\"\n",
            "\n[[rule]]\naccept = []",
            "\n",
        ]),
    )
        .prop_map(|(head, groups, rules, tail, more)| {
            format!("{head}{groups}{}{tail}{more}", rules.concat())
        })
}

/// What a slip of the hand puts in.
const SLIPS: &[&str] = &[
    "\"",
    "'",
    "[",
    "]",
    "[[",
    "]]",
    "=",
    ",",
    "#",
    "\n",
    "\r",
    "\t",
    " ",
    "\\",
    ".",
    "\u{1}",
    "é",
    "\"\"\"",
    "'''",
    "[[rule]]\n",
    "x",
    "\n[",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_plain_file_means_what_the_library_makes_of_it(
        text in file(),
        slips in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..3, select(SLIPS)), 0..2),
    ) {
        let mut text = text;
        for (at, gone, slip) in slips {
            let mut at = at.index(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let mut end = (at + gone).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(at..end, slip);
        }
        agrees(&text);
    }
}
