//! The root folder of another Debian, with servers that cannot be installed beside ours, or not yet.
//!
//! It is made once by debootstrap, and stays beside the build. A sandbox in it writes into an overlay
//! that goes with its thread.

use std::fs::{self, File};
use std::io::copy;
use std::os::unix::fs::{PermissionsExt, chroot, symlink};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use nix::mount::{MsFlags, mount};

use crate::products::{COMMAND, MODULE, product};
use crate::sandbox::{HOME, Sandbox, leave_the_machine, pam_folder};
use crate::tool::tool;

/// What of the machine's `/dev` the servers use. `/dev/log` is a sandbox's own.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// A root folder, complete.
pub struct Root {
    folder: PathBuf,
}

impl Root {
    /// The root of this name, with this Debian and these packages in it.
    ///
    /// # Panics
    /// Where it cannot be made, with what debootstrap has to say.
    #[must_use]
    pub fn of(name: &str, suite: &str, packages: &[&str]) -> Root {
        // Of several tests that want it, the first makes it.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _first = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        // target/debug/pam-host → target/roots
        let host = product(crate::products::HOST);
        let target = host.ancestors().nth(2).expect("a build has a folder");
        let folder = target.join("roots").join(name);
        let made = folder.join("made-for-mailotp");
        let wanted = format!("{suite} {}", packages.join(","));
        if fs::read_to_string(&made).is_ok_and(|there| there == wanted) {
            return Root { folder };
        }
        println!("debootstrap of {wanted}: once, for some minutes");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the build can be written to");
        let place = folder.display().to_string();
        let packages = format!("--include={}", packages.join(","));
        let arguments = ["--variant=minbase", &packages, suite, &place, &archive()];
        let said = tool("debootstrap", "debootstrap", &arguments);
        let tail: Vec<&str> = said.stdout.lines().rev().take(5).collect();
        assert_eq!(said.code, 0, "{tail:#?}");
        fs::write(&made, wanted).expect("it is ours");
        Root { folder }
    }

    /// Runs `work` in a thread whose root this is, with mounts and a network of its own. What it
    /// writes is gone with it.
    pub fn run<T: Send>(&self, work: impl FnOnce(&Sandbox) -> T + Send) -> T {
        let enter = || work(&self.enter());
        let done = thread::scope(|scope| scope.spawn(enter).join());
        done.unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn enter(&self) -> Sandbox {
        let built = [MODULE, COMMAND].map(product);
        leave_the_machine();
        let [mut module, mut command] =
            built.map(|path| File::open(path).expect("the build can be read"));

        // The upper half of an overlay must not lie in another overlay, as the root may in a container.
        let upper = Path::new("/mnt");
        let none = MsFlags::empty();
        mount(Some("root"), upper, Some("tmpfs"), none, Some("mode=0755")).expect("cover /mnt");
        for name in ["changed", "work", "root"] {
            fs::create_dir(upper.join(name)).expect("it is ours");
        }
        let root = upper.join("root");
        let lower = self.folder.display();
        let halves = format!("lowerdir={lower},upperdir=/mnt/changed,workdir=/mnt/work");
        let halves = Some(halves.as_str());
        mount(Some("root"), &root, Some("overlay"), none, halves).expect("mount an overlay");
        bind(Path::new("/proc"), &root.join("proc"));
        let devices = root.join("dev");
        mount(
            Some("dev"),
            &devices,
            Some("tmpfs"),
            none,
            Some("mode=0755"),
        )
        .expect("cover /dev");
        for name in DEVICES {
            File::create(devices.join(name)).expect("it is ours");
            bind(&Path::new("/dev").join(name), &devices.join(name));
        }
        symlink("/proc/self/fd", devices.join("fd")).expect("it is ours");

        // `unshare` has given the thread a root folder of its own.
        chroot(&root).expect("root may");
        std::env::set_current_dir("/").expect("there is a root folder");
        fs::create_dir_all(HOME).expect("it is ours");
        put(&mut command, &Sandbox::command_path());
        put(&mut module, &pam_folder().join("pam_mailotp.so"));
        Sandbox::listening()
    }
}

/// The archive that this machine installs from.
fn archive() -> String {
    let arguments = [
        "indextargets",
        "--format",
        "$(SITE) $(RELEASE)",
        "Created-By: Packages",
    ];
    let said = tool("apt", "apt-get", &arguments).done().stdout;
    let site = said.lines().find_map(|line| line.strip_suffix(" bookworm"));
    let site = site.map(str::to_owned);
    site.unwrap_or_else(|| panic!("no archive of bookworm among apt's sources: {said}"))
}

fn bind(from: &Path, to: &Path) {
    let all = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(from), to, None::<&str>, all, None::<&str>)
        .unwrap_or_else(|error| panic!("bind {}: {error}", from.display()));
}

fn put(file: &mut File, path: &Path) {
    let mut to = File::create(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    copy(file, &mut to).expect("it can be copied");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
}
