//! `pam-witness`: the same application, which looks for secrets in all memory that is given back, and in all
//! that is left when a login is over.

mod ffi;
mod footprint;
mod manners;
mod memory;
mod serve;
mod transaction;

fn main() {
    serve::run(&memory::Witness);
}
