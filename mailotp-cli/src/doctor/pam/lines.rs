//! The lines of a PAM service: continued, commented, and split as libpam does it.

use super::code::Control;

/// What a line is about. The `password` lines are read and left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Auth,
    Account,
    Password,
    Session,
}

/// A line that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it begins, counted from 1.
    pub number: usize,
    /// What it says.
    pub says: Says,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// All lines of another file, of all groups; Debian's.
    IncludeAll(String),
    /// The lines of this group of another file.
    Include {
        group: Group,
        file: String,
        /// As a stack of its own, which ends for itself alone.
        apart: bool,
    },
    /// Ask a module.
    Module {
        group: Group,
        control: Control,
        path: String,
        arguments: Vec<String>,
    },
    /// libpam makes a module of it that always fails.
    Nonsense { group: Group, control: Control },
}

/// Reads a file.
pub fn parse(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut continued: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        // A comment between two halves separates nothing.
        if line.is_empty() && continued.is_some() && text_is_comment(text, number) {
            continue;
        }
        let (number, mut whole) = continued.take().unwrap_or((number, String::new()));
        match line.strip_suffix('\\') {
            Some(half) => continued = Some((number, whole + half + " ")),
            None => {
                whole += line;
                lines.extend(say(&whole).map(|says| Line { number, says }));
            }
        }
    }
    if let Some((number, whole)) = continued {
        lines.extend(say(&whole).map(|says| Line { number, says }));
    }
    lines
}

fn text_is_comment(text: &str, number: usize) -> bool {
    let line = text.lines().nth(number - 1).unwrap_or_default();
    line.trim_start().starts_with('#')
}

fn say(line: &str) -> Option<Says> {
    let mut words = words(line).into_iter();
    let first = words.next()?;
    if first == "@include" {
        return words.next().map(Says::IncludeAll);
    }
    // With a dash a missing module is not logged; it fails all the same.
    let group = match first.trim_start_matches('-').to_ascii_lowercase().as_str() {
        "auth" => Some(Group::Auth),
        "account" => Some(Group::Account),
        "password" => Some(Group::Password),
        "session" => Some(Group::Session),
        _ => None,
    };
    let Some(word) = words.next() else {
        return Some(Says::Nonsense {
            group: group.unwrap_or(Group::Auth),
            control: Control::bad(),
        });
    };
    let apart = word.eq_ignore_ascii_case("substack");
    if apart || word.eq_ignore_ascii_case("include") {
        return Some(match (group, words.next()) {
            (Some(group), Some(file)) => Says::Include { group, file, apart },
            (group, _) => Says::Nonsense {
                group: group.unwrap_or(Group::Auth),
                control: Control::bad(),
            },
        });
    }
    let control = Control::of_word(&word).unwrap_or_else(|| Control::of_brackets(&word));
    Some(match (group, words.next()) {
        (Some(group), Some(path)) => Says::Module {
            group,
            control,
            path,
            arguments: words.collect(),
        },
        // A group that does not exist is taken for the one that matters most.
        (group, _) => Says::Nonsense {
            group: group.unwrap_or(Group::Auth),
            control,
        },
    })
}

/// Words, of which one in square brackets may hold blanks, and `\]`.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (word, behind) = match rest.strip_prefix('[') {
            Some(inside) => bracketed(inside),
            None => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        words.push(word);
        rest = behind.trim_start();
    }
    words
}

fn bracketed(inside: &str) -> (String, &str) {
    let mut word = String::new();
    let mut chars = inside.char_indices();
    while let Some((at, letter)) = chars.next() {
        match letter {
            ']' => return (word, &inside[at + 1..]),
            '\\' if inside[at + 1..].starts_with(']') => {
                word.push(']');
                chars.next();
            }
            _ => word.push(letter),
        }
    }
    (word, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(line: &str) -> (Group, Control, String, Vec<String>) {
        let lines = parse(line);
        let [
            Line {
                says:
                    Says::Module {
                        group,
                        control,
                        path,
                        arguments,
                    },
                ..
            },
        ] = &lines[..]
        else {
            panic!("{line}: {lines:?}");
        };
        (*group, control.clone(), path.clone(), arguments.clone())
    }

    #[test]
    fn words_brackets_dashes_and_comments_are_read() {
        let required = Control::of_word("required").unwrap();
        for line in [
            "auth required pam_x.so a=1 b",
            "\tAUTH  Required  pam_x.so a=1  b  # why",
            "-auth required pam_x.so a=1 b",
            "auth required \\\n   pam_x.so \\\n# between\n a=1 b",
        ] {
            let (group, control, path, arguments) = module(line);
            assert_eq!((group, &control), (Group::Auth, &required), "{line:?}");
            assert_eq!(
                (path.as_str(), arguments),
                ("pam_x.so", vec!["a=1".to_owned(), "b".to_owned()])
            );
        }
        let (_, control, _, arguments) =
            module("account [success=1 default=ignore] pam_x.so [a b\\] c]");
        assert_eq!(control, Control::of_brackets("success=1 default=ignore"));
        assert_eq!(arguments, ["a b] c"]);
        assert_eq!(parse("# auth required x\n\n   \n"), []);
    }

    #[test]
    fn other_files_are_named_with_what_is_taken_of_them() {
        let says: Vec<Says> =
            parse("@include common-auth\nauth include a\naccount substack b # c\n")
                .into_iter()
                .map(|line| line.says)
                .collect();
        assert_eq!(
            says,
            [
                Says::IncludeAll("common-auth".into()),
                Says::Include {
                    group: Group::Auth,
                    file: "a".into(),
                    apart: false
                },
                Says::Include {
                    group: Group::Account,
                    file: "b".into(),
                    apart: true
                },
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_a_module_that_fails() {
        for line in ["auth", "auth required", "author required pam_x.so"] {
            let lines = parse(line);
            let nonsense = |line: &Line| {
                matches!(
                    line.says,
                    Says::Nonsense {
                        group: Group::Auth,
                        ..
                    }
                )
            };
            assert!(lines.len() == 1 && nonsense(&lines[0]), "{line}: {lines:?}");
        }
    }

    #[test]
    fn a_line_is_counted_where_it_begins() {
        let lines = parse("# 1\nauth required \\\n  pam_x.so\nauth required pam_y.so\n");
        let numbers: Vec<_> = lines.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [2, 4]);
    }
}
