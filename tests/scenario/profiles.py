"""Profiles for scenarios, and an authority for them."""

import sqlite3
import subprocess


def run_sql(desk, statement):
    """Change the database behind the server's back."""
    if desk.database:
        subprocess.run(["psql", desk.database, "-qc", statement], check=True)
        return
    with sqlite3.connect(f"{desk.data}/db/certdesk.db", timeout=30) as db:
        db.execute(statement)
    db.close()


def ca_row(desk, name="internal"):
    """An authority that profiles can name; it has no certificate yet, so there is no record of it."""
    desk.admin.post("/cas", {"name": name, "kind": "intermediate", "subject": {"CN": name}, "public_url": "http://pki.example"})


def profile(desk, name="web", **fields):
    body = {"name": name, "ca": "internal", "names": {"domains": ["example.org", "*.example.org"]}, **fields}
    return desk.admin.post("/profiles", body).json


def live_by(desk, profile_name, record, **columns):
    """The record lives by the profile from now on, as if a ticket had enrolled it."""
    names, values = "".join(f", {c}" for c in columns), "".join(f", {v}" for v in columns.values())
    run_sql(desk, f"INSERT INTO certificate_life(certificate_id, profile_id{names})"
                  f" SELECT {record}, id{values} FROM profile WHERE name = '{profile_name}'")
    run_sql(desk, f"UPDATE certificate SET is_managed = TRUE WHERE id = {record}")


def look_for_renewals(desk, when):
    """What is due renews by itself, at any moment: not while a story tells who renews it."""
    cron, at = {"now": ("* * * * *", 0), "never": ("0 0 29 2 *", 1 << 40)}[when]
    run_sql(desk, f"UPDATE schedule SET cron = '{cron}', next_run_at = {at} WHERE name = 'renew_soon'")
