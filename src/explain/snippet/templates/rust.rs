use postgres::{Error, GenericClient, error::{DbError, SqlState}, types::ToSql};

const INSERT: &str = INSERT_STATEMENT;
const CONSTRAINT: &str = CONSTRAINT_NAME;

fn insert(client: &mut impl GenericClient, values: &[&(dyn ToSql + Sync)]) -> Result<(u16, &'static str), Error> {
    let mut inner = client.transaction()?; // a savepoint where a transaction is open
    match inner.execute(INSERT, values).and_then(|_| inner.commit()) {
        Ok(()) => Ok((201, "created")),
        Err(error)
            if error.code() == Some(&SqlState::UNIQUE_VIOLATION) // 23505
                && error.as_db_error().and_then(DbError::constraint) == Some(CONSTRAINT) =>
        {
            Ok((409, "already exists"))
        }
        Err(error) => Err(error),
    }
}
