//! The report, for people.

use crate::doctor::finding::{Area, Finding, Report, Severity};

const WIDTH: usize = 96;
/// How far what belongs to a finding is moved to the right.
const INDENT: &str = "      ";

/// By area: what is wrong, the worst first, and what is in order.
pub fn for_people(report: &Report) -> String {
    let findings = report.findings.iter().map(|finding| finding.code.area());
    let mut areas: Vec<Area> = findings
        .chain(report.checked.iter().map(|(area, _)| *area))
        .collect();
    areas.sort();
    areas.dedup();
    let codes = report.findings.iter().map(|one| one.code.as_str().len());
    let width = codes.max().unwrap_or(0);
    let mut text = String::new();
    for area in areas {
        text += &format!("{area}\n");
        let findings = report.findings.iter();
        let mut findings: Vec<&Finding> = findings.filter(|one| one.code.area() == area).collect();
        findings.sort_by_key(|finding| finding.severity);
        for finding in findings {
            text += &one(finding, width);
        }
        for (_, what) in report.checked.iter().filter(|(of, _)| *of == area) {
            text += &format!("  ✓ {what}\n");
        }
        text.push('\n');
    }
    text + &summary(report)
}

fn one(finding: &Finding, width: usize) -> String {
    let sign = match finding.severity {
        Severity::Error => '✗',
        Severity::Warning => '!',
        Severity::Info => 'i',
    };
    let code = finding.code.as_str();
    let place = &finding.place;
    let mut text = format!("  {sign} {code:width$}  {place}\n");
    for line in wrapped(&finding.message) {
        text += &format!("{INDENT}{line}\n");
    }
    // In one line, so that a command in it can be copied.
    text + &format!("{INDENT}→ {}\n", finding.remedy)
}

fn wrapped(message: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in message.split_whitespace() {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if line.is_empty() {
            line.push_str(word);
        } else if INDENT.len() + line.chars().count() + 1 + word.chars().count() <= WIDTH {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

fn summary(report: &Report) -> String {
    let [errors, warnings, infos] =
        [Severity::Error, Severity::Warning, Severity::Info].map(|one| report.count(one));
    let number = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    format!(
        "{}, {}, {} to know, {} in order\n",
        number(errors, "error"),
        number(warnings, "warning"),
        number(infos, "thing"),
        report.checked.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Code;

    #[test]
    fn findings_stand_in_their_area_the_worst_first_and_a_remedy_in_one_line() {
        let mut report = Report::default();
        report.checked(Area::Pam, "imap stays closed");
        report.info(Code::PamUnused, "/etc/pam.d", "nobody asks", "Ask.");
        let long = "many words ".repeat(20);
        report.error(
            Code::PamOpen,
            "/etc/pam.d/imap:1",
            long.clone(),
            long.clone(),
        );
        report.checked(Area::Files, "the key is private");
        let text = for_people(&report);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..3], ["Files", "  ✓ the key is private", ""]);
        assert_eq!(lines[3], "PAM");
        assert_eq!(lines[4], "  ✗ pam-open    /etc/pam.d/imap:1");
        assert!(lines[5].len() <= WIDTH && lines[6].starts_with(INDENT));
        assert!(lines.contains(&format!("{INDENT}→ {}", long).as_str()));
        assert!(text.ends_with(
            "  ✓ imap stays closed\n\n1 error, 0 warnings, 1 thing to know, 2 in order\n"
        ));
    }
}
