//! The lines that count, under a table.

use pgseqfix::model::{Excluded, Mode, Report, Summary};

use super::number::grouped;

/// What it all comes to, and what was not looked at; `shown` makes a name fit for where it goes.
pub fn closing_lines(report: &Report, shown: impl Fn(&str) -> String) -> Vec<String> {
    std::iter::once(count_line(report, shown)).chain(excluded_line(report.excluded)).collect()
}

fn count_line(report: &Report, shown: impl Fn(&str) -> String) -> String {
    let summary = Summary::of(report);
    let sequences = match summary.sequences {
        0 if report.excluded.not_selected > 0 => return "No sequences.".to_owned(),
        // Who named no database may have reached another one than was meant.
        0 => return format!("No sequences in database {}.", shown(&report.server.database)),
        1 => "1 sequence".to_owned(),
        count => format!("{} sequences", grouped(count)),
    };
    let mut counts = vec![
        (summary.behind, "behind"),
        (summary.exhausted, "exhausted"),
        (summary.unreadable, "unreadable"),
        (summary.undecided, "undecided"),
        (summary.outlier, "outlier"),
        (summary.not_comparable, "not comparable"),
        (summary.skipped, "skipped"),
        (summary.not_reached, "not reached"),
        (summary.cycling, "cycling"),
        (summary.unlinked, "unlinked"),
        (summary.in_sync, "in sync"),
    ];
    if report.mode == Mode::Fix {
        counts[0] = (summary.fixed, "fixed");
        counts[1] = (summary.unfixed, "left unfixed");
        // What was tried is counted as fixed or unfixed.
        for entry in report.entries.iter().filter(|entry| entry.outcome.is_some()) {
            let status = entry.finding.word().replace('_', " ");
            if let Some((count, _)) = counts[2..].iter_mut().find(|(_, word)| *word == status) {
                *count -= 1;
            }
        }
    }
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", grouped(count)))
        .collect();
    format!("{sequences}: {}.", counts.join(", "))
}

fn excluded_line(excluded: Excluded) -> Option<String> {
    let counts: Vec<String> = [
        (excluded.system, "of the system"),
        (excluded.extension, "of extensions"),
        (excluded.temporary, "temporary"),
        (excluded.not_selected, "not selected"),
        (excluded.dropped, "dropped meanwhile"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{} {word}", grouped(count)))
    .collect();
    (!counts.is_empty()).then(|| format!("Not looked at: {}.", counts.join(", ")))
}
