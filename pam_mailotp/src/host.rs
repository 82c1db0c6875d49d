//! The host, as hooks see it: a trait over the PAM handle, so that a script can stand in for it.
//! Items are copied before anything is asked: a conversation may replace them under our hands.

use pam::constants::{PAM_PROMPT_ECHO_OFF, PamResultCode};
use pam::conv::Conv;
use pam::items::{AuthTok, RHost, Service, Tty, User};
use pam::module::PamHandle;
use zeroize::Zeroizing;

use crate::descriptors::Covered;
use crate::ffi;

/// Bytes that somebody typed.
pub type Typed = Zeroizing<Vec<u8>>;

/// How `auth` ended on a handle, for the phases that follow on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Let in by us, by these words.
    Accepted(Words),
    /// Refused by us.
    Refused,
    /// Left to others.
    PassedOn,
    /// Left to others by observe mode: enforce mode would have refused.
    Observed,
}

/// A number for all that decided: the words of the configuration, and who came from where to what. In
/// `account` the same number means the same verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words(pub u64);

/// What a hook needs of its host.
pub trait Host {
    /// `PAM_SERVICE`.
    fn service(&self) -> Option<Vec<u8>>;
    /// `PAM_USER`; the host may ask for it.
    fn user(&mut self) -> Result<Vec<u8>, PamResultCode>;
    /// `PAM_RHOST`.
    fn rhost(&self) -> Option<Vec<u8>>;
    /// `PAM_TTY`.
    fn tty(&self) -> Option<Vec<u8>>;
    /// `PAM_AUTHTOK`, which a module before may have set.
    fn authtok(&self) -> Option<Typed>;
    /// Sets `PAM_AUTHTOK` for the next module.
    fn set_authtok(&mut self, secret: &[u8]) -> Result<(), PamResultCode>;
    /// Sets `PAM_USER`: an alias becomes the account that it stands for.
    fn set_user(&mut self, user: &str) -> Result<(), PamResultCode>;
    /// Asks, without echo.
    fn ask(&mut self, prompt: &str) -> Result<Typed, PamResultCode>;
    /// Keeps how `auth` ended.
    fn remember(&mut self, standing: Standing) -> Result<(), PamResultCode>;
    /// How `auth` ended on this handle, if it ran.
    fn standing(&self) -> Option<Standing>;
}

/// The real one, for a call.
pub struct PamHost<'a> {
    handle: &'a mut PamHandle,
    covered: Covered,
}

impl<'a> PamHost<'a> {
    /// The host of this handle.
    pub fn new(handle: &'a mut PamHandle) -> Self {
        let covered = Covered::now();
        Self { handle, covered }
    }

    /// Lets the host do as it likes with its standard descriptors, as long as it converses.
    fn conversing<T>(&mut self, converse: impl FnOnce(&mut PamHandle) -> T) -> T {
        self.covered = Covered::default();
        let said = converse(self.handle);
        self.covered = Covered::now();
        said
    }
}

macro_rules! item {
    ($self:ident, $item:ty) => {
        $self
            .handle
            .get_item::<$item>()
            .ok()
            .flatten()
            .map(|item| item.to_bytes().to_vec())
    };
}

impl Host for PamHost<'_> {
    fn service(&self) -> Option<Vec<u8>> {
        item!(self, Service)
    }

    fn user(&mut self) -> Result<Vec<u8>, PamResultCode> {
        match item!(self, User) {
            Some(user) => Ok(user),
            None => self
                .conversing(|handle| handle.get_user(None))
                .map(String::into_bytes),
        }
    }

    fn rhost(&self) -> Option<Vec<u8>> {
        item!(self, RHost)
    }

    fn tty(&self) -> Option<Vec<u8>> {
        item!(self, Tty)
    }

    fn authtok(&self) -> Option<Typed> {
        let item = self.handle.get_item::<AuthTok>().ok().flatten()?;
        Some(Zeroizing::new(item.as_bytes().to_vec()))
    }

    fn set_authtok(&mut self, secret: &[u8]) -> Result<(), PamResultCode> {
        ffi::set_authtok(self.handle, secret)
    }

    fn set_user(&mut self, user: &str) -> Result<(), PamResultCode> {
        ffi::set_user(self.handle, user)
    }

    /// One hidden prompt, always: a visible one crashes saslauthd, and a second one gets the same
    /// answer from every mail server.
    fn ask(&mut self, prompt: &str) -> Result<Typed, PamResultCode> {
        let failed = PamResultCode::PAM_CONV_ERR;
        self.conversing(|handle| {
            let Ok(Some(conversation)) = handle.get_item::<Conv>() else {
                return Err(failed);
            };
            match conversation.send(PAM_PROMPT_ECHO_OFF, prompt) {
                Ok(Some(answer)) => Ok(Zeroizing::new(answer.as_bytes().to_vec())),
                Ok(None) | Err(_) => Err(failed),
            }
        })
    }

    fn remember(&mut self, standing: Standing) -> Result<(), PamResultCode> {
        ffi::remember(self.handle, standing)
    }

    fn standing(&self) -> Option<Standing> {
        ffi::recall(self.handle)
    }
}
