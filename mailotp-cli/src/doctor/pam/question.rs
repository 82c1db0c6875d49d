//! What is asked of a stack: what it can come to if mailotp answers this.

use super::code::Code;
use super::lines::Group;
use super::stack::{Asks, Handler, Services};
use super::walk::{self, End};

/// What `auth` answers to whoever must not get in, and what libpam takes for its answer where the
/// module cannot be loaded.
pub const REFUSALS: [Code; 7] = [
    Code::AUTH_ERR,
    Code::PERM_DENIED,
    Code::MAXTRIES,
    Code::AUTHINFO_UNAVAIL,
    Code::CONV_ERR,
    Code::SYSTEM_ERR,
    Code::MODULE_UNKNOWN,
];

/// The same of `account`.
pub const ACCOUNT_REFUSALS: [Code; 5] = [
    Code::AUTH_ERR,
    Code::PERM_DENIED,
    Code::AUTHINFO_UNAVAIL,
    Code::SYSTEM_ERR,
    Code::MODULE_UNKNOWN,
];

/// Modules that look at no password. Any other is taken for one that does.
const BYSTANDERS: [&str; 33] = [
    "pam_permit.so",
    "pam_deny.so",
    "pam_access.so",
    "pam_cap.so",
    "pam_debug.so",
    "pam_echo.so",
    "pam_env.so",
    "pam_faildelay.so",
    "pam_faillock.so",
    "pam_filter.so",
    "pam_gnome_keyring.so",
    "pam_group.so",
    "pam_issue.so",
    "pam_keyinit.so",
    "pam_kwallet5.so",
    "pam_lastlog.so",
    "pam_limits.so",
    "pam_listfile.so",
    "pam_localuser.so",
    "pam_loginuid.so",
    "pam_mail.so",
    "pam_mkhomedir.so",
    "pam_motd.so",
    "pam_nologin.so",
    "pam_rootok.so",
    "pam_securetty.so",
    "pam_selinux.so",
    "pam_shells.so",
    "pam_succeed_if.so",
    "pam_time.so",
    "pam_usertype.so",
    "pam_warn.so",
    "pam_wheel.so",
];

/// Whether a module judges passwords.
pub fn judges(handler: &Handler) -> bool {
    matches!(handler.asks, Asks::Module { .. })
        && !handler.is_mailotp()
        && !BYSTANDERS.contains(&handler.module())
}

/// All that the stack can come to if mailotp returns `answer`, whatever the other modules say.
pub fn whatever_others_say(services: &Services, stack: &[Handler], answer: Code) -> Vec<End> {
    walk::ends(stack, &|handler| {
        if handler.is_mailotp() {
            vec![answer]
        } else {
            possible(services, handler)
        }
    })
}

/// The same if mailotp leaves it to the next module, and nobody takes the password.
pub fn nobody_takes_the_password(services: &Services, stack: &[Handler]) -> Vec<End> {
    walk::ends(stack, &|handler| {
        if handler.is_mailotp() {
            vec![Code::IGNORE]
        } else if judges(handler) {
            let yes = [Code::SUCCESS, Code::NEW_AUTHTOK_REQD, Code::IGNORE];
            let mut codes = possible(services, handler);
            codes.retain(|code| !yes.contains(code));
            codes
        } else {
            possible(services, handler)
        }
    })
}

/// What a module can return.
fn possible(services: &Services, handler: &Handler) -> Vec<Code> {
    let Asks::Module { path, .. } = &handler.asks else {
        return Vec::new();
    };
    if services.absent_modules.contains(path) {
        return vec![Code::MODULE_UNKNOWN];
    }
    match handler.module() {
        "pam_deny.so" => vec![Code::AUTH_ERR],
        "pam_permit.so" => vec![Code::SUCCESS],
        _ => Code::all().collect(),
    }
}

/// The stack that libpam takes: that of the service's file, or of `other`, where that says nothing.
pub fn taken(services: &Services, service: &str, group: Group) -> Vec<Handler> {
    let own = services.stack(service, group);
    if own.is_empty() {
        services.stack("other", group)
    } else {
        own
    }
}
