//! Names of PAM services that Dovecot makes: `mailotp-%s`, and the conditions around it.

/// The names that a template can come to for these protocols; `None` stands for what cannot be told
/// from here.
pub fn expand(template: &str, protocols: &[String]) -> Vec<Option<String>> {
    let mut names = vec![Some(String::new())];
    let mut rest = template;
    while let Some(letter) = rest.chars().next() {
        let (alternatives, behind) = if letter == '%' {
            variable(&rest[1..], protocols)
        } else {
            let end = rest.find('%').unwrap_or(rest.len());
            (vec![Some(rest[..end].to_owned())], &rest[end..])
        };
        names = names
            .iter()
            .flat_map(|name| {
                alternatives
                    .iter()
                    .map(move |more| Some(name.clone()? + more.as_deref()?))
            })
            .collect();
        rest = behind;
    }
    names.sort();
    names.dedup();
    names
}

/// What a variable can be, and what stands behind it.
fn variable<'a>(text: &'a str, protocols: &[String]) -> (Vec<Option<String>>, &'a str) {
    let all = || protocols.iter().cloned().map(Some).collect();
    if let Some(inside) = text.strip_prefix('{') {
        let end = closing(inside);
        let (inner, behind) = (&inside[..end], inside.get(end + 1..).unwrap_or(""));
        if inner.starts_with("if;") {
            let parts = split(inner);
            let branches = parts.get(4..).unwrap_or_default().iter();
            let either = branches.flat_map(|part| expand(part, protocols)).collect();
            return (either, behind);
        }
        return (piped(inner, protocols), behind);
    }
    // Before the letter: how it is to be written, as in %Ls.
    let letter =
        text.trim_start_matches(|c: char| c.is_ascii_digit() || "LUHMDTRXNE.-".contains(c));
    let mut chars = letter.chars();
    match chars.next() {
        Some('s') => (all(), chars.as_str()),
        Some('%') => (vec![Some("%".into())], chars.as_str()),
        _ => (vec![None], chars.as_str()),
    }
}

/// What a variable of 2.4 can be, behind its filters: `local_port | if('*', '10*', 'webmail', protocol)`.
fn piped(inner: &str, protocols: &[String]) -> Vec<Option<String>> {
    let value = |word: &str| {
        let word = word.trim();
        let quoted = ['\'', '"']
            .iter()
            .find_map(|quote| word.strip_prefix(*quote)?.strip_suffix(*quote));
        match (word, quoted) {
            (_, Some(text)) => vec![Some(text.to_owned())],
            ("protocol" | "service", _) => protocols.iter().cloned().map(Some).collect(),
            _ => vec![None],
        }
    };
    let mut steps = apart(inner, '|').into_iter();
    let first = value(steps.next().unwrap_or_default());
    steps.fold(first, |before, step| {
        let condition = step.trim().strip_prefix("if(");
        match condition.and_then(|rest| rest.strip_suffix(')')) {
            // Operator and operand, and what it is then and otherwise.
            Some(arguments) => apart(arguments, ',')
                .iter()
                .skip(2)
                .copied()
                .flat_map(value)
                .collect(),
            None => before,
        }
    })
}

/// The parts between these, outside of quotes.
fn apart(text: &str, between: char) -> Vec<&str> {
    let mut quote = None;
    text.split(|letter| {
        match quote {
            Some(open) if open == letter => quote = None,
            None if letter == '\'' || letter == '"' => quote = Some(letter),
            _ => {}
        }
        quote.is_none() && letter == between
    })
    .collect()
}

/// The brace that closes, or the end.
fn closing(inside: &str) -> usize {
    let mut depth = 0;
    for (at, letter) in inside.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return at,
            '}' => depth -= 1,
            _ => {}
        }
    }
    inside.len()
}

/// The parts between the semicolons of this depth.
fn split(inner: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, letter) in inner.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ';' if depth == 0 => {
                parts.push(&inner[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_every_protocol_and_every_branch() {
        let protocols = ["imap".to_owned(), "pop3".to_owned()];
        for (template, names) in [
            ("dovecot", &["dovecot"][..]),
            ("mailotp-%s", &["mailotp-imap", "mailotp-pop3"]),
            (
                "mailotp-%Ls-challenge",
                &["mailotp-imap-challenge", "mailotp-pop3-challenge"],
            ),
            ("%{service}", &["imap", "pop3"]),
            (
                "mailotp-%{protocol | lower}",
                &["mailotp-imap", "mailotp-pop3"],
            ),
            (
                "%{if;%a;==;10143;mailotp-webmail;mailotp-%s}-challenge",
                &[
                    "mailotp-imap-challenge",
                    "mailotp-pop3-challenge",
                    "mailotp-webmail-challenge",
                ],
            ),
            ("%{if;%a;==;1;%{if;%l;==;x;a;b};c}", &["a", "b", "c"]),
            (
                "mailotp-%{local_port | if('*', '10*', 'webmail', protocol)}",
                &["mailotp-imap", "mailotp-pop3", "mailotp-webmail"],
            ),
            (
                "%{local_port|if(\"==\", ',|', \"a,b\", 'c') | upper}",
                &["a,b", "c"],
            ),
        ] {
            let found: Vec<_> = expand(template, &protocols).into_iter().flatten().collect();
            assert_eq!(found, names, "{template}");
        }
        assert_eq!(expand("x-%u", &protocols), [None]);
        assert_eq!(expand("%{oops", &protocols), [None]);
        assert_eq!(expand("%{user | lower}", &protocols), [None]);
        let either = expand("%{local_port | if('==', 1, user, 'b')}", &protocols);
        assert_eq!(either, [None, Some("b".into())]);
    }
}
