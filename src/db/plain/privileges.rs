//! What the role may do.

use std::collections::HashMap;

use postgres::SimpleQueryRow;

use super::cells::Cells;

/// What it may do with each sequence, by oid, and with the column that owns it.
pub(super) enum Privileges {
    /// Everything.
    All,
    /// This; nothing where nothing is said.
    Some(HashMap<u32, Rights>),
}

/// What it may do with one.
#[derive(Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a privilege of its own")]
pub(super) struct Rights {
    pub(super) is_ours: bool,
    pub(super) can_read_sequence: bool,
    pub(super) can_advance: bool,
    pub(super) can_use_schema: bool,
    pub(super) is_row_secured: bool,
    pub(super) can_read: bool,
    pub(super) can_lock: bool,
}

const EVERYTHING: Rights = Rights {
    is_ours: true,
    can_read_sequence: true,
    can_advance: true,
    can_use_schema: true,
    is_row_secured: false,
    can_read: true,
    can_lock: true,
};

impl Privileges {
    /// Reads what `plain_privileges.sql` says.
    pub(super) fn of(rows: &[SimpleQueryRow]) -> Option<Self> {
        let read = |row: &SimpleQueryRow| {
            let mut cells = Cells::of(row);
            let oid = cells.number()?;
            let rights = Rights {
                is_ours: cells.is_true(),
                can_read_sequence: cells.is_true(),
                can_advance: cells.is_true(),
                can_use_schema: cells.is_true(),
                is_row_secured: cells.is_true(),
                can_read: cells.is_true(),
                can_lock: cells.is_true(),
            };
            Some((oid, rights))
        };
        rows.iter().map(read).collect::<Option<_>>().map(Self::Some)
    }

    pub(super) fn say_of(&self, sequence: u32) -> Rights {
        match self {
            Self::All => EVERYTHING,
            Self::Some(rights) => rights.get(&sequence).copied().unwrap_or_default(),
        }
    }
}
