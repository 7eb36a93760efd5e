import java.sql.*;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

static final String INSERT = INSERT_STATEMENT;
static final String CONSTRAINT = CONSTRAINT_NAME;

static int insert(Connection connection, Object... values) throws SQLException {
    Savepoint before = connection.getAutoCommit() ? null : connection.setSavepoint();
    try (PreparedStatement statement = connection.prepareStatement(INSERT)) {
        for (int i = 0; i < values.length; i++) statement.setObject(i + 1, values[i]);
        statement.executeUpdate();
    } catch (PSQLException error) {
        ServerErrorMessage server = error.getServerErrorMessage();
        if (!"23505".equals(error.getSQLState()) || server == null || !CONSTRAINT.equals(server.getConstraint()))
            throw error;
        if (before != null) connection.rollback(before);
        return 409; // already exists
    }
    if (before != null) connection.releaseSavepoint(before);
    return 201; // created
}
