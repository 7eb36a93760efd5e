import psycopg

INSERT = INSERT_STATEMENT
CONSTRAINT = CONSTRAINT_NAME


def insert(conn, values):
    try:
        with conn.transaction():  # a savepoint where a transaction is open
            conn.execute(INSERT, values)
    except psycopg.errors.UniqueViolation as error:  # SQLSTATE 23505
        if error.diag.constraint_name != CONSTRAINT:
            raise
        return 409, "already exists"
    return 201, "created"
