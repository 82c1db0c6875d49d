//! The format as a whole.

use std::io::{Cursor, Read, Write};

use proptest::prelude::*;
use x25519_dalek::{PublicKey, StaticSecret};

use super::payload::CHUNK;
use super::*;
use crate::context::System;

const SECRET: [u8; 32] = [7; 32];

fn recipient(secret: [u8; 32]) -> Recipient {
    let public = PublicKey::from(&StaticSecret::from(secret));
    let text = bech32::encode(public.as_bytes(), "age");
    Recipient::parse(&text).expect("it is one")
}

fn identity(secret: [u8; 32]) -> Unlock {
    let text = bech32::encode(&secret, "age-secret-key-").to_uppercase();
    let file = format!("# made for a test\n\n{text}\n");
    Unlock::Identities(Identity::parse_file(&file).expect("it is one"))
}

fn phrase(text: &str) -> PassPhrase {
    PassPhrase(Zeroizing::new(text.to_owned()))
}

fn sealed(plain: &[u8], lock: &Lock) -> Vec<u8> {
    let mut writer = seal(Vec::new(), lock, &mut System).expect("it can be sealed");
    writer.write_all(plain).unwrap();
    writer.finish().unwrap()
}

fn for_secret(plain: &[u8]) -> Vec<u8> {
    sealed(plain, &Lock::Recipients(vec![recipient(SECRET)]))
}

fn opened(file: &[u8], unlock: Unlock) -> Result<Vec<u8>, SealedError> {
    let mut plain = Vec::new();
    open(Cursor::new(file), |_| Ok::<_, SealedError>(unlock))?.read_to_end(&mut plain)?;
    Ok(plain)
}

fn some(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

#[test]
fn what_is_sealed_for_a_recipient_is_opened_by_its_identity_alone() {
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5] {
        let plain = some(length);
        let file = for_secret(&plain);
        assert_eq!(opened(&file, identity(SECRET)).unwrap(), plain, "{length}");
        assert!(matches!(
            opened(&file, identity([8; 32])),
            Err(SealedError::WrongKey)
        ));
        let typed = Unlock::PassPhrase(phrase("a pass phrase"));
        assert!(matches!(opened(&file, typed), Err(SealedError::OtherLock)));
    }
    let two = Lock::Recipients(vec![recipient([8; 32]), recipient(SECRET)]);
    assert_eq!(opened(&sealed(b"x", &two), identity(SECRET)).unwrap(), b"x");
}

#[test]
fn what_is_sealed_with_a_pass_phrase_is_opened_with_it_alone() {
    let file = sealed(b"precious", &Lock::PassPhrase(phrase("a pass phrase")));
    let typed = |text: &str| Unlock::PassPhrase(phrase(text));
    assert_eq!(opened(&file, typed("a pass phrase")).unwrap(), b"precious");
    assert!(matches!(
        opened(&file, typed("a pass phrasf")),
        Err(SealedError::WrongKey)
    ));
    assert!(matches!(
        opened(&file, identity(SECRET)),
        Err(SealedError::OtherLock)
    ));
    let is_asked = open(Cursor::new(&file), |pass_phrase| {
        assert!(pass_phrase);
        Err(SealedError::Poor)
    });
    assert!(matches!(is_asked, Err(SealedError::Poor)));
}

#[test]
fn a_file_that_asks_for_too_much_memory_is_refused_before_it_is_given() {
    let file = sealed(b"x", &Lock::PassPhrase(phrase("p")));
    let text = String::from_utf8_lossy(&file[..80]).into_owned();
    for work in ["0", "21", "30", "63", "255", "017", "+17", "x", ""] {
        let header = text.replacen(" 17\n", &format!(" {work}\n"), 1);
        let altered = [header.as_bytes(), &file[80..]].concat();
        let result = opened(&altered, Unlock::PassPhrase(phrase("p")));
        let refused = matches!(result, Err(SealedError::TooDear | SealedError::Altered));
        assert!(refused, "{work}");
    }
}

/// Where each chunk ends; and behind the header, and within each.
#[test]
fn a_file_that_is_cut_off_anywhere_is_no_file() {
    let plain = some(2 * CHUNK + 100);
    let file = for_secret(&plain);
    let body = file.len() - (plain.len() + 3 * 16);
    let ends = (0..=2).map(|chunks| body + chunks * (CHUNK + 16));
    let mut cuts: Vec<usize> = ends.flat_map(|end| [end - 1, end, end + 1]).collect();
    cuts.extend(0..body);
    cuts.push(file.len() - 1);
    for cut in cuts {
        assert!(opened(&file[..cut], identity(SECRET)).is_err(), "{cut}");
    }
    let more = [&file[..], b"x"].concat();
    assert!(opened(&more, identity(SECRET)).is_err());
}

#[test]
fn chunks_cannot_change_places_or_be_left_out() {
    let plain = some(3 * CHUNK);
    let file = for_secret(&plain);
    let body = file.len() - (plain.len() + 3 * 16);
    let (head, chunks) = file.split_at(body);
    let chunks: Vec<&[u8]> = chunks.chunks(CHUNK + 16).collect();
    for order in [
        &[0, 2][..],
        &[1, 0, 2],
        &[0, 1],
        &[0, 0, 1, 2],
        &[2],
        &[0, 1, 2, 2],
    ] {
        let moved: Vec<u8> = order.iter().flat_map(|at| chunks[*at]).copied().collect();
        let moved = [head, &moved].concat();
        assert!(opened(&moved, identity(SECRET)).is_err(), "{order:?}");
    }
}

#[test]
fn an_archive_gives_back_what_was_put_into_it() {
    let mut bytes = Vec::new();
    let files = [
        ("a", some(0)),
        ("b.toml", some(511)),
        ("c", some(1024)),
        ("d", some(70_000)),
    ];
    for (name, content) in &files {
        let size = content.len() as u64;
        let from = &mut &content[..];
        tar::add(&mut bytes, name, size, 1_000_000, from, &mut |_| {}).unwrap();
    }
    tar::end(&mut bytes).unwrap();
    assert_eq!(bytes.len() % 512, 0);
    let read = |bytes: &[u8]| -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut archive = Archive::new(bytes);
        let mut found = Vec::new();
        while let Some(entry) = archive.next()? {
            let mut content = vec![0; entry.size as usize];
            archive.read_exact(&mut content)?;
            found.push((entry.name, content));
        }
        Ok(found)
    };
    let found = read(&bytes).unwrap();
    assert_eq!(
        found,
        files.map(|(name, content)| (name.to_owned(), content))
    );
    for cut in (0..bytes.len()).step_by(256) {
        assert!(read(&bytes[..cut]).is_err(), "{cut}");
    }
    bytes[0] ^= 1;
    assert!(read(&bytes).is_err(), "a header that was altered");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_survive_whatever_pieces_they_are_written_in(
        length in 0usize..3 * CHUNK,
        piece in 1usize..2 * CHUNK,
    ) {
        let plain = some(length);
        let lock = Lock::Recipients(vec![recipient(SECRET)]);
        let mut writer = seal(Vec::new(), &lock, &mut System).unwrap();
        for part in plain.chunks(piece) {
            writer.write_all(part).unwrap();
        }
        let file = writer.finish().unwrap();
        prop_assert_eq!(opened(&file, identity(SECRET)).unwrap(), plain);
    }

    #[test]
    fn a_changed_bit_anywhere_opens_nothing(
        length in 0usize..CHUNK + 100,
        at in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let mut file = for_secret(&some(length));
        let at = at.index(file.len());
        file[at] ^= 1 << bit;
        prop_assert!(opened(&file, identity(SECRET)).is_err());
    }

    #[test]
    fn any_bytes_at_all_are_an_error_and_no_panic(bytes: Vec<u8>, with_header: bool) {
        let head: &[u8] = if with_header { b"age-encryption.org/v1\n-> X25519 " } else { b"" };
        let file = [head, &bytes].concat();
        prop_assert!(opened(&file, identity(SECRET)).is_err());
    }
}
