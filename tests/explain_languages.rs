//! Servers whose messages are translated: explain reads what they really say.

mod support;

use postgres::Client;
use postgres::error::DbError;
use support::{Database, Server};

/// A server that speaks a language, where its build has the translation.
struct Speaker {
    database: Database,
}

const SETUP: &str = r#"CREATE TABLE "Odd Things" (id serial, "A, B" text, "It's" text, CONSTRAINT "Odd Key" PRIMARY KEY ("A, B", "It's"));
    CREATE TABLE "Order Line" ("Line Id" serial PRIMARY KEY, "Note" text); INSERT INTO "Order Line" VALUES (1), (2), (3);
    CREATE TABLE "Strict" (id int NOT NULL CONSTRAINT "Small" CHECK (id < 9), "Line" int CONSTRAINT "To Line" REFERENCES "Order Line",
        "During" int4range, CONSTRAINT "No Overlap" EXCLUDE USING gist ("During" WITH &&))"#;

impl Speaker {
    /// glibc translates in the language of `LANGUAGE` where the locale is any but "C": no locale has to be installed.
    fn of(language: &str) -> Option<Self> {
        let environment = [("LANGUAGE", language), ("LC_ALL", "C.UTF-8")];
        let server = Server::start_own_with_env(&["log_line_prefix=%m [%p] %q%u@%d "], &environment);
        let database = Database::on(&server);
        database.execute(SETUP);
        let speaker = Self { database };
        let missing = speaker.error(r#"SELECT * FROM "No Such Table""#);
        if missing.message().ends_with("does not exist") {
            eprintln!("skipped: this server does not speak {language}");
            return None;
        }
        Some(speaker)
    }

    /// A session in the server's language: initdb has set lc_messages to C.
    fn client(&self) -> Client {
        let mut client = self.database.client();
        for locale in ["C.UTF-8", "C.utf8", "en_US.UTF-8"] {
            if client.batch_execute(&format!("SET lc_messages = '{locale}'")).is_ok() {
                break;
            }
        }
        client
    }

    fn error(&self, sql: &str) -> DbError {
        let refused = self.client().batch_execute(sql).expect_err(sql);
        refused.as_db_error().unwrap_or_else(|| panic!("{refused} in {sql}")).clone()
    }

    /// The error as psql prints it, with its labels in the same language, and as the server's log has it.
    fn texts(&self, sql: &str) -> [String; 2] {
        let before = self.database.server().log().len();
        let error = self.error(sql);
        let log = self.database.server().log()[before..].to_owned();
        // The log's labels are the server's; psql's are the same words.
        let labels: Vec<String> = log
            .lines()
            .filter(|line| line.contains(" postgres@"))
            .filter_map(|line| Some(line.split_once(" Db ")?.1.split("  ").next()?.to_owned()))
            .collect();
        let mut psql = format!("{}  {}\n", labels.first().map_or("ERROR:", String::as_str), error.message());
        if let Some(detail) = error.detail() {
            psql += &format!("{}  {detail}\n", labels.get(1).map_or("DETAIL:", String::as_str));
        }
        [psql, log]
    }

    fn assert_understood(&self) {
        for values in ["'x', 'y'", "'it''s, \"so\" (z)', ')=('", "E'two\nlines', '»«„“「」«»'", "E'a\n', E'\tb) c'"]
        {
            let insert = format!(r#"INSERT INTO "Odd Things" ("A, B", "It's") VALUES ({values})"#);
            self.database.execute(&insert);
            for text in self.texts(&insert) {
                let run = self.database.run(&["explain", "--format", "json", &text]);
                assert_eq!(run.status, 0, "{text}\n{run:#?}");
                let found = run.json();
                assert_eq!(found["error"]["recognised_by"], "message", "{text}\n{found:#}");
                assert_eq!(found["index"]["name"], "Odd Key", "{text}\n{found:#}");
                assert_eq!(found["verdict"], "genuine_duplicate", "{text}\n{found:#}");
                assert_eq!(found["row"]["stored"], true, "{text}\n{found:#}");
            }
        }
        for text in self.texts(r#"INSERT INTO "Order Line" ("Note") VALUES ('x')"#) {
            let run = self.database.run(&["explain", "--format", "json", &text]);
            assert_eq!(run.status, 1, "{text}\n{run:#?}");
            assert_eq!(run.json()["verdict"], "sequence_behind", "{text}");
        }
    }

    fn assert_index_build_is_understood(&self) {
        self.database.execute(r#"CREATE TABLE "Twice" (id int); INSERT INTO "Twice" VALUES (7), (7)"#);
        for text in self.texts(r#"CREATE UNIQUE INDEX "New Key" ON "Twice" (id)"#) {
            let run = self.database.run(&["explain", "--format", "json", &text]);
            assert_eq!(run.status, 0, "{text}\n{run:#?}");
            let found = run.json();
            assert_eq!(found["error"]["occasion"], "index_build", "{text}\n{found:#}");
            assert_eq!(found["error"]["constraint"], "New Key", "{text}\n{found:#}");
            assert_eq!(found["error"]["values"], "7", "{text}\n{found:#}");
        }
    }

    /// What is no unique violation is named.
    fn assert_others_are_named(&self) {
        let others = [
            ("23503", r#"INSERT INTO "Strict" VALUES (1, 77)"#),
            ("23503", r#"INSERT INTO "Strict" VALUES (1, 1); DELETE FROM "Order Line""#),
            ("23502", r#"INSERT INTO "Strict" VALUES (NULL)"#),
            ("23514", r#"INSERT INTO "Strict" VALUES (10)"#),
            ("23P01", r#"INSERT INTO "Strict" VALUES (1, NULL, '[1,5)'), (2, NULL, '[3,9)')"#),
        ];
        for (code, sql) in others {
            assert_eq!(self.error(sql).code().code(), code);
            for text in self.texts(sql) {
                let said = self.database.explain_in_vain(&[], &text);
                assert!(said.contains(code), "{code} is not in {said}\nof {text}");
            }
        }
    }
}

macro_rules! languages {
    ($($name:ident $code:literal)*) => {
        $(
            #[test]
            fn $name() {
                let Some(speaker) = Speaker::of($code) else {
                    return;
                };
                speaker.assert_understood();
                speaker.assert_index_build_is_understood();
                speaker.assert_others_are_named();
            }
        )*
    };
}

languages! {
    german_is_understood "de"
    spanish_is_understood "es"
    french_is_understood "fr"
    italian_is_understood "it"
    japanese_is_understood "ja"
    georgian_is_understood "ka"
    korean_is_understood "ko"
    russian_is_understood "ru"
    swedish_is_understood "sv"
    ukrainian_is_understood "uk"
    chinese_is_understood "zh_CN"
}
