import base64
import gzip
import subprocess

import pytest

from components import commands


@pytest.mark.parametrize(
    "value",
    ["plain", "two words", "it's", '"quoted"', "$(touch /tmp/never)", "a\nb", "", "ä-é", "a\\b"],
)
def test_a_shell_reads_back_exactly_the_value_that_was_assigned(value: str) -> None:
    text = commands.assignments({"ONE": value, "LIST": [value, "second"]})
    script = f'{text}printf "%s\\0" "$ONE" "${{LIST[@]}}"'
    read = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, check=True)
    assert read.stdout.decode().split("\0")[:-1] == [value, value, "second"]


def test_numbers_and_flags_are_written_as_a_shell_compares_them() -> None:
    assert commands.assignments({"N": 3, "F": 1.5, "ON": True, "OFF": False}) == "F=1.5\nN=3\nOFF=0\nON=1\n"


def test_minified_drops_comments_blank_lines_and_indentation_only() -> None:
    shell = "#!/bin/bash\n# why\n\nrun() {\n    echo '# kept'  # kept too\n}\n"
    assert commands.minified(shell) == "run() {\necho '# kept'  # kept too\n}\n"


def test_the_script_travels_as_one_line_that_is_the_same_at_every_run() -> None:
    script = commands.script_of(("ray_head", "ray"))
    line = commands.packed(script)
    assert line == commands.packed(script)
    assert "\n" not in line
    assert gzip.decompress(base64.b64decode(line)).decode() == script


def test_the_minified_script_is_still_shell() -> None:
    script = commands.script_of(("ray_head", "ray"))
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
