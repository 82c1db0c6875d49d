//! What the build has made, where every user of a test can reach it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, Weak};

use tempfile::TempDir;

/// The PAM module, as the linker names it.
pub const MODULE: &str = "libpam_mailotp.so";
/// The command of administrators and users.
pub const COMMAND: &str = "mailotp-cli";
/// The PAM application of these tests.
pub const HOST: &str = "pam-host";
/// The same application, which looks for secrets in its memory.
pub const WITNESS: &str = "pam-witness";

/// How the module and the command were built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// Without any feature.
    Plain,
    /// With `--features postgres`.
    WithPostgres,
}

impl Build {
    /// Where its products lie, beside the plain ones.
    fn folder(self) -> &'static str {
        match self {
            Build::Plain => "",
            Build::WithPostgres => "with-postgres",
        }
    }
}

/// A file that the plain build has put beside the running test.
///
/// # Panics
/// Where it is missing, with the command that makes it.
#[must_use]
pub fn product(name: &str) -> PathBuf {
    product_of(Build::Plain, name)
}

/// The folder that the build writes to; or another one, of products that were built in another way.
fn profile() -> PathBuf {
    if let Some(folder) = std::env::var_os("MAILOTP_PRODUCTS") {
        return folder.into();
    }
    let test = std::env::current_exe().expect("the running test has a path");
    // Tests run from PROFILE/deps, programs from PROFILE.
    let mut folders = test.ancestors().skip(1);
    let profile = folders.find(|folder| !folder.ends_with("deps"));
    profile.expect("a program lies in a folder").to_owned()
}

/// A file that this build has made.
///
/// # Panics
/// Where it is missing, with the command that makes it.
#[must_use]
pub fn product_of(build: Build, name: &str) -> PathBuf {
    let path = profile().join(build.folder()).join(name);
    assert!(
        path.exists(),
        "{} is missing: run `make products` first",
        path.display()
    );
    path
}

/// Copies of the module, the command and the host in a folder that every user can enter: the
/// checkout may lie in one that only its owner can.
pub struct Products {
    folder: TempDir,
}

impl Products {
    /// The copies of this test process: made with the first site of this build, removed with the last.
    ///
    /// # Panics
    /// Where the build has not made them, or they cannot be copied.
    #[must_use]
    pub fn shared(build: Build) -> Arc<Self> {
        static LIVE: [Mutex<Weak<Products>>; 2] = [const { Mutex::new(Weak::new()) }; 2];
        // A test that failed in here has nothing half done to show to the next one.
        let mut live = LIVE[build as usize]
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(products) = live.upgrade() {
            return products;
        }
        let products = Arc::new(Self::copy(build));
        *live = Arc::downgrade(&products);
        products
    }

    fn copy(build: Build) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("mailotp-products-")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir()
            .expect("a temporary folder");
        // Not `fs::copy`: a child that another test forks meanwhile would hold the copy open for
        // writing, and running it would fail with "text file busy".
        let copied = Command::new("cp")
            .args([MODULE, COMMAND].map(|name| product_of(build, name)))
            .args([HOST, WITNESS].map(product))
            .arg(folder.path())
            .status()
            .expect("cp can be run");
        assert!(copied.success(), "cp could not copy the build products");
        Self { folder }
    }

    /// The copy of the file of this name.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder that holds them.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
