//! A password that no output shows.

use std::fmt;

/// A password; its `Debug` says only that there is one.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(String);

impl Secret {
    /// Takes a password; an empty one counts as none, as in libpq.
    pub(super) fn new(password: impl Into<String>) -> Option<Self> {
        Some(password.into()).filter(|text| !text.is_empty()).map(Self)
    }

    /// The password itself, for the driver alone.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(a password)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_keeps_the_password() {
        assert_eq!(format!("{:?}", Secret::new("hush")), "Some((a password))");
    }

    #[test]
    fn an_empty_password_is_none() {
        assert_eq!(Secret::new(""), None);
    }
}
