// import "context", "errors", "net/http", "github.com/jackc/pgx/v5" and "github.com/jackc/pgx/v5/pgconn"

const insertSQL = INSERT_STATEMENT
const constraint = CONSTRAINT_NAME

// beginner is a *pgx.Conn, a *pgxpool.Pool or a pgx.Tx, where Begin is a savepoint.
type beginner interface {
	Begin(context.Context) (pgx.Tx, error)
}

func insert(ctx context.Context, db beginner, values ...any) (int, error) {
	err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, insertSQL, values...)
		return err
	})
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "23505" && pgErr.ConstraintName == constraint {
		return http.StatusConflict, nil // 409: already exists
	}
	if err != nil {
		return http.StatusInternalServerError, err
	}
	return http.StatusCreated, nil
}
