"""Pages of labs."""

from __future__ import annotations

import pytest

from netdoctor.lab.walk import Command, Prose, parse
from netdoctor.model.errors import InputError

PAGE = """
# Title

Words, and what is no command:

```yaml
kubectl: no
```
```sh
netdoctor check svc/web -n shop  # exit 1
kubectl patch svc web -n shop -p '{"spec": {"selector": {"app": "web"}}}'

```

More words.
```sh
netdoctor lab shell x pod/client -n shop -- get http://web # exit 0
```
"""


def test_prose_and_commands_in_their_order() -> None:
    assert parse(PAGE) == (
        Prose("# Title\n\nWords, and what is no command:\n\n```yaml\nkubectl: no\n```"),
        Command(("netdoctor", "check", "svc/web", "-n", "shop"), "netdoctor check svc/web -n shop", exit=1, line=10),
        Command(
            ("kubectl", "patch", "svc", "web", "-n", "shop", "-p", '{"spec": {"selector": {"app": "web"}}}'),
            """kubectl patch svc web -n shop -p '{"spec": {"selector": {"app": "web"}}}'""",
            exit=0,
            line=11,
        ),
        Prose("More words."),
        Command(
            ("netdoctor", "lab", "shell", "x", "pod/client", "-n", "shop", "--", "get", "http://web"),
            "netdoctor lab shell x pod/client -n shop -- get http://web",
            exit=0,
            line=17,
        ),
    )


def test_a_page_of_words_alone() -> None:
    assert parse("\n\nWords.\n") == (Prose("Words."),)
    assert parse("") == ()


@pytest.mark.parametrize(
    ("fence", "says"),
    [
        ("curl http://web\n```", "line 2: curl http://web: a command begins with netdoctor or kubectl"),
        ("kubectl get 'pods\n```", "line 2: kubectl get 'pods: No closing quotation"),
        ("''\n```", "line 2: '': a command begins"),
        ("kubectl get pods", "line 1: the fence has no end"),
    ],
)
def test_what_is_no_page(fence: str, says: str) -> None:
    with pytest.raises(InputError) as raised:
        parse(f"```sh\n{fence}")
    assert raised.value.what.startswith(says)
