//! What is wrong with the stacks that mailotp is in.

use std::path::Path;

use super::blame::Blame;
use super::code::Code as Pam;
use super::lines::Group;
use super::question::{
    ACCOUNT_REFUSALS, REFUSALS, judges, nobody_takes_the_password, taken, whatever_others_say,
};
use super::stack::{Handler, Services};
use super::walk::End;
use crate::doctor::finding::{Area, Code, Report, Severity};

/// The line that stays closed.
const GUARD: &str = "auth [success=done ignore=ignore default=die] pam_mailotp.so";

/// Modules that ask for a password of their own, unless they are told to take the one that there is.
const ASKERS: [&str; 7] = [
    "pam_unix.so",
    "pam_sss.so",
    "pam_ldap.so",
    "pam_krb5.so",
    "pam_winbind.so",
    "pam_userdb.so",
    "pam_mysql.so",
];

/// What the module knows behind its name.
const ARGUMENTS: [&str; 6] = [
    "nullok",
    "try_first_pass",
    "use_first_pass",
    "second_step",
    "challenge",
    "debug",
];

/// Services of a terminal: root may pass there without a password.
const ROOT_MAY: [&str; 6] = ["su", "su-l", "runuser", "runuser-l", "chsh", "chfn"];

/// Looks at every service that mailotp is in. `config` is what the command itself reads.
pub fn check(services: &Services, config: &Path, report: &mut Report) {
    for path in &services.unreadable {
        report.warning(
            Code::PamUnreadable,
            path,
            "it cannot be read, and was not looked at",
            "Run as root: mailotp-cli doctor",
        );
    }
    let concerned: Vec<&str> = services
        .names()
        .filter(|name| services.concerns(name))
        .collect();
    if concerned.is_empty() {
        report.info(
            Code::PamUnused,
            "/etc/pam.d",
            "no PAM service asks mailotp, and no login is affected by it",
            "Run: mailotp-cli setup dovecot --apply (or saslauthd, or sshd)",
        );
    }
    let mut blame = Blame::default();
    for service in &concerned {
        let auth = services.stack(service, Group::Auth);
        arguments(service, &auth, config, &mut blame);
        if auth.iter().any(Handler::is_gate) {
            gate(services, service, &auth, &mut blame);
        } else {
            if auth.iter().any(Handler::is_mailotp) {
                authentication(services, service, &auth, &mut blame);
            }
            account(services, service, &mut blame);
        }
    }
    for service in concerned {
        if !blame.concerns(service) {
            report.checked(Area::Pam, format!("{service} stays closed"));
        }
    }
    blame.tell(report);
}

fn arguments(service: &str, stack: &[Handler], config: &Path, blame: &mut Blame) {
    for handler in stack.iter().filter(|handler| handler.is_mailotp()) {
        for argument in handler.arguments() {
            let known = match argument.split_once('=') {
                Some(("config", path)) => {
                    if Path::new(path) != config && path.starts_with('/') {
                        blame.add(
                            service,
                            (Severity::Info, Code::PamConfig),
                            &handler.place,
                            format!(
                                "the module reads {path} here, and this is about {}",
                                config.display()
                            ),
                            format!("Look at that one, too: mailotp-cli --config {path} doctor"),
                        );
                    }
                    path.starts_with('/')
                }
                Some(("service", name)) => !name.is_empty(),
                _ => ARGUMENTS.contains(&argument.as_str()),
            };
            if !known {
                blame.add(
                    service,
                    error(Code::PamArgument),
                    &handler.place,
                    format!("the module does not know \"{argument}\", and refuses every login"),
                    "Correct the argument; pam_mailotp(8) names all.",
                );
            }
        }
    }
}

fn error(code: Code) -> (Severity, Code) {
    (Severity::Error, code)
}

fn is_a_success(end: &&End) -> bool {
    end.status == Pam::SUCCESS
}

fn authentication(services: &Services, service: &str, stack: &[Handler], blame: &mut Blame) {
    open(services, service, stack, &REFUSALS, blame);
    let left = nobody_takes_the_password(services, stack);
    if left.iter().filter(is_a_success).any(|end| end.asked) {
        blame.add(
            service,
            error(Code::PamLeftOpen),
            &guard_of(stack).place,
            "what mailotp leaves to the next module is let in, although none has taken \
             the password",
            "Put behind the module that judges passwords: auth requisite pam_deny.so",
        );
    }
    let by = whatever_others_say(services, stack, Pam::AUTH_ERR);
    if let Some(end) = by.iter().filter(is_a_success).find(|end| !end.asked) {
        let culprit = &stack[culprit(stack, end)];
        // Who is root already asks for nobody's password.
        if !(culprit.module() == "pam_rootok.so" && ROOT_MAY.contains(&service)) {
            blame.add(
                service,
                error(Code::PamBypass),
                &culprit.place,
                format!(
                    "the line with {} leads past mailotp: it ends the stack with a \
                     success, or jumps over it",
                    culprit.module()
                ),
                format!(
                    "Put the lines of mailotp above it, or take it out; the first \
                     is to be: {GUARD}"
                ),
            );
        }
    }
    let let_in = whatever_others_say(services, stack, Pam::SUCCESS);
    let left_to_others = whatever_others_say(services, stack, Pam::IGNORE);
    if !let_in
        .iter()
        .chain(&left_to_others)
        .any(|end| is_a_success(&end))
    {
        blame.add(
            service,
            error(Code::PamShut),
            &guard_of(stack).place,
            "nobody can get in, whatever mailotp says",
            format!("Write the stack of pam_mailotp(8); its first line is: {GUARD}"),
        );
    }
    first_pass(service, stack, blame);
}

/// Whether a stack lets in whom mailotp has refused.
fn open(
    services: &Services,
    service: &str,
    stack: &[Handler],
    refusals: &[Pam],
    blame: &mut Blame,
) {
    let mut codes = Vec::new();
    let mut says_yes = None;
    for code in refusals {
        let ends = whatever_others_say(services, stack, *code);
        if let Some(end) = ends.iter().filter(is_a_success).find(|end| end.asked) {
            codes.push(code.name());
            says_yes = says_yes.or_else(|| says_yes_in(stack, end));
        }
    }
    if codes.is_empty() {
        return;
    }
    let other = says_yes.map_or(String::new(), |handler: &Handler| {
        format!(
            ": {} at {} may still say yes",
            handler.module(),
            handler.place
        )
    });
    blame.add(
        service,
        error(Code::PamOpen),
        &guard_of(stack).place,
        format!(
            "the stack is open where mailotp returns {}{other}",
            codes.join(", ")
        ),
        if refusals.len() == REFUSALS.len() {
            format!("Write: {GUARD}")
        } else {
            "Write: account required pam_mailotp.so".to_owned()
        },
    );
}

/// The last line that said yes on the way to an end, and is not mailotp's.
fn says_yes_in<'a>(stack: &'a [Handler], end: &End) -> Option<&'a Handler> {
    let yes = end
        .steps
        .iter()
        .rev()
        .find(|(line, code)| *code == Pam::SUCCESS && !stack[*line].is_mailotp());
    yes.map(|(line, _)| &stack[*line])
}

/// The line that led past mailotp: the last one that was asked above it.
fn culprit(stack: &[Handler], end: &End) -> usize {
    let guard = stack.iter().position(Handler::is_mailotp).unwrap_or(0);
    let above = end.steps.iter().rev().find(|(line, _)| *line < guard);
    above.map_or(0, |(line, _)| *line)
}

fn guard_of(stack: &[Handler]) -> &Handler {
    let guard = stack.iter().find(|handler| handler.is_mailotp());
    guard.expect("only stacks with mailotp are looked at")
}

/// Whether the module that is to take the password asks for another one.
fn first_pass(service: &str, stack: &[Handler], blame: &mut Blame) {
    let Some(guard) = stack.iter().position(Handler::is_mailotp) else {
        return;
    };
    if stack[guard].has("second_step") {
        return;
    }
    let next = stack[guard + 1..].iter().find(|handler| judges(handler));
    if let Some(next) = next.filter(|next| ASKERS.contains(&next.module()))
        && !next.has("use_first_pass")
        && !next.has("try_first_pass")
    {
        blame.add(
            service,
            (Severity::Warning, Code::PamFirstPass),
            &next.place,
            format!(
                "{} asks for a password of its own, and does not take the one that \
                 mailotp leaves to it: a password with a code behind it is wrong there",
                next.module()
            ),
            format!("Put use_first_pass behind {}", next.module()),
        );
    }
}

fn account(services: &Services, service: &str, blame: &mut Blame) {
    let stack = taken(services, service, Group::Account);
    if !stack.iter().any(Handler::is_mailotp) {
        // A part of other services is none by itself.
        if services.is_included(service) {
            return;
        }
        let severity = if service == "sshd" {
            Severity::Warning
        } else {
            Severity::Info
        };
        blame.add(
            service,
            (severity, Code::PamAccount),
            services.path(service).unwrap_or("/etc/pam.d"),
            "mailotp is not asked about accounts, and locked ones get in by whatever it \
             is not asked about, as keys",
            "Put above the other lines of account: account required pam_mailotp.so",
        );
        return;
    }
    open(services, service, &stack, &ACCOUNT_REFUSALS, blame);
    let by = whatever_others_say(services, &stack, Pam::AUTH_ERR);
    if let Some(end) = by.iter().filter(is_a_success).find(|end| !end.asked) {
        let culprit = &stack[culprit(&stack, end)];
        blame.add(
            service,
            (Severity::Warning, Code::PamBypass),
            &culprit.place,
            format!(
                "in account the line with {} leads past mailotp: locked accounts \
                 and rules that deny are not asked about",
                culprit.module()
            ),
            "Put above it: account required pam_mailotp.so",
        );
    }
}

/// The gate sends on with `PAM_USER_UNKNOWN`, and nobody else may say that.
fn gate(services: &Services, service: &str, stack: &[Handler], blame: &mut Blame) {
    let mut codes = Vec::new();
    let mut unknown_to = None;
    for code in REFUSALS {
        let ends = whatever_others_say(services, stack, code);
        if let Some(end) = ends.iter().find(|end| end.status == Pam::USER_UNKNOWN) {
            codes.push(code.name());
            let other = (end.steps.iter()).find(|(_, code)| *code == Pam::USER_UNKNOWN);
            unknown_to = other.map(|(line, _)| &stack[*line]).or(unknown_to);
        }
    }
    if let Some(other) = unknown_to {
        blame.add(
            service,
            error(Code::GateOpen),
            &other.place,
            format!(
                "the gate is open where mailotp returns {}: {} here sends on whom it does not know",
                codes.join(", "),
                other.module()
            ),
            "Write the gate of pam_mailotp(8): auth [default=die] pam_mailotp.so challenge",
        );
    }
}
