"""What ./dev bench inventory asks for, and the same asked of the database alone."""

import random
import time

import inventory_records as records

EVERYBODY = ["admin", "sees-all", "sees-some", "sees-team", "sees-few"]


class Case:
    def __init__(self, name, where="", viewers=("admin",), order=None, bare=True, **parameters):
        """`where` is the condition in SQL, with the parameters' values in it; a value may be a function of (i, n)."""
        self.name, self.where, self.viewers, self.fields, self.bare = name, where, viewers, parameters, bare
        self.order = order or "c.expires_at IS NOT NULL ORDER BY c.expires_at, c.id"

    def parameters(self, i, n):
        return {key: value(i, n) if callable(value) else value for key, value in self.fields.items()}


def some(n, i):
    """A record number, another one each time."""
    return random.Random(i).randrange(n)


def owner(i, n):
    return f"owner-{some(500, i):03}"


def fingerprint(i, n):
    import hashlib
    return hashlib.sha256(b"%d" % some(n, i)).hexdigest()


def soon(i, n):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 20 * records.DAY))


def now_text(i, n):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 10 * records.DAY))


STATUSES = ["valid", "expiring_soon", "expired", "not_yet_valid", "revoked", "unknown"]
SORTS = ["expires_at", "name", "status", "issuer", "owner", "business_group", "resources", "last_checked_at", "created_at",
         "updated_at"]
DRAWN = "c.revoked_at IS NULL AND "
NOW = "CAST(:now AS BIGINT)"
STATUS_SQL = {
    "valid": f"{DRAWN} c.expires_at >= {NOW} AND c.begins_at <= {NOW} AND c.expiring_at > {NOW}",
    "expiring_soon": f"{DRAWN} c.expires_at >= {NOW} AND c.begins_at <= {NOW} AND c.expiring_at <= {NOW}",
    "expired": f"{DRAWN} c.expires_at < {NOW}",
    "not_yet_valid": f"{DRAWN} c.begins_at > {NOW}",
    "revoked": "c.revoked_at IS NOT NULL",
    "unknown": None,
}
SORT_SQL = {
    "expires_at": None, "name": "1 = 1 ORDER BY c.name_lower, c.id", "issuer": "c.issuer <> '' ORDER BY c.issuer, c.id",
    "owner": "1 = 1 ORDER BY c.owner_name, c.id",
    "business_group": "c.business_group_name IS NOT NULL ORDER BY c.business_group_name, c.id",
    "resources": "1 = 1 ORDER BY c.n_resources, c.id",
    "last_checked_at": "h.last_checked_at IS NOT NULL ORDER BY h.last_checked_at, h.certificate_id",
    "created_at": "1 = 1 ORDER BY c.created_at, c.id", "updated_at": "1 = 1 ORDER BY c.updated_at, c.id",
}

CASES = [
    Case("everything", viewers=EVERYBODY),
    *[Case(f"status={s}", STATUS_SQL[s] or "", viewers=EVERYBODY if s in ("valid", "expired") else ["admin"],
           bare=STATUS_SQL[s] is not None, status=s) for s in STATUSES],
    *[Case(f"sort={s}", order=SORT_SQL.get(s), bare=s in SORT_SQL, viewers=["admin", "sees-all", "sees-team"], sort=s)
      for s in SORTS[1:]],
    *[Case(f"sort=-{s}", bare=False, sort="-" + s) for s in SORTS],
    Case("owner", "c.owner_id = (SELECT id FROM account WHERE name = :owner)", viewers=["admin", "sees-all"], owner=owner),
    Case("owner, by name", bare=False, owner=owner, sort="name"),
    Case("assignee", bare=False, assignee=lambda i, n: f"owner-{i % 50:03}"),
    Case("business_group", bare=False, viewers=["admin", "sees-all"], business_group=lambda i, n: records.GROUPS[i % 60]),
    Case("business_group, by name", bare=False, business_group=lambda i, n: records.GROUPS[i % 60], sort="name"),
    Case("tag, common", "EXISTS (SELECT 1 FROM certificate_tag t WHERE t.certificate_id = c.id AND t.tag = 'internet')",
         viewers=EVERYBODY, tag="internet"),
    Case("tag, any", bare=False, viewers=["admin", "sees-all"], tag=lambda i, n: records.TAGS[some(205, i)]),
    Case("tag, any, by name", bare=False, tag=lambda i, n: records.TAGS[some(205, i)], sort="name"),
    Case("field, one of three", bare=False, viewers=EVERYBODY, **{"field.tier": "gold"}),
    Case("field, one of 500", bare=False, viewers=["admin", "sees-all", "sees-some"],
         **{"field.cost_center": lambda i, n: f"{some(500, i):04}"}),
    Case("field, one of 500, by name", bare=False, sort="name", **{"field.cost_center": lambda i, n: f"{some(500, i):04}"}),
    Case("field, issuer", bare=False, issuer=records.ISSUERS[3], **{"field.tier": "gold"}),
    Case("issuer, any", bare=False, issuer=lambda i, n: records.ISSUERS[i % 20]),
    Case("issuer, any, by name", bare=False, issuer=lambda i, n: records.ISSUERS[i % 20], sort="name"),
    Case("resource", bare=False, resource=lambda i, n: f"lb-{some(3000, i):04}"),
    Case("source=imported", bare=False, source="imported"),
    Case("source=managed", bare=False, source="managed"),
    Case("flag=unreachable", bare=False, flag="unreachable"),
    Case("flag=any, by name", bare=False, flag="any", sort="name"),
    Case("unused", bare=False, viewers=EVERYBODY, unused="true"),
    Case("unused, by name", bare=False, unused="true", sort="name"),
    Case("expires within 10 days, by name", bare=False, expires_after=now_text, expires_before=soon, sort="name"),
    Case("q: one name", bare=False, viewers=EVERYBODY, q=lambda i, n: f"-{some(n, i):07}."),
    Case("q: fingerprint", bare=False, q=fingerprint),
    Case("q: two letters", bare=False, viewers=["admin", "sees-all"], q=lambda i, n: records.SERVICES[i % 14][:2]),
    Case("q: in most", "(SELECT s.words FROM certificate_search s WHERE s.rowid = c.id) LIKE '%prod%'", viewers=EVERYBODY,
         q="prod"),
    Case("q: in most, by name", bare=False, q="prod", sort="name"),
    Case("q: in one of ten", bare=False, viewers=EVERYBODY, q=lambda i, n: records.SERVICES[i % 14]),
    Case("q: in one of fifty", bare=False, viewers=["admin", "sees-all"], q="node1."),
    Case("q: in three of a hundred, not ASCII", bare=False, q="FÜR MÜLLER"),
    Case("q: in one of thousand", bare=False, viewers=["admin", "sees-all"], q=lambda i, n: f"-{i % 10}123"),
    Case("q: in none", bare=False, q=lambda i, n: f"prod{i}example"),
    Case("q, status, tag", bare=False, viewers=["admin", "sees-all"], q="prod", status="valid", tag="pci"),
    Case("q, owner", bare=False, q="shop", owner=owner),
    Case("status, owner, group", bare=False, status="expired", owner=owner, business_group="Department 03"),
    Case("status=revoked, tag", bare=False, status="revoked", tag="internet"),
    Case("unused, expired, group", bare=False, unused="true", status="expired", business_group="Department 01"),
    Case("flag, issuer, sort=owner", bare=False, flag="any", issuer=records.ISSUERS[3], sort="owner"),
    Case("tag, group, sort=-created_at", bare=False, tag="legacy", business_group="Department 07", sort="-created_at"),
]

PAGE_SQL = """
SELECT {object} FROM certificate c
  JOIN certificate_check h ON h.certificate_id = c.id
  JOIN account o ON o.id = c.owner_id
  LEFT JOIN account p ON p.id = c.assignee_id
  LEFT JOIN business_group b ON b.id = c.business_group_id
  LEFT JOIN version v ON v.id = c.version_id
  LEFT JOIN record_version r ON r.certificate_id = c.id AND r.version_id = c.version_id
 WHERE {where}{order} LIMIT 50
"""
# What a record of the list shows: the same tables, the same number of fields.
OBJECT = """'id', c.id, 'number', r.id, 'name', c.name, 'description', c.description, 'imported', c.is_imported,
 'managed', c.is_managed, 'owner', o.name, 'assignee', p.name, 'business_group', b.name, 'created_at', c.created_at,
 'updated_at', c.updated_at, 'expires_at', c.expires_at, 'expiring_at', c.expiring_at, 'revoked_at', c.revoked_at,
 'alert', c.alert, 'last_checked_at', h.last_checked_at, 'last_error', h.last_error, 'row_version', c.row_version,
 'required_names', c.required_names, 'notify_periods', c.notify_periods, 'sha256', {hex},
 'serial', v.serial, 'subject', v.subject, 'issuer', v.issuer, 'sans', v.sans, 'not_before', v.not_before,
 'not_after', v.not_after, 'algorithm', v.key_algorithm, 'size', v.key_size, 'signature', v.signature_algorithm,
 'self_signed', v.is_self_signed, 'chain_status', r.chain_status,
 'endpoints', (SELECT count(*) FROM certificate_endpoint e WHERE e.certificate_id = c.id),
 'ticket', (SELECT max(t.id) FROM ticket t WHERE t.certificate_id = c.id AND t.resolved_at IS NULL),
 'resources', (SELECT {list}(l.name, ';') FROM association s JOIN resource l ON l.id = s.resource_id
   WHERE s.certificate_id = c.id),
 'tags', (SELECT {list}(tag, ';') FROM certificate_tag t WHERE t.certificate_id = c.id),
 'share', (SELECT {list}(COALESCE(a.name, g.name), ';') FROM certificate_access x
   LEFT JOIN account a ON a.id = x.account_id LEFT JOIN user_group g ON g.id = x.group_id
  WHERE x.certificate_id = c.id)"""


def bare_page(bench, case, viewer, rounds):
    """Milliseconds of CPU that the database alone takes for the first page as JSON; 0: not asked."""
    if not case.bare or viewer not in ("admin", "sees-all"):
        return 0
    db = bench.bare()
    is_postgres = bench.kind == "postgresql"
    function = "json_build_object" if is_postgres else "json_object"
    fields = OBJECT.format(list="string_agg" if is_postgres else "group_concat",
                           hex="encode(v.sha256, 'hex')" if is_postgres else "hex(v.sha256)")
    where = case.where
    if viewer == "sees-all":
        access = ("EXISTS (SELECT 1 FROM certificate_access x WHERE x.certificate_id = c.id AND (x.account_id = {me}"
                  " OR x.group_id IN (SELECT m.group_id FROM group_member m WHERE m.account_id = {me})))")
        me = f"(SELECT id FROM account WHERE name = '{viewer}')"
        where = " AND ".join(part for part in (where, access.format(me=me)) if part)
    sql = PAGE_SQL.format(object=f"{function}({fields})", where=where + " AND " if where else "", order=case.order)
    cpu = 0
    for i in range(rounds):
        values = {"now": int(time.time()), "owner": case.parameters(i, bench.n).get("owner", "")}
        text = sql
        if is_postgres:
            text = sql.replace("%", "%%").replace(":now", "%(now)s").replace(":owner", "%(owner)s")
        before = bench.bare_cpu()
        db.rows(text, values)
        cpu += bench.bare_cpu() - before
    return cpu / rounds
