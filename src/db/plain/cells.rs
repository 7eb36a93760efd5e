//! A row's cells, one after the other, as the server writes them.

use std::str::FromStr;

use postgres::SimpleQueryRow;

pub(super) struct Cells<'a> {
    row: &'a SimpleQueryRow,
    at: usize,
}

impl<'a> Cells<'a> {
    pub(super) fn of(row: &'a SimpleQueryRow) -> Self {
        Self { row, at: 0 }
    }

    /// The next one, which may be NULL.
    pub(super) fn next(&mut self) -> Option<&'a str> {
        self.at += 1;
        self.row.try_get(self.at - 1).ok().flatten()
    }

    pub(super) fn text(&mut self) -> Option<String> {
        self.next().map(str::to_owned)
    }

    pub(super) fn number<N: FromStr>(&mut self) -> Option<N> {
        self.next()?.parse().ok()
    }

    /// What can be NULL, too. Of the privileges for an object that was dropped since the query began the server says
    /// that: nothing can be done with it.
    pub(super) fn is_true(&mut self) -> bool {
        self.next() == Some("t")
    }
}
