"""F10 F35: records go out as a table, and come in by one: by everybody as far as their rights go."""

import contextlib
import csv
import http.client
import io
import json
import random
import socket
import sqlite3
import subprocess

from servers import free_port, wait_until

COLUMNS = ("id,name,host,port,sni,protocol,description,business_group,owner,assignee,share_users,share_groups,tags,"
           "source,status,expires_at,days_left,issuer,serial,fingerprint_sha256,sans,resources,last_checked_at,"
           "last_error").split(",")


def start_import(api, table, dry_run=False, expect=202, **query):
    query = "&".join(f"{k}={v}" for k, v in {"dry_run": str(dry_run).lower(), **query}.items())
    return api.call("POST", f"/imports?{query}", table, {"Content-Type": "text/csv"}, expect=expect)


def run_import(api, table, dry_run=False, **query):
    """The import and its job's result, once it is done."""
    started = start_import(api, table, dry_run, **query).json
    job = api.job_done(started["job"], 60)
    assert job["state"] == "done", job
    return started["id"], job["result"]


def counts(result):
    return tuple(result[k] for k in ("created", "updated", "unchanged", "failed"))


def export(api, query=""):
    answer = api.get("/certificates.csv" + query)
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


def test_a_table_becomes_records_and_again_changes_nothing(desk):
    # F10: made, changed, left alone; rows of one name are one record with several endpoints
    port = free_port()
    table = ("\ufeffhost,name,port,tags,description,business_group\r\n"
             f"127.0.0.1,one,{port},\"b;A\",\"two\nlines, \"\"so\"\"\",Web\r\n"
             f"127.0.0.2,two,{port},,,\r\n"
             f"127.0.0.3,one,{port},,,\r\n"
             f"127.0.0.4,,{port},x,,Web\r\n")
    number, result = run_import(desk.admin, table)
    assert counts(result) == (3, 0, 0, 0) and result["import"] == number, result
    rows = export(desk.admin)
    assert [(r["name"], r["host"]) for r in rows] == [
        ("one", "127.0.0.1"), ("one", "127.0.0.3"), ("two", "127.0.0.2"), ("127.0.0.4", "127.0.0.4")]
    assert list(rows[0]) == COLUMNS
    assert rows[0]["tags"] == "a;b" and rows[0]["description"] == 'two\nlines, "so"' and rows[0]["owner"] == "admin"
    assert counts(run_import(desk.admin, table)[1]) == (0, 0, 3, 0)
    changed = table.replace("two,", "two,").replace("x,,Web", "x;y,,Net")
    number, result = run_import(desk.admin, changed)
    assert counts(result) == (0, 1, 2, 0)
    shown = desk.admin.get(f"/imports/{number}/rows?action=updated").json["items"]
    assert [(c["column"], c["old"], c["new"]) for c in shown[0]["changes"]] == [
        ("business_group", "Web", "Net"), ("tags", "x", "x;y")]
    assert shown[0]["line"] == 6 and shown[0]["certificate"]["name"] == "127.0.0.4"
    log = desk.admin.get(f"/certificates/{shown[0]['certificate']['id']}/log").json["items"]
    assert {"certificate.create", "certificate.edit"} <= {e["action"] for e in log}


# As programs write the table of DIALECT: what is around and between its cells is theirs.
DIALECTS = {
    "Excel, German": ("semicolon", "\ufeffName;Host;Port;Business Group;tags\r\n"
                      "eins;127.0.0.1;1;Web;\"a;b\"\r\n\"zwei, drei\";127.0.0.2;2;;\r\n;;;;\r\n"),
    "Excel, told so": ("semicolon", "sep=;\r\nname;host;port;business_group;tags\r\n"
                       "eins;127.0.0.1;1;Web;\"a;b\"\r\n\"zwei, drei\";127.0.0.2;2;;\r\n"),
    "LibreOffice, tabs": ("tab", "name\thost\tport\tbusiness_group\ttags\n"
                          "eins\t127.0.0.1\t1\tWeb\ta;b\nzwei, drei\t127.0.0.2\t2\t\t\n"),
    "Google Sheets": ("comma", "name,host,port,business_group,tags,,\r\neins,127.0.0.1,1,Web,a;b,,\r\n,,,,,,\r\n"
                      "\"zwei, drei\",127.0.0.2,2,,,,\r\n,,,,,,\r\n,,,,,,"),
    "Numbers": ("comma", "\nname,host,port,business-group,tags\n\"eins\",127.0.0.1,1,Web,a;b\n\"zwei, drei\",127.0.0.2,2,,\n\n"),
    "Excel, Macintosh": ("semicolon", "name;host;port;business_group;tags\reins;127.0.0.1;1;Web;\"a;b\"\r"
                         "zwei, drei;127.0.0.2;2;;\r"),
    "PowerShell": ("comma", '#TYPE System.Management.Automation.PSCustomObject\r\n'
                   '"name","host","port","business_group","tags"\r\n"eins","127.0.0.1","1","Web","a;b"\r\n'
                   '"zwei, drei","127.0.0.2","2","",""\r\n'),
    "PowerShell, German": ("semicolon", '#TYPE Selected.System.String\r\n"name";"host";"port";"business_group";"tags"\r\n'
                           '"eins";"127.0.0.1";"1";"Web";"a;b"\r\n"zwei, drei";"127.0.0.2";"2";"";""\r\n'),
}


def test_tables_come_in_as_spreadsheets_write_them(desk):
    # F10: semicolons, tabs, empty rows and columns; the trial says how it was read, and all of them are the same table
    for n, (program, (delimiter, table)) in enumerate(DIALECTS.items()):
        result = run_import(desk.admin, table, dry_run=True)[1]
        assert result["delimiter"] == delimiter, program
        result = run_import(desk.admin, table)[1]
        assert counts(result) == ((0, 0, 2, 0) if n else (2, 0, 0, 0)), (program, result)
    rows = export(desk.admin)
    assert [(r["name"], r["port"], r["business_group"], r["tags"]) for r in rows] == [
        ("eins", "1", "Web", "a;b"), ("zwei, drei", "2", "", "")]


def test_a_protocol_is_named_as_people_write_it(desk):
    # F10: in a table, where nobody knows our words
    table = "name,host,port,protocol\na,127.0.0.1,1,HTTPS\nb,127.0.0.1,25,Smtp\nc,127.0.0.1,1,TLS\nd,127.0.0.1,1,ssh\n"
    for expected in ((3, 0, 0, 1), (0, 0, 3, 1)):
        result = run_import(desk.admin, table)[1]
        assert counts(result) == expected and result["errors"][0]["column"] == "protocol", result
    assert [(r["name"], r["protocol"]) for r in export(desk.admin)] == [("a", "tls"), ("b", "smtp"), ("c", "tls")]


def test_rows_that_lie_apart_come_together_in_any_dialect(desk):
    # F10: they are read a second time, from where they are
    rows = "".join(f"n{i % 3};127.0.0.{i + 1};1;;\r\n;;;;\r\n" for i in range(9))
    assert counts(run_import(desk.admin, "sep=;\r\nname;host;port;;\r\n" + rows)[1]) == (3, 0, 0, 0)
    assert [(r["name"], r["host"][-1]) for r in export(desk.admin)] == [
        (f"n{i}", str(i + 3 * j + 1)) for i in range(3) for j in range(3)]
    refused = "name;host\r\n\r\n;\r\n\"x;1\";no host\r\n"
    number, result = run_import(desk.admin, refused)
    assert [(e["line"], e["column"]) for e in result["errors"]] == [(4, "host")], result
    body = desk.admin.get(f"/imports/{number}/errors.csv").body.decode()
    assert body.endswith('x;1,no host\r\n') and counts(run_import(desk.admin, body)[1]) == (0, 0, 0, 1)


def test_an_export_comes_back_as_it_was(desk):
    # F10: what a spreadsheet would run is made harmless, and restored
    admin = desk.admin
    admin.post("/users", {"name": "ann", "password": "a fine long phrase", "role": "user"})
    names = ["=1+1", "+49", "-x", "@a", "'=x", "''=x", "grün", "a,b;\"c\"", "plain", "'quoted'", "世" * 200]
    for name in names:
        admin.post("/certificates", {"name": name, "description": f"{name}\r\n=2", "tags": ["t1", "世" * 64],
                                     "share": {"users": ["ann"]}, "assignee": "ann", "business_group": name[:100]})
    admin.post("/certificates", {"name": "places", "endpoints": [
        {"host": "127.0.0.1", "port": 1}, {"host": "localhost", "port": 2, "sni": ""},
        {"host": "localhost", "port": 25, "protocol": "smtp"}, {"host": "localhost", "port": 2, "sni": "other.example"}]})
    table = admin.get("/certificates.csv").body
    cells = [cell for row in csv.reader(io.StringIO(table.decode(), newline="")) for cell in row]
    assert len(cells) > 200 and not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell]
    number, result = run_import(admin, table)
    assert counts(result) == (0, 0, 12, 0), admin.get(f"/imports/{number}/rows").json
    rows = export(admin)
    first = [r for r in rows if r["name"] == "'=1+1"][0]
    for r in admin.get("/certificates?limit=100").json["items"]:
        admin.delete(f"/certificates/{r['id']}")
    body = io.StringIO()
    writer = csv.DictWriter(body, [c for c in COLUMNS if c != "id"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    assert counts(run_import(admin, body.getvalue())[1]) == (12, 0, 0, 0)
    again = export(admin)
    read = COLUMNS[1:13]
    assert [[r[c] for c in read] for r in again] == [[r[c] for c in read] for r in rows]
    assert first["description"] == "'=1+1\r\n=2" and first["share_users"] == "ann"
    named = admin.get("/certificates?q=" + "places").json["items"][0]
    places = admin.get(f"/certificates/{named['id']}/endpoints").json["items"]
    assert sorted((p["host"], p["sni"]) for p in places) == sorted(
        [("127.0.0.1", ""), ("localhost", ""), ("localhost", "localhost"), ("localhost", "other.example")])


ODD = ["=1", "@x", "a;b", "a,b", "'", '"', "x\ty", "ü", "世", "<b>", "\\n", "-", "+4", "''", "null", "%00", "e\u0301", "\u202e",
       "=cmd|' /C calc'!A0", "a\r\nb", " y "]


def any_record(rng, groups, users):
    """What can be said of a record, oddly."""
    def tag():
        return "".join(c for c in rng.choice(ODD) if c not in " ,;\t\r\n") or "t"
    return {"name": f"{rng.choice(ODD)} n{rng.randrange(10**9)}", "description": rng.choice(ODD) + rng.choice(["", "\n", " "]) + rng.choice(ODD),
            "tags": [tag() for _ in range(rng.randint(0, 3))], "business_group": rng.choice(["", *ODD]),
            "share": {"users": rng.sample(users, 2), "groups": rng.sample(groups, rng.randint(0, 3))}, "assignee": rng.choice([None, *users]),
            "fields": {"num": rng.choice([None, "-5", "1.50"]), "dat": rng.choice([None, "2026-02-28"]), "txt": rng.choice(ODD),
                       "cho": rng.choice([None, "a;b", "=x", "-"])},
            "endpoints": [{"host": rng.choice(["127.0.0.1", "localhost", "::1"]), "port": rng.randint(1, 65535),
                           "protocol": rng.choice(["tls", "smtp", "postgres"]), **rng.choice([{}, {"sni": ""}, {"sni": "o.example"}])}
                          for _ in range(rng.randint(0, 2))]}


def test_whatever_a_record_says_it_says_again_after_a_table(desk):
    # F10: an export that comes back changes nothing, as it was written and as other programs write it
    admin, rng = desk.admin, random.Random(11)
    users = ["ann", "-bob", "c@d.example"]
    for name in users:
        admin.post("/users", {"name": name, "password": "a fine long phrase", "role": "user"})
    groups = ["x,y", "=g", "-", 'ü"q', "two words"]
    for name in groups:
        admin.post("/groups", {"name": name})
    for name in ("a;b", " pad", ";"):
        assert "name" in admin.post("/groups", {"name": name}, expect=400).json["errors"][0]["field"]
    for field in ({"name": "num", "type": "number"}, {"name": "dat", "type": "date"}, {"name": "txt", "type": "text"},
                  {"name": "cho", "type": "choice", "choices": ["a;b", "=x", "-"]}):
        admin.post("/custom-fields", field)
    for _ in range(40):
        admin.post("/certificates", any_record(rng, groups, users))
    before = admin.get("/certificates.csv").body.decode()
    rows = list(csv.reader(io.StringIO(before, newline="")))
    for dialect in ({}, {"delimiter": ";", "quoting": csv.QUOTE_ALL}, {"delimiter": "\t", "lineterminator": "\n"}):
        out = io.StringIO()
        csv.writer(out, **dialect).writerows(rows)
        number, result = run_import(admin, out.getvalue() if dialect else before)
        changes = [r["changes"] for r in admin.get(f"/imports/{number}/rows?action=updated").json["items"]]
        assert counts(result) == (0, 0, 40, 0), (dialect, changes, result)
    after = list(csv.reader(io.StringIO(admin.get("/certificates.csv").body.decode(), newline="")))
    assert [r[:13] + r[24:] for r in after] == [r[:13] + r[24:] for r in rows] and len(rows[0]) == 28


def test_blanks_around_a_name_are_no_change(desk):
    # F10: a cell is read without them
    made = desk.admin.post("/certificates", {"name": " in the middle\t"}).json
    table = desk.admin.get("/certificates.csv").body
    assert counts(run_import(desk.admin, table)[1]) == (0, 0, 1, 0)
    assert desk.admin.get(f"/certificates/{made['id']}").json["name"] == " in the middle\t"


def test_a_trial_changes_nothing_and_can_be_done_in_earnest(desk):
    # F10: dry run
    table = "name,host,port\nkept,127.0.0.1,1\nbad,127.0.0.1,99999\n"
    desk.admin.post("/certificates", {"name": "kept"})
    number, result = run_import(desk.admin, table, dry_run=True, filename="plan.csv")
    assert counts(result) == (0, 1, 0, 1)
    assert result["errors"] == [{"line": 3, "column": "port", "message": "99999 is not between 1 and 65535"}]
    assert desk.admin.get("/certificates").json["total"] == 1
    assert export(desk.admin)[0]["host"] == ""
    one = desk.admin.get(f"/imports/{number}").json
    assert one["dry_run"] and one["filename"] == "plan.csv" and one["can_apply"] and one["result"] == result
    applied = desk.admin.post(f"/imports/{number}/apply", expect=202).json
    done = desk.admin.job_done(applied["job"])["result"]
    assert counts(done) == (0, 1, 0, 1) and export(desk.admin)[0]["host"] == "127.0.0.1"
    answer = desk.admin.post(f"/imports/{number}/apply", expect=409)
    assert "not kept" in answer.json["detail"]
    assert [i["id"] for i in desk.admin.get("/imports").json["items"]] == [applied["id"], number]
    desk.admin.delete(f"/imports/{number}")
    desk.admin.get(f"/imports/{number}", expect=404)


BAD_ROWS = [
    # table, line, column, what the message says
    ("name,host\na,b,c\n", 2, None, "the row has 3 cells, and the first line 2"),
    ("name,host\na,b,,c\n", 2, None, "the row has 4 cells, and the first line 2"),
    ("name,host\na\n", 2, None, "the row has 1 cells"),
    ("name,host,tags\n,,x\n", 2, None, "neither id, name nor host"),
    ("name,host,port\na,127.0.0.1,0\n", 2, "port", "between 1 and 65535"),
    ("name,host,port\na,127.0.0.1,x\n", 2, "port", "x"),
    ("name,host,port\na,,443\n", 2, "host", "no host"),
    ("name,host,port\na,h:1,2\n", 2, "port", "says port 1"),
    ("name,host,protocol\na,h,gopher\n", 2, "protocol", "gopher"),
    ("name,host,sni\na,h,1.2.3.4\n", 2, "sni", "address"),
    ("name,host\na,not a host\n", 2, "host", "host"),
    ("name,owner\na,nobody\n", 2, "owner", "there is no user \"nobody\""),
    ("name,share_users\na,admin;nobody\n", 2, "share_users", "nobody"),
    ("name,share_groups\na,nobody\n", 2, "share_groups", "no group"),
    ("name,tags\na,two words\n", 2, "tags", "two words"),
    ("name,description\na,x\na,y\n", 3, "description", "line 2"),
    ("id,name\n999,a\n", 2, "id", "there is no such record"),
    ("id,name\nx,a\n", 2, "id", "there is no such record"),
    ("name\n" + "n" * 256 + "\n", 2, "name", "longer than 255 characters"),
    (b"name,description\na,caf\xe9\n", 2, "description", "byte 0xe9, number 4 of the cell"),
    (b"name,description\na,x\0y\n", 2, "description", "byte 0x00, number 2 of the cell"),
    ("name\nx" + "," * 100000 + "\n", 2, "", "more than 200 columns"),
]


def test_bad_records_are_refused_and_the_good_ones_land(desk):
    for number, (table, line, column, says) in enumerate(BAD_ROWS):
        table = table.encode() if isinstance(table, str) else table
        names = table.split(b"\n")[0].split(b",")
        good = b",".join(b"good%d" % number if name == b"name" else b"" for name in names)
        result = run_import(desk.admin, table + good + b"\n")[1]
        assert counts(result) == (1, 0, 0, 1), (table[:80], result)
        error = result["errors"][0]
        assert error["line"] == line and (error["column"] or None) == (column or None), (table[:80], error)
        assert says in error["message"], (table[:80], error)


def change_database(desk, statement):
    if desk.database:
        subprocess.run(["psql", desk.database, "-qc", statement], check=True)
        return
    with contextlib.closing(sqlite3.connect(f"{desk.data}/db/certdesk.db", timeout=30)) as db:
        db.execute(statement)


def test_a_new_record_needs_the_column_of_a_required_field(desk):
    # F10 F35: each new record is refused, with its line and the field's name; those that are there are none the worse
    api = desk.admin
    assert counts(run_import(api, "name,host\nold,old.test\n")[1]) == (1, 0, 0, 0)
    for name, required in (("cost", True), ("rack", False)):
        api.post("/custom-fields", {"name": name, "required": required})
    table = "name,host,description\nnew,new.test,x\nold,old.test,changed\nother,other.test,\n"
    for dry_run in (True, False):
        number, result = run_import(api, table, dry_run)
        assert counts(result) == (0, 1, 0, 2), result
        shown = api.get(f"/imports/{number}/rows?action=failed").json["items"]
        errors = [(e["line"], e["column"], e["message"]) for row in shown for e in row["errors"]]
        assert [e[:2] for e in errors] == [(2, "field.cost"), (4, "field.cost")], shown
        assert all('"cost"' in e[2] for e in errors)
    assert {r["name"]: r["description"] for r in export(api)} == {"old": "changed"}
    assert counts(run_import(api, "name,host,field.cost\nnew,new.test,A1\nempty,empty.test,\n")[1]) == (1, 0, 0, 1)


def test_of_records_written_together_only_the_bad_one_is_refused(desk):
    # F10: what the database alone finds out, it finds out about hundreds at once
    change_database(desk, "CREATE UNIQUE INDEX for_a_test ON certificate(description)"
                          " WHERE description <> '' AND description <> 'none'")
    table = "name,description\n" + "".join(f"n{i},{'same' if i in (7, 300, 301) else i}\n" for i in range(450))
    result = run_import(desk.admin, table)[1]
    assert counts(result) == (448, 0, 0, 2), result
    assert [e["line"] for e in result["errors"]] == [302, 303], result["errors"]
    assert len(desk.admin.get("/audit?action=certificate.create&limit=500").json["items"]) == 448
    change_database(desk, "DROP INDEX for_a_test")


BAD_FILES = [
    ("nme,host\na,b\n", 1, "nme", 'no column "nme"'),
    ("name|host\na|b\n", 1, "name|host", 'no column "name|host"'),
    ("name,nme,host,cost centre\na,b,c,d\n", 1, "nme", 'no column "nme" (nor "cost centre"); take it out, or'),
    ("name;nme;host\na;b;c\n", 1, "nme", 'no column "nme"'),
    ("sep=;\r\nnme;host\r\n", 2, "nme", 'no column "nme"'),
    ("name,,host\na,,b\n", 1, "", 'no column ""'),
    ("port,description\n1,b\n", 1, None, '"name" or "host"'),
    ("name,host,name\na,b,c\n", 1, "name", "twice"),
    ("name\nok\n\"open\n\n", 3, None, "a quoted cell begins here and does not end"),
    ("name\nok\n\"a\"b\n", 3, None, "behind a closing quote"),
    ("\n\n", 1, None, "the file is empty"),
    ("nme\nä\n".encode("utf-16"), 1, "nme", 'no column "nme"'),
    (b"PK\3\4 as Excel writes it\n", 1, None, "save the table as CSV"),
]


def test_a_file_that_cannot_be_believed_changes_nothing(desk):
    for table, line, column, says in BAD_FILES:
        number, result = run_import(desk.admin, table)
        assert counts(result) == (0, 0, 0, 1)
        error = result["errors"][0]
        assert error["line"] == line and says in error["message"], error
        assert column is None or error["column"] == column
        refused = desk.admin.get(f"/imports/{number}/errors.csv").body.decode()
        assert refused.startswith(f"line,column,message\r\n{line},")
    assert desk.admin.get("/certificates").json["total"] == 0


def test_a_table_in_utf16_is_taken(desk):
    # F10: Excel's "Unicode text" is UTF-16 with tabs; its pieces are not those in which it is kept
    wide = "ü€😀" * 400
    many = "".join(f"n{i}\tgrün {i} 😀\n" for i in range(20000))
    for order in ("utf-16-le", "utf-16-be"):
        table = f"\ufeffName\tDescription\nbreit\t\"{wide}\"\n{many}"
        _, result = run_import(desk.admin, table.encode(order))
        assert counts(result)[2:] == (20001 if order == "utf-16-be" else 0, 0), result
    rows = {r["name"]: r["description"] for r in export(desk.admin)}
    assert len(rows) == 20001 and rows["breit"] == wide and rows["n19999"] == "grün 19999 😀"
    refused = start_import(desk.admin, b"\xff\xfe", expect=400).json
    assert "the file is empty" in refused["detail"]


def test_what_was_refused_can_be_repaired_and_sent_again(desk):
    table = ("name,host,port,tags,status\n"
             "one,127.0.0.1,1,a,valid\n"
             "two,127.0.0.1,70000,=b,\n"
             "two,127.0.0.2,2,=b,\n"
             "one,127.0.0.3,3,,\n")
    number, result = run_import(desk.admin, table)
    assert counts(result) == (1, 0, 0, 1)
    body = desk.admin.get(f"/imports/{number}/errors.csv").body.decode()
    rows = list(csv.DictReader(io.StringIO(body)))
    assert [(r["line"], r["column"], r["name"], r["host"]) for r in rows] == [
        ("3", "port", "two", "127.0.0.1"), ("4", "", "two", "127.0.0.2")]
    assert "another row of the record" in rows[1]["message"]
    assert counts(run_import(desk.admin, body.replace("70000", "7"))[1]) == (1, 0, 0, 0)
    assert [r["tags"] for r in export(desk.admin) if r["name"] == "two"] == ["'=b", "'=b"]


def test_uploads_are_checked_before_they_are_kept(desk):
    assert desk.admin.call("POST", "/imports", "name\na\n", {"Content-Type": "application/json"}).status == 415
    assert desk.admin.call("POST", "/imports?dry_run=perhaps", "name\na\n", {"Content-Type": "text/csv"}).status == 400
    assert desk.admin.call("POST", "/imports", b"", {"Content-Type": "text/csv"}).status == 400
    assert desk.admin.call("POST", "/imports?nonsense=1", "name\na\n", {"Content-Type": "text/csv"}).status == 400
    connection = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=20)
    connection.putrequest("POST", "/api/v1/imports")
    for name, value in (("Authorization", f"Bearer {desk.admin.token}"), ("Content-Type", "text/csv"),
                        ("Content-Length", str(1 << 30))):
        connection.putheader(name, value)
    connection.endheaders()  # refused by what it says, before any of it is sent
    refused = connection.getresponse()
    assert refused.status == 413 and b"larger than 1000000000 bytes" in refused.read()
    assert desk.admin.get("/imports").json["items"] == []


def test_nobody_reaches_by_a_table_what_they_may_not(desk):
    # F35: neither by id nor by name; in a list, an export, an import of somebody else
    admin = desk.admin
    ann, bob = desk.user("ann"), desk.user("bob")
    anns = ann.post("/certificates", {"name": "secret of ann"}).json["id"]
    shared = ann.post("/certificates", {"name": "shared", "share": {"users": ["bob"]}}).json["id"]
    assigned = ann.post("/certificates", {"name": "assigned", "assignee": "bob"}).json["id"]
    assert [r["name"] for r in export(bob)] == ["shared", "assigned"]
    table = (f"id,description\n{anns},mine\n{shared},ours\n{assigned},mine\n")
    number, result = run_import(bob, table)
    assert counts(result) == (0, 1, 0, 2)
    assert {(e["line"], e["message"]) for e in result["errors"]} == {
        (2, "there is no such record"), (4, "there is no such record")}
    assert "secret" not in json.dumps(bob.get(f"/imports/{number}/rows").json)
    result = run_import(bob, f"id,owner\n{shared},bob\n")[1]
    assert counts(result) == (0, 0, 0, 1) and "only the owner" in result["errors"][0]["message"]
    # A name that bob may not edit is not taken: bob gets a record of his own.
    assert counts(run_import(bob, "name,description\nsecret of ann,bob's\n")[1]) == (1, 0, 0, 0)
    assert ann.get(f"/certificates/{anns}").json["description"] == ""
    ann.get(f"/imports/{number}", expect=404)
    assert ann.get("/imports").json["items"] == []
    assert admin.get(f"/imports/{number}").json["by"] == "bob"
    ann.call("DELETE", f"/imports/{number}", expect=404)
    assert bob.post(f"/imports/{number}/apply", expect=409)
    # A record that bob may not see any more is not shown by his old import.
    ann.call("PUT", f"/certificates/{shared}/access", {"share": {"users": []}}, expect=200)
    rows = bob.get(f"/imports/{number}/rows?action=updated").json["items"]
    assert rows[0]["certificate"] is None


def test_two_of_a_name_and_a_record_met_twice_are_refused(desk):
    admin = desk.admin
    one = admin.post("/certificates", {"name": "Twin"}).json["id"]
    admin.post("/certificates", {"name": "twin"})
    single = admin.post("/certificates", {"name": "single"}).json["id"]
    result = run_import(admin, "name,description\nTWIN,x\n")[1]
    assert counts(result) == (0, 0, 0, 1) and "several records" in result["errors"][0]["message"]
    result = run_import(admin, f"id,name,description\n{one},,y\n{single},,z\n,single,w\n")[1]
    assert counts(result) == (0, 2, 0, 1) and result["errors"][0]["line"] == 4
    assert "earlier line" in result["errors"][0]["message"]


def test_a_name_that_a_record_gets_in_the_table_is_that_records(desk):
    # F10: whether names are taken is asked for many rows at once; a rename among them is not overlooked
    admin = desk.admin
    ids = [admin.post("/certificates", {"name": f"before{i}"}).json["id"] for i in range(12)]
    rows = []
    for i, record in enumerate(ids):
        rows += [f",new{i},,x", f"{record},after{i},,x", f",After{i},127.0.0.1,y", f",before{i},127.0.0.1,y"]
    result = run_import(admin, "id,name,host,description\n" + "\n".join(rows) + "\n")[1]
    assert counts(result) == (24, 12, 0, 12), result
    assert [e["line"] for e in result["errors"]] == list(range(4, 4 + 4 * 12, 4))
    assert all("earlier line" in e["message"] for e in result["errors"])
    names = [r["name"] for r in export(admin)]
    assert sorted(names) == sorted(f"{word}{i}" for word in ("new", "after", "before") for i in range(12))


def test_an_import_killed_in_the_middle_goes_on_and_doubles_nothing(desk_factory):
    # F10 and invariant 1: kill -9 of all processes, and the job is taken up again
    desk = desk_factory()
    n = 12000
    rows = [f"n{i:05},127.0.0.1,{1 + i % 60000}" for i in range(n)]
    rows += [f"n{i:05},127.0.0.2,{1 + i % 60000}" for i in range(0, n, 100)]  # rows that lie apart
    started = start_import(desk.admin, "name,host,port\n" + "\n".join(rows) + "\n").json

    def is_under_way():
        job = desk.admin.get(f"/jobs/{started['job']}").json
        assert job["state"] in ("queued", "running"), job
        return job["progress"]["done"] > 500
    wait_until(is_under_way, 60, "the import under way")
    desk.kill_hard()
    desk.start()
    job = desk.admin.job_done(started["job"], 120)
    assert counts(job["result"]) == (n, 0, 0, 0)
    table = export(desk.admin)
    assert len(table) == len(rows) and len({r["id"] for r in table}) == n
    assert len([r for r in table if r["name"] == "n00100"]) == 2


def test_more_than_is_read_ahead_comes_in_whole(desk):
    # F10: what is read before it is written is bounded in number and in bytes, and keeps its order
    n = 700
    rows, late = [], []
    for i in range(n):
        rows.append(f"r{i},127.0.0.1,{1 + i},{i:05}{'x' * 8000}")
        if i % 50 == 0:
            rows.append(f"r{i},127.0.0.2,{1 + i},")
        if i % 70 == 0:
            late.append(f"r{i},127.0.0.3,{1 + i},")
        if i % 99 == 0:
            rows.append(f"bad{i},127.0.0.1")
    result = run_import(desk.admin, "name,host,port,description\n" + "\n".join(rows + late) + "\n")[1]
    assert counts(result) == (n, 0, 0, 8), result
    assert [e["line"] for e in result["errors"]] == [2 + k for k, row in enumerate(rows) if row.startswith("bad")]
    table = export(desk.admin)
    assert len(table) == len(rows) + len(late) - 8
    assert all(r["description"][:5] == f"{int(r['name'][1:]):05}" for r in table)
    assert sorted((r["host"] for r in table if r["name"] == "r350")) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


def test_a_slow_reader_of_an_export_holds_nobody_up(desk):
    rows = "\n".join(f"n{i:05},{'d' * 900}" for i in range(3000))
    assert counts(run_import(desk.admin, f"name,description\n{rows}\n")[1])[0] == 3000
    slow = socket.create_connection(("127.0.0.1", desk.port))
    slow.sendall(b"GET /api/v1/certificates.csv HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                 + desk.admin.token.encode() + b"\r\n\r\n")
    assert slow.recv(100).startswith(b"HTTP/1.1 200")
    assert len(export(desk.admin)) == 3000  # while the other takes nothing
    assert desk.admin.patch("/certificates/1", {"description": "changed"}).status == 200
    slow.close()


def test_filters_narrow_an_export(desk):
    run_import(desk.admin, "name,tags\na,x\nb,y\nc,x;y\n")
    assert [r["name"] for r in export(desk.admin, "?tag=x")] == ["a", "c"]
    assert export(desk.admin, "?q=nothing-like-it") == []
    assert desk.admin.call("GET", "/certificates.csv?tga=x").status == 400


def test_chosen_records_are_exported_as_far_as_one_may_see_them(desk):
    run_import(desk.admin, "name\na\nb\nc\n")
    ids = {r["name"]: r["id"] for r in export(desk.admin)}
    ann = desk.user("ann")
    anns = ann.post("/certificates", {"name": "ann's"}).json["id"]
    chosen = f"?ids={ids['c']},{ids['a']},{ids['c']},999999"
    assert [r["name"] for r in export(desk.admin, chosen)] == ["a", "c"]
    assert [r["name"] for r in export(ann, f"{chosen},{anns}")] == ["ann's"]
    for bad in ("?ids=x", "?ids=0", "?ids=1&tag=x", "?ids=" + ",".join(["1"] * 501)):
        assert desk.admin.call("GET", f"/certificates.csv{bad}").status == 400, bad


def test_imported_hosts_are_looked_at(desk, nginx, authority):
    port = free_port()
    nginx.site(port, authority.issue("localhost")).start()
    run_import(desk.admin, f"host,port,sni\n127.0.0.1,{port},localhost\n")
    wait_until(lambda: export(desk.admin)[0]["fingerprint_sha256"], 30, "the first look")
    row = export(desk.admin)[0]
    assert row["sans"] == "localhost" and row["status"] in ("valid", "expiring_soon") and row["last_checked_at"]


def act(api, expect="done", **body):
    job = api.job_done(api.post("/certificates/actions", body, expect=202).json["job"])
    assert job["state"] == expect, job
    return job["result"]


def test_one_thing_is_done_with_many_records_and_only_with_those_that_may(desk):
    # F24 F31 F35: bulk actions, with what each record got; nothing is said of what may not be seen
    admin = desk.admin
    ann, bob = desk.user("ann"), desk.user("bob")
    own = [ann.post("/certificates", {"name": f"own{i}", "tags": ["old"]}).json["id"] for i in range(3)]
    seen = bob.post("/certificates", {"name": "assigned", "assignee": "ann"}).json["id"]
    hidden = bob.post("/certificates", {"name": "hidden"}).json["id"]
    result = act(ann, ids=[*own, seen, hidden, 4711], action="tag", tags=["New"])
    assert (result["done"], result["skipped"], result["failed"]) == (3, 3, 0)
    named = {i["certificate"]["name"]: i["outcome"] for i in result["items"]}
    assert named == {"own0": "done", "own1": "done", "own2": "done", "assigned": "skipped"}
    assert ann.get(f"/certificates/{own[0]}").json["tags"] == ["new", "old"]
    assert act(ann, filter={"tag": "old"}, action="untag", tags=["old"])["done"] == 3
    assert act(ann, ids=own, action="assign", user="bob")["done"] == 3
    assert act(ann, ids=own, action="set_business_group", business_group="Shop")["done"] == 3
    one = bob.get(f"/certificates/{own[1]}").json
    assert one["tags"] == ["new"] and one["assignee"] == "bob" and one["business_group"] == "Shop"
    assert act(ann, ids=own, action="assign", user=None)["done"] == 3
    bob.get(f"/certificates/{own[1]}", expect=404)
    assert act(ann, ids=own[:2], action="share", users=["bob"])["done"] == 2
    access = ann.get(f"/certificates/{own[0]}/access").json
    assert access["share"]["users"] == ["bob"] and access["use_key"]["users"] in ([], ["ann"])
    assert act(bob, ids=own[:2], action="set_owner", user="bob")["skipped"] == 2  # sharing is not owning
    assert act(bob, ids=own[:1], action="share", users=["admin"], use_key=True)["skipped"] == 1
    assert act(ann, ids=own[:2], action="unshare", users=["bob"])["done"] == 2
    assert act(ann, ids=own[:1], action="set_owner", user="bob")["done"] == 1
    assert bob.get(f"/certificates/{own[0]}").json["owner"] == "bob"
    result = act(ann, filter={}, action="delete")
    assert (result["done"], result["skipped"]) == (2, 1)  # what ann is only assigned stays
    assert {c["name"] for c in admin.get("/certificates").json["items"]} == {"own0", "assigned", "hidden"}
    for body in ({"action": "tag", "tags": ["x"]}, {"ids": [1], "action": "tag"}, {"ids": [1], "action": "nonsense"},
                 {"ids": [1], "action": "set_owner"}, {"ids": [1], "action": "assign", "user": "nobody"},
                 {"ids": [1], "action": "delete", "tags": ["x"]}, {"ids": [1], "action": "share"}):
        assert ann.call("POST", "/certificates/actions", body).status == 400, body


def test_the_command_line_brings_tables_in_and_out(desk, tmp_path):
    token = {"CERTDESK_TOKEN": desk.admin.token}
    table = tmp_path / "table.csv"
    table.write_text("name,host,port\na,127.0.0.1,1\nb,127.0.0.1,0\n")
    done = desk.cli("csv", "import", str(table), "--dry-run", env=token)
    assert done.returncode == 1 and "1 created, 0 updated, 0 unchanged, 1 failed (a trial" in done.stdout
    assert "line 3, port: 0 is not between 1 and 65535" in done.stderr
    done = desk.cli("csv", "import", "-", env=token, stdin="name\na\nc\n")
    assert done.returncode == 0 and done.stdout == "2 created, 0 updated, 0 unchanged, 0 failed\n"
    out = tmp_path / "out.csv"
    assert desk.cli("csv", "export", "-o", str(out), env=token).returncode == 0
    assert [r["name"] for r in csv.DictReader(out.open())] == ["a", "c"]
    assert desk.cli("csv", "export", "--search", "a", env=token).stdout.count("\n") == 2
    assert desk.cli("csv", "export", "2", "1", env=token).stdout.count("\n") == 3
    assert "a number" in desk.cli("csv", "export", "x", env=token).stderr
    done = desk.cli("csv", "import", str(out), "-o", "json", env=token)
    assert done.returncode == 0 and json.loads(done.stdout)["result"]["unchanged"] == 2
    assert desk.cli("csv", "import", str(tmp_path / "none.csv"), env=token).returncode == 1
    for words in (["csv"], ["csv", "export", "--dry-run"], ["csv", "import"], ["csv", "drop", "x"],
                  ["csv", "import", "x", "--tag", "y"]):
        assert desk.cli(*words, env=token).returncode == 2
    done = desk.cli("cert", "add", "-f", "-", env=token, stdin="127.0.0.1:1\nnot a host\n")
    assert done.returncode == 1 and "1: 127.0.0.1:1: created" in done.stdout and "2: not a host: error" in done.stdout
    assert desk.cli("cert", "export", "1", env=token).returncode == 1  # nothing was seen yet
