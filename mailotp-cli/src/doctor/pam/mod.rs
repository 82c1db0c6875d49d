//! PAM stacks: read as libpam reads them, and gone through in every way in which they can go.

mod blame;
mod check;
mod code;
mod lines;
mod module_file;
mod question;
mod stack;
#[cfg(test)]
mod tests;
mod walk;
#[cfg(test)]
mod walk_tests;

pub use check::check;
pub use lines::Group;
pub use module_file::{ModuleFile, check as check_module};
pub use stack::{Handler, Services};

/// What a service is to mailotp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its logins are judged.
    Pass,
    /// It is the gate.
    Gate,
    /// mailotp is not asked.
    Other,
}

impl Services {
    /// What a service is to mailotp.
    pub fn role(&self, service: &str) -> Role {
        let stack = self.stack(service, Group::Auth);
        if stack.iter().any(Handler::is_gate) {
            Role::Gate
        } else if stack.iter().any(Handler::is_mailotp) {
            Role::Pass
        } else {
            Role::Other
        }
    }

    /// Whether a service has anything of mailotp.
    fn concerns(&self, service: &str) -> bool {
        let has = |group| self.stack(service, group).iter().any(Handler::is_mailotp);
        has(Group::Auth) || has(Group::Account)
    }
}
