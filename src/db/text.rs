//! Texts of a server that does not know their encoding: not all of them are UTF-8.

use std::error::Error;

use postgres::Row;
use postgres::types::{FromSql, Type};

/// A text, with what is no UTF-8 in it replaced.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) text: String,
    /// Whether nothing was replaced.
    pub(crate) is_whole: bool,
}

impl<'a> FromSql<'a> for Text {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let text = String::from_utf8_lossy(raw);
        Ok(Self { is_whole: matches!(text, std::borrow::Cow::Borrowed(_)), text: text.into_owned() })
    }

    fn accepts(ty: &Type) -> bool {
        <String as FromSql>::accepts(ty)
    }
}

/// The text in a column, to be shown only.
pub(crate) fn shown(row: &Row, column: &str) -> Result<String, postgres::Error> {
    Ok(row.try_get::<_, Text>(column)?.text)
}
