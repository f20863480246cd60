from components import firewall
from components.config.model import Access
from components.ports import MASTER, WORKER, Port

DASHBOARD = Port("dashboard", 8265, 8265, MASTER, ("users",), "web page")
OBJECTS = Port("objects", 8076, 8077, WORKER, ("master", "worker"), "object transfer")
LOGIN = Port("ssh", 22, 22, MASTER, ("admins",), "login")


def access(users: tuple[str, ...] = (), admins: tuple[str, ...] = ()) -> Access:
    return Access.model_validate({"users": users, "admins": admins})


def test_a_port_between_roles_becomes_one_rule_per_source_role() -> None:
    found = firewall.rules([OBJECTS], access())
    assert [(rule.to_role, rule.source, rule.first, rule.last) for rule in found] == [
        ("worker", "master", 8076, 8077),
        ("worker", "worker", 8076, 8077),
    ]


def test_people_are_the_networks_that_the_stack_names() -> None:
    found = firewall.rules([DASHBOARD, LOGIN], access(users=("203.0.113.0/24",), admins=("198.51.100.0/28",)))
    assert {(rule.first, rule.source) for rule in found} == {
        (8265, "203.0.113.0/24"),
        (22, "operator"),
        (22, "198.51.100.0/28"),
    }


def test_without_users_nobody_reaches_what_is_for_users() -> None:
    assert firewall.rules([DASHBOARD], access()) == ()


def test_a_rule_says_which_port_of_the_catalogue_it_comes_from() -> None:
    (rule, *_) = firewall.rules([OBJECTS], access())
    assert rule.description == "objects: object transfer"
