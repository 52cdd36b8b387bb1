#!/usr/bin/env python3
"""same_findings.py WHOLE.db MERGED.db: whether two stores have visited the same plans and found the same at each.

Exit 0 when they have, else 1 with the differences. What was confirmed may differ in the plan that confirmed it, not in
what was found.
"""
import sqlite3
import sys


def read(path):
    store = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    runs = {key: outcome for key, outcome in store.execute("select key, outcome from runs")}
    findings = set(store.execute("select run, kind, signature from findings"))
    confirmed = {signature: again for signature, again in store.execute(
        "select signature, confirmed from confirmations")}
    return runs, findings, confirmed


def differences(name, whole, merged):
    for what in sorted(set(whole) - set(merged)):
        yield f"{name} only in the whole sweep: {what}"
    for what in sorted(set(merged) - set(whole)):
        yield f"{name} only in the shards: {what}"


def main():
    whole, merged = read(sys.argv[1]), read(sys.argv[2])
    problems = []
    for name, a, b in zip(("plan", "finding", "confirmed"), whole, merged):
        problems += differences(name, a, b)
    for key in set(whole[0]) & set(merged[0]):
        # How long a run took is the machine's affair: `slow` is no finding.
        if whole[0][key] != merged[0][key] and "slow" not in (whole[0][key], merged[0][key]):
            problems.append(f"plan {key}: {whole[0][key]} and {merged[0][key]}")
    if not whole[1]:
        problems.append("nothing was found at all, so nothing was compared")
    print("\n".join(problems) or f"the same: {len(whole[0])} plans, {len(whole[1])} findings at them, "
          f"{len(whole[2])} bugs")
    return 1 if problems else 0


sys.exit(main())
