//! Property lists, as a reader that is not ours understands them: Python's `plistlib`.

use serde_json::Value;

use crate::tool::feed;

/// Reads XML alone: what is no plist is an error, and so is what JSON cannot say.
const READER: &str = "import json, plistlib, sys; \
    json.dump(plistlib.load(sys.stdin.buffer, fmt=plistlib.FMT_XML), sys.stdout)";

/// What a property list says.
///
/// # Panics
/// Where it is none, or Python is missing.
#[track_caller]
#[must_use]
pub fn read(xml: &str) -> Value {
    feed("python3", "/usr/bin/python3", &["-c", READER], xml).json()
}
