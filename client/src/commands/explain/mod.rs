mod look;
mod tell;

use tongguan_contracts::Failure;

use crate::cli::Explain;
use crate::output::Output;
use crate::trouble::Trouble;

/// Tells what a code, a field, a message, a state or a rule means.
pub fn run(args: &Explain, out: &mut Output) -> Result<(), Trouble> {
    let found = match args.what.as_slice() {
        [message, of] => look::two(message, of),
        what => look::one(what.first().map_or("", String::as_str)),
    };
    if found.is_empty() {
        let what = args.what.join(" ");
        let near = look::nearest(args.what.last().map_or("", String::as_str));
        let remedy = match near.as_slice() {
            [] => "give an error code, a field, a message, a state or a rule; see tongguan explain --help"
                .to_owned(),
            near => format!("did you mean {}?", near.join(" or ")),
        };
        let reason = "neither the standard nor the verifier has it";
        return Err(
            Failure::rejected("explain", format!("find {what:?}"), reason)
                .remedy(remedy)
                .into(),
        );
    }
    tell::all(&found, out)
}
