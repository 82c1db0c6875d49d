//! The services and modules of this machine's libpam.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::doctor::finding::Report;
use crate::doctor::pam::{ModuleFile, Services, check_module};

/// Where libpam looks for services, the first of a name first.
const SERVICE_FOLDERS: [&str; 2] = ["/etc/pam.d", "/usr/lib/pam.d"];

const MODULE: &str = "pam_mailotp.so";

/// Reads all services, and what they include by a whole path.
pub fn services() -> Services {
    let mut services = Services::default();
    for folder in SERVICE_FOLDERS {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(why) if why.kind() == std::io::ErrorKind::PermissionDenied => {
                services.unreadable.insert(folder.to_owned());
                continue;
            }
            Err(_) => continue,
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
                add(&mut services, name, &path);
            }
        }
    }
    // Those may include others, and each is read once.
    let mut tried = BTreeSet::new();
    loop {
        let mut wanted = services.wanted();
        wanted.retain(|path| tried.insert(path.clone()));
        if wanted.is_empty() {
            return services;
        }
        for path in wanted {
            add(&mut services, &path, Path::new(&path));
        }
    }
}

fn add(services: &mut Services, name: &str, path: &Path) {
    let shown = path.display().to_string();
    if !path.is_file() {
        return;
    }
    match fs::read(path) {
        Ok(text) => services.add(name, &shown, &String::from_utf8_lossy(&text)),
        Err(_) => {
            services.unreadable.insert(shown);
        }
    }
}

/// Looks for the module, and notes which other modules cannot be loaded.
pub fn look(services: &mut Services, report: &mut Report) {
    let folders = module_folders();
    // libpam's own lie where it looks.
    let own = folders
        .iter()
        .find(|folder| folder.join("pam_deny.so").exists());
    let all = services.module_paths();
    if let Some(own) = own {
        for path in &all {
            let there = if path.starts_with('/') {
                // What stands for the word size of the machine is libpam's to know.
                path.contains("$ISA") || Path::new(path).exists()
            } else {
                own.join(path).exists()
            };
            if !there {
                services.absent_modules.insert(path.clone());
            }
        }
    }
    let mut paths: Vec<PathBuf> = folders.iter().map(|folder| folder.join(MODULE)).collect();
    paths.retain(|path| path.exists());
    let files: Vec<ModuleFile> = paths.iter().map(|path| module_file(path)).collect();
    let own = own.map(|folder| folder.display().to_string());
    let ours = |path: &&String| path.ends_with(&format!("/{MODULE}"));
    let gone = services.absent_modules.iter().filter(ours);
    let gone: Vec<String> = gone.cloned().collect();
    check_module(&files, own.as_deref(), all.contains(MODULE), &gone, report);
}

fn module_file(path: &Path) -> ModuleFile {
    let writable = path
        .metadata()
        .is_ok_and(|metadata| metadata.uid() != 0 || metadata.mode() & 0o022 != 0);
    ModuleFile {
        path: path.display().to_string(),
        writable,
    }
}

/// The folders of modules that distributions have, each once, without links.
fn module_folders() -> Vec<PathBuf> {
    let multiarch = ["/usr/lib", "/lib"].iter().flat_map(|folder| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path())
    });
    let plain = ["/usr/lib64", "/lib64", "/usr/lib", "/lib"].map(PathBuf::from);
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in multiarch.chain(plain) {
        if let Ok(folder) = folder.join("security").canonicalize()
            && !folders.contains(&folder)
        {
            folders.push(folder);
        }
    }
    folders
}
