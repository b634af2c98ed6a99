"""F20: Jira's clients as people have them do the whole life of a certificate against certdesk itself."""

import io

import pytest
from cryptography import x509

from lifecycle import Desk, csr_for
from profiles import look_for_renewals, run_sql

jira = pytest.importorskip("jira")

PASSWORD = "a phrase for ann and all"


@pytest.fixture
def tracker(desk):
    """A desk that issues, and a user `ann` of its tracker."""
    issuing = Desk(desk)
    desk.admin.post("/users", {"name": "ann", "display_name": "Ann Example", "email": "ann@example.org", "role": "user",
                               "password": PASSWORD})
    return issuing


def client(desk, user="ann", password=PASSWORD, **options):
    return jira.JIRA(desk.base, basic_auth=(user, password), options=options, max_retries=0)


def chain(pem):
    end = b"-----END CERTIFICATE-----\n"
    return [x509.load_pem_x509_certificate(one + end) for one in pem.split(end)[:-1]]


def open_window(desk, key):
    """The ticket's certificate ends in twenty days, as far as planning is concerned."""
    look_for_renewals(desk, "never")
    run_sql(desk, "UPDATE version SET not_before = not_before - 86400 * 90, not_after = not_after - 86400 * 70"
                  f" WHERE id = (SELECT version_id FROM ticket WHERE number = {key.split('-')[1]})")
    run_sql(desk, "UPDATE certificate_life SET renew_at = 1 WHERE certificate_id ="
                  f" (SELECT certificate_id FROM ticket WHERE number = {key.split('-')[1]})")


def names(transitions):
    return {t["name"] for t in transitions}


def test_python_jira_does_the_whole_life(tracker, desk):
    ann = client(desk)
    assert ann.server_info()["deploymentType"] == "Server" and ann.myself()["displayName"] == "Ann Example"
    project = ann.project("CERT")
    assert project.name == "Certificate Management" and [p.key for p in ann.projects()] == ["CERT"]
    fields = {f["name"]: f["id"] for f in ann.fields()}
    profile, csr_field, number = (fields[n] for n in ("Certificate profile", "Certificate CSR text", "Certificate ID"))
    assert (profile, csr_field, number) == ("customfield_10201", "customfield_10202", "customfield_10203")
    assert {t.name for t in ann.issue_types()} >= {"Certificate", "Revoke Certificate", "Certificate Expiry"}

    csr, _ = csr_for("www.example.org")
    issue = ann.create_issue(fields={
        "project": {"key": "CERT"}, "issuetype": {"name": "Certificate"}, "summary": "Web shop",
        "description": "for the shop", "labels": ["shop"], "priority": {"name": "High"}, "duedate": "2031-05-01",
        profile: {"value": "web"}, csr_field: csr})
    assert issue.key == "CERT-1" and issue.fields.status.name == "Certificate Request"
    assert issue.fields.reporter.name == "ann" and issue.fields.labels == ["shop"] and issue.fields.duedate == "2031-05-01"
    assert getattr(issue.fields, profile).value == "web" and getattr(issue.fields, csr_field) == csr
    assert issue.fields.priority.name == "High" and issue.fields.resolution is None

    attached = ann.add_attachment(issue, io.BytesIO(b"hello"), filename="../../notes.txt")
    assert attached.filename == "notes.txt" and attached.size == 5 and ann.attachment(attached.id).get() == b"hello"
    comment = ann.add_comment(issue, "please *hurry*")
    comment.update(body="no hurry")
    assert ann.comment(issue, comment.id).body == "no hurry"
    assert names(ann.transitions(issue)) == {"Enroll Certificate", "Cancel"}
    ann.transition_issue(issue, "Enroll Certificate", comment="go on")

    issue = ann.issue("CERT-1")
    assert issue.fields.status.name == "Certificate Enrolled" and issue.fields.resolution.name == "Done"
    assert issue.fields.summary == "Certificate enrolled:www.example.org"
    assert "go on" in [c.body for c in issue.fields.comment.comments]
    first = getattr(issue.fields, number)
    [pem] = [a for a in issue.fields.attachment if a.filename == "www.example.org.pem"]
    leaf = chain(pem.get())[0]
    assert first and getattr(issue.fields, "customfield_10204")[:10] == leaf.not_valid_after.date().isoformat()

    with pytest.raises(jira.JIRAError) as refused:
        ann.transition_issue(issue, "Renew Certificate")
    assert (refused.value.status_code, refused.value.text) == (
        400, "The certificate's profile does not allow renewal outside of the configured expiry window")
    serials = {leaf.serial_number}
    for _ in range(2):
        open_window(desk, issue.key)
        ann.transition_issue(issue, "21")
        issue = ann.issue(issue.id)
        assert issue.fields.status.name == "Certificate Renewed" and getattr(issue.fields, number) != first
        serials.add(chain(issue.fields.attachment[-1].get())[0].serial_number)
    assert len(serials) == 3
    ann.transition_issue(issue, "Revoke Certificate", fields={"reason": {"value": "keyCompromise"}}, comment="lost")
    issue = ann.issue(issue.key, expand="changelog")
    assert issue.fields.status.name == "Certificate Revoked" and ann.transitions(issue) == []
    steps = [i.toString for h in issue.changelog.histories for i in h.items if i.field == "status"]
    assert steps[-1] == "Certificate Revoked" and "Certificate Enrolled" in steps


def test_python_jira_searches_assigns_and_watches(tracker, desk):
    ann, admin = client(desk), client(desk, "admin", "correct horse staple")
    for i in range(5):
        tracker.create(f"w{i}.example.org", summary=f"shop number {i}", labels=["even"] if i % 2 == 0 else ["odd"])
    assert [i.key for i in admin.search_issues("project = CERT ORDER BY key ASC")] == [f"CERT-{n}" for n in range(1, 6)]
    assert len(admin.search_issues("labels = even", maxResults=2)) == 2
    assert admin.search_issues("labels = even", maxResults=2).total == 3
    assert len(admin.search_issues("labels = even", maxResults=False)) == 3
    assert [i.key for i in admin.search_issues('summary ~ "number 3"')] == ["CERT-4"]
    assert ann.search_issues("project = CERT") == []  # F35: not hers
    issue = admin.issue("CERT-2")
    admin.assign_issue(issue, "ann")
    admin.add_watcher(issue, "ann")
    assert admin.watchers(issue).watchCount == 1
    assert [i.key for i in ann.search_issues("assignee = currentUser()")] == ["CERT-2"]
    assert ann.issue("cert-2").fields.assignee.displayName == "Ann Example"
    admin.assign_issue(issue, None)
    assert admin.issue("CERT-2").fields.assignee is None
    issue.update(fields={"summary": "another", "labels": ["a", "b"]}, comment="renamed")
    assert admin.issue("CERT-2").fields.summary == "another" and admin.issue("CERT-2").fields.labels == ["a", "b"]
    issue.add_field_value("labels", "c")
    assert admin.issue("CERT-2").fields.labels == ["a", "b", "c"]
    with pytest.raises(jira.JIRAError) as wrong:
        admin.search_issues("project = CERT AND (status = Open")
    assert wrong.value.status_code == 400
    assert wrong.value.text == "Error in the JQL Query: Expecting ')' before the end of the query."
    assert [u.name for u in admin.search_users("ann")] == ["ann"]
    assert admin.my_permissions()["permissions"]["ADMINISTER"]["havePermission"]
    assert not ann.my_permissions()["permissions"]["ADMINISTER"]["havePermission"]


def test_python_jira_signs_in_by_token_and_by_cookie(tracker, desk):
    token = desk.signed_in("ann", scope="write", password=PASSWORD).token
    assert jira.JIRA(desk.base, token_auth=token).myself()["name"] == "ann"
    assert client(desk, "ann@example.org", token).myself()["name"] == "ann"
    by_cookie = jira.JIRA(desk.base, auth=("ann", PASSWORD))
    issue = by_cookie.create_issue(project="CERT", issuetype="Certificate", summary="x",
                                   customfield_10201="web", customfield_10202=csr_for("c.example.org")[0])
    by_cookie.add_comment(issue, "by cookie")
    assert by_cookie.add_attachment(issue, io.BytesIO(b"x"), filename="x.txt").size == 1
    for user, password in (("ann", "wrong"), ("nobody", PASSWORD), ("ann@example.org", token[:-1] + ("1" if token.endswith("0") else "0"))):
        with pytest.raises(jira.JIRAError) as refused:
            client(desk, user, password).myself()
        assert refused.value.status_code == 401


def test_a_password_that_was_changed_is_not_remembered(tracker, desk):
    assert client(desk).myself()["name"] == "ann"
    desk.admin.patch("/users/ann", {"password": "quite another phrase"})
    with pytest.raises(jira.JIRAError):
        client(desk)
    assert client(desk, "ann", "quite another phrase").myself()["name"] == "ann"
    desk.admin.patch("/users/ann", {"disabled": True})
    with pytest.raises(jira.JIRAError):
        client(desk, "ann", "quite another phrase")
