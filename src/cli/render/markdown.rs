//! A table for an issue or a job's summary.

use std::io::{self, Write};

use pgseqfix::model::{Entry, Report};

use super::cells::{Side, cells, headings};
use super::closing::closing_lines;
use crate::cli::terminal::printable;

/// Writes the same rows as the table.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render(report: &Report, all: bool, out: &mut dyn Write) -> io::Result<()> {
    let headings = headings(report.mode);
    let names: Vec<&str> = headings.iter().map(|(heading, _)| *heading).collect();
    let rules: Vec<&str> = headings.iter().map(|(_, side)| if *side == Side::Left { "---" } else { "--:" }).collect();
    writeln!(out, "| {} |\n| {} |", names.join(" | "), rules.join(" | "))?;
    let shown: Vec<&Entry> = report.entries.iter().filter(|entry| all || entry.is_news()).collect();
    for entry in &shown {
        let cells: Vec<String> = cells(entry, report.mode).iter().map(|cell| code(cell)).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    let notes =
        shown.iter().flat_map(|entry| entry.notes().into_iter().map(move |note| (entry, note))).map(|(entry, note)| {
            let hint = note.cure.map(|cure| format!(" Hint: {}", code(&cure))).unwrap_or_default();
            format!("- {}: {}{hint}", code(&entry.finding.sequence.name.to_string()), code(&note.reason))
        });
    for (at, note) in notes.enumerate() {
        writeln!(out, "{}{note}", if at == 0 { "\n" } else { "" })?;
    }
    writeln!(out)?;
    closing_lines(report, code).iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// As code, so that no letter of a name means anything to Markdown.
fn code(text: &str) -> String {
    let text = printable(text).replace('|', "\\|");
    if text.trim().is_empty() {
        return String::new();
    }
    // The fence is longer than every run of backticks inside.
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let gap = if longest > 0 { " " } else { "" };
    format!("{fence}{gap}{}{gap}{fence}", text.trim())
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn a_name_cannot_leave_its_cell() {
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(code("a`b``c"), "``` a`b``c ```");
        assert_eq!(code(""), "");
    }
}
