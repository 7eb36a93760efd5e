//! The value of each keyword, while the sources are read one after the other.

use std::collections::BTreeMap;

use super::keyword::known;

/// Values by keyword. No `Debug`: one of them is the password.
#[derive(Clone, Default)]
pub(super) struct Values(BTreeMap<&'static str, String>);

/// libpq has no such keyword.
#[derive(Debug)]
pub(super) struct UnknownKeyword;

impl Values {
    /// Sets a value; the last one wins, as within one connection string.
    pub(super) fn set(&mut self, keyword: &str, value: String) -> Result<(), UnknownKeyword> {
        if keyword == "requiressl" {
            // The word of PostgreSQL 7: libpq still translates it.
            let mode = if value.starts_with('1') { "require" } else { "prefer" };
            return self.set("sslmode", mode.to_owned());
        }
        self.0.insert(known(keyword).ok_or(UnknownKeyword)?, value);
        Ok(())
    }

    /// Sets a value where none is set yet, as a source of lower rank does.
    pub(super) fn fill(&mut self, keyword: &str, value: String) -> Result<(), UnknownKeyword> {
        self.0.entry(known(keyword).ok_or(UnknownKeyword)?).or_insert(value);
        Ok(())
    }

    /// The value, be it empty: an empty value counts as given and stops the search.
    pub(super) fn get(&self, keyword: &str) -> Option<&str> {
        self.0.get(keyword).map(String::as_str)
    }

    /// The value, where it says something.
    pub(super) fn text(&self, keyword: &str) -> Option<&str> {
        self.get(keyword).filter(|value| !value.is_empty())
    }

    /// All of them as `keyword=value;`, in alphabetical order.
    #[cfg(test)]
    pub(super) fn spelt(&self) -> String {
        let spell = |(keyword, value)| format!("{keyword}={value};");
        self.0.iter().map(spell).collect::<Vec<_>>().concat()
    }
}
