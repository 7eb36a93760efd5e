//! The server's own words for this error and its neighbours, as its translations print them.
//!
//! Taken from the message catalogs of PostgreSQL 15 (`postgres-15.mo`); `lc_messages` picks one
//! (<https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LC-MESSAGES>).

/// What stands before and behind the name in `duplicate key value violates unique constraint "%s"`.
pub(crate) const DUPLICATE_KEY: &[(&str, &str)] = &[
    ("duplicate key value violates unique constraint", ""),
    ("doppelter Schlüsselwert verletzt Unique-Constraint", ""),
    ("llave duplicada viola restricción de unicidad", ""),
    ("la valeur d'une clé dupliquée rompt la contrainte unique", ""),
    ("un valore chiave duplicato viola il vincolo univoco", ""),
    ("重複したキー値は一意性制約", "違反となります"),
    ("დუბლირებული გასაღების მნიშვნელობა არღვევს უნიკალურ შეზღუდვას", ""),
    ("중복된 키 값이", " 고유 제약 조건을 위반함"),
    ("повторяющееся значение ключа нарушает ограничение уникальности", ""),
    ("duplicerat nyckelvärde bryter mot unik-villkor", ""),
    ("повторювані значення ключа порушують обмеження унікальності", ""),
    ("重复键违反唯一约束", ""),
];

/// The same for `could not create unique index "%s"`: rows that are stored already are duplicates.
pub(crate) const INDEX_BUILD: &[(&str, &str)] = &[
    ("could not create unique index", ""),
    ("konnte Unique Index", " nicht erstellen"),
    ("no se pudo crear el índice único", ""),
    ("n'a pas pu créer l'index unique", ""),
    ("creazione dell'indice univoco", " fallita"),
    ("一意インデックス", "を作成できませんでした"),
    ("უნიკალური ინდექსის შექმნა შეუძლებელია:", ""),
    ("создать уникальный индекс", " не удалось"),
    ("kunde inte skapa unikt index", ""),
    ("не вдалося створити унікальний індекс", ""),
    ("无法创建唯一索引", ""),
];

/// What stands behind the key in `Key (…)=(…) already exists.`, `… is duplicated.`, and in what 18 says of a conflict
/// in logical replication.
pub(crate) const BEHIND_KEY: &[&str] = &[
    " already exists",
    " is duplicated",
    "; existing local row",
    "; remote row",
    "« existiert bereits",
    " ist doppelt vorhanden",
    " está duplicada",
    " » existe déjà",
    " est dupliquée",
    " esiste già",
    " è duplicata",
    " はすでに存在します",
    "は重複しています",
    " დუბლირებულია",
    " 키가 이미 있습니다",
    " 키가 중복됨",
    "\" уже существует",
    " уже существует",
    " дублируется",
    " existerar redan",
    " är duplicerad",
    " вже існує",
    " дублюється",
    "\" 已经存在",
    "重复了",
];

/// What stands behind the first of two keys, or before a table's name: the DETAIL of another error.
pub(crate) const BEHIND_OTHER_KEY: &[&str] =
    &[" is not present in table", " is still referenced from table", " conflicts with"];

/// Words that only another error's message holds, with its SQLSTATE.
pub(crate) const OTHER_MESSAGES: &[(&str, &str)] = &[
    ("violates foreign key constraint", "23503"),
    ("violates RESTRICT setting of foreign key constraint", "23001"),
    ("verletzt Fremdschlüssel-Constraint", "23503"),
    ("viola la llave foránea", "23503"),
    ("viole la contrainte de clé", "23503"),
    ("viola il vincolo di chiave esterna", "23503"),
    ("外部キー制約", "23503"),
    ("참조키(foreign key) 제약 조건을", "23503"),
    ("нарушает ограничение внешнего ключа", "23503"),
    ("bryter mot främmande nyckel-villkoret", "23503"),
    ("порушує обмеження зовнішнього ключа", "23503"),
    ("违反外键约束", "23503"),
    ("violates not-null constraint", "23502"),
    ("verletzt Not-Null-Constraint", "23502"),
    ("viola la restricción de no nulo", "23502"),
    ("viole la contrainte NOT NULL", "23502"),
    ("viola il vincolo non nullo", "23502"),
    ("非NULL制約に違反しています", "23502"),
    ("null 값이 not null 제약조건을 위반했습니다", "23502"),
    ("нарушает ограничение NOT NULL", "23502"),
    ("bryter mot not-null-villkoret", "23502"),
    ("порушує not-null обмеження", "23502"),
    ("violates check constraint", "23514"),
    ("violates partition constraint", "23514"),
    ("verletzt Check-Constraint", "23514"),
    ("viola la restricción «check»", "23514"),
    ("viole la contrainte de vérification", "23514"),
    ("viola il vincolo di controllo", "23514"),
    ("検査制約", "23514"),
    ("체크 제약 조건을 위반했습니다", "23514"),
    ("нарушает ограничение-проверку", "23514"),
    ("bryter mot check-villkor", "23514"),
    ("порушує перевірне обмеження", "23514"),
    ("违反了检查约束", "23514"),
    ("violates exclusion constraint", "23P01"),
    ("could not create exclusion constraint", "23P01"),
    ("verletzt Exclusion-Constraint", "23P01"),
    ("viola la restricción de exclusión", "23P01"),
    ("rompt la contrainte d'exclusion", "23P01"),
    ("violano il vincolo di esclusione", "23P01"),
    ("排除制約", "23P01"),
    ("exclusion 제약 조건에 따라 키 값", "23P01"),
    ("нарушает ограничение-исключение", "23P01"),
    ("bryter mot uteslutningsvillkor", "23P01"),
    ("порушує обмеження-виключення", "23P01"),
    ("违反排他约束", "23P01"),
    ("reached maximum value of sequence", "2200H"),
    ("reached minimum value of sequence", "2200H"),
    ("there is no unique or exclusion constraint matching the ON CONFLICT specification", "42P10"),
    ("ON CONFLICT DO UPDATE command cannot affect row a second time", "21000"),
    ("current transaction is aborted", "25P02"),
    ("cannot insert a non-DEFAULT value into column", "428C9"),
    ("integer out of range", "22003"),
    ("could not serialize access", "40001"),
    ("deadlock detected", "40P01"),
];

/// The labels that begin a line after the message: the server's, its translations', and the drivers'.
pub(crate) const LABELS: &[&str] = &[
    "HINT", "TIPP", "ASTUCE", "SUGGERIMENTO", "ヒント", "მინიშნება", "힌트", "ПОДСКАЗКА", "TIPS", "УКАЗІВКА", "提示",
    "CONTEXT", "ZUSAMMENHANG", "CONTEXTO", "CONTEXTE", "CONTESTO", "文脈", "კონტექსტი", "내용", "КОНТЕКСТ", "KONTEXT",
    "上下文", "STATEMENT", "ANWEISUNG", "SENTENCIA", "INSTRUCTION", "ISTRUZIONE", "文", "ოპერატორი", "명령 구문",
    "ОПЕРАТОР", "SATS", "ІНСТРУКЦІЯ", "语句", "QUERY", "ANFRAGE", "CONSULTA", "REQUÊTE", "問い合わせ", "მოთხოვნა", "쿼리",
    "ЗАПРОС", "FRÅGA", "ЗАПИТ", "查询", "LOCATION", "LOKATION", "ORT", "SCHEMA NAME", "TABLE NAME", "COLUMN NAME",
    "DATATYPE NAME", "CONSTRAINT NAME", "BACKTRACE", "ERROR", "FEHLER", "ERREUR", "ERRORE", "エラー", "შეცდომა", "오류",
    "ОШИБКА", "FEL", "ПОМИЛКА", "错误", "LOG", "WARNING", "NOTICE", "FATAL", "PANIC", "INFO", "DEBUG", "Severity",
    "SqlState", "MessageText", "Detail", "Hint", "Where", "Position",
];
