//! What modules return, and what a line makes of it: the words of pam.conf(5).

/// What a module or a stack returned, by its number in `<security/_pam_types.h>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(u8);

/// The words for them in square brackets, by their number.
const NAMES: [&str; 32] = [
    "success",
    "open_err",
    "symbol_err",
    "service_err",
    "system_err",
    "buf_err",
    "perm_denied",
    "auth_err",
    "cred_insufficient",
    "authinfo_unavail",
    "user_unknown",
    "maxtries",
    "new_authtok_reqd",
    "acct_expired",
    "session_err",
    "cred_unavail",
    "cred_expired",
    "cred_err",
    "no_module_data",
    "conv_err",
    "authtok_err",
    "authtok_recover_err",
    "authtok_lock_busy",
    "authtok_disable_aging",
    "try_again",
    "ignore",
    "abort",
    "authtok_expired",
    "module_unknown",
    "bad_item",
    "conv_again",
    "incomplete",
];

impl Code {
    pub const SUCCESS: Code = Code(0);
    pub const SYSTEM_ERR: Code = Code(4);
    pub const PERM_DENIED: Code = Code(6);
    pub const AUTH_ERR: Code = Code(7);
    pub const AUTHINFO_UNAVAIL: Code = Code(9);
    pub const USER_UNKNOWN: Code = Code(10);
    pub const MAXTRIES: Code = Code(11);
    pub const NEW_AUTHTOK_REQD: Code = Code(12);
    pub const CONV_ERR: Code = Code(19);
    pub const IGNORE: Code = Code(25);
    pub const MODULE_UNKNOWN: Code = Code(28);

    /// All that a module returns. `PAM_CONV_AGAIN` and `PAM_INCOMPLETE` are for applications that
    /// come back, and no mail server does.
    pub fn all() -> impl Iterator<Item = Code> {
        (0..30).map(Code)
    }

    /// As programs name it.
    pub fn name(self) -> String {
        format!("PAM_{}", NAMES[usize::from(self.0)].to_ascii_uppercase())
    }
}

/// What a line does with what its module returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Ignore,
    Ok,
    Done,
    Bad,
    Die,
    Reset,
    /// Over so many lines.
    Jump(usize),
}

/// What a line does with each code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control([Action; NAMES.len()]);

impl Control {
    /// Of `required` and its like; `None`: it is another word.
    pub fn of_word(word: &str) -> Option<Control> {
        let (success, other) = match word.to_ascii_lowercase().as_str() {
            "required" => (Action::Ok, Action::Bad),
            "requisite" => (Action::Ok, Action::Die),
            "sufficient" => (Action::Done, Action::Ignore),
            "optional" => (Action::Ok, Action::Ignore),
            _ => return None,
        };
        let mut control = Control([other; NAMES.len()]);
        control.set(Code::SUCCESS, success);
        control.set(Code::NEW_AUTHTOK_REQD, success);
        control.set(Code::IGNORE, Action::Ignore);
        Some(control)
    }

    /// Of what stands in square brackets. What cannot be read makes all of it bad, as in libpam.
    pub fn of_brackets(text: &str) -> Control {
        let mut actions = [None; NAMES.len()];
        for word in text.split_whitespace() {
            let Some((code, action)) = word.split_once('=').and_then(pair) else {
                return Control::bad();
            };
            match code {
                Some(code) => actions[code] = Some(action),
                None => {
                    // What was said before `default` stays; what comes behind it counts.
                    for unsaid in actions.iter_mut().filter(|action| action.is_none()) {
                        *unsaid = Some(action);
                    }
                }
            }
        }
        Control(actions.map(|action| action.unwrap_or(Action::Bad)))
    }

    /// Everything is a failure.
    pub fn bad() -> Control {
        Control([Action::Bad; NAMES.len()])
    }

    fn set(&mut self, code: Code, action: Action) {
        self.0[usize::from(code.0)] = action;
    }

    /// What it does with this code.
    pub fn action(&self, code: Code) -> Action {
        self.0[usize::from(code.0)]
    }
}

/// A code, `None` for `default`, and its action.
fn pair((code, action): (&str, &str)) -> Option<(Option<usize>, Action)> {
    let code = code.to_ascii_lowercase();
    let code = if code == "default" {
        None
    } else {
        Some(NAMES.iter().position(|name| *name == code)?)
    };
    let action = match action.to_ascii_lowercase().as_str() {
        "ignore" => Action::Ignore,
        "ok" => Action::Ok,
        "done" => Action::Done,
        "bad" => Action::Bad,
        "die" => Action::Die,
        "reset" => Action::Reset,
        number => Action::Jump(number.parse().ok().filter(|lines| *lines > 0)?),
    };
    Some((code, action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_short_for_brackets() {
        for (word, brackets) in [
            (
                "required",
                "success=ok new_authtok_reqd=ok ignore=ignore default=bad",
            ),
            (
                "requisite",
                "success=ok new_authtok_reqd=ok ignore=ignore default=die",
            ),
            (
                "sufficient",
                "success=done new_authtok_reqd=done default=ignore",
            ),
            ("optional", "success=ok new_authtok_reqd=ok default=ignore"),
        ] {
            assert_eq!(
                Control::of_word(word),
                Some(Control::of_brackets(brackets)),
                "{word}"
            );
        }
        assert_eq!(Control::of_word("include"), None);
    }

    #[test]
    fn what_brackets_leave_unsaid_is_bad_and_what_cannot_be_read_makes_all_bad() {
        let control = Control::of_brackets("success=2 Default=DIE auth_err=ignore");
        assert_eq!(control.action(Code::SUCCESS), Action::Jump(2));
        assert_eq!(control.action(Code::AUTH_ERR), Action::Ignore);
        assert_eq!(control.action(Code::MAXTRIES), Action::Die);
        let control = Control::of_brackets("success=done");
        assert_eq!(control.action(Code::IGNORE), Action::Bad);
        for wrong in ["success", "succes=ok", "success=0", "success=okay", "=ok"] {
            assert_eq!(Control::of_brackets(wrong), Control::bad(), "{wrong}");
        }
    }
}
