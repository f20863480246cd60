"""`down` of a cluster that is well."""

from tests.e2e.project import Fleet


def test_down_leaves_nothing(cluster: Fleet) -> None:
    assert cluster.run("down", cluster.stack).code == 0
    assert cluster.left() == []
    assert cluster.run("leftovers", cluster.stack).code == 0
