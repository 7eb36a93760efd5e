//! What a column's type holds.

use postgres::types::Type;

use crate::model::{ColumnType, ValueRange};

/// The whole numbers that a type holds, by the oid of its base type (fixed in PostgreSQL's `pg_type.dat`).
pub(crate) fn column_type(name: String, base_type: u32, typmod: i32) -> ColumnType {
    let two_sided = |max: i64, min: i64| Some(ValueRange { min, max });
    let holds = match Type::from_oid(base_type) {
        Some(Type::INT2) => two_sided(i16::MAX.into(), i16::MIN.into()),
        Some(Type::INT4) => two_sided(i32::MAX.into(), i32::MIN.into()),
        Some(Type::INT8) => Some(ValueRange::ALL),
        Some(Type::NUMERIC) => Some(numeric_range(typmod)),
        _ => None,
    };
    ColumnType { name, holds, is_numeric: base_type == Type::NUMERIC.oid() }
}

/// `numeric(precision, scale)` keeps precision - scale digits before the point; its type modifier holds both
/// (<https://www.postgresql.org/docs/current/datatype-numeric.html>). Without one it holds every bigint.
fn numeric_range(typmod: i32) -> ValueRange {
    if typmod < 4 {
        return ValueRange::ALL;
    }
    let (precision, scale) = ((typmod - 4) >> 16, (typmod - 4) & 0x7ff);
    // Since 15 the scale can be negative: eleven bits with a sign.
    let scale = (scale ^ 1024) - 1024;
    let digits = u32::try_from(precision - scale).unwrap_or_default();
    10_i64.checked_pow(digits).map_or(ValueRange::ALL, |bound| ValueRange { min: 1 - bound, max: bound - 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numeric_with_a_precision_has_a_limit() {
        let typmod = |precision: i32, scale: i32| ((precision << 16) | (scale & 0x7ff)) + 4;
        assert_eq!(numeric_range(typmod(5, 0)), ValueRange { min: -99_999, max: 99_999 });
        assert_eq!(numeric_range(typmod(9, 2)), ValueRange { min: -9_999_999, max: 9_999_999 });
        assert_eq!(numeric_range(typmod(3, -2)), ValueRange { min: -99_999, max: 99_999 });
        assert_eq!(numeric_range(typmod(30, 0)), ValueRange::ALL);
        assert_eq!(numeric_range(-1), ValueRange::ALL);
    }
}
