"""`python -m tests.faults`: makes the table of docs/reliability.md anew."""

from tests.faults.matrix import rows
from tests.faults.results import PAGE, now_seen, rendered

if __name__ == "__main__":
    page, found = PAGE.read_text(), rows()
    PAGE.write_text(rendered(page, found, now_seen(page, found)))
    print(f"wrote {PAGE.name}: {len(found)} rows")
