//! How the module is linked.

fn main() {
    for flag in [
        // Never unmapped: a thread of the host that ends after the last pam_end still runs the
        // destructors of our thread-locals (rust-lang/rust#91979).
        "-Wl,-z,nodelete",
        // Every symbol is found now, or the module does not load.
        "-Wl,-z,defs",
        "-Wl,-z,now",
        "-Wl,-z,relro",
    ] {
        println!("cargo:rustc-cdylib-link-arg={flag}");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
