//! What fuzzing feeds with bytes: each target reads them in its way, and panics where what comes of it is not
//! as it must be. The targets themselves are in `tests/fuzz`, and what has been found interesting is in its
//! `corpus`, a folder for each; that is read by the tests of this crate as well.

use crate::{config, helper, import, model, request, rfc2289};

/// A target: reads what there is.
pub type Target = fn(&[u8]);

/// Each by its name.
pub const TARGETS: [(&str, Target); 9] = [
    ("secret", request::oracle::typed),
    ("name", request::oracle::named),
    ("answer", |bytes| as_text(bytes, rfc2289::oracle::text)),
    ("address", |bytes| as_text(bytes, config::oracle::network)),
    ("rules", config::oracle::rules::decide),
    ("config", |bytes| as_text(bytes, config::oracle::text)),
    ("import", import::oracle::text),
    ("wire", helper::wire::oracle),
    ("decide", model::history::of_bytes),
];

/// Has the target of this name read what there is.
pub fn read(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target
        .unwrap_or_else(|| panic!("there is no target {name}"))
        .1(bytes);
}

fn as_text(bytes: &[u8], read: fn(&str)) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        read(text);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::TARGETS;

    #[test]
    fn what_fuzzing_has_kept_is_read_as_it_must_be() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus");
        for (name, target) in TARGETS {
            let folder = corpus.join(name);
            let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
            let mut count = 0;
            for file in files {
                let path = file.unwrap().path();
                // Who looks for the file of a panic finds its name before it.
                println!("{}", path.display());
                target(&fs::read(path).unwrap());
                count += 1;
            }
            assert!(count > 0, "{name} has no corpus");
        }
    }
}
