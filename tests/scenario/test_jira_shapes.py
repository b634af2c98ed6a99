"""F20: what clients of Jira send and read besides what the libraries do: raw requests, shapes and traps."""

import base64
import json
import shutil
import subprocess
import urllib.parse

import pytest

from certdesk import Api
from lifecycle import Desk, csr_for

PASSWORD = "a phrase for ann and all"
V2, V3 = "/rest/api/2", "/rest/api/3"


@pytest.fixture
def tracker(desk):
    issuing = Desk(desk)
    desk.admin.post("/users", {"name": "ann", "role": "user", "password": PASSWORD})
    return issuing


def basic(desk, user="admin", password="correct horse staple"):
    api = Api(desk.base)
    token = base64.b64encode(f"{user}:{password}".encode()).decode()

    def call(method, path, body=None, expect=None, **headers):
        return api.call(method, path, body, {"Authorization": "Basic " + token, **headers}, expect)
    return call


def doc(*blocks):
    return {"type": "doc", "version": 1, "content": list(blocks)}


def text(value):
    return {"type": "paragraph", "content": [{"type": "text", "text": value}]}


def issue_fields(**more):
    return {"project": {"key": "CERT"}, "issuetype": {"name": "Certificate"}, "summary": "x", "customfield_10201": "web", **more}


def test_failures_have_jiras_shape(tracker, desk):
    call = basic(desk)
    nobody = Api(desk.base)
    refused = nobody.call("GET", V2 + "/myself")
    assert refused.status == 401 and refused.headers["WWW-Authenticate"].startswith("Basic")
    assert refused.headers["X-AUSERNAME"] == "anonymous"
    wrong = basic(desk, "admin", "wrong")("GET", V2 + "/myself")
    assert wrong.status == 401 and wrong.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"
    unknown = call("GET", V2 + "/nonsense", expect=404).json
    assert unknown == {"message": "null for uri: /rest/api/2/nonsense", "status-code": 404}
    assert call("DELETE", V2 + "/field").status == 405 and call("GET", "/rest/api/4/field").status == 404
    known = call("GET", V2 + "/myself", expect=200)
    assert known.headers["X-AUSERNAME"] == "admin" and known.headers["X-AREQUESTID"]
    assert known.headers["Content-Type"] == "application/json;charset=UTF-8"
    for answer in (refused, wrong, call("GET", V2 + "/issue/CERT-99")):
        assert set(answer.json) == {"errorMessages", "errors"} and answer.json["errorMessages"] and answer.json["errors"] == {}


def test_guessing_ends_with_429_and_all_its_fields(tracker, desk):
    guess = basic(desk, "ann", "guess")
    last = [guess("GET", V2 + "/myself") for _ in range(12)][-1]
    assert last.status == 429
    for field in ("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Interval-Seconds", "X-RateLimit-FillRate"):
        assert last.headers[field].isdigit()


WRONG = [
    ({"summary": None}, "summary", "You must specify a summary of the issue."),
    ({"project": {"key": "NONE"}}, "project", "valid project is required"),
    ({"issuetype": {"name": "Bug"}}, "issuetype", "The issue type selected is invalid."),
    ({"issuetype": {"name": "Certificate Expiry"}}, "issuetype", "The issue type selected is invalid."),
    ({"colour": "red"}, "colour", "Field 'colour' cannot be set. It is not on the appropriate screen, or unknown."),
    ({"assignee": {"name": "carol"}}, "assignee", "User 'carol' does not exist."),
    ({"labels": ["x y"]}, "labels", "The label 'x y' contains spaces which is invalid."),
    ({"description": {"type": "doc"}}, "description", "Operation value must be a string"),
    ({"duedate": "soon"}, "duedate", "Error parsing date string; the format is yyyy-MM-dd."),
    ({"customfield_10202": "-----BEGIN nonsense"}, "customfield_10202", None),
    ({"customfield_10201": {"value": "no such profile"}}, "customfield_10201", None),
]


def test_bad_input_is_told_by_its_field(tracker, desk):
    call, csr = basic(desk), csr_for("a.example.org")[0]
    for fields, field, says in WRONG:
        wish = {**issue_fields(customfield_10202=csr), **fields}
        answer = call("POST", V2 + "/issue", {"fields": wish}, expect=400).json
        assert answer["errorMessages"] == [] and list(answer["errors"]) == [field], (fields, answer)
        assert says is None or answer["errors"][field] == says


def test_names_outside_the_profile_and_a_weak_key_are_told(tracker, desk):
    call = basic(desk)
    answer = call("POST", V2 + "/issue", {"fields": issue_fields(customfield_10202=csr_for("a.example.net")[0])}, expect=400).json
    assert "a.example.net" in answer["errors"]["customfield_10202"]
    assert call("POST", V2 + "/search", {"jql": ""}, expect=200).json["total"] == 0


def test_documents_and_bombs(tracker, desk):
    call = basic(desk)
    key = tracker.create("a.example.org", description="one\n\ntwo")["key"]
    shown = call("GET", f"{V3}/issue/{key}", expect=200).json["fields"]
    assert shown["description"] == doc(text("one"), text("two"))
    assert call("GET", f"{V2}/issue/{key}", expect=200).json["fields"]["description"] == "one\n\ntwo"
    made = call("POST", f"{V3}/issue/{key}/comment", {"body": doc(
        {"type": "codeBlock", "attrs": {"language": "sh"}, "content": [{"type": "text", "text": "ls\n\npwd"}]},
        {"type": "bulletList", "content": [{"type": "listItem", "content": [text("a")]}]})}, expect=201).json
    assert call("GET", f"{V2}/issue/{key}/comment/{made['id']}", expect=200).json["body"] == "```sh\nls\n\npwd\n```\n\n- a"
    assert call("GET", f"{V3}/issue/{key}/comment/{made['id']}", expect=200).json["body"] == made["body"]
    for body in ("text", {"type": "doc"}, doc({"type": "text"}), None, 5):
        assert list(call("POST", f"{V3}/issue/{key}/comment", {"body": body}, expect=400).json["errors"]) == ["comment"], body
    assert call("POST", f"{V2}/issue/{key}/comment", {"body": "  "}, expect=400).json["errors"] == {
        "comment": "Comment body can not be empty!"}
    bomb = text("x")
    for _ in range(28):
        bomb = {"type": "blockquote", "content": [bomb]}
    assert "nested deeper" in call("POST", f"{V3}/issue/{key}/comment", {"body": doc(bomb)}, expect=400).json["errors"]["comment"]
    wide = doc(*[text("0123456789" * 10)] * 5000)
    assert "larger than" in call("POST", f"{V3}/issue/{key}/comment", {"body": wide}, expect=400).json["errors"]["comment"]


def test_searches_by_body_and_by_address(tracker, desk):
    call = basic(desk)
    for i in range(5):
        tracker.create(f"s{i}.example.org", summary=f"s {i}")
    by_body = call("POST", V2 + "/search", {"jql": "project = CERT order by key", "startAt": 1, "maxResults": 2,
                                            "fields": ["summary"], "nonsense": 1}, expect=200).json
    assert [i["key"] for i in by_body["issues"]] == ["CERT-2", "CERT-3"] and by_body["total"] == 5
    assert (by_body["startAt"], by_body["maxResults"]) == (1, 2) and list(by_body["issues"][0]["fields"]) == ["summary"]
    assert call("GET", V2 + "/search?jql=order+by+key&maxResults=9999", expect=200).json["maxResults"] == 100
    assert call("GET", V2 + "/search?jql=order+by+key&maxResults=0", expect=200).json["total"] == 5
    fields = call("GET", V2 + "/search?jql=key%3DCERT-1&fields=summary%2Cstatus&fields=labels&validateQuery=True", expect=200)
    assert set(fields.json["issues"][0]["fields"]) == {"summary", "status", "labels"}
    without = call("GET", V2 + "/search?jql=key%3DCERT-1&fields=-comment,-attachment", expect=200).json["issues"][0]["fields"]
    assert "summary" in without and "comment" not in without
    seen, token = [], None
    while True:
        page = call("GET", V3 + "/search/jql?maxResults=2&jql=order+by+updated" + (f"&nextPageToken={token}" if token else ""),
                    expect=200).json
        assert "total" not in page and "startAt" not in page and "fields" not in page["issues"][0]
        seen += [i["id"] for i in page["issues"]]
        token = page.get("nextPageToken")
        assert page["isLast"] is (token is None)
        if not token:
            break
    assert len(seen) == len(set(seen)) == 5
    assert call("GET", V3 + "/search/jql?jql=order+by+key&nextPageToken=nonsense").status == 400
    bad = call("GET", V2 + "/search?" + urllib.parse.urlencode({"jql": "status = Nowhere"}), expect=400).json
    assert bad == {"errorMessages": ["The value 'Nowhere' does not exist for the field 'status'."], "errors": {}}
    lax = call("GET", V2 + "/search?validateQuery=false&jql=status+%3D+Nowhere", expect=200).json
    assert lax["issues"] == [] and lax["warningMessages"] == bad["errorMessages"]


def upload(call, key, parts, token="no-check", expect=200):
    body = b"".join(b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\nContent-Type: text/plain\r\n'
                    b'Content-Transfer-Encoding: binary\r\n\r\n' + data + b"\r\n" for name, data in parts) + b"--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x", **({"X-Atlassian-Token": token} if token else {})}
    return call("POST", f"{V2}/issue/{key}/attachments", body, expect, **headers)


def test_files_come_as_clients_send_them(tracker, desk):
    call = basic(desk)
    key = tracker.create("a.example.org")["key"]
    made = upload(call, key, [("zertifikat-ü %22q%22.pem".encode(), b"one"), (b"/home/me/two.txt", b"two"), (b"../../x", b"3")],
                  token="NOCHECK").json
    assert [a["filename"] for a in made] == ["zertifikat-ü %22q%22.pem", "two.txt", "x"]
    assert made[0]["mimeType"] == "application/x-pem-file"
    for a in made:
        assert a["content"].startswith(desk.base)
        got = call("GET", a["content"][len(desk.base):], expect=200)
        assert len(got.body) == a["size"] and got.headers["Content-Disposition"].startswith("attachment;")
    assert isinstance(call("GET", f"{V3}/attachment/{made[0]['id']}", expect=200).json["id"], int)
    assert upload(call, key, [(b"a", b"b")], token=None, expect=403).json["errorMessages"] == ["XSRF check failed"]
    assert upload(call, key, [(b"big", b"x" * (1 << 20) + b"y")], expect=413).json["errorMessages"]
    call("DELETE", f"{V2}/attachment/{made[0]['id']}", {}, expect=204)
    assert call("GET", f"{V2}/attachment/{made[0]['id']}").status == 404


def test_a_cookie_needs_a_body_that_no_form_can_send(tracker, desk):
    api = Api(desk.base)
    session = api.call("POST", "/rest/auth/1/session", {"username": "ann", "password": PASSWORD}, expect=200)
    cookie = {"Cookie": session.headers["Set-Cookie"].split(";")[0]}
    assert session.json["session"]["name"] == "JSESSIONID" and cookie["Cookie"] == "JSESSIONID=" + session.json["session"]["value"]
    assert api.call("GET", "/rest/auth/1/session", headers=cookie, expect=200).json["name"] == "ann"
    form = {**cookie, "Content-Type": "application/x-www-form-urlencoded"}
    assert api.call("POST", V2 + "/issue", b"fields=x", headers=form).status == 403
    assert api.call("GET", "/api/v1/me", headers=cookie).status == 401
    api.call("DELETE", "/rest/auth/1/session", headers={**cookie, "X-Atlassian-Token": "no-check"}, expect=204)
    assert api.call("GET", "/rest/auth/1/session", headers=cookie).status == 401


def test_small_traps(tracker, desk):
    call = basic(desk)
    key = tracker.create("a.example.org")["key"]
    group = call("GET", V2 + "/group?groupname=ops&expand=users[0:50]")
    assert group.status in (400, 404)  # raw brackets are no error of the address
    assert group.json["errorMessages"] == ["The group named 'ops' does not exist."]
    moves = call("GET", f"{V2}/issue/{key.lower()}/transitions?expand=transitions.fields", expect=200).json["transitions"]
    assert [(m["id"], m["name"], m["to"]["statusCategory"]["key"]) for m in moves] == [
        ("11", "Enroll Certificate", "done"), ("41", "Cancel", "done")]
    wrong = call("POST", f"{V2}/issue/{key}/transitions", {"transition": {"id": "31"}}, expect=400)
    assert wrong.json["errorMessages"]
    assert call("POST", f"{V2}/issue/{key}/transitions", {}, expect=400).json["errorMessages"] == ["Missing 'transition' identifier"]
    both = call("PUT", f"{V2}/issue/{key}", {"fields": {"labels": ["a"]}, "update": {"labels": [{"add": "b"}]}}, expect=400).json
    assert list(both["errors"]) == ["labels"]
    call("PUT", f"{V2}/issue/{key}", {"update": {"labels": [{"set": ["a", "b"]}, {"remove": "a"}, {"add": "c"}]}}, expect=204)
    edited = call("PUT", f"{V2}/issue/{key}?returnIssue=true", {"update": {"summary": [{"set": "new"}]}}, expect=200).json
    assert edited["fields"]["labels"] == ["b", "c"] and edited["fields"]["summary"] == "new"
    call("POST", f"{V2}/issue/{key}/transitions", {"issueKey": key, "transition": {"id": 41}}, expect=204)
    shown = call("GET", f"{V2}/issue/{key}", expect=200).json["fields"]
    assert shown["status"]["name"] == "Cancelled" and shown["resolution"]["name"] == "Won't Do"
    bulk = call("POST", V2 + "/issue/bulk", {"issueUpdates": [
        {"fields": issue_fields(customfield_10202=csr_for("b.example.org")[0])}, {"fields": {"summary": "x"}}]}, expect=201).json
    assert len(bulk["issues"]) == 1 and bulk["errors"][0]["failedElementNumber"] == 1
    assert "project" in bulk["errors"][0]["elementErrors"]["errors"]
    old = call("GET", V2 + "/issue/createmeta?projectKeys=CERT&issuetypeNames=Certificate&expand=projects.issuetypes.fields",
               expect=200).json["projects"][0]["issuetypes"]
    assert [t["name"] for t in old] == ["Certificate"] and old[0]["fields"]["customfield_10201"]["required"]
    assert json.dumps(old).count("issuetypes") == 0


def test_revoke_certificate_by_id_and_domain(tracker, desk):
    """F18 by Jira's road: made with ID and domain, revoked at once."""
    call = basic(desk)
    enrolled = tracker.enrolled("a.example.org")
    fields = {"project": {"key": "CERT"}, "issuetype": {"name": "Revoke Certificate"}, "summary": "gone", "customfield_10201": "web",
              "customfield_10203": enrolled["certificate_id"], "customfield_10205": "a.example.org"}
    made = call("POST", V2 + "/issue", {"fields": fields}, expect=201).json
    assert call("GET", f"{V2}/issue/{made['id']}", expect=200).json["fields"]["status"]["name"] == "Done"
    assert tracker.ticket(enrolled)["status"] == "certificate_revoked"
    for field in ("customfield_10203", "customfield_10205"):
        wrong = call("POST", V2 + "/issue", {"fields": {**fields, field: "nothing"}}, expect=201).json
        shown = call("GET", f"{V2}/issue/{wrong['id']}", expect=200).json["fields"]
        assert shown["status"]["name"] == "Open" and shown["comment"]["total"] == 1


PERL = """
use JIRA::REST;
my $jira = JIRA::REST->new({ url => $ARGV[0], username => 'admin', password => 'correct horse staple' });
my $search = $jira->POST('/search', undef, { jql => 'project = CERT order by key', startAt => 0, maxResults => 2, fields => ['summary'] });
print join(' ', $search->{total}, map { $_->{key} } @{$search->{issues}}), "\\n";
$jira->set_search_iterator({ jql => 'project = CERT order by key', maxResults => 2, fields => ['summary'] });
my $n = 0; while (my $issue = $jira->next_issue) { $n++ } print "$n\\n";
$jira->POST("/issue/CERT-1/transitions", undef, { transition => { id => 41 } });
$jira->attach_files('CERT-1', $ARGV[1]);
print $jira->GET('/issue/CERT-1')->{fields}{attachment}[0]{filename}, "\\n";
"""


RUBY = r"""
require 'jira-ruby'
base, csr = ARGV
client = JIRA::Client.new(username: 'ann', password: 'a phrase for ann and all', site: base, context_path: '',
                          auth_type: :basic, use_ssl: false, rest_base_path: '/rest/api/2')
def check(what, is) raise "#{what}: #{is}" unless is == yield end
check('user', 'ann') { client.User.myself.name }
check('projects', ['CERT']) { client.Project.all.map(&:key) }
client.Field.map_fields
profile = client.Field.name_to_id('Certificate_profile')
meta = client.Createmeta.all(projectKeys: 'CERT', expand: 'projects.issuetypes.fields')
check('form', true) { meta[0].attrs['issuetypes'].any? { |t| t['fields'].key?(profile) } }
issue = client.Issue.build
issue.save!('fields' => { 'summary' => 'schön', 'project' => { 'key' => 'CERT' },
                          'issuetype' => { 'name' => 'Certificate' }, profile => { 'value' => 'web' },
                          'customfield_10202' => File.read(csr) })
issue.fetch
check('stage', 'Certificate Request') { issue.status.name }
issue.save!('fields' => { 'labels' => ['x'] })
issue.comments.build.save!('body' => 'hello')
issue.fetch(true)
issue.comments.first.save!('body' => 'edited')
issue.attachments.build.save!('file' => csr)
move = client.Transition.all(issue: issue).find { |t| t.name == 'Enroll Certificate' }
issue.transitions.build.save!('transition' => { 'id' => move.id })
issue.fetch(true)
check('summary', 'Certificate enrolled:ruby.example.org') { issue.summary }
check('comments', true) { issue.comments.map(&:body).include?('edited') }
pem = issue.attachments.find { |a| a.filename == 'ruby.example.org.pem' }
check('file', true) { client.get(pem.content).body.start_with?('-----BEGIN CERTIFICATE-----') }
check('found', [issue.key]) { client.Issue.jql('labels = x', max_results: 1, fields: ['summary']).map(&:key) }
check('people', ['admin', 'ann']) { client.User.all.map(&:name).sort }
refused = begin
  client.Issue.jql('labels = = x')
rescue JIRA::HTTPError => e
  e.response.code
end
check('refused', '400') { refused }
puts 'ok'
"""


def test_rubys_jira_works(tracker, desk, tmp_path):
    if not shutil.which("ruby") or subprocess.run(["ruby", "-e", "require 'jira-ruby'"], capture_output=True).returncode:
        pytest.skip("no ruby-jira: ./dev test installs it")
    csr, script = tmp_path / "csr.pem", tmp_path / "life.rb"
    csr.write_text(csr_for("ruby.example.org")[0])
    script.write_text(RUBY, encoding="utf-8")
    done = subprocess.run(["ruby", script, desk.base, csr], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.strip() == "ok", done.stderr[-2000:]


def test_perls_jira_rest_works(tracker, desk, tmp_path):
    if not shutil.which("perl") or subprocess.run(["perl", "-MJIRA::REST", "-e", "1"], capture_output=True).returncode:
        pytest.skip("no JIRA::REST for Perl: libjira-rest-perl")
    for i in range(3):
        tracker.create(f"p{i}.example.org")
    (tmp_path / "note.txt").write_text("hello")
    done = subprocess.run(["perl", "-e", PERL, desk.base, str(tmp_path / "note.txt")], capture_output=True, text=True, timeout=60)
    assert done.stdout.split("\n") == ["3 CERT-1 CERT-2", "3", "note.txt", ""], done.stderr
