"""Runs on the head, in Ray's own Python, from standard input: submits, follows and stops jobs.

jobs.py submit ID ENTRYPOINT | follow ID | stop ID | tasks ID
The exit code of `submit` and `follow` is the job's own. What the job prints is on stdout, the rest on stderr.
"""

# Ray and eo-grow are where this runs, not where it is checked.
# pyright: basic, reportMissingImports=false

import asyncio
import json
import sys
import time
from collections import Counter

from ray.job_submission import JobStatus, JobSubmissionClient

DASHBOARD = "http://127.0.0.1:8265"
STOPPED_EXIT_CODE = 130


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


async def tail(client, job):
    async for lines in client.tail_job_logs(job):
        print(lines, end="", flush=True)


def known(client, job):
    """The job as Ray lists it; ends with 2 where there is none."""
    for listed in client.list_jobs():
        if job == listed.submission_id:
            return listed
    say(f"there is no job {job}")
    sys.exit(2)


def follow(client, job):
    known(client, job)
    try:
        asyncio.run(tail(client, job))
    except RuntimeError as error:
        say(f"the log broke off ({error}); waiting for the job's end")
    while not (info := client.get_job_info(job)).status.is_terminal():
        time.sleep(0.2)
    return verdict(job, info)


def verdict(job, info):
    if info.status is JobStatus.STOPPED:
        say(f"job {job} was stopped")
        return STOPPED_EXIT_CODE
    if info.status is JobStatus.SUCCEEDED:
        say(f"job {job} succeeded")
        return 0
    code = info.driver_exit_code
    if code:
        # As a shell tells it: 137 is a process that was killed with signal 9.
        code = 128 - code if code < 0 else code
        say(f"job {job} failed with exit code {code}")
        return code
    say(f"job {job} failed before it ran: {(info.message or 'Ray gives no reason').strip()}")
    return 1


def submit(client, job, entrypoint):
    client.submit_job(entrypoint=entrypoint, submission_id=job)
    say(f"job {job} is submitted")
    return follow(client, job)


def stop(client, job):
    known(client, job)
    say(f"job {job} is being stopped" if client.stop_job(job) else f"job {job} had ended already")
    return 0


def tasks(client, job):
    """JSON: how many tasks of the job finished, by the address of the node that ran them."""
    from ray.util.state import list_nodes, list_tasks

    addresses = {node.node_id: node.node_ip for node in list_nodes(DASHBOARD, limit=10000)}
    filters = [("job_id", "=", known(client, job).job_id), ("state", "=", "FINISHED")]
    ran = list_tasks(DASHBOARD, filters=filters, limit=10000, detail=True)
    print(json.dumps(Counter(addresses.get(task.node_id, task.node_id) for task in ran)))
    return 0


def main(verb, *arguments):
    verbs = {"submit": submit, "follow": follow, "stop": stop, "tasks": tasks}
    try:
        return verbs[verb](JobSubmissionClient(DASHBOARD), *arguments)
    except ConnectionError:
        say("Ray's dashboard on the head does not answer")
    except RuntimeError as error:
        told = [line for line in str(error).splitlines() if line.strip(" .")]
        say(f"Ray refused: {told[-1].strip() if told else error!r}")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
