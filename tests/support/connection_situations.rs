//! Ways to say where to connect, as whom, and with what.

/// Words of a situation in place of what differs from run to run: `{a}`, `{standby}`… for ports, `{dir}` for a directory.
type Text = String;

/// What a program is given.
#[derive(Clone, Debug, Default)]
pub struct Situation {
    pub arguments: Vec<Text>,
    pub variables: Vec<(&'static str, Text)>,
    /// The password file in the home directory, and its mode.
    pub passfile: Option<(Text, u32)>,
    /// The service file in the home directory.
    pub services: Option<Text>,
    /// Since which major version psql knows it.
    pub since: u32,
    /// Whether psql refuses it, and for no reason that would be ours: an empty value asks for nothing.
    pub is_ours_alone: bool,
}

impl Situation {
    fn of(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        Self { arguments, ..Self::default() }
    }

    /// With a connection string after `-d`.
    fn string(text: impl Into<String>) -> Self {
        Self { arguments: vec!["-d".into(), text.into()], ..Self::default() }
    }

    fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((variable, value.into()));
        self
    }

    fn passfile(mut self, text: impl Into<String>) -> Self {
        self.passfile = Some((text.into(), 0o600));
        self
    }

    fn mode(mut self, mode: u32) -> Self {
        self.passfile = self.passfile.map(|(text, _)| (text, mode));
        self
    }

    fn services(mut self, text: impl Into<String>) -> Self {
        self.services = Some(text.into());
        self
    }

    fn ours_alone(mut self) -> Self {
        self.is_ours_alone = true;
        self
    }

    fn since(mut self, major: u32) -> Self {
        self.since = major;
        self
    }
}

/// Every state of four sources that one keyword can come from.
pub fn precedence() -> Vec<Situation> {
    let mut all = Vec::new();
    let keywords: [(&str, Option<&str>, &'static str, [&str; 4]); 5] = [
        ("user", Some("-U"), "PGUSER", ["u1", "u2", "u3", "u4"]),
        ("dbname", None, "PGDATABASE", ["d1", "d2", "d3", "d4"]),
        ("host", Some("-h"), "PGHOST", ["{dir}/h1", "{dir}/h2", "{dir}/h 3", "127.0.0.1"]),
        ("port", Some("-p"), "PGPORT", ["{a}", "{b}", "{c}", "{d}"]),
        ("password", None, "PGPASSWORD", ["p1", "{password}", "p3", "p4"]),
    ];
    for (keyword, option, variable, values) in keywords {
        for state in 0..81_usize {
            let source = |at: u32| match state / 3_usize.pow(at) % 3 {
                0 => None,
                1 => Some(""),
                _ => Some(values[usize::try_from(at).expect("it is small")]),
            };
            let rest: Vec<String> = [("user", "u1"), ("dbname", "d1"), ("host", "127.0.0.1"), ("port", "{a}")]
                .into_iter()
                .filter(|(other, _)| *other != keyword && (*other, keyword) != ("port", "host"))
                .map(|(other, value)| format!("{other}='{value}'"))
                .collect();
            let rest = rest.join(" ");
            let own = source(0).map(|value| format!("{keyword}='{value}'")).unwrap_or_default();
            let password = if keyword == "password" { "" } else { "password='{password}'" };
            let mut situation = Situation::string(format!("{rest} {own} {password} service=s"));
            if let (Some(option), Some(value)) = (option, source(1)) {
                situation.arguments.extend([option.to_owned(), value.to_owned()]);
            } else if source(1).is_some() {
                continue;
            }
            let line = source(2).map(|value| format!("{keyword}={value}\n")).unwrap_or_default();
            situation.services = Some(format!("[s]\n{line}"));
            if let Some(value) = source(3) {
                situation.variables.push((variable, value.to_owned()));
            }
            all.push(situation);
        }
    }
    all
}

/// URIs.
pub fn uris() -> Vec<Situation> {
    [
        "postgres://u1:{password in uri}@127.0.0.1:{a}/d1",
        "postgresql://u1:{password in uri}@localhost:{a}/d1",
        "postgresql://u1:{password in uri}@127.0.0.1:{dead},127.0.0.1:{b}/d1",
        "postgresql://u1:{password in uri}@{dir in uri}%2Fh1/d1",
        "postgresql://u1:{password in uri}@{dir in uri}%2Fh1:6543/d1",
        "postgresql:///d1?host={dir}/h2&user=u1&password={password in uri}",
        "postgresql:///d1?host={dir}/h2&user=u1&password={password in uri}&port=6543",
        "postgresql://u1:{password in uri}@/d1?host={dir}/h%203",
        "postgresql://u1:{password in uri}@:{a}/d1?hostaddr=127.0.0.1",
        "postgresql://u%205:{password in uri}@127.0.0.1:{a}/a%3Ab%5Cc",
        "postgresql://u1:{password in uri}@127.0.0.1:{a}",
        "postgresql://u1:{password in uri}@127.0.0.1:{a}/",
        "postgresql://u1:{password in uri}@127.0.0.1:{a}/nothing",
        "postgresql://nobody:{password in uri}@127.0.0.1:{a}/d1",
        "postgresql://u1:wrong@127.0.0.1:{a}/d1",
        "postgresql://u1@127.0.0.1:{a}/d1",
        "postgresql://u1:@127.0.0.1:{a}/d1",
        "postgresql://127.0.0.1:{a}/d1?user=u2&user=u1&password={password in uri}",
        "postgresql://u1:{password in uri}@127.0.0.1:{a}/d1?application_name=a%20b&options=-c%20work_mem%3D3MB",
        "postgresql://u1:{password in uri}@127.0.0.1:{a}/d1?nonsense=1",
        "postgresql://u1:{password in uri}@127.0.0.1:{a}/d1?host",
        "postgresql://u1:{password in uri}@127.0.0.1:{a}/d1?a=b=c",
        "postgresql://u1:{password in uri}@127.0.0.1:{a}/d1%00",
        "postgresql://u1:{password in uri}@127.0.0.1:0/d1",
        "postgresql://u1:{password in uri}@127.0.0.1:70000/d1",
        "postgresql://u1:{password in uri}@no.such.host.invalid:{a}/d1",
    ]
    .map(Situation::string)
    .into()
}

/// A role and a database to go with a place.
const KNOWN: &str = "user=u1 dbname=d1 password='{password}'";

/// Where to go, by keywords.
pub fn places() -> Vec<Situation> {
    [
        "host={dir}/h1",
        "host='{dir}/h 3'",
        "host={dir}/h1 port=6543",
        "host={dir}/h2 port=6543",
        "host={dir}/h1,{dir}/h2",
        "host={dir}/nothing,{dir}/h2",
        "host={dir}/h2,{dir}/h1 port=6543",
        "host={dir}/h2,{dir}/h1 port=6543,5432",
        "host={dir}/h2,127.0.0.1 port=,{a}",
        "host=@{dir}/abstract",
        "host=@{dir}/nothing",
        "host=127.0.0.1 port={a}",
        "host=localhost port={a}",
        "hostaddr=127.0.0.1 port={a}",
        "host=no.such.host.invalid hostaddr=127.0.0.1 port={a}",
        "host=/no/such/directory hostaddr=127.0.0.1 port={a}",
        "host=@abstract hostaddr=127.0.0.1 port={a} sslmode=disable",
        "host=a,b hostaddr=127.0.0.1,127.0.0.1 port={dead},{b}",
        "host=a hostaddr=127.0.0.1,127.0.0.1 port={dead},{b}",
        "host=a,b hostaddr=127.0.0.1 port={a}",
        "host=,127.0.0.1 hostaddr=127.0.0.1, port={dead},{b}",
        "hostaddr=localhost port={a}",
        "hostaddr=127.0.0.1,nonsense port={a}",
        "host=127.0.0.1,127.0.0.1 port={dead},{b}",
        "host=127.0.0.1,127.0.0.1 port={a},{b}",
        "host=127.0.0.1,127.0.0.1 port={a}",
        "host=127.0.0.1,127.0.0.1 port={a},{b},{c}",
        "host=127.0.0.1 port={a},{b}",
        "host=127.0.0.1,127.0.0.1 port=,",
        "host=127.0.0.1,127.0.0.1,127.0.0.1 port={dead},{hangs up},{b}",
        "host=127.0.0.1,127.0.0.1 port={hangs up},{b}",
        "host=127.0.0.1,127.0.0.1 port={dead},{hangs up}",
        "host=no.such.host.invalid,127.0.0.1 port={a}",
        "host=127.0.0.1,no.such.host.invalid port={dead}",
        "host=127.0.0.1, port={dead},{a}",
        "host=127.0.0.1 port=' {a} '",
        "host=127.0.0.1 port=+{a}",
        "host=127.0.0.1 port={a}x",
        "host=127.0.0.1 port=0",
        "host=127.0.0.1 port=-1",
        "host=127.0.0.1 port=65536",
        "host=127.0.0.1 port=99999999999999999999",
        "host=127.0.0.1 port={dead}",
        "host=127.0.0.1 port={dead} connect_timeout=3",
        "host=127.0.0.1 port={a} connect_timeout=-1",
        "host=127.0.0.1 port={a} connect_timeout=3.5",
        "host=127.0.0.1 port={a} connect_timeout=soon",
    ]
    .map(|place| Situation::string(format!("{KNOWN} {place}")))
    .into()
}

/// What else is asked for, by keywords.
pub fn settings() -> Vec<Situation> {
    let mut all: Vec<Situation> = [
        "host=127.0.0.1 port={a} user=nobody",
        "host=127.0.0.1 port={a} dbname=nothing",
        "host=127.0.0.1 port={a} dbname=D1",
        "host=127.0.0.1 port={a} dbname='a:b\\\\\\\\c'",
        "host=127.0.0.1 port={a} password=wrong",
        "host=127.0.0.1,127.0.0.1 port={a},{b} password=wrong",
        "host=127.0.0.1,127.0.0.1 port={a},{b} dbname=nothing",
        "host=127.0.0.1 port={a} application_name=mine",
        "host=127.0.0.1 port={a} application_name=''",
        "host=127.0.0.1 port={a} application_name='' fallback_application_name=mine",
        "host=127.0.0.1 port={a} options='-c work_mem=3MB -c search_path=a\\\\ b'",
        "host=127.0.0.1 port={a} options=-cwork_mem=nonsense",
        "host=127.0.0.1 port={a} options=-cno_such_setting=1",
        "host=127.0.0.1 port={a} options=--nonsense",
        "host=127.0.0.1 port={a} options=-csession_authorization=postgres",
        "host=127.0.0.1 port={a} keepalives=0",
        "host=127.0.0.1 port={a} keepalives=1 keepalives_idle=10 keepalives_interval=5 keepalives_count=2",
        "host=127.0.0.1 port={a} keepalives=on",
        "host=127.0.0.1 port={a} keepalives_idle=ten",
        "host=127.0.0.1 port={a} tcp_user_timeout=10000",
        "host=127.0.0.1 port={a} tcp_user_timeout=10s",
        "host=127.0.0.1 port={a} client_encoding=LATIN1",
        "host=127.0.0.1 port={a} gssencmode=prefer",
        "host=127.0.0.1 port={a} gssencmode=disable krbsrvname=x",
        "host=127.0.0.1 port={a} gssencmode=nonsense",
        "host=127.0.0.1 port={a} sslmode=nonsense",
        "host=127.0.0.1 port={a} sslmode=''",
        "host=127.0.0.1 port={a} sslmode=disable",
        "host=127.0.0.1 port={a} sslmode=allow",
        "host=127.0.0.1 port={a} channel_binding=nonsense",
        "host=127.0.0.1 port={a} requiressl=0",
        "host=127.0.0.1 port={a} authtype=x",
        "host=127.0.0.1 port={a} nonsense=1",
        "host=127.0.0.1 port={a} HOST=x",
        "host=127.0.0.1 port",
        "host='127.0.0.1 port={a}",
        "host = 127.0.0.1\tport\n= {a}",
        "host=127.0.0.1 port={a} service=nothing",
    ]
    .map(|place| Situation::string(format!("{KNOWN} {place}")))
    .into();
    for (since, setting) in [
        (16, "load_balance_hosts=disable"),
        (16, "load_balance_hosts=random"),
        (16, "load_balance_hosts=nonsense"),
        (16, "sslcertmode=disable"),
        (16, "sslcertmode=nonsense"),
        (16, "gssdelegation=0"),
        (17, "sslnegotiation=postgres"),
        (17, "sslnegotiation=nonsense"),
        (18, "min_protocol_version=3.0"),
        (18, "max_protocol_version=3.0"),
        (18, "max_protocol_version=nonsense"),
        (18, "min_protocol_version=1.0"),
        (18, "sslkeylogfile={dir}/keys"),
        (19, "servicefile={dir}/nothing"),
        (19, "servicefile={dir}/nothing service=s"),
    ] {
        all.push(Situation::string(format!("{KNOWN} host=127.0.0.1 port={{a}} {setting}")).since(since));
    }
    all
}

/// Variables, empty and not, beside what leads there.
pub fn variables() -> Vec<Situation> {
    let there = "host=127.0.0.1 port={a}";
    let known = format!("{there} user=u1 dbname=d1 password='{{password}}'");
    let mut all = Vec::new();
    for (name, values) in [
        ("PGOPTIONS", &["", "-c work_mem=3MB", "-c work_mem=nonsense", "-c search_path=x,y"][..]),
        ("PGAPPNAME", &["", "mine"]),
        ("PGTZ", &["Asia/Tokyo"]),
        ("PGDATESTYLE", &["", "German"]),
        ("PGGEQO", &["off"]),
        ("PGCLIENTENCODING", &["", "LATIN1"]),
        ("PGCONNECT_TIMEOUT", &["3", "x"]),
        ("PGSSLMODE", &["", "disable", "x"]),
        ("PGTARGETSESSIONATTRS", &["", "any", "read-write", "x"]),
        ("PGHOSTADDR", &["", "127.0.0.1", "x"]),
        ("PGPASSFILE", &["", "{dir}/nothing", "{dir}"]),
        ("PGSERVICE", &["", "s"]),
        ("PGSERVICEFILE", &["", "{dir}/nothing"]),
        ("PGSYSCONFDIR", &["", "{dir}/nothing"]),
        ("PGGSSENCMODE", &["disable", "x"]),
        ("PGKRBSRVNAME", &["", "x"]),
        ("PGREQUIRESSL", &["", "0"]),
        ("PGSSLSNI", &["", "0"]),
        ("PGSSLROOTCERT", &["", "{dir}/nothing"]),
        ("PGCHANNELBINDING", &["disable", "x"]),
        ("PGREQUIREPEER", &[""]),
        ("HOME", &["", "/nonexistent"]),
    ] {
        for value in values {
            all.push(Situation::string(known.as_str()).with(name, *value));
            // It has to be found out who and where.
            all.push(Situation::of(&["-d", there, "-U", "u1"]).with("PGPASSWORD", "{password}").with(name, *value));
        }
    }
    for value in ["x", "random", "disable"] {
        all.push(Situation::string(known.as_str()).with("PGLOADBALANCEHOSTS", value).since(16));
    }
    all.push(Situation::string(known.as_str()).with("PGGSSDELEGATION", "").since(16));
    all.push(Situation::string(format!("{known} keepalives_idle=-1 keepalives_count=0")).ours_alone());
    all.push(Situation::string(format!("{known} connect_timeout='' require_auth=''")).ours_alone());
    for name in [
        "PGTZ",
        "PGGEQO",
        "PGCONNECT_TIMEOUT",
        "PGGSSENCMODE",
        "PGCHANNELBINDING",
        "PGLOADBALANCEHOSTS",
        "PGREQUIREAUTH",
        "PGSSLCERTMODE",
        "PGMINPROTOCOLVERSION",
        "PGMAXPROTOCOLVERSION",
    ] {
        all.push(Situation::string(known.as_str()).with(name, "").ours_alone());
    }
    for name in ["PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION"] {
        all.extend(["3.0", "x"].map(|value| Situation::string(known.as_str()).with(name, value).since(18)));
    }
    for place in [&["-h", "127.0.0.1", "-p", "{a}", "-U", "u1", "d1"][..], &["-h{dir}/h1", "-Uu1", "--dbname=d1"]] {
        all.push(Situation::of(place).with("PGPASSWORD", "{password}"));
        all.push(Situation::of(place).with("PGPASSWORD", "wrong"));
        all.push(Situation::of(place).with("PGPASSWORD", ""));
        all.push(Situation::of(place));
    }
    all.push(Situation::default().with("PGHOST", "{dir}/h1").with("PGUSER", "u1").with("PGPASSWORD", "{password}"));
    all.push(Situation::default().with("PGHOST", "{dir}/h1").with("PGPASSWORD", "{password}"));
    all.push(
        Situation::default().with("PGHOST", "127.0.0.1,{dir}/h1").with("PGPORT", "{dead},6543").with("PGUSER", "u1"),
    );
    all.push(Situation::default().with("PGDATABASE", "host=127.0.0.1").with("PGHOST", "{dir}/h1").with("PGUSER", "u1"));
    all
}

/// Which kind of server will do.
pub fn kinds() -> Vec<Situation> {
    let mut all = Vec::new();
    for kind in ["any", "read-write", "read-only", "primary", "standby", "prefer-standby", "Primary", ""] {
        for ports in [
            "{a}",
            "{standby}",
            "{a},{standby}",
            "{standby},{a}",
            "{dead},{standby}",
            "{dead},{a}",
            "{dead},{dead}",
            "{standby},{standby}",
            "{a},{b},{standby}",
        ] {
            let hosts = vec!["127.0.0.1"; ports.split(',').count()].join(",");
            let place = format!("host={hosts} port={ports} user=u1 dbname=d1 password='{{password}}'");
            all.push(Situation::string(format!("{place} target_session_attrs='{kind}'")));
            if ports == "{a},{standby}" {
                let read_only = "options='-c default_transaction_read_only=on'";
                all.push(Situation::string(format!("{place} {read_only} target_session_attrs='{kind}'")));
            }
        }
    }
    all
}

/// Password files.
pub fn passfiles() -> Vec<Situation> {
    let mut all = Vec::new();
    let texts = [
        "127.0.0.1:{a}:d1:u1:{password in file}\n",
        "127.0.0.1:{a}:d1:u1:{password in file}",
        "127.0.0.1:{a}:d1:u1:{password in file}\r\n",
        "*:*:*:*:{password in file}\n",
        "*:*:*:*:wrong\n*:*:*:*:{password in file}\n",
        "*:*:d2:*:wrong\n*:*:*:*:{password in file}\n",
        "# *:*:*:*:wrong\n\n*:*:*:u1:{password in file}\n",
        " # no comment\n*:*:*:u1:{password in file}\n",
        "#*:*:*:*:{password in file}\n",
        "localhost:*:*:u1:{password in file}\n",
        "{dir}/h1:*:*:u1:{password in file}\n",
        "*:{b}:*:u1:{password in file}\n*:{a}:*:u1:wrong\n",
        "*:5432:*:*:{password in file}\n",
        "a:*:*:*:wrong\nb:*:*:*:{password in file}\n",
        "127.0.0.1:{a}:d1:u1\n",
        "127.0.0.1:{a}:d1:u1:\n*:*:*:*:{password in file}\n",
        "*:*:*:*:{password in file}:and more\n",
        "12*:*:*:*:{password in file}\n",
        "**:*:*:*:{password in file}\n",
        "*:*:d\\1:u\\1:{password in file}\n",
        "127.0.0.1:*:a\\:b\\\\c:u1:{password in file}\n",
        "*:*:D1:*:wrong\n*:*:d1:*:{password in file}\n",
        "\u{feff}*:*:*:*:{password in file}\n",
        "{long}\n*:*:*:*:{password in file}\n",
        "*:*:*:*:{long}\n",
        "",
    ];
    let places = [
        "host=127.0.0.1 port={a} user=u1 dbname=d1",
        "host=localhost port={a} user=u1 dbname=d1",
        "hostaddr=127.0.0.1 port={a} user=u1 dbname=d1",
        "host=a hostaddr=127.0.0.1 port={a} user=u1 dbname=d1",
        "host=a,b hostaddr=127.0.0.1,127.0.0.1 port={dead},{b} user=u1 dbname=d1",
        "host=127.0.0.1,127.0.0.1 port={dead},{b} user=u1 dbname=d1",
        "host={dir}/h1 user=u1 dbname=d1",
        "host=127.0.0.1 port={a} user=u1 dbname='a:b\\\\c'",
    ];
    for place in places {
        all.extend(texts.map(|text| Situation::string(place).passfile(text)));
    }
    let right = "*:*:*:*:{password in file}\n";
    for mode in [0o400, 0o640, 0o604, 0o660, 0o700, 0o600] {
        all.push(Situation::string(places[0]).passfile(right).mode(mode));
    }
    for other in ["passfile={dir}/nothing", "passfile=''", "passfile={dir}", "passfile={home}/.pgpass", "password=''"] {
        all.push(Situation::string(format!("{} {other}", places[0])).passfile(right));
        all.push(Situation::string(format!("{} {other}", places[0])).passfile(right).with("PGPASSFILE", "{dir}"));
    }
    all.push(Situation::string(places[0]).passfile(right).with("PGPASSFILE", ""));
    all.push(Situation::string(places[0]).passfile(right).with("PGPASSFILE", "{dir}/nothing"));
    all.push(Situation::string(places[0]).passfile(right).with("PGPASSWORD", ""));
    all.push(Situation::string(places[0]).passfile(right).with("PGPASSWORD", "wrong"));
    all.push(Situation::string(places[0]).passfile(right).with("HOME", "/nonexistent"));
    all
}

/// Service files.
pub fn services() -> Vec<Situation> {
    let right = "host=127.0.0.1\nport={a}\nuser=u1\ndbname=d1\npassword={password}\n";
    let mut all = Vec::new();
    for text in [
        format!("[s]\n{right}"),
        format!("[s]\r\n{}", right.replace('\n', "\r\n")),
        format!("# c\n\n[other]\nhost=x\n[s]\n{right}[s]\nuser=u2\n"),
        format!("[s]\nuser=u2\n{right}"),
        format!("[s]\n{}", right.trim_end()),
        format!("  [s]  \n   host=127.0.0.1\n{right}"),
        format!("[s] x\n{right}"),
        format!("[ s ]\n{right}"),
        format!("[S]\n{right}"),
        format!("[s\n{right}"),
        format!("[other]\n{right}"),
        format!("[other]\nnonsense\n[s]\n{right}"),
        format!("[s]\nnonsense\n{right}"),
        format!("[s]\nnonsense=1\n{right}"),
        format!("[s]\nuser = u2\n{right}"),
        format!("[s]\nuser= u2\n{right}"),
        format!("[s]\nservice=s\n{right}"),
        format!("[s]\n{right}application_name=a=b\noptions=-c work_mem=3MB\n"),
        format!("[s]\n{right}# application_name=a\n;x\n"),
        format!("[s]\nHOST=x\n{right}"),
        format!("[s]\nuser=\n{right}"),
        format!("[s]\nrequiressl=0\n{right}"),
        String::new(),
    ] {
        all.push(Situation::string("service=s").services(text.clone()));
        all.push(Situation::default().with("PGSERVICE", "s").services(text));
    }
    let text = format!("[s]\n{right}");
    for situation in [
        Situation::string("postgresql://?service=s"),
        Situation::string("postgresql://u2@/d2?service=s"),
        Situation::string("service=s user=u2"),
        Situation::string("service=s host=''"),
        Situation::string("service=''"),
        Situation::string("service=nothing"),
        Situation::of(&["-d", "service=s", "-U", "u2", "-p", "{b}"]),
        Situation::of(&["-d", "d2"]).with("PGSERVICE", "s"),
        Situation::string("service=s").with("PGSERVICE", "nothing"),
        Situation::string("service=s").with("PGUSER", "u2").with("PGHOST", "x").with("PGPASSWORD", "wrong"),
        Situation::string("service=s").with("PGSERVICEFILE", "{home}/.pg_service.conf").with("HOME", "/nonexistent"),
        Situation::string("service=s").with("PGSERVICEFILE", "{dir}/nothing"),
        Situation::string("service=s").with("PGSERVICEFILE", "{dir}"),
        Situation::string("service=s").with("PGSERVICEFILE", ""),
        Situation::string("service=s").with("PGSYSCONFDIR", "{home}").with("HOME", "/nonexistent"),
        Situation::string("service=s").with("PGSYSCONFDIR", "{dir}").with("HOME", "/nonexistent"),
        Situation::string("service=s servicefile={home}/.pg_service.conf").with("PGSERVICEFILE", "/no").since(19),
        Situation::string("service=s").with("HOME", "/nonexistent"),
    ] {
        all.push(situation.services(text.clone()));
    }
    all
}

/// Those that take their time.
pub fn slow() -> Vec<Situation> {
    let known = "user=u1 dbname=d1 password='{password}' connect_timeout=2";
    ["host=127.0.0.1 port={silent}", "host=127.0.0.1,127.0.0.1 port={silent},{a}"]
        .map(|place| Situation::string(format!("{known} {place}")))
        .into()
}
