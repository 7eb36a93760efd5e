//! An explanation for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use pgseqfix::explain::{Occasion, Recognised, Verdict};
use pgseqfix::model::{IndexKind, RowLookup, UniqueIndex, is_harmful, quote_identifier};

use super::explanation::{Diagnosed, Explanation, Known};
use crate::cli::terminal::printable;

/// Writes it; `coloured` as on a terminal.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render(explanation: &Explanation, coloured: bool, out: &mut dyn Write) -> io::Result<()> {
    let bold = if coloured { Style::new().bold() } else { Style::new() };
    writeln!(out, "{bold}{}{bold:#}", printable(&headline(explanation)))?;
    write_text_facts(explanation, out)?;
    match &explanation.known {
        Known::Offline => {
            writeln!(out, "\n{bold}Verdict{bold:#}  not known: no server was asked")?;
        }
        Known::NotFound(_) => writeln!(out, "\n{bold}Verdict{bold:#}  not known: it is not in this database")?,
        Known::NotBuilt(_) => {
            writeln!(out, "\n{bold}Verdict{bold:#}  the index was not built: rows that are stored have the same key")?;
        }
        Known::Ambiguous(_, indexes) => {
            writeln!(out, "\n{bold}Which one?{bold:#}  narrow it with -n SCHEMA or -t TABLE")?;
            for index in indexes {
                writeln!(out, "  {}", printable(&index_line(index)))?;
            }
        }
        Known::Diagnosed(known) => write_known(known, bold, coloured, out)?,
    }
    if let Some(next) = &explanation.next {
        writeln!(out, "\n{bold}Run{bold:#}  {}\n  {}", next.purpose, printable(&next.command))?;
    }
    let is_behind =
        matches!(&explanation.known, Known::Diagnosed(known) if known.diagnosis.verdict == Verdict::SequenceBehind);
    let only = if is_behind { ", only where the INSERT names the key itself" } else { "" };
    for remedy in &explanation.cure.statements {
        writeln!(out, "\n{bold}To copy{bold:#}  {}{only}\n{}", remedy.purpose, to_copy(&remedy.sql))?;
    }
    if !explanation.cure.notes.is_empty() {
        writeln!(out)?;
    }
    for note in &explanation.cure.notes {
        writeln!(out, "- {}", printable(note))?;
    }
    match &explanation.snippet {
        Some((language, lines)) => {
            writeln!(out, "\n{bold}To catch it{bold:#}  with {}{only}\n", language.driver())?;
            // The snippet has nothing in it that a terminal obeys, and is copied as it is.
            write!(out, "{lines}")
        }
        None if matches!(explanation.known, Known::Ambiguous(..)) => Ok(()),
        None => writeln!(
            out,
            "- to catch it in code: SQLSTATE 23505 and the constraint's name; --lang python|node|ruby|go|java|rust|php|csharp shows how"
        ),
    }
}

fn headline(explanation: &Explanation) -> String {
    let violation = &explanation.violation;
    let what = match violation.occasion {
        Occasion::Write => "duplicate key",
        Occasion::IndexBuild => "duplicate keys under a unique index that could not be built",
        Occasion::Replication => "duplicate key in logical replication",
    };
    match &explanation.known {
        Known::Diagnosed(known) => format!("23505, {what}: {}", index_line(&known.index)),
        _ => match violation.constraint() {
            Some(name) => format!("23505, {what}: {}", quote_identifier(name)),
            None => format!("23505, {what}: the text does not name the constraint"),
        },
    }
}

fn index_line(index: &UniqueIndex) -> String {
    let kind = match index.kind {
        IndexKind::PrimaryKey => "primary key",
        IndexKind::UniqueConstraint => "unique constraint",
        IndexKind::UniqueIndex => "unique index",
        IndexKind::Exclusion => "exclusion constraint",
    };
    format!("{kind} {} {} of {}", quote_identifier(&index.name.name), index.key_text(), index.table)
}

/// What the text tells beside the name, and what it does not.
fn write_text_facts(explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    let violation = &explanation.violation;
    if let Some(key) = &violation.key {
        let columns = key.columns.join(", ");
        match key.values.as_slice() {
            [] => writeln!(out, "  key      ({}), its values are not told", printable(&columns))?,
            [value, rest @ ..] => {
                let doubt = if rest.is_empty() {
                    ""
                } else {
                    "   (the value may end earlier: it holds the server's own words)"
                };
                writeln!(out, "  key      ({})=({}){doubt}", printable(&columns), printable(value))?;
            }
        }
    } else {
        writeln!(out, "  key      not told: the text has no DETAIL")?;
    }
    if violation.recognised == Recognised::Shape {
        writeln!(out, "  language not known: taken by its shape")?;
    }
    if violation.constraints.len() > 1 && !matches!(explanation.known, Known::Diagnosed(_)) {
        writeln!(out, "  name     may end elsewhere: {}", printable(&violation.constraints[1..].join(" or ")))?;
    }
    if violation.others > 0 {
        let (constraints, them) =
            if violation.others == 1 { ("constraint", "it, too") } else { ("constraints", "them all") };
        writeln!(
            out,
            "  more     the text holds errors of {} other {constraints}; --log - explains {them}",
            violation.others
        )?;
    }
    if let Known::Diagnosed(known) = &explanation.known {
        return write_index_facts(&known.index, out);
    }
    let table = violation.table.as_ref().map(|table| match &violation.schema {
        Some(schema) => format!("{}.{}", quote_identifier(schema), quote_identifier(table)),
        None => quote_identifier(table),
    });
    if let Some(table) = table {
        writeln!(out, "  table    {}", printable(&table))?;
    }
    Ok(())
}

fn write_index_facts(index: &UniqueIndex, out: &mut dyn Write) -> io::Result<()> {
    if let Some((name, table)) = &index.found_as {
        let text = format!("{} of partition {table}", quote_identifier(&name.name));
        writeln!(out, "  named    {}", printable(&text))?;
    }
    if let Some(predicate) = &index.predicate {
        writeln!(out, "  partial  WHERE {}", printable(predicate))?;
    }
    let properties: Vec<&str> = [
        (index.key.iter().any(|part| part.column.is_none()), "over an expression"),
        (index.nulls_not_distinct, "NULLS NOT DISTINCT"),
        (index.is_deferrable && !index.is_deferred, "DEFERRABLE"),
        (index.is_deferred, "DEFERRABLE INITIALLY DEFERRED"),
        (!index.is_valid, "not valid"),
        (index.is_of_partition_alone, "of a partition alone"),
    ]
    .into_iter()
    .filter_map(|(holds, word)| holds.then_some(word))
    .collect();
    if properties.is_empty() {
        return Ok(());
    }
    writeln!(out, "  it is    {}", properties.join(", "))
}

fn write_known(known: &Diagnosed, bold: Style, coloured: bool, out: &mut dyn Write) -> io::Result<()> {
    let diagnosis = &known.diagnosis;
    let colour = match diagnosis.verdict {
        Verdict::SequenceBehind => AnsiColor::Red,
        Verdict::Mixed if diagnosis.is_behind => AnsiColor::Red,
        Verdict::SequencePast | Verdict::Gone => AnsiColor::Green,
        Verdict::GenuineDuplicate | Verdict::Mixed | Verdict::Undetermined => AnsiColor::Yellow,
    };
    let style = if coloured { Style::new().fg_color(Some(colour.into())) } else { Style::new() };
    writeln!(out, "\n{bold}Verdict{bold:#}  {style}{}{style:#}", diagnosis.verdict.sentence())?;
    for doubt in known.evidence() {
        writeln!(out, "- {}", printable(&doubt.reason))?;
        if let Some(cure) = &doubt.cure {
            writeln!(out, "  hint: {}", printable(cure))?;
        }
    }
    for left in known.left_alone() {
        writeln!(out, "- pgseqfix fix leaves it alone: {}", printable(&left.doubt.reason))?;
        if let Some(cure) = &left.doubt.cure {
            writeln!(out, "  hint: {}", printable(cure))?;
        }
    }
    if let RowLookup::Found { row: Some(Ok(row)), .. } = &known.row {
        writeln!(out, "\n{bold}Row{bold:#}  {}", printable(row))?;
    }
    Ok(())
}

/// A statement as it stands, since blanks before a line would change what is quoted.
fn to_copy(sql: &str) -> String {
    let is_hidden = |letter: char| is_harmful(letter) && !matches!(letter, '\n' | '\t');
    if sql.contains(is_hidden) {
        return "(it holds letters that a terminal would obey: --format json has it whole)".to_owned();
    }
    sql.to_owned()
}
