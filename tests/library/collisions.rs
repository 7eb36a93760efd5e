use pgseqfix::{Drift, Error, ScanOptions, Selection, Status, scan};

/// Which sequences of these tables return values next that are stored, and the farthest of those. Changes nothing.
pub fn collisions(client: &mut postgres::Client, tables: &[&str]) -> Result<Vec<(String, i64)>, Error> {
    let tables = tables.iter().map(|table| (*table).to_owned()).collect();
    let selection = Selection { tables, ..Selection::default() };
    let found = scan(client, &ScanOptions { selection, ..ScanOptions::default() }, &mut ())?;
    let behind = found.findings.iter().filter_map(|finding| match &finding.status {
        Status::Compared(Drift::Behind { overlap, .. }) => Some((finding.sequence.name.to_string(), overlap.farthest)),
        _ => None,
    });
    Ok(behind.collect())
}
