use serde::Serialize;

use tongguan_contracts::Document;
use tongguan_core::Submission;

use super::foresee::foreseeing;
use super::submit::{read, refuse};
use super::{block_on, export_spans, open};
use crate::cli::{Global, Resubmit};
use crate::output::{GOOD, OPEN, Output, paint};
use crate::traces::Exporter;
use crate::trouble::Trouble;

#[derive(Serialize)]
struct Replaced<'a> {
    id: &'a str,
    replaces: &'a str,
    already_there: bool,
}

/// Declares the mended document in the place of a declaration that ended badly.
pub fn run(args: &Resubmit, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let client = open(global)?;
    let mut exporter = Exporter::of(&client)?;
    let (role_name, role) = client.role(args.role.as_deref())?;
    let role = foreseeing(&client, role, args.unchecked)?;
    let name = args.document.display().to_string();
    let octets = match read(&args.document, &name, &client)? {
        Ok(octets) => octets,
        Err(refused) => return Err(refuse(out, global, refused)?),
    };
    let document = Document {
        name: &name,
        octets: &octets,
        message: args.message.as_deref(),
    };
    let submission = block_on(async {
        let role = (role_name.as_str(), role.as_ref());
        Ok(client.resubmit(role, document, &args.id).await?)
    })?;
    let taken = match submission {
        Submission::Taken(taken) => taken,
        Submission::Refused(refused) => return Err(refuse(out, global, refused)?),
    };
    for one in &taken {
        out.object(&Replaced {
            id: &one.id,
            replaces: &args.id,
            already_there: one.already_there,
        })?;
        let mark = if one.already_there {
            paint(OPEN, "there already")
        } else {
            paint(GOOD, "taken")
        };
        out.line(format!("{} {mark}, in the place of {}", one.id, args.id))?;
    }
    export_spans(&mut exporter)
}
