//! What `doveconf -n` prints: settings, and sections in sections.

/// A section, or the whole.
#[derive(Debug, Default)]
pub struct Section {
    /// As `passdb` or `service`.
    pub kind: String,
    /// What stands behind it, as `auth-worker`.
    pub name: String,
    /// The line where it begins, counted from 1.
    pub line: usize,
    /// Its own settings, in their order.
    pub settings: Vec<(String, String)>,
    /// What is in it.
    pub sections: Vec<Section>,
}

impl Section {
    /// Reads all that was printed.
    pub fn parse(text: &str) -> Section {
        let mut open = vec![Section::default()];
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line == "}" {
                if open.len() > 1 {
                    close(&mut open);
                }
            } else if let Some(head) = line.strip_suffix('{') {
                let (kind, name) = head.trim().split_once(' ').unwrap_or((head.trim(), ""));
                open.push(Section {
                    kind: kind.to_owned(),
                    name: unquoted(name).to_owned(),
                    line: number,
                    ..Section::default()
                });
            } else if let Some((key, value)) = line.split_once('=') {
                let setting = (key.trim().to_owned(), unquoted(value).to_owned());
                let section = open.last_mut();
                section
                    .expect("the whole is never closed")
                    .settings
                    .push(setting);
            }
        }
        while open.len() > 1 {
            close(&mut open);
        }
        open.remove(0)
    }

    /// A setting of its own, the last of the name.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.settings.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }

    /// The words of a list: a value, or as 2.4 can also write it, a section of switches.
    pub fn list(&self, key: &str) -> Option<Vec<String>> {
        if let Some(value) = self.get(key) {
            return Some(value.split_whitespace().map(str::to_owned).collect());
        }
        let section = self.sections.iter().find(|section| section.kind == key)?;
        let on = section.settings.iter().filter(|(_, value)| is_yes(value));
        Some(on.map(|(name, _)| name.clone()).collect())
    }

    /// The sections of a kind, in their order.
    pub fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Section> {
        self.sections
            .iter()
            .filter(move |section| section.kind == kind)
    }

    /// All sections, however deep, and this one.
    pub fn every(&self) -> Vec<&Section> {
        let mut all = vec![self];
        all.extend(self.sections.iter().flat_map(Section::every));
        all
    }
}

/// What Dovecot takes for a yes.
pub fn is_yes(value: &str) -> bool {
    ["yes", "y", "1", "true"].contains(&value.to_ascii_lowercase().as_str())
}

fn close(open: &mut Vec<Section>) {
    if let Some(section) = open.pop()
        && let Some(around) = open.last_mut()
    {
        around.sections.push(section);
    }
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    let inner = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    inner.unwrap_or(value).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_sections_are_read() {
        let text = "# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf\n\
            protocols = \" imap submission\"\n\
            mailbox \"Sent Messages\" {\n  special_use = \\Sent\n}\n\
            service auth {\n  unix_listener private/auth {\n    mode = 0666\n  }\n  user = root\n}\n\
            passdb {\n  args = a=b c\n  driver = pam\n}\n";
        let whole = Section::parse(text);
        assert_eq!(whole.list("protocols").unwrap(), ["imap", "submission"]);
        assert_eq!(whole.sections[0].name, "Sent Messages");
        let auth = whole.all("service").next().unwrap();
        assert_eq!(
            (auth.name.as_str(), auth.get("user")),
            ("auth", Some("root"))
        );
        assert_eq!(auth.sections[0].name, "private/auth");
        let passdb = whole.all("passdb").next().unwrap();
        assert_eq!((passdb.line, passdb.get("args")), (12, Some("a=b c")));
        assert_eq!(whole.every().len(), 5);
    }

    #[test]
    fn lists_of_switches_are_read() {
        let whole = Section::parse("protocols {\n  imap = yes\n  lmtp = no\n  pop3 = yes\n}\n");
        assert_eq!(whole.list("protocols").unwrap(), ["imap", "pop3"]);
        assert_eq!(whole.list("auth_mechanisms"), None);
    }
}
