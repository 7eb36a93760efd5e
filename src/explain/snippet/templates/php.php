const INSERT = INSERT_STATEMENT;
const CONSTRAINT = CONSTRAINT_NAME;

function insert(PDO $pdo, array $values): array
{
    $inside = $pdo->inTransaction();
    if ($inside) $pdo->exec('SAVEPOINT before_insert');
    try {
        $pdo->prepare(INSERT)->execute($values);
    } catch (PDOException $error) {
        // PDO has the constraint in the message alone, whose language and quotes are the server's (lc_messages).
        $named = '/["«»]\s?' . preg_quote(CONSTRAINT, '/') . '\s?["«»]/u';
        if (($error->errorInfo[0] ?? '') !== '23505' || !preg_match($named, $error->errorInfo[2])) throw $error;
        if ($inside) $pdo->exec('ROLLBACK TO SAVEPOINT before_insert');
        return [409, 'already exists'];
    }
    if ($inside) $pdo->exec('RELEASE SAVEPOINT before_insert');
    return [201, 'created'];
}
