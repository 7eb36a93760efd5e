//! Prints a snippet: `snippet LANGUAGE CONSTRAINT TABLE_SQL [COLUMN_SQL…]`.

use std::env;

use pgseqfix::explain::{Catching, Language, snippet};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [word, constraint, table_sql, columns_sql @ ..] = arguments.as_slice() else {
        panic!("usage: snippet LANGUAGE CONSTRAINT TABLE_SQL [COLUMN_SQL…]");
    };
    let language = Language::ALL.into_iter().find(|language| language.word() == word).expect("no such language");
    print!("{}", snippet(language, &Catching { constraint, table_sql, columns_sql }));
}
