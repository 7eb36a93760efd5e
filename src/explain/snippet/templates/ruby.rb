require "pg"

INSERT = INSERT_STATEMENT
CONSTRAINT = CONSTRAINT_NAME

def insert(conn, values)
  inside = conn.transaction_status == PG::PQTRANS_INTRANS
  conn.exec("SAVEPOINT before_insert") if inside
  conn.exec_params(INSERT, values)
  conn.exec("RELEASE SAVEPOINT before_insert") if inside
  [201, "created"]
rescue PG::UniqueViolation => error # SQLSTATE 23505
  raise if error.result.error_field(PG::Result::PG_DIAG_CONSTRAINT_NAME) != CONSTRAINT

  conn.exec("ROLLBACK TO SAVEPOINT before_insert") if inside
  [409, "already exists"]
end
