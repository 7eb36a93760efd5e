//! JSON in which every letter that a terminal would obey is an escape: the same document, and harmless to look at.

use std::io::{self, Write};

use pgseqfix::model::is_harmful;
use serde_json::ser::{Formatter, PrettyFormatter};

/// Indented, as people look at it, too.
#[derive(Default)]
pub struct HarmlessFormatter {
    pretty: PrettyFormatter<'static>,
}

macro_rules! passed_on {
    ($($name:ident($($argument:ident: $kind:ty)?)),* $(,)?) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: $kind)?) -> io::Result<()> {
            self.pretty.$name(writer $(, $argument)?)
        })*
    };
}

impl Formatter for HarmlessFormatter {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for letter in fragment.chars() {
            if is_harmful(letter) {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                write!(writer, "{letter}")?;
            }
        }
        Ok(())
    }

    passed_on! {
        begin_array(),
        end_array(),
        begin_array_value(first: bool),
        end_array_value(),
        begin_object(),
        end_object(),
        begin_object_key(first: bool),
        begin_object_value(),
        end_object_value(),
    }
}
