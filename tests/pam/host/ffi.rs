//! The calls into libpam, and the one place of `unsafe` in these tests.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::fd::{FromRawFd as _, OwnedFd, RawFd};
use std::ptr;

use harness::host::{Answer, Child, Item, MASK, Phase, Prompt, Style};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, Uid, fork, setuid};

use crate::footprint::{difference, surroundings};

const PAM_SUCCESS: c_int = 0;
const PAM_CONV_ERR: c_int = 19;
const PAM_ESTABLISH_CRED: c_int = 2;

/// Gives `SIGPIPE` its default back, which Rust takes from it and a mail server need not: writing to who
/// has hung up ends the process.
pub fn as_in_c() {
    use nix::sys::signal::{SigHandler, Signal, signal};
    // SAFETY: no handler runs, so none has to be safe to run.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.expect("a signal with a default");
}

/// Lets the kernel reap children: `wait` finds none (wait(2), "Errors").
pub fn ignore_children() {
    use nix::sys::signal::{SigHandler, Signal, signal};
    // SAFETY: no handler runs, so none has to be safe to run.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }.expect("a signal that can be ignored");
}

/// A descriptor that was just made.
pub fn owned(descriptor: RawFd) -> OwnedFd {
    // SAFETY: fcntl(2), F_DUPFD_CLOEXEC: it is a new one, and the caller keeps no copy of the number.
    unsafe { OwnedFd::from_raw_fd(descriptor) }
}

/// As some daemons do. What is opened next gets these numbers.
pub fn close_standard_descriptors() {
    for number in 0..=2 {
        // SAFETY: close(2): the host uses other descriptors from here on.
        unsafe { libc::close(number) };
    }
}

/// As somebody who prints something. Nobody should be there to read it.
pub fn write_to_standard_descriptors() {
    const TEXT: &[u8] = b"printed by the host";
    for number in 0..=2 {
        // SAFETY: write(2): the text is that long; a number that is not open is an error, and no more.
        unsafe { libc::write(number, TEXT.as_ptr().cast(), TEXT.len()) };
    }
}

/// Whom a conversation has forked.
#[derive(Default)]
pub enum Forked {
    /// Nobody.
    #[default]
    No,
    /// This is the parent of a child that goes on as well.
    Parent(Pid),
    /// This is the child.
    Child,
}

impl Forked {
    /// Waits for the child to be done. Whether this is the child.
    pub fn wait(self) -> bool {
        if let Self::Parent(child) = self {
            waitpid(child, None).expect("it is a child");
        }
        matches!(self, Self::Child)
    }
}

/// What the application says to a prompt, and what it was shown.
pub struct Conversation {
    /// The answers, in turn; the last one stays.
    answers: Vec<Answer>,
    /// Every message so far.
    pub prompts: Vec<Prompt>,
    /// What was otherwise than at the start when it forked.
    pub while_asked: Vec<String>,
    /// Whom it has forked.
    pub forked: Forked,
    before: Vec<String>,
    asked: usize,
    handle: *mut PamHandle,
}

impl Conversation {
    /// A conversation with these answers, in a process that was like this before it.
    pub fn new(answers: Vec<Answer>, before: Vec<String>) -> Self {
        Self {
            answers,
            before,
            prompts: Vec::new(),
            while_asked: Vec::new(),
            forked: Forked::No,
            asked: 0,
            handle: ptr::null_mut(),
        }
    }

    fn next(&mut self) -> Answer {
        let last = self.answers.len().saturating_sub(1);
        let answer = self.answers.get(self.asked.min(last)).cloned();
        self.asked += 1;
        answer.unwrap_or(Answer::Fails)
    }

    /// Whether whoever returns from here goes on.
    fn fork(&mut self, child: Child) -> bool {
        self.while_asked = difference(&self.before, &surroundings());
        // SAFETY: fork(2): the host has no second thread, so that the child may do whatever its parent may.
        match unsafe { fork() }.expect("the machine has room for a child") {
            ForkResult::Child if child == Child::Exits => std::process::exit(0),
            ForkResult::Child => {
                self.forked = Forked::Child;
                true
            }
            ForkResult::Parent { child: other } if child == Child::Both => {
                self.forked = Forked::Parent(other);
                true
            }
            ForkResult::Parent { child: other } => {
                waitpid(other, None).expect("it is a child");
                child == Child::Exits
            }
        }
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
            // SAFETY: the box lives as long as the handle, and no other reference into it does.
            unsafe { (*handle.conversation).handle = raw };
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
        if let Phase::Become(user) = phase {
            setuid(Uid::from_raw(user)).expect("root becomes whom it likes");
            return code(PAM_SUCCESS);
        }
        // SAFETY: the handle is live, and no reference into the conversation is.
        self.status = unsafe {
            match phase {
                Phase::Authenticate => pam_authenticate(self.raw, 0),
                Phase::Account => pam_acct_mgmt(self.raw, 0),
                Phase::Credentials => pam_setcred(self.raw, PAM_ESTABLISH_CRED),
                Phase::OpenSession => pam_open_session(self.raw, 0),
                Phase::CloseSession => pam_close_session(self.raw, 0),
                Phase::Become(_) => unreachable!("it is no call"),
            }
        };
        code(self.status)
    }

    /// `pam_end`: what the conversation has come to.
    pub fn end(mut self) -> Conversation {
        // SAFETY: the handle is ended once: `drop` finds it null. Then nobody uses the conversation, whose box
        // is taken once as well.
        unsafe {
            pam_end(self.raw, self.status);
            self.raw = ptr::null_mut();
            *Box::from_raw(std::mem::replace(&mut self.conversation, ptr::null_mut()))
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is ended once, and nobody uses the conversation after it.
        unsafe {
            if !self.raw.is_null() {
                pam_end(self.raw, self.status);
            }
            if !self.conversation.is_null() {
                drop(Box::from_raw(self.conversation));
            }
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
            let nothing = |status| {
                libc::free(array.cast());
                *responses = ptr::null_mut();
                status
            };
            let text = &mut (*array.add(index)).text;
            match conversation.next().when_it_is_time() {
                Answer::Between(..) => unreachable!("its time has come"),
                Answer::Text(answer) => *text = copy(&answer, 0),
                Answer::Masked(answer) => *text = copy(&answer, MASK),
                Answer::NullText => {}
                Answer::NoResponse => return nothing(PAM_SUCCESS),
                Answer::Fails => return nothing(PAM_CONV_ERR),
                Answer::FailsAfter(answer) => {
                    // pam_conv(3), "On failure": it releases what it has allocated. Here it lets others see
                    // where that was, and they must not touch it.
                    let released = copy(&answer, MASK);
                    *text = released;
                    libc::explicit_bzero(released.cast(), answer.len());
                    libc::free(released.cast());
                    libc::free(array.cast());
                    return PAM_CONV_ERR;
                }
                Answer::Sets(items, answer) => {
                    for (item, value) in items {
                        let value = CString::new(value).expect("an item holds no NUL");
                        pam_set_item(conversation.handle, item as c_int, value.as_ptr().cast());
                    }
                    *text = copy(&answer, 0);
                }
                Answer::Forks(child, answer) => {
                    if !conversation.fork(child) {
                        return nothing(PAM_CONV_ERR);
                    }
                    *text = copy(&answer, 0);
                }
            }
        }
    }
    PAM_SUCCESS
}

/// A text as the caller frees it, unmasked; the memory that it is in is the only one that holds it so.
fn copy(text: &[u8], mask: u8) -> *mut c_char {
    // SAFETY: calloc(3): one byte more than are written, and that one is zero.
    unsafe {
        let copy: *mut u8 = libc::calloc(text.len() + 1, 1).cast();
        assert!(!copy.is_null(), "out of memory");
        for (at, byte) in text.iter().enumerate() {
            copy.add(at).write(byte ^ mask);
        }
        copy.cast()
    }
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
