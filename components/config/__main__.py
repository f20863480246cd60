"""`python -m components.config`: makes the JSON Schema and the tables of docs/configuration.md anew."""

import json
from pathlib import Path

from components.config.docs import with_tables
from components.config.schema import stack_schema

SCHEMA = Path(__file__).with_name("stack.schema.json")
PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def schema_text() -> str:
    return json.dumps(stack_schema(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    for path, text in ((SCHEMA, schema_text()), (PAGE, with_tables(PAGE.read_text(encoding="utf-8")))):
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(PAGE.parents[1])}")


if __name__ == "__main__":
    main()
