//! The module for SELinux, compiled by its own tools. What Debian's policy makes of it: `make servers`.

use std::path::Path;

use harness::output::Output;
use harness::packaged::text_of;
use harness::tool::tool;

/// Compiles it in this folder, as its first lines say.
fn compile(folder: &Path, policy: &str, contexts: &str) -> Output {
    let path = |name: &str| folder.join(name).display().to_string();
    let [te, fc, module, package] =
        ["mailotp.te", "mailotp.fc", "mailotp.mod", "mailotp.pp"].map(path);
    std::fs::write(&te, policy).expect("it is ours");
    std::fs::write(&fc, contexts).expect("it is ours");
    let said = tool(
        "checkpolicy",
        "checkmodule",
        &["-M", "-m", "-o", &module, &te],
    );
    if said.code != 0 {
        return said;
    }
    tool(
        "semodule-utils",
        "semodule_package",
        &["-o", &package, "-m", &module, "-f", &fc],
    )
}

#[test]
fn the_module_for_selinux_compiles_and_labels_with_its_own_types_alone() {
    let (policy, contexts) = (
        text_of("packaging/selinux/mailotp.te"),
        text_of("packaging/selinux/mailotp.fc"),
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let _ = compile(folder.path(), &policy, &contexts).done();
    let package = std::fs::metadata(folder.path().join("mailotp.pp")).expect("it was made");
    assert!(package.len() > 1000);
    for line in contexts.lines() {
        let own = line.split(':').nth(2).expect("user:role:type:level");
        assert!(policy.contains(&format!("\ntype {own};\n")), "{line}");
    }
    // Its compiler looks at what it is given.
    let broken = policy.replace("type mailotp_key_t;", "");
    assert_ne!(compile(folder.path(), &broken, &contexts).code, 0);
}
