//! What a role may not see or do is named with the GRANT that cures it.

mod support;

use support::{Database, role_name};

/// A table with rows 1 and 2 in a schema of its own, its sequence at its start, and a role that has all it needs
/// but ownership.
struct Guest {
    db: Database,
    role: String,
}

const INSERT: &str = r#"INSERT INTO "Vault"."Gold" DEFAULT VALUES RETURNING id"#;

impl Guest {
    fn new() -> Self {
        let role = role_name();
        let db = Database::with_setup(&format!(
            r#"CREATE ROLE "{role}" LOGIN; CREATE SCHEMA "Vault";
               CREATE TABLE "Vault"."Gold" (id serial PRIMARY KEY, note text); INSERT INTO "Vault"."Gold" VALUES (1), (2);
               GRANT USAGE ON SCHEMA "Vault" TO "{role}"; GRANT SELECT, UPDATE ON "Vault"."Gold" TO "{role}";
               GRANT SELECT, USAGE ON SEQUENCE "Vault"."Gold_id_seq" TO "{role}""#
        ));
        Self { db, role }
    }

    /// Takes something away or changes it; `@` is the role.
    fn but(self, sql: &str) -> Self {
        self.db.execute(&sql.replace('@', &format!("\"{}\"", self.role)));
        self
    }

    fn assert_unreadable_until_the_hint_is_followed(&self, words: &str) {
        let report = self.db.assert_left_alone_as(&self.role, 2, "Gold_id_seq", "unreadable", words);
        let hint = report.sequence("Gold_id_seq")["hint"].as_str().expect("what would cure it").to_owned();
        self.db.execute(&hint);
        self.db.assert_repaired_as(&self.role, &["Gold_id_seq"], &[(INSERT, 3)]);
    }
}

#[test]
fn a_role_without_ownership_moves_the_sequence_by_nextval() {
    let guest = Guest::new();
    let fixed = guest.db.run(&["fix", "--dry-run", "--format", "json", "-U", &guest.role]).expect_status(1).report();
    assert_eq!(fixed.sequence("Gold_id_seq")["fix"]["protection"], "advance");
    guest.db.assert_repaired_as(&guest.role, &["Gold_id_seq"], &[(INSERT, 3)]);
}

#[test]
fn the_owner_has_full_protection() {
    let guest = Guest::new().but(r#"ALTER TABLE "Vault"."Gold" OWNER TO @"#);
    let fixed = guest.db.run(&["fix", "--dry-run", "--format", "json", "-U", &guest.role]).expect_status(1).report();
    assert_eq!(fixed.sequence("Gold_id_seq")["fix"]["protection"], "full");
    guest.db.assert_repaired_as(&guest.role, &["Gold_id_seq"], &[(INSERT, 3)]);
}

#[test]
fn a_member_of_the_owner_has_full_protection() {
    let owner = role_name();
    let guest = Guest::new().but(&format!(
        r#"CREATE ROLE "{owner}"; ALTER TABLE "Vault"."Gold" OWNER TO "{owner}"; GRANT USAGE ON SCHEMA "Vault" TO "{owner}"; GRANT "{owner}" TO @"#
    ));
    let fixed = guest.db.run(&["fix", "--dry-run", "--format", "json", "-U", &guest.role]).expect_status(1).report();
    assert_eq!(fixed.sequence("Gold_id_seq")["fix"]["protection"], "full");
    guest.db.assert_repaired_as(&guest.role, &["Gold_id_seq"], &[(INSERT, 3)]);
}

#[test]
fn without_select_on_the_table_the_grant_is_named_and_cures_it() {
    let guest = Guest::new().but(r#"REVOKE SELECT ON "Vault"."Gold" FROM @"#);
    guest.assert_unreadable_until_the_hint_is_followed(r#"no privilege to read "Vault"."Gold".id"#);
}

#[test]
fn select_on_the_column_alone_is_enough() {
    let guest = Guest::new().but(r#"REVOKE SELECT ON "Vault"."Gold" FROM @; GRANT SELECT (id) ON "Vault"."Gold" TO @"#);
    guest.db.assert_repaired_as(&guest.role, &["Gold_id_seq"], &[(INSERT, 3)]);
}

#[test]
fn without_select_on_the_sequence_the_grant_is_named_and_cures_it() {
    let guest = Guest::new().but(r#"REVOKE SELECT ON SEQUENCE "Vault"."Gold_id_seq" FROM @"#);
    guest.assert_unreadable_until_the_hint_is_followed(r#"no privilege to read sequence "Vault"."Gold_id_seq""#);
}

#[test]
fn without_usage_on_the_schema_the_grant_is_named_and_cures_it() {
    let guest = Guest::new().but(r#"REVOKE USAGE ON SCHEMA "Vault" FROM @"#);
    guest.assert_unreadable_until_the_hint_is_followed(r#"no privilege to use schema "Vault""#);
}

#[test]
fn without_the_privilege_to_lock_the_table_it_is_left_unfixed_until_the_hint_is_followed() {
    let guest = Guest::new().but(r#"REVOKE UPDATE ON "Vault"."Gold" FROM @; GRANT INSERT ON "Vault"."Gold" TO @"#);
    let before = guest.db.sequence_states();
    let fixed = guest.db.fix_as(&guest.role, 1);
    let found = fixed.sequence("Gold_id_seq");
    assert!(found["reason"].as_str().expect("a reason").contains("no privilege to lock table"), "{found:#}");
    assert_eq!(guest.db.sequence_states(), before);
    guest.db.execute(found["hint"].as_str().expect("what would cure it"));
    guest.db.assert_repaired_as(&guest.role, &["Gold_id_seq"], &[(INSERT, 3)]);
}

#[test]
fn without_the_privilege_to_move_the_sequence_it_is_left_unfixed_and_the_grant_named() {
    let guest = Guest::new().but(r#"REVOKE USAGE ON SEQUENCE "Vault"."Gold_id_seq" FROM @"#);
    let before = guest.db.sequence_states();
    let fixed = guest.db.fix_as(&guest.role, 1);
    let found = fixed.sequence("Gold_id_seq");
    assert!(found["reason"].as_str().expect("a reason").contains("no privilege to move sequence"), "{found:#}");
    let grant = format!(r#"GRANT USAGE ON SEQUENCE "Vault"."Gold_id_seq" TO "{}""#, guest.role);
    assert!(found["hint"].as_str().expect("what would cure it").contains(&grant), "{found:#}");
    assert_eq!(guest.db.sequence_states(), before);
    guest.db.execute(&grant);
    guest.db.assert_repaired_as(&guest.role, &["Gold_id_seq"], &[(INSERT, 3)]);
}

#[test]
fn the_outcome_of_what_was_not_read_is_empty_and_of_what_may_not_be_moved_says_so() {
    let guest = Guest::new().but(
        r#"REVOKE USAGE ON SEQUENCE "Vault"."Gold_id_seq" FROM @;
           CREATE TABLE "Vault"."Silver" (id serial PRIMARY KEY); INSERT INTO "Vault"."Silver" VALUES (1);
           CREATE TABLE "Vault"."Full" (id smallserial PRIMARY KEY); INSERT INTO "Vault"."Full" VALUES (32767);
           SELECT setval('"Vault"."Full_id_seq"', 32766); GRANT SELECT ON "Vault"."Full", "Vault"."Full_id_seq" TO @"#,
    );
    let run = guest.db.run(&["fix", "--yes", "-U", &guest.role]).expect_status(2);
    let row = |name: &str| {
        let mut rows = run.stdout.lines().take_while(|line| !line.is_empty());
        rows.find(|line| line.contains(name)).unwrap_or_else(|| panic!("no row of {name}: {run:#?}"))
    };
    let gold = row("Gold_id_seq");
    assert!(gold.starts_with("behind") && gold.ends_with("  not allowed"), "{run:#?}");
    let silver = row("Silver_id_seq");
    assert!(silver.starts_with("unreadable") && silver.ends_with(r#""Vault"."Silver_id_seq""#), "{run:#?}");
    let full = row("Full_id_seq");
    assert!(full.starts_with("exhausted") && full.ends_with('%'), "no role would fix it: {run:#?}");
}

#[test]
fn hints_of_several_sequences_can_be_run_together() {
    let guest = Guest::new().but(
        r#"REVOKE SELECT ON "Vault"."Gold" FROM @;
           CREATE TABLE "Vault"."Silver" (id serial PRIMARY KEY); INSERT INTO "Vault"."Silver" VALUES (1)"#,
    );
    let run = guest.db.run(&["fix", "--yes", "-U", &guest.role]).expect_status(2);
    let hints: Vec<&str> = run.stdout.lines().filter_map(|line| line.strip_prefix("  hint: ")).collect();
    assert_eq!(hints.len(), 2, "{run:#?}");
    guest.db.execute(&hints.join("\n"));
    guest.db.run(&["fix", "--yes", "-U", &guest.role]).expect_status(0);
}

#[test]
fn update_on_the_sequence_alone_is_enough_to_move_it() {
    let guest = Guest::new().but(
        r#"REVOKE USAGE ON SEQUENCE "Vault"."Gold_id_seq" FROM @; GRANT UPDATE ON SEQUENCE "Vault"."Gold_id_seq" TO @"#,
    );
    guest.db.assert_repaired_as(&guest.role, &["Gold_id_seq"], &[(INSERT, 3)]);
}

#[test]
fn one_table_without_privileges_does_not_keep_the_others_from_their_repair() {
    let guest = Guest::new()
        .but(r#"CREATE TABLE "Vault"."Silver" (id serial PRIMARY KEY); INSERT INTO "Vault"."Silver" VALUES (1)"#);
    let fixed = guest.db.fix_as(&guest.role, 2);
    assert_eq!(fixed.sequence("Silver_id_seq")["status"], "unreadable");
    assert_eq!(fixed.sequence("Gold_id_seq")["outcome"]["result"], "set");
    guest.db.assert_draws(INSERT, 3);
}

#[test]
fn row_level_security_that_hides_rows_is_named_and_nothing_is_guessed() {
    let guest = Guest::new().but(
        r#"ALTER TABLE "Vault"."Gold" ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON "Vault"."Gold" USING (id < 2)"#,
    );
    guest.db.assert_left_alone_as(&guest.role, 2, "Gold_id_seq", "unreadable", "row-level security");
    guest.db.assert_repaired(&["Gold_id_seq"], &[(INSERT, 3)]);
}

#[test]
fn row_level_security_that_is_forced_on_the_owner_is_named_too() {
    let guest = Guest::new().but(
        r#"ALTER TABLE "Vault"."Gold" OWNER TO @; ALTER TABLE "Vault"."Gold" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
           CREATE POLICY few ON "Vault"."Gold" USING (id < 2)"#,
    );
    guest.db.assert_left_alone_as(&guest.role, 2, "Gold_id_seq", "unreadable", "row-level security");
}

#[test]
fn row_level_security_does_not_stop_an_owner_it_is_not_forced_on() {
    let guest = Guest::new().but(
        r#"ALTER TABLE "Vault"."Gold" OWNER TO @; ALTER TABLE "Vault"."Gold" ENABLE ROW LEVEL SECURITY;
           CREATE POLICY few ON "Vault"."Gold" USING (id < 2)"#,
    );
    guest.db.assert_repaired_as(&guest.role, &["Gold_id_seq"], &[(INSERT, 3)]);
}

#[test]
fn privileges_on_the_root_of_a_tree_are_enough_to_scan_it() {
    let guest = Guest::new().but(
        r#"CREATE TABLE "Vault"."Tree" (id serial, part int) PARTITION BY LIST (part);
           CREATE TABLE "Vault"."Leaf" PARTITION OF "Vault"."Tree" FOR VALUES IN (1); INSERT INTO "Vault"."Tree" VALUES (1, 1);
           GRANT SELECT, UPDATE ON "Vault"."Tree" TO @; GRANT SELECT, USAGE ON SEQUENCE "Vault"."Tree_id_seq" TO @"#,
    );
    assert_eq!(guest.db.scan_as(&guest.role, 1).sequence("Tree_id_seq")["status"], "behind");
}
