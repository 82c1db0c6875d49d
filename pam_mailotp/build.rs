//! How the module is linked.

fn main() {
    // What a sanitizer calls is in the program that loads the module.
    let is_sanitized = std::env::var_os("CARGO_CFG_SANITIZE").is_some();
    let closed = (!is_sanitized).then_some("-Wl,-z,defs");
    for flag in [
        // Never unmapped: a thread of the host that ends after the last pam_end still runs the
        // destructors of our thread-locals (rust-lang/rust#91979).
        "-Wl,-z,nodelete",
        // Every symbol is found now, or the module does not load.
        "-Wl,-z,now",
        "-Wl,-z,relro",
    ]
    .into_iter()
    .chain(closed)
    {
        println!("cargo:rustc-cdylib-link-arg={flag}");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
