using System;
using Npgsql;

const string Insert = INSERT_STATEMENT;
const string Constraint = CONSTRAINT_NAME;

static (int, string) InsertRow(NpgsqlConnection connection, NpgsqlTransaction? transaction, params object?[] values)
{
    transaction?.Save("before_insert");
    try
    {
        using var command = new NpgsqlCommand(Insert, connection, transaction);
        foreach (var value in values) command.Parameters.AddWithValue(value ?? DBNull.Value);
        command.ExecuteNonQuery();
    }
    catch (PostgresException error) when (
        error.SqlState == PostgresErrorCodes.UniqueViolation // 23505
        && error.ConstraintName == Constraint)
    {
        transaction?.Rollback("before_insert");
        return (409, "already exists");
    }
    transaction?.Release("before_insert");
    return (201, "created");
}
