//! The file of the module: one, in the folder where libpam looks.

use std::path::Path;

use crate::doctor::finding::{Area, Code, Report};

/// A file of this name in a folder of modules.
pub struct ModuleFile {
    /// Where it is, without links.
    pub path: String,
    /// Whether others than root can change it.
    pub writable: bool,
}

/// Looks at all that there are. `folder` is the one that libpam takes modules from, `named` whether
/// a stack asks for the module without saying where it is, and `gone` where stacks say that it is, and
/// it is not.
pub fn check(
    files: &[ModuleFile],
    folder: Option<&str>,
    named: bool,
    gone: &[String],
    report: &mut Report,
) {
    for path in gone {
        report.error(
            Code::ModuleMissing,
            path,
            "a stack asks for the module here, and it is not there: every login is refused",
            "Write its name alone into the stack, as pam_mailotp(8) has it, or put it there.",
        );
    }
    let folder_of = |file: &ModuleFile| Path::new(&file.path).parent().map(Path::to_path_buf);
    let in_place = |file: &&ModuleFile| match folder {
        Some(folder) => folder_of(file).as_deref() == Some(Path::new(folder)),
        None => true,
    };
    let taken = files.iter().find(in_place);
    if taken.is_none() && named {
        let place = folder.unwrap_or("the folder of PAM modules");
        report.error(
            Code::ModuleMissing,
            format!("{place}/pam_mailotp.so"),
            match files.first() {
                Some(other) => format!(
                    "libpam looks for the module here, and it is at {}: every login is refused",
                    other.path
                ),
                None => {
                    "stacks ask for the module, and it is not there: every login is refused".into()
                }
            },
            "Run where mailotp was built: make install (PAMDIR= says where to)",
        );
    }
    if files.len() > 1 {
        let all: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let taken = taken.map_or("none of them", |file| file.path.as_str());
        report.warning(
            Code::ModuleTwice,
            &files[0].path,
            format!(
                "the module is there more than once: {}; libpam takes {taken}",
                all.join(", ")
            ),
            "Remove the others: an upgrade may reach only one of them.",
        );
    }
    for file in files.iter().filter(|file| file.writable) {
        report.error(
            Code::File,
            &file.path,
            "others than root can change the module, which runs as root",
            format!("Run: chown root:root {0} && chmod 0644 {0}", file.path),
        );
    }
    if let (Some(file), 1) = (taken, files.len()) {
        report.checked(Area::Pam, format!("the module is {}", file.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "/usr/lib/security";

    fn found(paths: &[&str], named: bool) -> Vec<&'static str> {
        let files: Vec<ModuleFile> = paths
            .iter()
            .map(|path| ModuleFile {
                path: (*path).to_owned(),
                writable: path.contains("writable"),
            })
            .collect();
        let mut report = Report::default();
        check(&files, Some(FOLDER), named, &[], &mut report);
        let codes = report.findings.iter().map(|finding| finding.code.as_str());
        codes.collect()
    }

    #[test]
    fn one_module_in_its_folder_is_in_order() {
        assert!(found(&["/usr/lib/security/pam_mailotp.so"], true).is_empty());
        assert!(found(&[], false).is_empty(), "nobody asks for it");
    }

    #[test]
    fn a_module_that_is_missing_or_elsewhere_is_an_error() {
        assert_eq!(found(&[], true), ["module-missing"]);
        assert_eq!(
            found(&["/usr/lib64/security/pam_mailotp.so"], true),
            ["module-missing"]
        );
        let mut report = Report::default();
        check(
            &[],
            Some(FOLDER),
            false,
            &["/nowhere/pam_mailotp.so".into()],
            &mut report,
        );
        assert_eq!(report.findings[0].place, "/nowhere/pam_mailotp.so");
    }

    #[test]
    fn two_of_them_are_a_warning() {
        let two = [
            "/usr/lib/security/pam_mailotp.so",
            "/usr/lib64/security/pam_mailotp.so",
        ];
        assert_eq!(found(&two, true), ["module-twice"]);
    }

    #[test]
    fn a_module_that_others_can_change_is_an_error() {
        let mut report = Report::default();
        let file = ModuleFile {
            path: "/usr/lib/security/pam_mailotp.so".into(),
            writable: true,
        };
        check(&[file], Some(FOLDER), true, &[], &mut report);
        assert_eq!(report.findings[0].code, Code::File);
    }
}
