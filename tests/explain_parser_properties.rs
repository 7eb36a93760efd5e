//! What must hold of the parser and of the log reader for every text: they end, never panic, and find again what was
//! written in the server's own form. `PROPTEST_CASES` says how many texts are tried; scripts/fuzz-explain tries many.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use pgseqfix::explain::{Reading, Tally, Violation, parse, read_log};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What programs print, and lines of logs in every form.
static SAMPLES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/explain");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the samples").map(|file| file.expect("a file").path()).collect();
    files.sort();
    let text = |file| fs::read_to_string(file).expect("UTF-8").split_once("\n---\n").expect("a header").1.to_owned();
    let mut samples: Vec<String> = files.iter().map(text).collect();
    samples.extend(LOGS.map(str::to_owned));
    samples
});

const LOGS: [&str; 4] = [
    concat!(
        "2026-11-23 07:11:20.396 UTC,\"app\",\"Shop Db\",4711,\"[local]\",6923ab12.1267,2,\"INSERT\",2026-11-23 07:11:19 UTC,",
        "3/12,771,ERROR,23505,\"duplicate key value violates unique constraint \"\"Items_pkey\"\"\",",
        "\"Key (\"\"Item Id\"\")=(1) already exists.\",,,,,\"INSERT INTO \"\"Items\"\"\n(note) VALUES ('a\"\"b')\",,,",
        "\"psql\",\"client backend\",,0\n",
    ),
    concat!(
        r#"{"timestamp":"2026-11-23 07:11:20.396 UTC","user":"app","dbname":"shop","pid":4711,"error_severity":"ERROR","#,
        r#""state_code":"23505","message":"duplicate key value violates unique constraint \"a_pkey\"","#,
        r#""detail":"Key (a)=(1) already exists.","statement":"insert into a (b) values (1)","backend_type":"x"}"#,
        "\n",
    ),
    concat!(
        "2026-11-23 07:11:20 UTC:10.0.0.1(5):app@shop:[4711]:ERROR:  duplicate key value violates unique constraint \"a\"\n",
        "2026-11-23 07:11:20 UTC:10.0.0.1(5):app@shop:[4711]:DETAIL:  Key (a, b)=(x\n\ty, 2) already exists.\n",
        "2026-11-23 07:11:20 UTC:10.0.0.1(5):app@shop:[4711]:STATEMENT:  INSERT INTO a\n\tSELECT 1\n",
    ),
    concat!(
        r#"{"log":"2026-11-23 07:11:20 UTC [1] ERROR:  duplicate key value violates unique constraint \"a\"\n","#,
        r#""stream":"stderr","time":"2026-11-23T07:11:20.396Z"}"#,
        "\n",
        r#"{"log":"2026-11-23 07:11:20 UTC [1] DETAIL:  Key (a)=(1) already exists.\n","time":"2026-11-23T07:11:20.396Z"}"#,
        "\n",
    ),
];

/// What the parser looks for, in any order.
const WORDS: [&str; 40] = [
    "duplicate key value violates unique constraint \"",
    "could not create unique index \"",
    "llave duplicada viola restricción de unicidad «",
    "중복된 키 값이 \"",
    "Key already exists in unique index \"",
    "DETAIL:  Key (",
    "detail: 'Key (",
    "\"detail\":\"",
    ")=(",
    ") already exists.",
    ")« existiert bereits.",
    "; existing local row",
    " is not present in table \"",
    "(",
    ")",
    "\"",
    "'",
    "`",
    "\\",
    "\\\"",
    "\\n",
    "\\u00e9",
    "\\ud83d",
    "&quot;",
    "\n",
    "\t",
    "\r\n",
    ", ",
    "{",
    "[",
    "}",
    "SQLSTATE 23505",
    "code: '23505'",
    "P2002 target: [",
    "Unique constraint failed on the fields: (`",
    "SequelizeUniqueConstraintError fields: {",
    "* a (unique_constraint)",
    "insert into a (b) values (",
    "constraint [",
    "Â«é»\u{a0}",
];

/// A change of a text's bytes.
#[derive(Clone, Debug)]
enum Change {
    Delete(Index, usize),
    Insert(Index, Vec<u8>),
    Repeat(Index, usize, usize),
    CutFrom(Index),
    CutTo(Index),
    /// The beginning of the text, and the end of a sample.
    Splice(Index, Index, Index),
}

impl Change {
    fn on(&self, mut text: Vec<u8>) -> Vec<u8> {
        let at = |index: &Index, length: usize| index.index(length + 1);
        let length = text.len();
        let part = |from: usize, many: usize| from..(from + many).min(length);
        match self {
            Self::Delete(from, many) => drop(text.drain(part(at(from, length), *many))),
            Self::Insert(place, bytes) => {
                drop(text.splice(at(place, length)..at(place, length), bytes.iter().copied()));
            }
            Self::Repeat(from, many, times) => {
                let range = part(at(from, length), *many);
                let again = text[range.clone()].repeat(*times);
                text.splice(range.end..range.end, again);
            }
            Self::CutFrom(place) => text.truncate(at(place, length)),
            Self::CutTo(place) => drop(text.drain(..at(place, length))),
            Self::Splice(place, sample, from) => {
                let other = SAMPLES[sample.index(SAMPLES.len())].as_bytes();
                text.truncate(at(place, length));
                text.extend_from_slice(&other[at(from, other.len())..]);
            }
        }
        text
    }
}

fn change() -> impl Strategy<Value = Change> {
    let words = prop_oneof![
        select(WORDS.as_slice()).prop_map(|word| word.as_bytes().to_vec()),
        vec(any::<u8>(), 1..4),
        any::<char>().prop_map(|letter| letter.to_string().into_bytes()),
    ];
    prop_oneof![
        (any::<Index>(), 1..20_usize).prop_map(|(from, many)| Change::Delete(from, many)),
        (any::<Index>(), words).prop_map(|(place, bytes)| Change::Insert(place, bytes)),
        (any::<Index>(), 1..60_usize, 1..30_usize).prop_map(|(from, many, times)| Change::Repeat(from, many, times)),
        any::<Index>().prop_map(Change::CutFrom),
        any::<Index>().prop_map(Change::CutTo),
        any::<[Index; 3]>().prop_map(|[place, sample, from]| Change::Splice(place, sample, from)),
    ]
}

/// A real sample with a few changes.
fn changed_sample() -> impl Strategy<Value = Vec<u8>> {
    (any::<Index>(), vec(change(), 0..6)).prop_map(|(sample, changes)| {
        let text = SAMPLES[sample.index(SAMPLES.len())].clone().into_bytes();
        changes.iter().fold(text, |text, change| change.on(text))
    })
}

/// Letters and the parser's own words in any order.
fn arbitrary_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => select(WORDS.as_slice()).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[ -~]{0,12}",
        1 => (select(WORDS.as_slice()), 2..200_usize).prop_map(|(word, times)| word.repeat(times)),
    ];
    vec(piece, 0..25).prop_map(|pieces| pieces.concat())
}

/// The name of a constraint: what the server takes, but for a line's end and for blanks at its ends.
fn constraint_name() -> impl Strategy<Value = String> {
    let letters = prop_oneof![
        "[a-z_][a-z0-9_]{0,40}",
        "[A-Za-z][ -!#-~]{0,30}[A-Za-z0-9]",
        "[a-z][^\\p{C}\\p{Z}\"\\\\]{0,12}[a-z0-9]"
    ];
    letters.prop_filter("63 bytes at most", |name| name.len() <= 63)
}

/// Columns as the server writes them, with the quotes that they need.
fn column() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z_][a-z0-9_]{0,12}",
        1 => "[A-Z][A-Za-z ,()=]{0,12}".prop_map(|name| format!("\"{name}\"")),
        1 => "[a-z]{1,6}".prop_map(|name| format!("lower({name}, 'x)('::text)")),
    ]
}

/// What a value may hold to look like something else.
const NASTY: [&str; 15] =
    [", ", ")", "(", ")=(", ") already exists", "'", "\"", "\\", "Key (x)=(y)", "null", "é", "\t", "=", " ", "\n"];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[0-9]{1,12}",
        2 => "[ -~]{0,20}",
        2 => vec(prop_oneof![select(NASTY.as_slice()).prop_map(str::to_owned), "[a-z]{1,5}"], 0..6)
            .prop_map(|pieces| pieces.concat()),
        1 => "[^\\p{C}]{0,12}",
    ]
}

/// Columns with a value for each.
fn key() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    vec((column(), value()), 1..4).prop_map(|pairs| pairs.into_iter().unzip())
}

/// The server's own words.
fn report(constraint: &str, columns: &[String], values: &[String]) -> String {
    format!(
        "ERROR:  duplicate key value violates unique constraint \"{constraint}\"\n\
         DETAIL:  Key ({})=({}) already exists.\n",
        columns.join(", "),
        values.join(", ")
    )
}

fn counted(log: &[u8]) -> Tally {
    let mut tally = Tally::default();
    read_log(&mut &*log, &mut tally, &mut || false).expect("a slice can be read");
    tally
}

fn found(text: &str) -> Result<Violation, TestCaseError> {
    match parse(text) {
        Reading::Violation(violation) => Ok(*violation),
        other => Err(TestCaseError::fail(format!("{other:?} in {text:?}"))),
    }
}

/// What every violation keeps to, so that whoever reads it need not look twice.
fn is_sound(reading: &Reading) -> Result<(), TestCaseError> {
    if let Reading::Violation(violation) = reading {
        prop_assert!(violation.constraints.iter().all(|name| !name.is_empty()), "{violation:?}");
        if let Some(key) = &violation.key {
            prop_assert!(!key.columns.is_empty(), "{violation:?}");
            let splits = key.splits(50);
            prop_assert!(splits.is_none_or(|splits| splits.iter().all(|split| split.len() == key.columns.len())));
        }
    }
    Ok(())
}

/// The form of a log's prefix, made with a number for each report.
const PREFIXES: [fn(u32) -> String; 8] = [
    |_| String::new(),
    |number| format!("2026-11-23 07:11:20.{:03} UTC [{}] ", number % 1000, 100 + number),
    |number| format!("2026-11-23 07:11:20 UTC:10.0.0.1({number}):app@shop:[{number}]:"),
    |number| format!("2026-11-23 07:11:20.396 CET [{number}-1] user=app,db=shop "),
    |number| format!("1763881880.{:03} app@shop ", number % 1000),
    |number| format!("Nov 23 07:11:20 host postgres[{number}]: [{number}-1] "),
    |number| format!("<\"{number}\" 'app' [2026-11-23 07:11:20 UTC]> "),
    |number| format!("{number}: "),
];

/// What stands between reports.
const BETWEEN: [&str; 6] = [
    "",
    "LOG:  duration: 1.234 ms  statement: SELECT 1\n\tFROM a\n",
    "ERROR:  insert or update on table \"b\" violates foreign key constraint \"b_fkey\"\n\
     DETAIL:  Key (a)=(77) is not present in table \"a\".\nSTATEMENT:  INSERT INTO b VALUES (77)\n",
    "ERROR:  null value in column \"a\" of relation \"b\" violates not-null constraint\n\
     DETAIL:  Failing row contains (null, Key (a)=(5) already exists.).\n",
    "LOG:  checkpoint starting: time\n",
    "WARNING:  there is no transaction in progress\n",
];

/// A prefix before each line but those that go on with a tab.
fn with_prefix(text: &str, prefix: &str) -> String {
    text.lines()
        .map(|line| if line.starts_with('\t') { format!("{line}\n") } else { format!("{prefix}{line}\n") })
        .collect()
}

/// A few seconds' worth, unless `PROPTEST_CASES` says more.
fn some(cases: u32) -> ProptestConfig {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { cases };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(some(300))]

    #[test]
    fn any_text_is_read_to_its_end(text in arbitrary_text()) {
        is_sound(&parse(&text))?;
    }

    #[test]
    fn a_damaged_sample_is_read_to_its_end(bytes in changed_sample()) {
        is_sound(&parse(&String::from_utf8_lossy(&bytes)))?;
    }

    #[test]
    fn what_the_server_writes_is_found_again(constraint in constraint_name(), (columns, values) in key()) {
        let text = report(&constraint, &columns, &values);
        let found = found(&text)?;
        prop_assert_eq!(found.constraint(), Some(constraint.as_str()), "{:?}", text);
        let key = found.key.expect("a key");
        prop_assert_eq!(&key.columns, &columns, "{:?}", text);
        prop_assert!(key.values.contains(&values.join(", ")), "{:?} in {:?}", key, text);
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let splits = key.splits(10_000).expect("a few ways");
        prop_assert!(splits.contains(&values), "{:?} in {:?}", splits, text);
    }

    #[test]
    fn without_detail_no_key_is_made_up(constraint in constraint_name()) {
        let found = found(&format!("ERROR:  duplicate key value violates unique constraint \"{constraint}\"\n"))?;
        prop_assert_eq!(found.constraint(), Some(constraint.as_str()));
        prop_assert_eq!(found.key, None);
    }

    #[test]
    fn any_bytes_are_read_as_a_log(bytes in vec(any::<u8>(), 0..2000)) {
        counted(&bytes);
    }

    #[test]
    fn a_damaged_log_is_read_to_its_end(pieces in vec(changed_sample(), 0..4)) {
        let log = pieces.concat();
        let tally = counted(&log);
        let (violations, beyond) = (tally.violations, tally.beyond);
        let folded = tally.folded();
        prop_assert_eq!(folded.iter().map(|folded| folded.count).sum::<u64>() + beyond, violations);
        for folded in folded {
            is_sound(&Reading::Violation(Box::new(folded.violation)))?;
        }
    }

    #[test]
    fn a_log_is_counted_exactly(
        prefix in select(PREFIXES.as_slice()),
        reports in vec((0..3_usize, key(), any::<bool>(), select(BETWEEN.as_slice())), 0..30),
        ends_with_cr in any::<bool>(),
    ) {
        let names = ["a_pkey", "Big Table_pkey", "c_d_key"];
        let mut log = String::new();
        let mut counts = [0_u64; 3];
        for (number, (which, (columns, values), with_statement, between)) in (1..).zip(&reports) {
            // The server puts a tab before the further lines of a value.
            let logged: Vec<String> = values.iter().map(|value| value.replace('\n', "\n\t")).collect();
            let mut text = report(names[*which], columns, &logged);
            if *with_statement {
                text.push_str("STATEMENT:  INSERT INTO a\n\tVALUES (1,\n\t\t'duplicate key')\n");
            }
            log.push_str(&with_prefix(&text, &prefix(number)));
            log.push_str(&with_prefix(between, &prefix(number + 1000)));
            counts[*which] += 1;
        }
        if ends_with_cr {
            log = log.replace('\n', "\r\n");
        }
        let tally = counted(log.as_bytes());
        prop_assert_eq!(tally.violations, reports.len() as u64, "{}", log);
        let folded = tally.folded();
        for (name, count) in names.iter().zip(counts) {
            let found = folded.iter().find(|folded| folded.violation.constraint() == Some(name));
            prop_assert_eq!(found.map_or(0, |folded| folded.count), count, "{} in {}", name, log);
            // One of its reports is told, whole.
            let keys = || reports.iter().filter(|(which, ..)| names[*which] == *name).map(|(_, key, ..)| key);
            if let Some(found) = found {
                let key = found.violation.key.as_ref().expect("a key");
                let is_told = |(columns, values): &(Vec<String>, Vec<String>)| {
                    key.columns == *columns && key.values.contains(&values.join(", "))
                };
                prop_assert!(keys().any(is_told), "{:?} in {}", key, log);
            }
        }
        prop_assert!(folded.windows(2).all(|pair| pair[0].count >= pair[1].count));
    }
}
