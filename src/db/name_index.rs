//! Which sequence a text means.

use std::collections::HashMap;

use crate::model::{QualifiedName, parse_identifiers};

/// Finds sequences by a name as somebody wrote it.
pub(crate) struct NameIndex {
    by_full_name: HashMap<QualifiedName, usize>,
    by_name: HashMap<String, Vec<usize>>,
}

impl NameIndex {
    /// Numbers the names in their order.
    pub(crate) fn of<'a>(names: impl Iterator<Item = &'a QualifiedName>) -> Self {
        let mut index = Self { by_full_name: HashMap::new(), by_name: HashMap::new() };
        for (at, name) in names.enumerate() {
            index.by_full_name.insert(name.clone(), at);
            index.by_name.entry(name.name.clone()).or_default().push(at);
        }
        index
    }

    /// The places of all that the text can mean: one at most if it names a schema.
    pub(crate) fn find(&self, text: &str) -> Vec<usize> {
        let Some(identifiers) = parse_identifiers(text) else {
            return Vec::new();
        };
        match identifiers.schema {
            Some(schema) => {
                self.by_full_name.get(&QualifiedName::new(schema, identifiers.name)).copied().into_iter().collect()
            }
            None => self.by_name.get(&identifiers.name).cloned().unwrap_or_default(),
        }
    }
}
