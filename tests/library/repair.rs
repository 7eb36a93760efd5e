use std::ops::ControlFlow;

use pgseqfix::{ApplyOptions, Error, PlanOptions, ScanOptions, Stage, apply, on_progress, scan};

/// Repairs what is behind in the database that the client is connected to.
pub fn repair(client: &mut postgres::Client, mut tell: impl FnMut(String)) -> Result<(), Error> {
    let found = scan(client, &ScanOptions::default(), &mut ())?;
    for finding in &found.findings {
        tell(format!("{}: {}", finding.sequence.name, finding.word()));
    }

    let plan = found.plan(&PlanOptions::default());
    for fix in &plan.fixes {
        tell(format!("{} is to go from {} to {}", fix.sequence.name, fix.from, fix.to));
    }
    for left in &plan.left_out {
        tell(format!("left alone: {}", left.doubt.reason));
    }

    // Called again and again; `ControlFlow::Break(())` ends the run in good order.
    let mut watch = on_progress(|stage, done, total| {
        if stage == Stage::Fix {
            tell(format!("{done} of {total}"));
        }
        ControlFlow::Continue(())
    });
    let applied = apply(client, &plan, &ApplyOptions::default(), &mut watch);
    for fix in &plan.fixes {
        tell(format!("{}: {}", fix.sequence.name, applied.outcomes[&fix.sequence.oid].word()));
    }
    applied.cut_short.map_or(Ok(()), Err)
}
