//! What no input may do to a reader.

use proptest::prelude::*;

use super::oracle::{ALL, text as read_as_all};
use super::{exports, parse, postfixadmin};

/// Files of every kind.
const FILES: [&str; 11] = [
    "2VJ6NXVBXP3FAXXDA4RD5LM6KU\n\" RATE_LIMIT 3 30\n\" HOTP_COUNTER 3\n\" TOTP_AUTH\n17993956\n",
    "HOTP\talice\t-\t3132333435363738393031323334353637383930\t2\t359152\t2026-11-25T23:28:16L\n",
    "OTPW1\n20 3 12 8\n---------------\n001P9DZDs57U3zC\n",
    "alice 0099 te5312           9e876134d90499dd  Nov 25,2026 23:28:16\n",
    "otpauth://totp/Ex:alice%40x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=6&period=30\n",
    "otpauth-migration://offline?data=CgwKCjEyMzQ1Njc4OTAYAiAA\n",
    exports::tests::AEGIS,
    exports::tests::FREEOTP,
    postfixadmin::tests::MYSQL,
    postfixadmin::tests::POSTGRES,
    postfixadmin::tests::BACKUP,
];

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_as_all(&text);
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "[\\PC\n\t'\"`\\\\(){}\\[\\],;:/$%=&?0-9A-Z]{0,200}") {
        read_as_all(text.as_bytes());
    }

    #[test]
    fn no_file_that_is_cut_or_damaged_makes_a_reader_panic(
        file in 0..FILES.len(), cut in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut text = FILES[file].as_bytes().to_vec();
        let at = at.index(text.len());
        text[at] = byte;
        text.truncate(cut.index(text.len() + 1));
        read_as_all(&text);
        read_as_all(&text[at.min(text.len())..]);
    }
}

#[test]
fn what_is_larger_than_any_such_file_is_refused_unread() {
    for source in ALL {
        let text = vec![b'\n'; source.limit() + 1];
        assert!(parse(source, &text).is_err());
        // As much as there may be is read in a time that nobody minds.
        for byte in *b"\n'(a[{-0\"" {
            let _ = parse(source, &vec![byte; 1 << 20]);
        }
    }
}
