"""The command line against a server: sign in, add, list, look at, refresh, comment."""

import json
import os
import stat

from certdesk import Api
from certs import days
from servers import free_port


def signed_in(desk):
    done = desk.cli("login", desk.base, "--user", "admin", stdin="correct horse staple\n")
    assert done.returncode == 0, done.stderr
    return done


def test_login_keeps_a_token_and_no_password(desk):
    """F38: what is kept is a token, for its owner alone."""
    done = signed_in(desk)
    assert "as admin (admin)" in done.stdout
    path = os.path.join(desk.directory, ".config", "certdesk", "login")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with open(path, encoding="ascii") as f:
        kept = f.read()
    assert "correct horse" not in kept and "cdt_" in kept
    names = [t["name"] for t in desk.admin.get("/tokens").json["items"]]
    assert any(n.startswith("certdesk login on") for n in names)


def test_a_wrong_password_is_told_and_nothing_kept(desk):
    done = desk.cli("login", desk.base, "--user", "admin", stdin="wrong\n")
    assert done.returncode == 1
    assert "user name or password is wrong" in done.stderr
    assert not os.path.exists(os.path.join(desk.directory, ".config", "certdesk", "login"))
    assert "not signed in" in desk.cli("cert", "list").stderr


def test_help_is_whole_and_does_nothing_else(desk):
    """F38: of every word and of the words behind it, on standard output, with success."""
    words = [line.split()[0] for line in desk.cli("--help").stdout.splitlines() if line.startswith("  ")]
    assert len(words) > 20
    for asked in [[w] for w in words] + [["cert", "import"], ["cert", "update", "1"], ["csv", "export"], ["ticket", "create"]]:
        done = desk.cli(*asked, "--help")
        assert done.returncode == 0 and not done.stderr, (asked, done)
        assert done.stdout.startswith(f"usage: certdesk {asked[0]}"), asked
    assert "--key-password-file" in desk.cli("cert", "--help").stdout
    assert desk.cli("cert", "import", "--nonsense").returncode == 2


def test_the_main_job_by_hand(desk, nginx, authority):
    """F1 F4 F38: add an endpoint, see it listed, renew it, refresh it."""
    signed_in(desk)
    port = free_port()
    nginx.site(port, authority.issue("shop.example", not_after=days(10))).start()
    added = desk.cli("cert", "add", f"127.0.0.1:{port}", "--sni", "shop.example", "--tags", "web,shop", "--wait")
    assert added.returncode == 0, added.stderr
    assert "expiring_soon" in added.stdout and "in 10 days" in added.stdout

    listed = desk.cli("cert", "list", "--status", "expiring_soon")
    assert "shop.example" in listed.stdout
    [record] = [json.loads(line) for line in desk.cli("cert", "list", "-o", "json").stdout.splitlines()]
    assert record["tags"] == ["shop", "web"]
    assert desk.cli("cert", "list", "--status", "revoked").stdout.splitlines()[1:] == []

    nginx.site(port, authority.issue("shop.example", not_after=days(99), not_before=days(-1))).reload()
    updated = desk.cli("cert", "update", str(record["id"]), "--wait")
    assert "changed: shop.example" in updated.stdout, updated
    assert "in 99 days" in desk.cli("cert", "show", str(record["id"])).stdout


def test_tickets_are_read_and_answered(desk, nginx, authority):
    signed_in(desk)
    port = free_port()
    nginx.site(port, authority.issue("a.example", not_after=days(5))).start()
    desk.admin.add("127.0.0.1", port, sni="a.example")
    desk.admin.job_done(desk.admin.post("/schedules/notify/run", expect=202).json["job"])
    assert "CERT-1" in desk.cli("ticket", "list", "--status", "open").stdout
    assert desk.cli("ticket", "comment", "cert-1", "-", stdin="on it\n").returncode == 0
    shown = desk.cli("ticket", "show", "CERT-1").stdout
    assert "on it" in shown and "admin," in shown


def test_errors_go_to_standard_error_with_their_field(desk):
    """Exit status 1 for what went wrong, 2 for words we do not know."""
    signed_in(desk)
    done = desk.cli("cert", "add", "127.0.0.1:70000")
    assert done.returncode == 1 and done.stdout == ""
    assert "port 70000 is not between 1 and 65535" in done.stderr
    assert desk.cli("cert", "show", "4711").returncode == 1
    assert desk.cli("cert", "frobnicate").returncode == 2
    assert desk.cli("ticket", "show", "CERT-4711").returncode == 1


def test_a_new_users_password_is_asked_for_on_a_terminal(desk):
    """F38: as the README says; typed twice, and none where it is left empty."""
    signed_in(desk)
    code, said = desk.cli_typed("user", "add", "ann", lines=["a phrase for ann", "a phrase for ann"])
    assert code == 0 and "a phrase" not in said, said
    Api(desk.base).post("/session", {"username": "ann", "password": "a phrase for ann"}, expect=200)
    code, said = desk.cli_typed("user", "add", "eve", lines=["a phrase for eve", "a phrase for Eve"])
    assert code == 1 and "two passwords" in said
    code, said = desk.cli_typed("user", "add", "bob", lines=[""])
    assert code == 0, said
    assert [u["name"] for u in desk.admin.get("/users").json["items"]] == ["admin", "ann", "bob"]


def test_users_and_groups_by_hand(desk):
    """F9 F38: make, fill, change and remove; who goes hands over."""
    signed_in(desk)
    made = desk.cli("user", "add", "ann", "--email", "ann@example.org", "--password-file", "-", stdin="a phrase for ann\n")
    assert made.returncode == 0, made.stderr
    assert desk.cli("user", "add", "bob", "--role", "auditor", stdin="").returncode == 0
    assert desk.cli("user", "add", "eve", "--role", "queen").returncode == 1
    assert desk.cli("user", "edit", "bob", "--role", "user", "--display-name", "Bob B.").returncode == 0
    listed = desk.cli("user", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["NAME", "admin", "ann", "bob"] and "Bob B." in listed[3]
    assert [json.loads(u)["name"] for u in desk.cli("user", "list", "--search", "AN", "-o", "json").stdout.splitlines()] == ["ann"]

    assert desk.cli("group", "add", "web team", "ann", "--description", "the web").returncode == 0
    assert desk.cli("group", "join", "web team", "bob", "admin").returncode == 0
    assert desk.cli("group", "leave", "web team", "ann").returncode == 0
    shown = json.loads(desk.cli("group", "show", "web team", "-o", "json").stdout)
    assert shown["members"] == ["admin", "bob"] and shown["description"] == "the web"
    wrong = desk.cli("group", "join", "web team", "nobody-here")
    assert wrong.returncode == 1 and "nobody-here" in wrong.stderr
    assert "the web" in desk.cli("group", "list").stdout
    assert desk.cli("group", "remove", "web team").returncode == 0
    assert desk.cli("group", "list").stdout.splitlines()[1:] == []

    desk.admin.post("/certificates", {"name": "a.example", "owner": "ann"})
    refused = desk.cli("user", "remove", "ann")
    assert refused.returncode == 1 and "hand_over_to" in refused.stderr
    assert desk.cli("user", "remove", "ann", "--hand-over-to", "bob").returncode == 0
    assert desk.admin.get("/certificates?owner=bob").json["total"] == 1
    for words in ((), ("remove",), ("edit",), ("list", "ann"), ("frobnicate", "x")):
        assert desk.cli("user", *words).returncode == 2, words
    for words in ((), ("join", "x"), ("show",), ("list", "x")):
        assert desk.cli("group", *words).returncode == 2, words


def test_each_verb_tells_its_options(desk):
    """F38: help is an answer, on standard output; what cannot be is refused on standard error."""
    for word in ("business-group", "ca", "cert", "csr", "deployment", "field", "group", "profile", "resource", "ticket", "user", "view"):
        whole, of_verb = desk.cli(word, "--help"), desk.cli(word, "list", "--help")
        assert whole.returncode == 0 and whole.stdout.startswith(f"usage: certdesk {word} ") and whole.stderr == ""
        assert f"certdesk {word} list" in whole.stdout
        assert (of_verb.returncode, of_verb.stdout) == (0, whole.stdout)
        refused = desk.cli(word, "list", "--frobnicate")
        assert refused.returncode == 2 and refused.stdout == "" and "usage: " in refused.stderr
        assert desk.cli(word, "list", "-o", "xml").returncode == 2
        assert desk.cli(word, "frobnicate").returncode == 2
    for words in (("cert", "export"), ("cert", "import"), ("cert", "replace"), ("cert", "access"), ("cert", "bulk"),
                  ("cert", "renew"), ("csr", "use"), ("csv", "import"), ("csv", "export")):
        alone = desk.cli(*words, "--help")
        assert alone.returncode == 0 and alone.stdout.startswith(f"usage: certdesk {words[0]} "), words
        assert "certdesk " + " ".join(words) in alone.stdout and "list" not in alone.stdout.splitlines()[0], words
        assert desk.cli(*words, "--frobnicate").returncode == 2, words
    for words in (("cert", "list", "-f", "x"), ("cert", "add", "a.example", "-f", "x"), ("cert", "import", "x", "--confirm"),
                  ("cert", "replace", "1", "x", "--name", "n"), ("cert", "renew", "1", "2"), ("csv", "import", "x", "-f", "y"),
                  ("key", "show", "--wait"), ("key", "recovery"), ("profile", "check", "p", "x", "--names", "y")):
        assert desk.cli(*words).returncode == 2, words


def test_a_list_ends_where_it_was_told_to(desk):
    """F38: also on a page that has more."""
    signed_in(desk)
    for i in range(502):
        desk.admin.post("/certificates", {"name": f"{i:03}.example"})
    listed = desk.cli("cert", "list", "--limit", "501", "-o", "json")
    assert len(listed.stdout.splitlines()) == 501
    few = desk.cli("cert", "list", "--limit", "1")
    assert len(few.stdout.splitlines()) == 2 and "there are more" in few.stderr
    whole = desk.cli("cert", "list", "--all")
    assert len(whole.stdout.splitlines()) == 503 and whole.stderr == ""


def test_access_and_bulk_work_by_hand(desk):
    """F9 F24 F31 F38: who is around a record, and one thing done with many."""
    signed_in(desk)
    for name in ("ann", "bob"):
        desk.admin.post("/users", {"name": name})
    desk.admin.post("/groups", {"name": "ops"})
    one, two = (str(desk.admin.post("/certificates", {"name": n, "tags": ["old"]}).json["id"]) for n in ("one", "two"))
    done = desk.cli("cert", "access", one, "--assignee", "bob", "--share-users", "ann", "--share-groups", "ops",
                    "--key-users", "ann")
    assert done.returncode == 0, done.stderr
    kept = json.loads(desk.cli("cert", "access", one, "--share-users", "", "-o", "json").stdout)
    assert kept["share"] == {"users": [], "groups": ["ops"]} and kept["assignee"] == "bob", "the half that is not named stays"
    shown = desk.cli("cert", "access", one).stdout
    assert "ops (group)" in shown and "bob" in shown and "ann" not in shown
    assert desk.cli("cert", "access", one, "--owner", "nobody-here").returncode == 1

    done = desk.cli("cert", "bulk", "share", "--tag", "old", "--users", "ann", "--groups", "ops", "--use-key")
    assert done.returncode == 0 and "2 done, 0 skipped, 0 failed" in done.stdout, done
    assert desk.cli("cert", "bulk", "set-business-group", one, two, "--business-group", "Shop").returncode == 0
    assert desk.cli("cert", "bulk", "assign", one, "--user", "-").returncode == 0
    record = desk.admin.get(f"/certificates/{one}").json
    assert (record["business_group"], record["assignee"], record["share"]) == ("Shop", None, {"users": ["ann"], "groups": ["ops"]})
    assert desk.cli("resource", "add", "lb 1", "--description", "Berlin").returncode == 0
    assert desk.cli("resource", "put", "lb 1", f"443={one}", f"a=b={two}").returncode == 0
    assert "not PLACE=ID" in desk.cli("resource", "put", "lb 1", "443").stderr
    assert desk.cli("resource", "put", "lb 1", f"443={two}").returncode == 0
    places = json.loads(desk.cli("resource", "show", "lb 1", "-o", "json").stdout)["items"]
    assert [(p["slot"], str(p["certificate"]["id"])) for p in places] == [("443", two), ("a=b", two)]
    assert "Berlin" in desk.cli("resource", "list", "--search", "LB").stdout and "443" in desk.cli("resource", "show", "lb 1").stdout
    refused = desk.cli("cert", "bulk", "delete", "--all")
    assert refused.returncode == 1 and "1 done, 0 skipped, 1 failed" in refused.stdout and '"lb 1"' in refused.stdout
    assert desk.cli("resource", "remove", "lb 1").returncode == 1
    assert desk.cli("resource", "clear", "lb 1", "443", "a=b").returncode == 0
    assert desk.cli("resource", "remove", "lb 1").returncode == 0
    assert desk.cli("cert", "bulk", "delete", "--unused").returncode == 0
    assert desk.admin.get("/certificates").json["total"] == 0

    assert "say which" in desk.cli("cert", "bulk", "delete").stderr, "nothing is never everything"
    assert "say which" in desk.cli("cert", "bulk", "delete", one, "--all").stderr
    assert desk.cli("cert", "bulk", "frobnicate", one).returncode == 1
    for words in (("cert", "bulk"), ("cert", "access"), ("resource", "put", "x"), ("resource",), ("resource", "list", "x")):
        assert desk.cli(*words).returncode == 2, words
