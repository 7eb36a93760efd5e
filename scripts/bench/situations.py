#!/usr/bin/env python3
"""Runs ways to repair sequences in every situation of situations.sql, and tells from real INSERTs what became of it.

usage: situations.py PSQL DIRECTORY WAY…  (each a function of the shell's, defined by DIRECTORY/ways, that finds its
database in the PG* variables and tells what it has to say on standard error; run by `alternatives`)
"""

import os
import pathlib
import re
import subprocess
import sys
import time

PSQL = [sys.argv[1], "-XqAt"]
WORK = pathlib.Path(sys.argv[2])
WAYS = sys.argv[3:]
MOST_SECONDS = 30
INSERTS = 60

MEANS = {
    "right": "INSERTs get new values, at once, and few are left out; where no repair helps it is told",
    "told": "INSERTs collide or fail, and it was said",
    "missed": "INSERTs collide; the sequence was not moved, and nothing was said",
    "collides": "INSERTs collide; the sequence was moved, not far enough, and nothing was said",
    "back": "a sequence was moved back: values are handed out a second time",
    "wasted": "more than 32 values (and a cache) were left out, or all of them: INSERTs fail",
    "phase": "values of another phase of the increment are handed out",
    "broke": "an error ended it: other sequences were not repaired",
    "silent": "no repair helps, and nothing was said",
    "hung": f"not done after {MOST_SECONDS} s",
}

BYSTANDERS = ["aa_first", "zz_last"]
BYSTANDER = """
CREATE TABLE {0} (id serial PRIMARY KEY, note text);
INSERT INTO {0} SELECT g FROM generate_series(1, 30) AS g;
ALTER TABLE {0} OWNER TO app;
"""


class Situation:
    """A section of situations.sql."""

    def __init__(self, text):
        self.name, rest = text.split("\n", 1)
        said = dict(re.findall(r"^-- (\w+): (.+)$", rest, re.M))
        self.draws = [re.findall(r'(?:"[^"]*"|[^\s"])+', draw) for draw in said["draws"].split(",")]
        self.next = None if said["next"] == "none" else int(said["next"])
        self.step = int(said.get("step", 1))
        self.room = int(said.get("room", 32))
        self.role = said.get("role", os.environ["PGUSER"])
        self.create, _, session = rest.partition("-- session:\n")
        self.held, hold, self.after = re.split(r"-- (hold.*)\n", session) if session else ("", "", "")
        self.until_waited_for = hold.endswith("waited for")


def psql(sql, database="postgres"):
    done = subprocess.run([*PSQL, "-v", "ON_ERROR_STOP=1", "-d", database], input=sql, text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"{sql}\n{done.stderr}")
    return done.stdout.splitlines()


class Session:
    """A psql that is there beside the repair, and INSERTs when it is over."""

    def __init__(self, database):
        self.psql = subprocess.Popen(
            [*PSQL, "-d", database], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def run(self, sql):
        """Runs it to its end, and gives the lines that it printed."""
        self.psql.stdin.write(f"{sql}\n\\echo done\n")
        self.psql.stdin.flush()
        lines = []
        while (line := self.psql.stdout.readline()) and line != "done\n":
            lines.append(line.rstrip("\n"))
        return lines

    def close(self):
        self.psql.stdin.close()
        self.psql.wait()


class Inserts:
    """What INSERTs with the column's default get, each a transaction of its own."""

    def __init__(self, session, draws, count):
        stored = {table: set(session.run(f"SELECT {column} FROM {table};")) for table, column in draws}
        self.collided = self.failed = 0
        self.values = []
        for _ in range(count):
            for table, column in draws:
                *value, state = session.run(
                    f"INSERT INTO {table} DEFAULT VALUES RETURNING {column};\n\\echo :SQLSTATE"
                )
                if state == "23505" or value and value[0] in stored[table]:
                    self.collided += 1
                elif state != "00000":
                    self.failed += 1
                else:
                    self.values.append(int(value[0]))


def states(database):
    """Each sequence's next value, in its own direction."""
    found = psql(
        """SELECT format('SELECT %1$L, %2$s * (last_value + CASE WHEN is_called THEN %3$s ELSE 0 END) FROM %1$s',
            seqrelid::regclass, sign(seqincrement), seqincrement) FROM pg_sequence ORDER BY 1 \\gexec""",
        database,
    )
    return {name: int(value) for name, value in (line.rsplit("|", 1) for line in found)}


def someone_waits(database):
    waiting = f"SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '{database}'"
    return bool(psql(waiting))


def repair(way, situation, database, session):
    """Runs it beside the session; gives its exit status, and what it said."""
    said = WORK / "said"
    environment = {**os.environ, "PGDATABASE": database, "PGUSER": situation.role}
    with open(said, "w") as messages:
        running = subprocess.Popen(
            ["timeout", str(MOST_SECONDS), "bash", "-c", f". '{WORK}/ways'; {way}"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=messages,
        )
        if situation.until_waited_for:
            while running.poll() is None and not someone_waits(database):
                time.sleep(0.02)
            session.run(situation.after)
        status = running.wait()
    return status, said.read_text()


def verdict(way, situation, database):
    psql(f"CREATE DATABASE {database} TEMPLATE situation")
    session = Session(database)
    session.run(situation.held)
    before = states(database)
    status, said = repair(way, situation, database, session)
    after = states(database)
    if not situation.until_waited_for:
        session.run(situation.after)
    inserts = Inserts(session, situation.draws, INSERTS)
    others = Inserts(session, [[table, "id"] for table in BYSTANDERS], 1)
    session.close()
    psql(f"DROP DATABASE {database} WITH (FORCE)")

    first = inserts.values[0] if inserts.values else None
    (WORK / "situations").open("a").write(
        f"== {situation.name}: {way}, exit status {status}\nbefore {before}\nafter {after}\n"
        f"collided {inserts.collided} failed {inserts.failed} first {first}, others {others.collided}\n{said}\n"
    )
    # What `timeout` ends with.
    if status == 124:
        return "hung"
    if others.collided or others.failed:
        return "broke"
    if any(after[name] < before[name] for name in before):
        return "back"
    told = any(table.rsplit(".", 1)[-1].strip('"') in said for table, _ in situation.draws)
    wrong = inserts.collided or inserts.failed
    if situation.next is None:
        return "right" if told or not wrong else "silent"
    if wrong and told:
        return "told"
    if inserts.collided:
        unmoved = all(after[name] == before[name] for name in before if name.removesuffix("_id_seq") not in BYSTANDERS)
        return "missed" if unmoved else "collides"
    if inserts.failed or abs(first - situation.next) > situation.room * abs(situation.step):
        return "wasted"
    if (first - situation.next) % situation.step:
        return "phase"
    return "right"


text = pathlib.Path(__file__).with_name("situations.sql").read_text()
situations = [Situation(part) for part in text.split("-- situation: ")[2:]]
only = os.environ.get("PGSEQFIX_BENCH_SITUATION", "")
situations = [situation for situation in situations if only in situation.name]
if not situations:
    sys.exit(f"no situation's name holds {only}")
psql("DROP ROLE IF EXISTS app; CREATE ROLE app LOGIN")

counts = {way: {} for way in WAYS}
print(f"{'':44}", *(f"{way:>10}" for way in WAYS), flush=True)
for situation in situations:
    psql("CREATE DATABASE situation")
    first, last = (BYSTANDER.format(table) for table in BYSTANDERS)
    psql(first + situation.create + last, "situation")
    print(f"{situation.name:44}", end="", flush=True)
    for number, way in enumerate(WAYS):
        word = verdict(way, situation, f"tried_{number}")
        counts[way][word] = counts[way].get(word, 0) + 1
        print(f" {word:>10}", end="", flush=True)
    print()
    psql("DROP DATABASE situation")

print()
for way in WAYS:
    right = counts[way].pop("right", 0)
    rest = ", ".join(f"{word} {counts[way][word]}" for word in MEANS if word in counts[way])
    print(f"{way:10} right in {right} of {len(situations)}{', else ' if rest else ''}{rest}")
print()
for word, means in MEANS.items():
    print(f"{word:10} {means}")
