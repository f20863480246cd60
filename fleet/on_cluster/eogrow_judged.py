"""Runs on the cluster in place of `eogrow`: the same command, then a verdict from eo-grow's own report files.

eogrow_judged.py CONFIG [ARGUMENT...]
eo-grow can end with 0 although EOPatches failed. Here any failed patch, or a report that is missing although
`save_logs` asked for one, gives exit code 1. What was found is left beside this file in result.json.
"""

# Ray and eo-grow are where this runs, not where it is checked.
# pyright: basic, reportMissingImports=false

import argparse
import json
import subprocess
import sys
from pathlib import Path

from eogrow.core.config import collect_configs_from_path, interpret_config_from_dict
from eogrow.utils.meta import import_object


def pipelines(arguments):
    """The configs that the command is going to run: one, or those of a chain."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("config")
    parser.add_argument("-v", "--variable", action="append", default=[])
    parser.add_argument("-t", "--test", action="append", type=int, default=[])
    options = parser.parse_args(arguments)
    variables = dict(given.split(":", 1) for given in options.variable)
    crude = collect_configs_from_path(options.config)
    chain = [crude] if isinstance(crude, dict) else [link["pipeline_config"] for link in crude]
    for one in chain:
        config = interpret_config_from_dict(one, dict(variables))
        yield {**config, "test_subset": options.test} if options.test else config


def storage_of(config):
    return import_object(config["storage"]["manager"]).from_raw_config(config["storage"])


def reports(storage):
    """Folders of all runs of the project."""
    folder = storage.get_logs_folder()
    return {f"{folder}/{name}" for name in storage.filesystem.listdir(folder)}


def read(storage, path):
    with storage.filesystem.open(path) as file:
        return json.load(file)


def result(config, before):
    """Patches of this config's newest run, or None where it left no report."""
    storage = storage_of(config)
    for folder in sorted(reports(storage) - before, reverse=True):
        files = [f"{folder}/{name}.json" for name in ("pipeline-report", "finished", "failed")]
        if not all(map(storage.filesystem.exists, files)):
            continue
        report, finished, failed = (read(storage, file) for file in files)
        # The report holds the config as JSON; somebody else's run in the same project has another one.
        if report["config_parameters"] == json.loads(json.dumps(config)):
            seconds = report["pipeline_execution_stats"]["elapsed_time"]
            return {
                "project": storage.config.project_folder,
                "report": folder,
                "finished": finished,
                "failed": failed,
                "seconds": seconds,
            }
    return None


def main(arguments):
    configs = list(pipelines(arguments))
    before = [reports(storage_of(config)) for config in configs]
    code = subprocess.run(["eogrow", *arguments], check=False).returncode
    results = [result(config, known) for config, known in zip(configs, before, strict=True)]
    Path(__file__).with_name("result.json").write_text(json.dumps(results))
    for config, found in zip(configs, results, strict=True):
        name = config["pipeline"].rpartition(".")[2]
        if found:
            bad = len(found["failed"])
            total = bad + len(found["finished"])
            print(f"{name}: {total - bad} of {total} EOPatches finished, report in {found['report']}")
            code = code or int(bad > 0)
        elif config["logging"].get("save_logs"):
            print(f"{name}: left no report of finished and failed EOPatches")
            code = code or 1
        else:
            print(f"{name}: no report to judge by; set `save_logs` in the `logging` of its config")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
