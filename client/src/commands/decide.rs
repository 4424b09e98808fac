use serde::Serialize;

use tongguan_core::State;
use tongguan_core::store::Decision;

use super::{block_on, open};
use crate::cli::{Decide, Global};
use crate::output::{GOOD, Output, paint};
use crate::trouble::Trouble;

#[derive(Serialize)]
struct Decided {
    id: String,
    state: State,
}

/// Does what a person decided about declarations. One refusal does not keep the others back.
pub fn run(
    args: &Decide,
    decision: Decision,
    global: &Global,
    out: &mut Output,
) -> Result<(), Trouble> {
    let client = open(global)?;
    let mut worst = Ok(());
    for id in &args.ids {
        match block_on(async { Ok(client.store().decide(id, decision).await?) }) {
            Ok((id, state)) => {
                out.line(format!("{id} {}", paint(GOOD, state)))?;
                out.object(&Decided { id, state })?;
            }
            Err(trouble) => {
                trouble.tell(global);
                worst = Err(Trouble::AlreadySaid(trouble.exit()));
            }
        }
    }
    worst
}
