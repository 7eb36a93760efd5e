//! Whether connection strings mean to us what they mean to libpq: the real one is asked, where there is one.
//! `PROPTEST_CASES` asks for more than a second's worth.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::{mem, ptr};

use proptest::prelude::*;
use proptest::sample::select;

use super::conninfo::parse;

/// What `PQconninfoParse` returns an array of.
/// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PQCONNINFOPARSE>
#[repr(C)]
struct ConninfoOption {
    keyword: *const c_char,
    envvar: *const c_char,
    compiled: *const c_char,
    val: *const c_char,
    label: *const c_char,
    dispchar: *const c_char,
    dispsize: c_int,
}

type Parse = unsafe extern "C" fn(*const c_char, *mut *mut c_char) -> *mut ConninfoOption;
type Free = unsafe extern "C" fn(*mut ConninfoOption);
type FreeText = unsafe extern "C" fn(*mut c_void);

struct Libpq {
    parse: Parse,
    free: Free,
    free_text: FreeText,
}

impl Libpq {
    fn load() -> Option<Self> {
        // SAFETY: the names are C strings, the library stays loaded, and these are the functions' published types.
        unsafe {
            let library = ["libpq.so.5", "libpq.5.dylib"].into_iter().find_map(|name| {
                let name = CString::new(name).expect("no zero byte");
                Some(libc::dlopen(name.as_ptr(), libc::RTLD_NOW)).filter(|library| !library.is_null())
            })?;
            let find = |name: &CStr| Some(libc::dlsym(library, name.as_ptr())).filter(|it| !it.is_null());
            Some(Self {
                parse: mem::transmute::<*mut c_void, Parse>(find(c"PQconninfoParse")?),
                free: mem::transmute::<*mut c_void, Free>(find(c"PQconninfoFree")?),
                free_text: mem::transmute::<*mut c_void, FreeText>(find(c"PQfreemem")?),
            })
        }
    }

    /// The keywords with values; `None` where it refuses the string.
    fn read(&self, text: &str) -> Option<BTreeMap<String, Vec<u8>>> {
        let text = CString::new(text).expect("no zero byte");
        let mut error = ptr::null_mut();
        let mut values = BTreeMap::new();
        // SAFETY: the text lives on; the array ends with a keyword that is NULL; what it returns is given back once.
        unsafe {
            let options = (self.parse)(text.as_ptr(), &raw mut error);
            (self.free_text)(error.cast());
            if options.is_null() {
                return None;
            }
            let mut option = options;
            while !(*option).keyword.is_null() {
                if !(*option).val.is_null() {
                    let keyword = CStr::from_ptr((*option).keyword).to_str().expect("keywords are ASCII").to_owned();
                    values.insert(keyword, CStr::from_ptr((*option).val).to_bytes().to_vec());
                }
                option = option.add(1);
            }
            (self.free)(options);
        }
        Some(values)
    }
}

/// What strings are made of, each so often that they are taken about as often as refused.
fn strings() -> impl Strategy<Value = String> {
    let word =
        select(vec!["a", "Shop", "1", "5432", "é", "", "/tmp", "127.0.0.1", "x y", "%20", "%C3%A9", "%zz", "%00"]);
    let value = prop_oneof![
        4 => word.clone().prop_map(str::to_owned),
        1 => word.clone().prop_map(|word| format!("'{word}'")),
        1 => select(vec!["'a\\'b'", "a\\ b", "'open", "\\", "a=b", "'", "''", "a'b"]).prop_map(str::to_owned),
    ];
    let keyword = select(vec![
        "host",
        "hostaddr",
        "port",
        "user",
        "password",
        "dbname",
        "sslmode",
        "ssl",
        "requiressl",
        "options",
        "service",
        "connect_timeout",
        "application_name",
        "Host",
        "nonsense",
        "",
    ]);
    let blank = select(vec!["", "", " ", "  ", "\t", "\n"]);
    let pair = (blank.clone(), keyword.clone(), blank.clone(), select(vec!["=", "=", "=", "", "=="]), blank, value)
        .prop_map(|(a, keyword, b, equals, c, value)| format!("{a}{keyword}{b}{equals}{c}{value}"));
    let pairs = prop::collection::vec(pair, 0..4).prop_map(|pairs| pairs.join(" "));
    let piece = prop_oneof![
        3 => word.prop_map(str::to_owned),
        3 => select(vec![":", "@", "/", "?", "&", "=", ",", "[", "]", "::1", "%", "%4"]).prop_map(str::to_owned),
        1 => (keyword, select(vec!["a", "require", "true", "1"])).prop_map(|(keyword, value)| format!("{keyword}={value}")),
    ];
    let scheme = select(vec!["postgres://", "postgresql://"]);
    let uri =
        (scheme, prop::collection::vec(piece, 0..9)).prop_map(|(scheme, rest)| scheme.to_owned() + &rest.concat());
    prop_oneof![pairs, uri]
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(4_000)
}

/// What we refuse although libpq does not: it could show a password, or is no text.
const ON_PURPOSE: [&str; 2] = ["a stray \"@\"", "no UTF-8"];

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_string_means_what_it_means_to_libpq(text in strings()) {
        let Some(libpq) = Libpq::load() else { return Ok(()) };
        match (parse(&text), libpq.read(&text)) {
            (Ok(ours), Some(theirs)) => {
                let theirs: Vec<String> = theirs
                    .iter()
                    .map(|(keyword, value)| format!("{keyword}={};", String::from_utf8_lossy(value)))
                    .collect();
                prop_assert_eq!(ours.spelt(), theirs.concat());
            }
            (Ok(ours), None) => prop_assert!(false, "libpq refuses {:?}, taken for {}", text, ours.spelt()),
            (Err(reason), Some(_)) => {
                prop_assert!(ON_PURPOSE.iter().any(|words| reason.contains(words)), "{:?}: {}", text, reason);
            }
            (Err(_), None) => {}
        }
    }
}
