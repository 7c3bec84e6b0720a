"""Names a function that another process calls, so that the one that asks need not load what the function works with."""

from pkgutil import resolve_name
from typing import Generic, ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class NamedFunction(Generic[_Parameters, _Result]):
    """A function by its name, ``package.module:function``: its module is loaded where it is called, or taken out of a pickle."""

    def __init__(self, name: str) -> None:
        """Name a function; its parameters and result are what the annotation says."""
        self._name = name
        self.__name__ = name.rpartition(":")[2]

    def __call__(self, *arguments: _Parameters.args, **named: _Parameters.kwargs) -> _Result:
        """Return what the function returns."""
        return resolve_name(self._name)(*arguments, **named)

    def __reduce__(self) -> tuple[object, ...]:
        return resolve_name, (self._name,)
