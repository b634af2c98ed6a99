"""Records in any number, as store/ would keep them, for ./dev bench inventory. See bench/README.md.

A record's fields follow from its number alone, so that two databases hold the same and a test may ask for what it knows
to be there. What lists rely on (access entries, words, buckets, sums) is written as store/ maintains it; `check` asks the
database whether it is so. Rows go in in bulk, without indexes, which are made again afterwards.
"""

import collections
import functools
import hashlib
import json
import random
import sqlite3
import subprocess
import tempfile

DAY = 86400
N_OWNERS = 500
N_RESOURCES = 3000
SERVICES = ["www", "api", "mail", "shop", "auth", "cdn", "db", "intranet", "vpn", "git", "build", "files", "chat", "pay"]
STAGES = ["prod", "prod", "prod", "test", "stage"]
ISSUERS = ["CN=Example Public CA G2,O=Example Trust", "CN=R11,O=Let's Encrypt,C=US", "CN=E6,O=Let's Encrypt,C=US",
           "CN=Corp Issuing CA 1,O=Corp", "CN=Corp Issuing CA 2,O=Corp"] + [f"CN=Vendor CA {n},O=Vendor {n}" for n in range(15)]
GROUPS = [f"Department {n:02}" for n in range(60)]
TAGS = ["internet", "internal", "pci", "legacy", "wildcard"] + [f"project-{n:03}" for n in range(200)]
FIELDS = {"tier": ["gold", "silver", "bronze"], "cost_center": [f"{n:04}" for n in range(500)]}

# Plain users who are measured: account name → what they see.
VIEWERS = {
    "sees-all": "a plain user who owns every record's share",
    "sees-few": "a plain user with a hundred records",
    "sees-team": "a plain user with one record in a hundred, through a group",
    "sees-some": "a plain user with one record in ten, through three groups",
}
TEAMS = {"everybody": "sees-all", "team": "sees-team", "some-1": "sees-some", "some-2": "sees-some", "some-3": "sees-some"}

COLUMNS = {
    "version": "id sha256 der slot serial subject issuer name sans n_sans not_before not_after key_algorithm key_size"
               " signature_algorithm spki_sha256 is_ca is_self_signed is_staging words created_at",
    "certificate": "id owner_id assignee_id business_group_id is_imported is_managed created_at updated_at row_version"
                   " version_id begins_at expires_at expiring_at revoked_at notify_at n_resources"
                   " is_unused alert name_lower issuer key_type owner_name business_group_name name description"
                   " tags fields n_endpoints record_version_id chain_status version_text letters labels holders",
    "certificate_check": "certificate_id last_checked_at last_error",
    "record_version": "id certificate_id version_id slot role origin chain_status path_expires_at since_at created_at",
    "certificate_access": "certificate_id relation account_id group_id may_use_key is_notified expires_at",
    "certificate_tag": "certificate_id tag expires_at holders",
    "certificate_field": "certificate_id field_id value expires_at holders",
    "endpoint": "id host port sni protocol created_at last_checked_at last_success_at failing_since_at n_failures"
                " error_class error",
    "certificate_endpoint": "certificate_id endpoint_id",
    "observation": "id endpoint_id address slot version_id chain_status path_expires_at is_name_ok protocol cipher"
                   " kx_group first_seen_at last_seen_at checked_at",
    "association": "id resource_id certificate_id slot created_at",
    "certificate_search": "rowid words",
}
BOOLS = set("is_imported is_managed is_unused may_use_key is_notified is_ca is_self_signed is_staging is_name_ok".split())
BATCH = 20000


def a_der():
    """One real certificate; the records differ in everything but these bytes."""
    with tempfile.NamedTemporaryFile() as key:
        pem = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                              "-keyout", key.name, "-subj", "/CN=bench.example", "-days", "90", "-outform", "DER"],
                             check=True, capture_output=True)
    return pem.stdout


def add_months(at, months):
    """As base/clock does: the same day of the month, or its last."""
    import datetime
    import calendar
    then = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    month = then.month - 1 + months
    year, month = then.year + month // 12, month % 12 + 1
    day = min(then.day, calendar.monthrange(year, month)[1])
    return int(then.replace(year=year, month=month, day=day).timestamp())


MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15


def signed(bits):
    return bits - 2**64 if bits >> 63 else bits


@functools.cache
def bit_of_three(three):
    """store/cert_marks.h; 0 where there is none."""
    if any(c in b" %_\\" for c in three) or all(c in b"0123456789abcdef" for c in three):
        return 0
    return 1 << ((int.from_bytes(three, "big") * GOLDEN & MASK) >> 58)


def letters_of(words):
    text, bits = words.encode(), 0
    for i in range(len(text) - 2):
        bits |= bit_of_three(text[i:i + 3])
    return signed(bits)


@functools.cache
def marks_of(kind, thing):
    bits = (0xCBF29CE484222325 ^ ord(kind)) * 0x100000001B3 & MASK
    for c in str(thing).encode():
        bits = (bits ^ c) * 0x100000001B3 & MASK
    bits = bits * GOLDEN & MASK
    marks = 0
    for at in bits >> 58, bits >> 52 & 63, bits >> 46 & 63:
        while marks >> at & 1:
            at = (at + 1) % 64
        marks |= 1 << at
    return marks


def marks(things):
    bits = 0
    for kind, thing in things:
        bits |= marks_of(kind, thing)
    return signed(bits)


class Maker:
    """The rows of record after record."""

    def __init__(self, n, now, owners, groups, business_groups, first_id):
        self.n, self.now, self.first = n, now, first_id
        self.owners, self.teams, self.business_groups = owners, groups, business_groups
        self.der = a_der()
        self.buckets = collections.Counter()
        self.n_endpoints = self.n_associations = 0
        self.rows = {}
        self.months = {}
        self.holders = []

    def expiring_at(self, begins, ends):
        """Three calendar months before the end (core/display); the day is looked up, the second kept."""
        day = ends // DAY
        if day not in self.months:
            self.months[day] = add_months(day * DAY, -3)
        return max(begins, self.months[day] + ends % DAY)

    def bucket(self, kind, day=0):
        self.buckets[kind, day] += 1

    def record(self, i):
        r = random.Random(i * 2654435761 % 4294967296).random
        rows, now = self.rows, self.now
        record = self.first + i
        service, stage = SERVICES[int(r() * len(SERVICES))], STAGES[int(r() * len(STAGES))]
        name = f"{service}-{i:07}.{stage}.example.{'org' if r() < .7 else 'com'}"
        shown = name if r() < .97 else f"{name} für Müller"
        issuer = ISSUERS[min(int(r() ** 3 * len(ISSUERS)), len(ISSUERS) - 1)]
        digest = hashlib.sha256(b"%d" % i).digest()
        is_unseen, is_imported = r() < .01, r() < .1
        is_managed = r() < .005
        created = now - int(r() * 700 * DAY)
        checked = now - int(r() * DAY)
        lifetime = 90 * DAY if "Encrypt" in issuer else 398 * DAY
        begins = now - int(r() ** .8 * lifetime * 1.05)
        if r() < .002:
            begins = now + int(r() * 10 * DAY)
        ends = begins + lifetime
        revoked = now - DAY if r() < .003 and not is_unseen else None
        owner = self.owners[int(r() ** 2 * len(self.owners))]
        group = int(r() ** 2 * len(GROUPS) * 1.2)
        group = group if group < len(GROUPS) else None
        serial = digest.hex()[:32]
        fingerprint = digest.hex()
        version, version_text = None if is_unseen else record, None
        if version:
            san = json.dumps([{"type": "dns", "value": name}])
            rows["version"].append((version, digest, self.der, "ecdsa", serial, f"CN={name}", issuer, name, san, 1,
                                    begins, ends, "ec", 256, "ecdsa-with-SHA256", digest[::-1], False, False, False,
                                    f"{serial} {fingerprint} {name}", created))
            version_text = f"{begins} {ends} 1 256 {created} 0 0 0 " + "".join(
                f"{len(part)} {part}" for part in (fingerprint, digest[::-1].hex(), "ecdsa", serial, f"CN={name}", issuer, name, san,
                                                   "ec", "ecdsa-with-SHA256"))
            rows["record_version"].append((record, record, version, "ecdsa", "current",
                                           "imported" if is_imported else "seen", "trusted", ends, created, created))
        n_places = 0 if is_imported else 3 if r() < .03 else 1
        is_failing = n_places > 0 and r() < .01
        for place in range(n_places):
            self.place(record, version, name, place, is_failing and place == 0, checked, created, ends)
        n_resources = 0
        if r() < .3:
            n_resources = 2 if r() < .1 else 1
            for resource in random.Random(i).sample(range(N_RESOURCES), n_resources):
                self.n_associations += 1
                rows["association"].append((self.n_associations, resource + 1, record, str(record), created))
        is_used = n_places > 0 and not is_unseen
        alert = "unreachable" if is_failing else "mixed" if r() < .005 else ""
        hosts = "" if not n_places else "" if version else f" {name}"
        words = shown.casefold() + (f" {serial} {fingerprint} {name}" if version else hosts)
        words += "".join(f" node{place}.{name}" for place in range(1, n_places))
        rows["certificate_search"].append((record, words))
        kept = (
            record, owner[0], self.owners[int(r() * 50)][0] if r() < .05 else None,
            self.business_groups[group] if group is not None else None, is_imported, is_managed, created,
            max(created, checked - 30 * DAY), 1, version, begins if version else None, ends if version else None,
            self.expiring_at(begins, ends) if version else None, revoked, self.notify_at(ends) if version else None,
            n_resources, not is_used and n_resources == 0, alert, shown.casefold(),
            issuer if version else "", "ec 256" if version else "", owner[1], GROUPS[group] if group is not None else None, shown,
            "made by the benchmark")
        rows["certificate_check"].append((record, checked if n_places else None,
                                          f"{name}:443: connection refused" if is_failing else ""))
        self.access(record, owner, ends if version else None, i, r)
        holders = marks(self.holders)
        tags = sorted({TAGS[int(r() ** 3 * len(TAGS))] for _ in range(int(r() * 3))})
        rows["certificate_tag"] += [(record, tag, ends if version else None, holders) for tag in tags]
        fields = [(self.fields[field], values[i * 2654435761 % 2**32 % len(values)]) for field, values in FIELDS.items()]
        rows["certificate_field"] += [(record, field, value, ends if version else None, holders) for field, value in fields]
        rows["certificate"].append((*kept, ";".join(tags), "".join(f"{field} {len(value)} {value}" for field, value in fields),
                                    n_places, version, "trusted" if version else None, version_text, letters_of(words),
                                    marks([*(("t", tag) for tag in tags), *(("v", value) for _, value in fields),
                                           *([("i", issuer)] if version else [])]), holders))
        self.count(version, revoked, begins, ends)

    def notify_at(self, ends):
        """The next of the periods that has not passed; those that have are not told again."""
        return next((ends - d * DAY for d in (90, 60, 30, 14, 7, 3, 1, -1, -7) if ends - d * DAY > self.now), None)

    def place(self, record, version, name, place, is_failing, checked, created, ends):
        self.n_endpoints += 1
        host = name if place == 0 else f"node{place}.{name}"
        self.rows["endpoint"].append((self.n_endpoints, host, 443, host, "tls", created, checked,
                                      created if is_failing else checked, checked if is_failing else None,
                                      int(is_failing), "refused" if is_failing else "",
                                      "connection refused" if is_failing else ""))
        self.rows["certificate_endpoint"].append((record, self.n_endpoints))
        if version:
            self.rows["observation"].append((self.n_endpoints, self.n_endpoints, "192.0.2.1", "ecdsa", version, "trusted",
                                             ends, True, "TLSv1.3", "TLS_AES_256_GCM_SHA384", "x25519", created, checked,
                                             checked))

    def access(self, record, owner, ends, i, r):
        rows = self.rows["certificate_access"]
        rows.append((record, "owner", owner[0], None, True, True, ends))
        self.holders = [("a", owner[0])]

        def share(account, group):
            rows.append((record, "share", account, group, False, False, ends))
            self.holders.append(("a", account) if account else ("g", group))
        share(None, self.teams["everybody"])
        if r() < .01:
            share(None, self.teams["team"])
        if r() < .1:
            share(None, self.teams[f"some-{i % 3 + 1}"])
        if i % max(1, self.n // 100) == 0:
            share(self.few, None)

    def count(self, version, revoked, begins, ends):
        self.bucket("total")
        if revoked:
            self.bucket("revoked")
        elif not version:
            self.bucket("unknown")
        else:
            self.bucket("begins", begins // DAY)
            self.bucket("expires", ends // DAY)
            self.bucket("expiring", self.expiring_at(begins, ends) // DAY)

    def batches(self):
        for start in range(0, self.n, BATCH):
            self.rows = {table: [] for table in COLUMNS}
            for i in range(start, min(start + BATCH, self.n)):
                self.record(i)
            yield self.rows


class Sqlite:
    """The file of a server that is not running."""
    parameter = "?"

    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.run("PRAGMA synchronous = OFF")
        self.run("PRAGMA cache_size = -262144")
        self.run("BEGIN")

    def run(self, sql, values=()):
        return self.db.execute(sql, values)

    def rows(self, sql, values=()):
        return self.run(sql, values).fetchall()

    def drop_indexes(self):
        made = self.rows("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN"
                         f" ({','.join('?' * len(COLUMNS))})", list(COLUMNS))
        for name, _ in made:
            self.run(f"DROP INDEX {name}")
        return [sql for _, sql in made]

    def add(self, table, rows):
        columns = COLUMNS[table].split()
        self.db.executemany(f"INSERT INTO {table}({','.join(columns)}) VALUES ({','.join('?' * len(columns))})", rows)

    def finish(self):
        self.run("COMMIT")
        self.run("PRAGMA wal_checkpoint(TRUNCATE)")
        self.db.close()


class Postgres:
    """The database of a server that is not running."""
    parameter = "%s"

    def __init__(self, url):
        import psycopg2
        self.db = psycopg2.connect(url)
        self.cursor = self.db.cursor()
        self.run("SET maintenance_work_mem = '512MB'")
        self.run("SET synchronous_commit = off")

    def run(self, sql, values=()):
        self.cursor.execute(sql, values)

    def rows(self, sql, values=()):
        self.run(sql, values)
        return self.cursor.fetchall()

    def drop_indexes(self):
        made = self.rows("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename"
                         " = ANY (%s) AND indexname NOT IN (SELECT conname FROM pg_constraint)", (list(COLUMNS),))
        for name, _ in made:
            self.run(f"DROP INDEX {name}")
        return [sql for _, sql in made]

    def add(self, table, rows):
        import io

        def text(value):
            if value is None:
                return "\\N"
            if isinstance(value, bytes):
                return "\\\\x" + value.hex()
            return value if isinstance(value, str) else str(value)
        lines = io.StringIO("".join("\t".join(map(text, row)) + "\n" for row in rows))
        self.cursor.copy_from(lines, table, columns=COLUMNS[table].split())

    def finish(self):
        for (table, column) in self.rows("SELECT table_name, column_name FROM information_schema.columns WHERE"
                                         " is_identity = 'YES' AND table_schema = current_schema()"):
            self.run(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'),"
                     f" (SELECT COALESCE(max({column}), 0) + 1 FROM {table}), false)")
        self.db.commit()
        self.db.autocommit = True
        self.run("VACUUM ANALYZE")
        self.db.close()

    def warm(self):
        """All of it is in PostgreSQL's memory, as what was just filled is."""
        self.run("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
        self.rows("SELECT sum(pg_prewarm(oid)) FROM pg_class WHERE relkind IN ('r', 'i', 't')")
        self.db.commit()
        self.db.close()


def add_people(db, now):
    """Owners, teams, labels; returns owners as (id, name), teams and labels by name."""
    p = db.parameter
    names = [f"owner-{n:03}" for n in range(N_OWNERS)] + list(VIEWERS)
    for name in names:
        db.run(f"INSERT INTO account(name, role, created_at, updated_at) VALUES ({p}, 'user', {p}, {p})", (name, now, now))
    accounts = {name: id for id, name in db.rows("SELECT id, name FROM account")}
    for team in TEAMS:
        db.run(f"INSERT INTO user_group(name, created_at) VALUES ({p}, {p})", (team, now))
    teams = {name: id for id, name in db.rows("SELECT id, name FROM user_group")}
    for team, member in TEAMS.items():
        db.run(f"INSERT INTO group_member(group_id, account_id) VALUES ({p}, {p})", (teams[team], accounts[member]))
    for name in GROUPS:
        db.run(f"INSERT INTO business_group(name) VALUES ({p})", (name,))
    labels = {name: id for id, name in db.rows("SELECT id, name FROM business_group")}
    for n in range(N_RESOURCES):
        db.run(f"INSERT INTO resource(name, type, created_at) VALUES ({p}, 'files', {p})", (f"lb-{n:04}", now))
    for name in VIEWERS:
        hashed = hashlib.sha256(token_of(name).encode()).digest()
        db.run(f"INSERT INTO token(account_id, name, hash, scopes, created_at) VALUES ({p}, 'bench', {p}, 'read', {p})",
               (accounts[name], hashed, now))
    return ([(accounts[f"owner-{n:03}"], f"owner-{n:03}") for n in range(N_OWNERS)], teams,
            [labels[name] for name in GROUPS], accounts)


def add_fields(db):
    p = db.parameter
    for name in FIELDS:
        db.run(f"INSERT INTO custom_field(name, label, type) VALUES ({p}, {p}, 'text')", (name, name))
    return {name: id for id, name in db.rows("SELECT id, name FROM custom_field")}


def token_of(viewer):
    return f"bench-token-of-{viewer}"


def fill(db, n, now, say=lambda text: None):
    """N records into an empty database; returns what the buckets hold."""
    owners, teams, labels, accounts = add_people(db, now)
    indexes = db.drop_indexes()
    maker = Maker(n, now, owners, teams, labels, 1)
    maker.few = accounts["sees-few"]
    maker.fields = add_fields(db)
    done = 0
    for rows in maker.batches():
        for table, some in rows.items():
            db.add(table, some)
        done += len(rows["certificate"])
        say(f"{done} of {n} records")
    say("making the indexes")
    for sql in indexes:
        db.run(sql)
    p = db.parameter
    for (kind, day), count in maker.buckets.items():
        db.run(f"INSERT INTO expiry_bucket(kind, day, n) VALUES ({p}, {p}, {p})", (kind, day, count))
    db.finish()
    return maker.buckets
