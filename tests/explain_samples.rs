//! What programs print around error 23505, as public threads show it: each sample says what a careful reader finds in it.

use std::fs;
use std::path::Path;

use pgseqfix::explain::{Reading, parse};

/// A sample: its header, and the text.
struct Sample {
    name: String,
    header: Vec<(String, String)>,
    text: String,
}

impl Sample {
    fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/explain");
        let mut samples: Vec<Self> = fs::read_dir(folder)
            .expect("the samples are there")
            .map(|file| Self::read(&file.expect("a file").path()))
            .collect();
        samples.sort_by(|one, other| one.name.cmp(&other.name));
        assert!(samples.len() > 100, "{}", samples.len());
        samples
    }

    fn read(path: &Path) -> Self {
        let content = fs::read_to_string(path).expect("UTF-8");
        let (header, text) = content.split_once("\n---\n").expect("a header");
        let header = header.lines().filter_map(|line| line.split_once(": "));
        let header = header.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        Self { name, header, text: text.to_owned() }
    }

    /// A header's value; none where a reader finds none.
    fn told(&self, name: &str) -> Option<&str> {
        let (_, value) = self.header.iter().find(|(known, _)| known == name).expect("every header is there");
        (value != "-").then_some(value)
    }
}

#[test]
fn every_sample_is_read_as_a_careful_reader_would() {
    let mut wrong = Vec::new();
    for sample in Sample::all() {
        let reading = parse(&sample.text);
        let name = &sample.name;
        let Reading::Violation(found) = &reading else {
            if sample.told("sqlstate") == Some("23505") {
                wrong.push(format!("{name}: {reading:?}"));
            }
            continue;
        };
        if sample.told("sqlstate") != Some("23505") {
            wrong.push(format!("{name}: taken for 23505: {found:?}"));
            continue;
        }
        let mut compare = |what: &str, found: Option<&str>| {
            let told = sample.told(what);
            if told.map(str::trim) != found.map(str::trim) {
                wrong.push(format!("{name}: {what} is {told:?}, found {found:?}"));
            }
        };
        compare("constraint", found.constraint());
        let columns = found.key.as_ref().map(|key| key.columns.join(", "));
        compare("columns", columns.as_deref());
        compare("values", found.values());
        let table = found.table.as_ref().map(|table| match &found.schema {
            Some(schema) => format!("{schema}.{table}"),
            None => table.clone(),
        });
        compare("table", table.as_deref());
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
