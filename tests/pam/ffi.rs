//! The calls into libpam, and the one place of `unsafe` in these tests.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

use harness::host::{Answer, Phase, Prompt, Style};

const PAM_SUCCESS: c_int = 0;
const PAM_CONV_ERR: c_int = 19;
const PAM_ESTABLISH_CRED: c_int = 2;

/// An item of the handle that an application may set or read.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum Item {
    /// `PAM_USER`
    User = 2,
    /// `PAM_TTY`
    Tty = 3,
    /// `PAM_RHOST`
    Rhost = 4,
}

/// Gives `SIGPIPE` its default back, which Rust takes from it and a mail server need not: writing to who
/// has hung up ends the process.
pub fn as_in_c() {
    use nix::sys::signal::{SigHandler, Signal, signal};
    // SAFETY: no handler runs, so none has to be safe to run.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.expect("a signal with a default");
}

/// What the application says to a prompt, and what it was shown.
#[derive(Default)]
pub struct Conversation {
    /// The answers, in turn; the last one stays.
    pub answers: Vec<Answer>,
    /// Every message so far.
    pub prompts: Vec<Prompt>,
    asked: usize,
}

impl Conversation {
    /// A conversation with these answers.
    pub fn new(answers: Vec<Answer>) -> Self {
        Self {
            answers,
            ..Self::default()
        }
    }

    fn next(&mut self) -> Answer {
        let last = self.answers.len().saturating_sub(1);
        let answer = self.answers.get(self.asked.min(last)).cloned();
        self.asked += 1;
        answer.unwrap_or(Answer::Fails)
    }
}

/// A PAM transaction. Its end is `pam_end`.
pub struct Handle {
    raw: *mut PamHandle,
    status: c_int,
    conversation: *mut Conversation,
}

impl Handle {
    /// `pam_start_confdir`
    pub fn start(
        confdir: &CStr,
        service: &CStr,
        user: Option<&CStr>,
        conversation: Conversation,
    ) -> Result<Self, String> {
        let conversation = Box::into_raw(Box::new(conversation));
        let conv = PamConv {
            conv: converse,
            appdata: conversation.cast(),
        };
        let mut raw = ptr::null_mut();
        // SAFETY: the strings end with NUL and outlive the call, libpam copies `conv`, and what it
        // points to lives until `drop` has ended the transaction.
        let status = unsafe {
            pam_start_confdir(
                service.as_ptr(),
                user.map_or(ptr::null(), CStr::as_ptr),
                &raw const conv,
                confdir.as_ptr(),
                &raw mut raw,
            )
        };
        let handle = Self {
            raw,
            status,
            conversation,
        };
        if status == PAM_SUCCESS {
            Ok(handle)
        } else {
            Err(code(status))
        }
    }

    /// `pam_set_item`
    pub fn set(&mut self, item: Item, value: &CStr) {
        // SAFETY: the handle is live, and libpam copies the string.
        self.status = unsafe { pam_set_item(self.raw, item as c_int, value.as_ptr().cast()) };
        assert_eq!(self.status, PAM_SUCCESS, "pam_set_item");
    }

    /// `pam_get_item`
    pub fn get(&self, item: Item) -> Option<CString> {
        let mut value = ptr::null();
        // SAFETY: the handle is live; the string belongs to libpam and is copied at once.
        unsafe {
            pam_get_item(self.raw, item as c_int, &raw mut value);
            (!value.is_null()).then(|| CStr::from_ptr(value.cast()).to_owned())
        }
    }

    /// `pam_putenv`
    pub fn put_env(&mut self, assignment: &CStr) {
        // SAFETY: the handle is live, and libpam copies the string.
        self.status = unsafe { pam_putenv(self.raw, assignment.as_ptr()) };
        assert_eq!(self.status, PAM_SUCCESS, "pam_putenv");
    }

    /// Calls one phase: what it returned, by name.
    pub fn call(&mut self, phase: Phase) -> String {
        // SAFETY: the handle is live, and no reference into the conversation is.
        self.status = unsafe {
            match phase {
                Phase::Authenticate => pam_authenticate(self.raw, 0),
                Phase::Account => pam_acct_mgmt(self.raw, 0),
                Phase::Credentials => pam_setcred(self.raw, PAM_ESTABLISH_CRED),
                Phase::OpenSession => pam_open_session(self.raw, 0),
                Phase::CloseSession => pam_close_session(self.raw, 0),
            }
        };
        code(self.status)
    }

    /// What was shown so far.
    pub fn prompts(&self) -> Vec<Prompt> {
        // SAFETY: the box lives as long as the handle, and libpam uses it during `call` only.
        unsafe { (*self.conversation).prompts.clone() }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is ended once, and nobody uses the conversation after it.
        unsafe {
            if !self.raw.is_null() {
                pam_end(self.raw, self.status);
            }
            drop(Box::from_raw(self.conversation));
        }
    }
}

/// The conversation as libpam calls it.
extern "C" fn converse(
    count: c_int,
    messages: *mut *const PamMessage,
    responses: *mut *mut PamResponse,
    appdata: *mut c_void,
) -> c_int {
    let together = usize::try_from(count).unwrap_or_default();
    // SAFETY: libpam passes `count` valid messages, a place for the responses and the pointer of
    // `start`. The caller frees the responses and their texts with `free`, hence `calloc` and `strdup`.
    unsafe {
        let conversation = &mut *appdata.cast::<Conversation>();
        let array: *mut PamResponse = libc::calloc(together, size_of::<PamResponse>()).cast();
        assert!(!array.is_null(), "out of memory");
        *responses = array;
        for index in 0..together {
            let message = &**messages.add(index);
            let style = style(message.style);
            conversation.prompts.push(Prompt {
                style,
                text: CStr::from_ptr(message.text).to_bytes().to_vec(),
                together,
            });
            if !matches!(style, Style::Hidden | Style::Visible) {
                continue;
            }
            match conversation.next().when_it_is_time() {
                Answer::Between(..) => unreachable!("its time has come"),
                Answer::Text(text) => {
                    let text = CString::new(text).expect("an answer holds no NUL");
                    (*array.add(index)).text = libc::strdup(text.as_ptr());
                }
                Answer::NullText => {}
                Answer::NoResponse => {
                    libc::free(array.cast());
                    *responses = ptr::null_mut();
                    return PAM_SUCCESS;
                }
                Answer::Fails => {
                    libc::free(array.cast());
                    *responses = ptr::null_mut();
                    return PAM_CONV_ERR;
                }
            }
        }
    }
    PAM_SUCCESS
}

fn style(number: c_int) -> Style {
    match number {
        1 => Style::Hidden,
        2 => Style::Visible,
        3 => Style::Error,
        4 => Style::Info,
        other => Style::Other(other),
    }
}

/// The name of a return code.
fn code(number: c_int) -> String {
    const NAMES: [&str; 32] = [
        "PAM_SUCCESS",
        "PAM_OPEN_ERR",
        "PAM_SYMBOL_ERR",
        "PAM_SERVICE_ERR",
        "PAM_SYSTEM_ERR",
        "PAM_BUF_ERR",
        "PAM_PERM_DENIED",
        "PAM_AUTH_ERR",
        "PAM_CRED_INSUFFICIENT",
        "PAM_AUTHINFO_UNAVAIL",
        "PAM_USER_UNKNOWN",
        "PAM_MAXTRIES",
        "PAM_NEW_AUTHTOK_REQD",
        "PAM_ACCT_EXPIRED",
        "PAM_SESSION_ERR",
        "PAM_CRED_UNAVAIL",
        "PAM_CRED_EXPIRED",
        "PAM_CRED_ERR",
        "PAM_NO_MODULE_DATA",
        "PAM_CONV_ERR",
        "PAM_AUTHTOK_ERR",
        "PAM_AUTHTOK_RECOVERY_ERR",
        "PAM_AUTHTOK_LOCK_BUSY",
        "PAM_AUTHTOK_DISABLE_AGING",
        "PAM_TRY_AGAIN",
        "PAM_IGNORE",
        "PAM_ABORT",
        "PAM_AUTHTOK_EXPIRED",
        "PAM_MODULE_UNKNOWN",
        "PAM_BAD_ITEM",
        "PAM_CONV_AGAIN",
        "PAM_INCOMPLETE",
    ];
    let name = usize::try_from(number)
        .ok()
        .and_then(|index| NAMES.get(index));
    name.map_or_else(|| number.to_string(), |name| (*name).to_owned())
}

#[repr(C)]
struct PamHandle {
    _private: [u8; 0],
}

#[repr(C)]
struct PamMessage {
    style: c_int,
    text: *const c_char,
}

#[repr(C)]
struct PamResponse {
    text: *mut c_char,
    retcode: c_int,
}

#[repr(C)]
struct PamConv {
    conv: extern "C" fn(c_int, *mut *const PamMessage, *mut *mut PamResponse, *mut c_void) -> c_int,
    appdata: *mut c_void,
}

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_start_confdir(
        service: *const c_char,
        user: *const c_char,
        conv: *const PamConv,
        confdir: *const c_char,
        handle: *mut *mut PamHandle,
    ) -> c_int;
    fn pam_end(handle: *mut PamHandle, status: c_int) -> c_int;
    fn pam_set_item(handle: *mut PamHandle, item: c_int, value: *const c_void) -> c_int;
    fn pam_get_item(handle: *const PamHandle, item: c_int, value: *mut *const c_void) -> c_int;
    fn pam_putenv(handle: *mut PamHandle, assignment: *const c_char) -> c_int;
    fn pam_authenticate(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_acct_mgmt(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_setcred(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_open_session(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_close_session(handle: *mut PamHandle, flags: c_int) -> c_int;
}
