"""The options that every transform takes, resolved once and handed on as one value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from ..core.policy import Policy
from ..core.replacing import Rules, replacement
from ..errors import describe, near
from ..ops.registry import composites, policies

Operation = str | Callable[..., Any]


class Options(TypedDict, total=False):
    """The keyword options of every transform, for `**options: Unpack[Options]`.

    zero_times_inf: "nan", or "zero": a zero gradient stays zero through an infinite slope.
    policies: {operation: Policy}, rules that take the place of the operations' own in this call.
    check: "nan", "mutation", or both in a tuple: what to look out for, at a cost.
    """

    zero_times_inf: str
    policies: Mapping[Operation, Any] | None
    check: str | Collection[str] | None


@dataclass(frozen=True)
class Settings:
    """Options that have been checked. What a tape needs of them is in its constructor's arguments."""

    zero_wins: bool = False
    rules: Rules | None = None
    checks: tuple[str, ...] = ()

    def watcher(self, log: Any = None) -> Any:
        """Return what a new tape tells of its calls: the log, what checks them, both, or None."""
        if not self.checks:
            return log
        from ..core.checks import CHECKS, Watchers  # on first use

        return Watchers([*([] if log is None else [log]), *[CHECKS[name]() for name in self.checks]])


KNOWN_CHECKS = ("nan", "mutation")

PLAIN = Settings()


def split(f: Any, keywords: dict[str, Any]) -> tuple[Settings, dict[str, Any]]:
    """Return the options among keyword arguments, checked, and the rest, which is the function's."""
    names = Options.__annotations__
    options = {name: x for name, x in keywords.items() if name in names}
    return settings_of(f, options), {name: x for name, x in keywords.items() if name not in names}


def require_function(f: Any) -> None:
    """Raise TypeError for what is no function."""
    if not callable(f):
        raise TypeError(
            f"a transform takes a function, got {describe(f)}. Pass the function itself and call what "
            f"comes back: neo.grad(f)(x), not neo.grad(f(x))"
        )


def settings_of(f: Any, options: Any) -> Settings:
    """Return a transform's options, checked; a transform does it once, when it is made.

    Raises TypeError where f is no function and for an option that does not exist, and ValueError for
    a value that is none.
    """
    require_function(f)
    if not options:
        return PLAIN
    unknown = [name for name in options if name not in Options.__annotations__]
    if unknown:
        known = ", ".join(Options.__annotations__)
        raise TypeError(f"a transform has no option {unknown[0]!r}; its options are {known}")
    return Settings(
        zero_wins=_zero_wins(options.get("zero_times_inf", "nan")),
        rules=_rules(options.get("policies")),
        checks=_checks(options.get("check")),
    )


def _zero_wins(zero_times_inf: str) -> bool:
    if zero_times_inf not in ("nan", "zero"):
        raise ValueError(f"zero_times_inf is 'nan' or 'zero', got {zero_times_inf!r}")
    return zero_times_inf == "zero"


def _checks(check: Any) -> tuple[str, ...]:
    names = () if check is None else (check,) if isinstance(check, str) else tuple(check)
    unknown = [name for name in names if name not in KNOWN_CHECKS]
    if unknown:
        raise ValueError(f"check is 'nan', 'mutation' or a tuple of both, got {unknown[0]!r}")
    return names


def _rules(given: Any) -> Rules | None:
    """Return replaced Policies by the Policy that they replace."""
    if not given:
        return None
    if not isinstance(given, Mapping):
        raise TypeError(f"policies takes a dict {{operation: Policy}}, got {describe(given)}")
    found: Rules = {}
    for key, rule in given.items():
        for original in _operations(key):
            if original in found:
                raise ValueError(f"policies names the operation of {_called(key)} twice")
            found[original] = replacement(original, _checked(key, rule))
    return found


def _checked(key: Any, rule: Any) -> Any:
    """Return a rule: a Policy class, the function of one, or an instance that holds settings."""
    rule = getattr(rule, "policy", rule)
    kind = rule if isinstance(rule, type) else type(rule)
    if not issubclass(kind, Policy):
        raise TypeError(
            f"policies has {describe(rule)} for {_called(key)}; expected a subclass of "
            f"autograd.Policy, such as neo.rules.StraightThrough"
        )
    if kind.backward is Policy.backward:
        raise TypeError(f"policies has {kind.__name__} for {_called(key)}, and it has no backward")
    return rule


def _operations(key: Any) -> tuple[type[Policy], ...]:
    """Return the Policies that an operation is: its function, its Policy or its name."""
    if isinstance(key, str):
        key = _named(key)
    if isinstance(key, type) and issubclass(key, Policy):
        return (key,)
    several = getattr(key, "policies", None) or getattr(key, "policy", None)
    if several is None:
        raise TypeError(f"policies cannot replace {_called(key)}: {_why(key)}")
    return tuple(several) if isinstance(several, tuple) else (several,)


def _named(name: str) -> Any:
    if name in policies:
        return policies[name]
    raise ValueError(
        f"policies names {name!r}, but neo has no operation of that name; neo.policies lists them. "
        f"Pass the function itself for one of yours{near(name, policies)}"
    )


def _why(key: Any) -> str:
    if not callable(key):
        return "expected an operation such as neo.numpy.round, its name, or a function of neo_function"
    if key in composites.values():
        return "it is made of several operations; replace those, neo.trace shows which they are"
    return "it is no operation with a gradient; replace those that it calls, neo.trace shows which"


def _called(key: Any) -> str:
    return getattr(key, "__name__", None) or describe(key)
