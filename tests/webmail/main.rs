//! The whole way of a user at an untrusted machine: a real Chromium, a real Roundcube with the plugin, a real Dovecot
//! with mailotp. `make test-webmail`; pictures of the pages are beside the products, in `webmail`.

#![forbid(unsafe_code)]

mod addresses;
mod browser;
mod expiry;
mod hostile;
mod journey;
mod relay;
mod settings;
mod stage;
