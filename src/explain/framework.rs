//! What frameworks print in place of the server's message.

use std::sync::LazyLock;

use regex::Regex;

use super::key::Key;
use super::violation::{Recognised, Violation};

/// Prisma: names the fields or the constraint, never the values.
static PRISMA: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"Unique constraint failed on the (?:fields?: \(([^)\n]*)\)|constraint: [`(\x22']+([^`)\x22'\n]+)|\(not available\))",
    )
});
static PRISMA_TARGET: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"["']?target["']?\s*:\s*(?:\[([^\]]*)\]|["']([^"']+)["'])"#));
static PRISMA_MODEL: LazyLock<Regex> = LazyLock::new(|| regex(r#"["']?modelName["']?\s*:\s*["'](\w+)["']"#));
static PRISMA_CALL: LazyLock<Regex> = LazyLock::new(|| regex(r"\bprisma\.(\w+)\.(?:create|update|upsert)"));
static ADAPTER_FIELDS: LazyLock<Regex> = LazyLock::new(|| regex(r#"\bfields["']?:\s*\[([^\]]*)\]"#));
/// Sequelize: names the fields and their values.
static SEQUELIZE_FIELDS: LazyLock<Regex> = LazyLock::new(|| regex(r"\bfields:\s*\{([^{}]*)\}"));
/// Ecto: names the constraint.
static ECTO: LazyLock<Regex> = LazyLock::new(|| regex(r#"[*"]\s*"?([^"\n]{1,255}?)"? \(unique_constraint\)"#));
/// Its older form; other constraints are listed below.
static OLD_ECTO: LazyLock<Regex> = LazyLock::new(|| regex(r"\* unique: (\S+)"));
/// Hibernate, wrapped by Spring: names the constraint, and not which kind of one.
static HIBERNATE: LazyLock<Regex> = LazyLock::new(|| regex(r#"constraint \["?([^\]"\n]+)[^\]\n]*\]"#));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a fixed pattern")
}

/// How much of a text is looked at: these are short.
const LOOKED_AT: usize = 256 * 1024;

/// Reads a framework's own words.
pub(crate) fn violation(text: &str) -> Option<Violation> {
    let text = &text[..super::message::floor(text, LOOKED_AT)];
    let framework = Violation { recognised: Recognised::Framework, ..Violation::default() };
    if text.contains("Unique constraint failed on the") || text.contains("P2002") {
        return prisma(text, framework);
    }
    if text.contains("SequelizeUniqueConstraintError") {
        let fields = SEQUELIZE_FIELDS.captures(text).and_then(|found| sequelize_key(found.get(1)?.as_str()));
        return Some(Violation { key: fields, ..framework });
    }
    if text.contains("(unique_constraint)")
        && let Some(found) = ECTO.captures(text)
    {
        return Some(Violation { constraints: vec![found[1].to_owned()], ..framework });
    }
    if text.contains("Ecto.ConstraintError")
        && let Some(found) = OLD_ECTO.captures(text)
    {
        return Some(Violation { constraints: vec![found[1].to_owned()], ..framework });
    }
    if ["ConstraintViolationException", "DataIntegrityViolationException", "DuplicateKeyException", "could not execute"]
        .iter()
        .any(|words| text.contains(words))
        && let Some(found) = HIBERNATE.captures(text)
        && !found[1].eq_ignore_ascii_case("null")
    {
        return Some(Violation { constraints: vec![found[1].to_owned()], ..framework });
    }
    None
}

fn prisma(text: &str, mut violation: Violation) -> Option<Violation> {
    let captured = PRISMA.captures(text);
    let named = captured.as_ref().and_then(|found| found.get(2));
    violation.constraints.extend(named.map(|name| name.as_str().to_owned()));
    let target = PRISMA_TARGET.captures(text);
    let fields = captured
        .as_ref()
        .and_then(|found| found.get(1))
        .or_else(|| target.as_ref().and_then(|found| found.get(1)))
        .map(|fields| bare_names(fields.as_str()))
        .filter(|fields| !fields.is_empty());
    if violation.constraints.is_empty() && fields.is_none() {
        // A target in quotes is the constraint's name.
        violation
            .constraints
            .extend(target.as_ref().and_then(|found| found.get(2)).map(|name| name.as_str().to_owned()));
    }
    violation.key = fields.map(|columns| Key { columns, values: Vec::new() });
    let model = PRISMA_MODEL.captures(text).or_else(|| PRISMA_CALL.captures(text));
    violation.table = model.map(|found| found[1].to_owned());
    (captured.is_some() || target.is_some() || text.contains("P2002")).then_some(violation)
}

/// The columns that Prisma's adapters name beside the server's message: `"constraint": {"fields": ["id"]}`.
pub(crate) fn adapter_key(text: &str) -> Option<Key> {
    let text = &text[..super::message::floor(text, LOOKED_AT)];
    let fields = ADAPTER_FIELDS.captures(text).filter(|_| text.contains("UniqueConstraintViolation"))?;
    let columns = bare_names(&fields[1]);
    (!columns.is_empty()).then(|| Key { columns, values: Vec::new() })
}

fn bare_names(list: &str) -> Vec<String> {
    list.split(',')
        .map(|name| name.trim().trim_matches(['`', '"', '\'', '\\']).to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// `id: '1', tenant: '2'`: sure where no quote or comma is inside of a value.
fn sequelize_key(fields: &str) -> Option<Key> {
    let pairs: Vec<(String, String)> = fields
        .split(',')
        .filter(|pair| !pair.trim().is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once(':')?;
            let bare = |text: &str| text.trim().trim_matches(['\'', '"']).to_owned();
            Some((bare(name), bare(value)))
        })
        .collect::<Option<_>>()?;
    let (columns, values): (Vec<String>, Vec<String>) = pairs.into_iter().unzip();
    (!columns.is_empty()).then(|| Key { columns, values: vec![values.join(", ")] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prisma_names_fields_or_the_constraint() {
        let fields = violation("Unique constraint failed on the fields: (`tenant`,`id`)").expect("Prisma's words");
        assert_eq!(fields.key.expect("a key").columns, ["tenant", "id"]);
        let named = violation("Unique constraint failed on the constraint: `users_pkey`").expect("Prisma's words");
        assert_eq!(named.constraint(), Some("users_pkey"));
        let meta =
            violation("code: 'P2002', meta: { modelName: 'User', target: [ 'email' ] }").expect("Prisma's words");
        assert_eq!((meta.table.as_deref(), meta.key.expect("a key").columns), (Some("User"), vec!["email".to_owned()]));
    }

    #[test]
    fn hibernate_names_the_constraint_alone() {
        let text = "DataIntegrityViolationException: could not execute statement; SQL [n/a]; constraint [uk_email]";
        assert_eq!(violation(text).expect("Spring's words").constraint(), Some("uk_email"));
        assert_eq!(violation("could not execute statement; constraint [null]"), None);
    }
}
