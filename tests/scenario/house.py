"""A running certdesk with a real name server and a real web server beside it, shared by the stories of one file.

Each story has names, a port and records of its own, so they do not see one another; what a story says about all
endpoints at once needs a desk of its own.
"""

from certs import days
from nameserver import NameServer
from servers import free_port


class House:
    def __init__(self, desk, names, nginx, root, authority):
        self.desk, self.names, self.nginx, self.authority = desk, names, nginx, authority
        self.admin = desk.admin
        self.admin.post("/trust-bundles", {"name": "scenario", "pem": root.pem})

    def issue(self, name, ends, begins=-30, kind="ec", **more):
        """A certificate for the name, by days from now."""
        return self.authority.issue(name, not_before=days(begins), not_after=days(ends), kind=kind, **more)

    def serve(self, port, **served):
        """serve(port, a1=cert, a2=(rsa, ecdsa), a6=cert): what 127.0.0.1, 127.0.0.2 and ::1 serve from now on;
        None serves nothing there any more."""
        for where, certs in served.items():
            address = "::1" if where == "a6" else f"127.0.0.{where[1:]}"
            if certs is None:
                self.nginx.drop(port, address)
            else:
                self.nginx.site(port, *(certs if isinstance(certs, tuple) else (certs,)), address=address)
        if self.nginx.process:
            self.nginx.reload()
        else:
            self.nginx.start()

    def look(self, record):
        """Look at the record's endpoints now; returns it as it is then."""
        return self.admin.update(record["id"])

    def record(self, record):
        return self.admin.get(f"/certificates/{record['id']}").json

    def endpoint(self, record, n=0):
        """The record's n-th endpoint, with what each address served and what that is to the record."""
        return self.admin.get(f"/certificates/{record['id']}/endpoints").json["items"][n]

    def seen(self, record):
        """{address: {slot: fingerprint}} of what is in DNS."""
        found = {}
        for endpoint in self.admin.get(f"/certificates/{record['id']}/endpoints").json["items"]:
            for one in endpoint["observations"]:
                if one["in_dns"]:
                    found.setdefault(one["address"], {})[one["slot"]] = (one["version"] or {}).get("fingerprint_sha256")
        return found

    def versions(self, record, role="current"):
        items = self.admin.get(f"/certificates/{record['id']}/versions").json["items"]
        return {v["fingerprint_sha256"] for v in items if v["role"] == role}

    def log(self, record):
        """What was done to it, oldest first: [(action, after)]."""
        items = self.admin.get(f"/certificates/{record['id']}/log?limit=200").json["items"]
        return [(entry["action"], entry["after"]) for entry in reversed(items)]

    def confirm(self, record, expect=200, **what):
        return self.admin.post(f"/certificates/{record['id']}/confirm", what, expect=expect).json

    def run(self, schedule):
        return run_schedule(self.admin, schedule)

    def tickets(self, record):
        """Expiry tickets about the record, oldest first."""
        items = self.admin.get("/tickets?type=certificate_expiry&limit=200").json["items"]
        mine = [t for t in items if t["certificate"] and t["certificate"]["id"] == record["id"]]
        return sorted(mine, key=lambda t: int(t["key"].split("-")[1]))

    def ticket(self, record):
        [ticket] = self.tickets(record)
        return ticket

    def comments(self, ticket):
        return [c["body"] for c in self.admin.get(f"/tickets/{ticket['key']}/comments").json["items"]]

    def told(self, label, *addresses, port=None, **served):
        """A name whose addresses serve that, its record, and its open expiry ticket."""
        port = port or any_port()
        host = self.names.set(label, *addresses)
        self.serve(port, **served)
        record = self.admin.add(host, port)
        self.run("notify")
        return host, port, record, self.ticket(record)


def any_port():
    """Free at every address of IPv4."""
    return free_port(host="0.0.0.0")


def run_schedule(admin, name):
    answer = admin.post(f"/schedules/{name}/run", expect=202).json
    job = admin.job_done(answer["job"])
    assert job["state"] == "done", job
    return job


def start_names(directory):
    return NameServer(str(directory)).start()
