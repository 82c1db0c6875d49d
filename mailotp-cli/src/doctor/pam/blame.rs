//! Findings about services. What many of them include is to blame once, with all their names.

use std::fmt;

use crate::doctor::finding::{Code, Finding, Report, Severity};

/// What was found so far, each with the services that it concerns.
#[derive(Default)]
pub struct Blame {
    found: Vec<(Finding, Vec<String>)>,
}

impl Blame {
    /// Something is wrong with a service. The remedy's words are the same for all that are concerned.
    pub fn add(
        &mut self,
        service: &str,
        (severity, code): (Severity, Code),
        place: impl fmt::Display,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let finding = Finding {
            severity,
            code,
            place: place.to_string(),
            message: message.into(),
            remedy: remedy.into(),
        };
        match self.found.iter_mut().find(|(known, _)| *known == finding) {
            Some((_, services)) => services.push(service.to_owned()),
            None => self.found.push((finding, vec![service.to_owned()])),
        }
    }

    /// Whether anything is wrong with a service.
    pub fn concerns(&self, service: &str) -> bool {
        let mut services = self.found.iter().flat_map(|(_, services)| services);
        services.any(|one| one == service)
    }

    /// Tells all of it.
    pub fn tell(self, report: &mut Report) {
        for (finding, services) in self.found {
            report.find(
                finding.severity,
                finding.code,
                finding.place,
                format!("{}: {}", services.join(", "), finding.message),
                finding.remedy,
            );
        }
    }
}
