"""F9 F35: people, groups and shares change at random; what everybody is shown is what a small model says.

The table of test_matrix is about relations one by one; here they meet: an owner who is in a group that it is shared with,
a group that loses somebody, somebody who goes. CERTDESK_SEED repeats a run that failed.
"""

import os
import random
import time


from certs import days
from test_csv import run_import
from uploads import upload
from test_matrix import exported, in_calendar

SECONDS = 8
RECORDS = 9
GROUPS = ["ops", "web", "sec"]


class Record:
    """Who has to do with a record: owner, assignee, and {name: may use the key} of those it is shared with."""

    def __init__(self, number, name, owner):
        self.id, self.name, self.owner, self.assignee, self.users, self.groups = number, name, owner, None, {}, {}

    def set(self, owner, assignee, users, groups):
        self.owner, self.assignee, self.groups = owner, assignee, groups
        self.users = {n: k for n, k in users.items() if n != owner}


class Model:
    def __init__(self, desk, authority, rng):
        self.desk, self.rng, self.n = desk, rng, 0
        self.api = {"admin": desk.admin, "aud": desk.user("aud", "auditor")}
        self.people = ["aud"]
        self.members = {g: set() for g in GROUPS}
        self.deeds = []  # (who, job) of bulk work
        self.past = []  # what was done, for whoever looks at a failure
        for _ in range(4):
            self.add_person()
        for group in GROUPS:
            desk.admin.post("/groups", {"name": group})
        self.records = []
        for i in range(RECORDS):
            owner = rng.choice(self.people[1:])
            made = upload(self.api[owner], "/certificates/import", [("file", authority.issue(f"r{i}.example", not_after=days(5)).pem)],
                          expect=201).json
            self.api[owner].patch(f"/certificates/{made['id']}", {"name": f"rec-{i}", "tags": ["all", f"t{i % 3}"],
                                                                 "business_group": f"bg{i % 2}"})
            self.records.append(Record(made["id"], f"rec-{i}", owner))
        desk.admin.job_done(desk.admin.post("/schedules/notify/run", expect=202).json["job"])

    # ---- what is so ----

    def groups_of(self, who):
        return {g for g, members in self.members.items() if who in members}

    def owns(self, who, r):
        return who == r.owner or who in r.users or bool(self.groups_of(who) & set(r.groups))

    def edits(self, who, r):
        return who == "admin" or self.owns(who, r)

    def sees(self, who, r):
        return who in ("admin", "aud") or self.owns(who, r) or who == r.assignee

    def uses_key(self, who, r):
        return who in ("admin", r.owner) or r.users.get(who, False) or any(r.groups.get(g) for g in self.groups_of(who))

    def seen(self, who):
        return {r.name for r in self.records if self.sees(who, r)}

    # ---- what is done ----

    def add_person(self):
        self.n += 1
        name = f"p{self.n}"
        self.api[name] = self.desk.user(name)
        self.people.append(name)

    def some(self, of, at_most):
        return self.rng.sample(of, self.rng.randint(0, min(at_most, len(of))))

    def manage_access(self):
        rng, r, who = self.rng, self.rng.choice(self.records), self.rng.choice([*self.people, "admin"])
        users, groups = self.some(self.people, 3), self.some(GROUPS, 2)
        body = {"share": {"users": users, "groups": groups}}
        owner, assignee = r.owner, r.assignee
        if rng.random() < 0.25:
            owner = body["owner"] = rng.choice(self.people)
        if rng.random() < 0.4:
            assignee = body["assignee"] = rng.choice([None, *self.people])
        new_users, new_groups = {n: r.users.get(n, False) for n in users}, {n: r.groups.get(n, False) for n in groups}
        if rng.random() < 0.4:
            body["use_key"] = {"users": self.some(users, 2), "groups": self.some(groups, 1)}
            new_users = {n: n in body["use_key"]["users"] for n in users}
            new_groups = {n: n in body["use_key"]["groups"] for n in groups}
        gains = any(k and not r.users.get(n) for n, k in new_users.items()) or any(
            k and not r.groups.get(n) for n, k in new_groups.items())
        if not self.sees(who, r):
            expect = 404
        elif not self.edits(who, r) or (owner != r.owner and who not in ("admin", r.owner)) or (
                gains and not self.uses_key(who, r)):
            expect = 403
        else:
            r.set(owner, assignee, new_users, new_groups)
            expect = 200 if self.sees(who, r) else 204
        self.past.append((who, "access", r.name, body, expect))
        self.api[who].call("PUT", f"/certificates/{r.id}/access", body, expect=expect)

    def set_members(self):
        group = self.rng.choice(GROUPS)
        members = self.some(self.people, 3)
        self.past.append(("members", group, members))
        self.desk.admin.call("PUT", f"/groups/{group}/members", {"users": members}, expect=200)
        self.members[group] = set(members)

    def act(self):
        """One thing done to many: exactly those that one may change, and no other is so much as named."""
        rng, who = self.rng, self.rng.choice([*self.people, "admin"])
        chosen = rng.sample(self.records, rng.randint(1, RECORDS))
        person, group = rng.choice(self.people), rng.choice(GROUPS)
        body = rng.choice([{"action": "assign", "user": person}, {"action": "share", "users": [person], "groups": [group]},
                           {"action": "unshare", "users": [person], "groups": [group]}, {"action": "set_owner", "user": person}])
        if rng.random() < 0.5:
            body["ids"] = [r.id for r in chosen]
        else:
            tag = rng.choice(["all", "t0", "t1"])
            body["filter"] = {"tag": tag}
            chosen = [r for r in self.records if tag == "all" or r.name[-1] in "0123456789"[int(tag[1])::3]]
        self.past.append((who, body))
        gives = body["action"] == "set_owner"
        may = {r.name for r in chosen if (who in ("admin", r.owner) if gives else self.edits(who, r))}
        sees = {r.name for r in chosen if self.sees(who, r)}
        job = self.api[who].post("/certificates/actions", body, expect=202).json["job"]
        for r in chosen:
            if r.name not in may:
                continue
            if body["action"] == "assign":
                r.assignee = person
            elif gives:
                r.set(person, r.assignee, r.users, r.groups)
            elif body["action"] == "share":
                r.set(r.owner, r.assignee, {person: False, **r.users}, {group: False, **r.groups})
            else:
                r.users.pop(person, None)
                r.groups.pop(group, None)
        result = self.api[who].job_done(job)["result"]
        unseen = len(chosen) - len(sees) if "ids" in body else 0
        assert (result["done"], result["skipped"], result["failed"]) == (len(may), len(sees - may) + unseen, 0), result
        named = {i["certificate"]["name"] for i in result["items"]}
        assert named <= sees & self.seen(who) and named >= (sees - may), (named, result)
        self.deeds.append((who, job))

    def send_table(self):
        who = self.rng.choice(self.people)
        expected = {"updated": 0, "unchanged": 0, "failed": 0}
        table = "id,name,assignee,share_users,share_groups\n"
        for r in self.rng.sample(self.records, 4):
            users, groups, assignee = self.some(self.people, 2), self.some(GROUPS, 1), self.rng.choice(["", *self.people])
            table += f"{r.id},{r.name},{assignee},{';'.join(users)},{';'.join(groups)}\n"
            users = [n for n in users if n != r.owner]
            if not self.edits(who, r):
                expected["failed"] += 1
                continue
            same = (r.assignee or "") == assignee and set(r.users) == set(users) and set(r.groups) == set(groups)
            expected["unchanged" if same else "updated"] += 1
            r.set(r.owner, assignee or None, {n: r.users.get(n, False) for n in users}, {n: r.groups.get(n, False) for n in groups})
        self.past.append((who, table))
        result = run_import(self.api[who], table)[1]
        assert {k: result[k] for k in expected} == expected and result["created"] == 0, result

    def let_go(self):
        if len(self.people) < 4:
            return self.add_person()
        gone = self.rng.choice(self.people[1:])
        heir = self.rng.choice([p for p in self.people if p != gone])
        self.past.append(("gone", gone, heir))
        self.desk.admin.delete(f"/users/{gone}?hand_over_to={heir}", expect=200)
        self.people.remove(gone)
        assert self.api.pop(gone).call("GET", "/me").status == 401
        for members in self.members.values():
            members.discard(gone)
        for r in self.records:
            r.set(heir if r.owner == gone else r.owner, heir if r.assignee == gone else r.assignee,
                  {n: k for n, k in r.users.items() if n != gone}, r.groups)
        self.deeds = [d for d in self.deeds if d[0] != gone]
        return self.add_person()

    # ---- what is shown ----

    def look(self, who):
        api, rng, seen = self.api[who], self.rng, self.seen(who)
        page = api.get("/certificates?limit=100").json
        assert ({c["name"] for c in page["items"]}, page["total"]) == (seen, len(seen)), who
        person, tag = rng.choice(self.people), f"t{rng.randint(0, 2)}"
        of_tag = {r.name for r in self.records if int(r.name[4:]) % 3 == int(tag[1])}
        for query, wanted in ((f"owner={person}", {r.name for r in self.records if r.owner == person}),
                              (f"assignee={person}", {r.name for r in self.records if r.assignee == person}),
                              (f"tag={tag}", of_tag), ("q=rec-", seen), ("status=expiring_soon", seen),
                              (f"tag={tag}&owner={person}", {r.name for r in self.records if r.owner == person} & of_tag)):
            page = api.get(f"/certificates?limit=100&{query}").json
            assert ({c["name"] for c in page["items"]}, page["total"]) == (wanted & seen, len(wanted & seen)), (who, query)
        board = api.get("/dashboard").json
        assert board["counts"]["total"] == sum(w["count"] for w in board["timeline"]) == len(seen), (who, board)
        groups = sum(g["certificates"] for g in api.get("/business-groups").json["items"])
        tags = {t["tag"]: t["certificates"] for t in api.get("/tags").json["items"]}
        assert groups == tags.get("all", 0) == len(seen) and tags.get(tag, 0) == len(of_tag & seen), (who, groups, tags)
        self.look_at_tickets(who, seen)
        self.look_at_one(who, rng.choice(self.records))
        if rng.random() < 0.3:
            assert exported(api, "") == seen, who
            assert in_calendar(api) == seen, who
        for actor, job in self.deeds[-3:]:
            answer = api.call("GET", f"/jobs/{job}")
            assert (answer.status == 200) == (who in (actor, "admin", "aud")), (who, actor, answer)
            if answer.status == 200:
                assert {i["certificate"]["name"] for i in answer.json["result"]["items"]} <= seen, (who, answer)

    def look_at_tickets(self, who, seen):
        """Those of what they see, and those that they are to work on."""
        items = self.api[who].get("/tickets?limit=100").json["items"]
        assert {t["certificate"]["name"] for t in items} >= seen, who
        for t in items:
            assert t["certificate"]["name"] in seen or who in (t["assignee"], t["reporter"]), (who, t)

    def look_at_one(self, who, r):
        api, sees = self.api[who], self.sees(who, r)
        for path in ("", "/access", "/log", "/versions", "/endpoints"):
            api.get(f"/certificates/{r.id}{path}", expect=200 if sees else 404)
        if not sees:
            return
        access = api.get(f"/certificates/{r.id}/access").json
        assert (access["owner"], access["assignee"]) == (r.owner, r.assignee), access
        assert (set(access["share"]["users"]), set(access["share"]["groups"])) == (set(r.users), set(r.groups)), (access, vars(r))
        assert set(access["use_key"]["users"]) - {r.owner} == {n for n, k in r.users.items() if k}, (access, vars(r))
        assert set(access["use_key"]["groups"]) == {n for n, k in r.groups.items() if k}, (access, vars(r))
        owner = who in ("admin", r.owner)
        may = {"edit": self.edits(who, r), "share": self.edits(who, r), "delete": self.edits(who, r), "change_owner": owner,
               "use_key": self.uses_key(who, r)}
        assert {m for m in access["may"] if m != "comment"} == {m for m, is_so in may.items() if is_so}, (who, access, vars(r))


def test_whatever_changes_everybody_is_shown_what_is_theirs(desk, authority):
    seed = os.environ.get("CERTDESK_SEED") or str(random.SystemRandom().randrange(10**9))
    rng = random.Random(int(seed))
    model = Model(desk, authority, rng)
    model.look("admin")
    steps, ends = 0, time.monotonic() + SECONDS
    deeds = [(model.manage_access, 10), (model.set_members, 4), (model.act, 5), (model.send_table, 3), (model.let_go, 1)]
    try:
        while time.monotonic() < ends or steps < 12:
            rng.choices([d for d, _ in deeds], [w for _, w in deeds])[0]()
            for who in {*rng.sample(model.people, 2), rng.choice(["aud", "admin"])}:
                model.look(who)
            steps += 1
    except AssertionError:
        print(f"CERTDESK_SEED={seed}, step {steps}:", *model.past[-8:], sep="\n  ")
        raise
