#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mailotp_core::fuzz::read("secret", bytes));
