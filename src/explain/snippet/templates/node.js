const INSERT = INSERT_STATEMENT;
const CONSTRAINT = CONSTRAINT_NAME;

// Inside a transaction; where none is open, leave out the three lines with SAVEPOINT.
async function insert(client, values) {
  await client.query("SAVEPOINT before_insert");
  try {
    await client.query(INSERT, values);
  } catch (error) {
    if (error.code !== "23505" || error.constraint !== CONSTRAINT) throw error;
    await client.query("ROLLBACK TO SAVEPOINT before_insert");
    return { status: 409, body: "already exists" };
  }
  await client.query("RELEASE SAVEPOINT before_insert");
  return { status: 201, body: "created" };
}
