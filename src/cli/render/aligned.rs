//! Rows of text in aligned columns.

use std::io::{self, Write};

use anstyle::Style;
use console::measure_text_width;

use super::cells::Side;
use crate::cli::terminal::printable;

/// Writes headings and rows; `style` tells how the first cell of a row looks. The rows are gone through twice, first for
/// their widths: all of a hundred thousand at once would take more memory than what they speak of.
///
/// # Errors
///
/// Where they cannot be written.
pub fn write(
    headings: &[(&str, Side)],
    rows: impl Iterator<Item = Vec<String>> + Clone,
    heading_style: Style,
    style: impl Fn(usize) -> Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rows = rows.map(|row| row.iter().map(|cell| printable(cell)).collect::<Vec<String>>());
    let mut widths: Vec<usize> = headings.iter().map(|(heading, _)| measure_text_width(heading)).collect();
    for row in rows.clone() {
        for (width, cell) in widths.iter_mut().zip(&row) {
            *width = (*width).max(measure_text_width(cell));
        }
    }
    let heading_cells: Vec<String> = headings.iter().map(|(heading, _)| (*heading).to_owned()).collect();
    write_row(&heading_cells, headings, &widths, |_| heading_style, out)?;
    for (number, row) in rows.enumerate() {
        write_row(&row, headings, &widths, |at| if at == 0 { style(number) } else { Style::new() }, out)?;
    }
    Ok(())
}

fn write_row(
    cells: &[String],
    headings: &[(&str, Side)],
    widths: &[usize],
    style: impl Fn(usize) -> Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let padded: Vec<String> = cells
        .iter()
        .enumerate()
        .map(|(at, cell)| {
            let style = style(at);
            let blanks = " ".repeat(widths[at].saturating_sub(measure_text_width(cell)));
            match headings[at].1 {
                Side::Left => format!("{style}{cell}{style:#}{blanks}"),
                Side::Right => format!("{blanks}{style}{cell}{style:#}"),
            }
        })
        .collect();
    writeln!(out, "{}", padded.join("  ").trim_end())
}
