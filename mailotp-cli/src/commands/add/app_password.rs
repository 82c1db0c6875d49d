//! `add app-password`.

use std::path::Path;

use mailotp_core::admin::{Added, AdminError, Secrets};
use mailotp_core::clock::random;
use serde_json::json;
use zeroize::Zeroizing;

use super::device::Device;
use super::hand_out::{self, HandOut, picture};
use super::{Making, deliver, describe, with};
use crate::cli::AppPassword;
use crate::context::{Context, System};
use crate::error::CliError;
use crate::phone::{mobileconfig, thunderbird};

/// What a device is given to read.
enum Form {
    /// An app password to be typed.
    Typed,
    /// The text of a QR code.
    Scanned(Device, Zeroizing<String>),
    /// A file.
    Profile(Device, Zeroizing<String>),
}

/// Makes one, and prints it once.
pub fn make(
    context: &mut Context<'_>,
    making: &Making,
    wanted: &AppPassword,
) -> Result<(), CliError> {
    let account = context.account_name()?;
    hand_out::check(context, wanted.qr, wanted.output.as_deref())?;
    let device = Device::of(context, wanted, &account, &making.scope)?;
    let wish = making.wish(context, &account);
    let added = context.admin(|admin| admin.add_app_password(&wish))?;
    let shown = give(context, &added, device, wanted);
    deliver(context, &added, making, shown)
}

fn give(
    context: &Context<'_>,
    added: &Added,
    device: Option<Device>,
    wanted: &AppPassword,
) -> Result<(), CliError> {
    let Secrets::AppPassword(secret) = &added.secrets else {
        return Ok(());
    };
    let credential = &added.credential;
    let form = Form::of(added, secret, device, wanted)?;
    let secret_member = ("secret", json!(secret.as_str()));
    let document = with(describe(credential), [secret_member]);
    let document = match &form {
        Form::Typed => document,
        Form::Scanned(_, setup) => with(document, [("setup", json!(setup.as_str()))]),
        Form::Profile(_, profile) => with(document, [("profile", json!(profile.as_str()))]),
    };
    let output = wanted.output.as_deref();
    let text = || form.text(added, secret);
    let content = || match &form {
        Form::Typed => Ok(Zeroizing::new(text().as_bytes().to_vec())),
        Form::Scanned(_, setup) => picture(setup, wanted.qr, output, &text),
        Form::Profile(_, profile) => Ok(Zeroizing::new(profile.as_bytes().to_vec())),
    };
    HandOut {
        document,
        content: &content,
        in_file: &|path| form.in_file(added, path),
    }
    .give(context, output)
}

impl Form {
    fn of(
        added: &Added,
        secret: &str,
        device: Option<Device>,
        wanted: &AppPassword,
    ) -> Result<Form, CliError> {
        let Some(device) = device else {
            return Ok(Form::Typed);
        };
        // No hand types it: the dashes would only make the QR code larger.
        let mut password = Zeroizing::new(String::with_capacity(secret.len()));
        password.extend(secret.chars().filter(|character| *character != '-'));
        let account = device.with(&added.credential, &password);
        if wanted.qr.is_some() {
            let setup = thunderbird::setup(&account);
            return Ok(Form::Scanned(device, setup));
        }
        let uuid = || random(&mut System).map_err(AdminError::from);
        let profile = mobileconfig::profile(&account, [uuid()?, uuid()?]);
        Ok(Form::Profile(device, profile))
    }

    /// For people; below the QR code, if there is one.
    fn text(&self, added: &Added, secret: &str) -> Zeroizing<String> {
        let (above, what_to_do, says) = match self {
            Form::Scanned(device, _) => (
                "\n",
                "Scan the QR code with Thunderbird on one phone, or type the password into it.",
                device.describe(),
            ),
            Form::Typed | Form::Profile(..) => (
                "",
                "Type it into one device, as it is or without the dashes.",
                String::new(),
            ),
        };
        let credential = &added.credential;
        Zeroizing::new(format!(
            "{above}App password \"{}\" ({}) for {}:\n\n    {secret}\n\n{what_to_do} \
             It is not shown again.\n{says}",
            credential.label, credential.id, added.known.account.name
        ))
    }

    fn in_file(&self, added: &Added, path: &Path) -> String {
        let (what, says) = match self {
            Form::Typed => ("app password", String::new()),
            Form::Scanned(device, _) => ("QR code", device.describe()),
            Form::Profile(device, _) => ("profile", device.describe()),
        };
        let credential = &added.credential;
        format!(
            "The {what} of \"{}\" ({}) is in {}\n{says}\
             Whoever has that file has the password: remove it when the device is set up.\n",
            credential.label,
            credential.id,
            path.display()
        )
    }
}
