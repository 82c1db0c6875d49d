//! `pam-host`: a PAM application that does what each line of its standard input says, and prints
//! what came of it. It has a folder of service files of its own, so that it needs no root.

mod ffi;
mod footprint;
mod manners;
mod serve;
mod transaction;

fn main() {
    serve::run(&transaction::Blind);
}
