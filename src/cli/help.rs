//! What the help ends with: exit statuses and examples.

/// Of the program.
pub const ALL: &str = "\
Exit status: 0 nothing is behind, or all is fixed; 1 something is behind or exhausted, left unfixed,
or not reached in time; 2 trouble, be the rest 0 or 1; 130 ended by a signal.
Options of a command: see pgseqfix fix --help.

For example:
  pgseqfix shop                          what is behind in database shop, and why
  pgseqfix fix shop                      show the plan, pick, confirm, fix
  pgseqfix fix --yes -t 'album|artist' shop
  pgseqfix --format json -o report.json 'postgres://app@db.example/shop'
  pgseqfix explain -d shop 'duplicate key value violates unique constraint \"users_pkey\"'";

/// Of `scan`.
pub const SCAN: &str = "\
Exit status: 0 nothing is behind; 1 something is behind or exhausted, or not reached in time;
2 trouble: no connection, bad usage, a sequence that could not be read; 130 ended by a signal.

For example:
  pgseqfix scan -n public -T 'audit_*' shop
  pgseqfix scan --check shop                           one line, for CI
  pgseqfix scan --format prometheus -o pgseqfix.prom   for node_exporter";

/// Of `fix`.
pub const FIX: &str = "\
Tables and sequence are locked for some milliseconds each; what others keep locked is reported as busy,
and the rest goes on. No sequence is ever moved back, and what needs nothing is not touched.
Exit status: 0 all that was behind is fixed; 1 something is left unfixed; 2 trouble; 130 ended by a signal.

For example:
  pgseqfix fix shop                            see what would be set, pick, confirm
  pgseqfix fix --dry-run shop                  see only
  pgseqfix fix --yes -t album -t artist shop   without asking, what these tables draw from
  pgseqfix fix --yes --time-limit 30s shop     as a step of a deployment
A plan that somebody looks at, and that is then done as it is written:
  pgseqfix fix --dry-run --format json -o plan.json shop
  pgseqfix fix --plan plan.json --yes --format json -o outcome.json shop";

/// Of `explain`.
pub const EXPLAIN: &str = "\
Without TEXT and --log the error is read from standard input. The database is named with -d.
Exit status: 0 explained, and no sequence is behind; 1 a sequence of the key is behind;
2 trouble, or the text is no such error.

For example:
  pgseqfix explain -d shop 'ERROR: duplicate key value violates unique constraint \"users_pkey\"'
  psql -f import.sql shop 2>&1 | pgseqfix explain -d shop
  pgseqfix explain -d shop --log /var/log/postgresql/*.log --format json";
