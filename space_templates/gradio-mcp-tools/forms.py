"""What a function's own signature and docstring say: a form for people, a JSON answer for agents."""

import functools
import inspect
import json
import re
import typing

import gradio as gr


def about(function) -> str:
    return (inspect.getdoc(function) or "").split("\n\n", 1)[0]


def described(function) -> dict[str, str]:
    return {name: text[:1].upper() + text[1:] for name, text in re.findall(r"^ {4}(\w+): (.+)$", inspect.getdoc(function) or "", re.MULTILINE)}


def fields(function) -> list:
    """One control for each parameter."""
    hints, notes = typing.get_type_hints(function), described(function)
    made = []
    for name, parameter in inspect.signature(function).parameters.items():
        kind, default = hints[name], None if parameter.default is inspect.Parameter.empty else parameter.default
        label, info = name.replace("_", " ").capitalize(), notes.get(name)
        if typing.get_origin(kind) is typing.Literal:
            made.append(gr.Dropdown(list(typing.get_args(kind)), value=default, label=label, info=info))
        elif kind in (int, float):
            made.append(gr.Number(default, label=label, info=info, precision=0 if kind is int else None))
        elif kind is bool:
            made.append(gr.Checkbox(bool(default), label=label, info=info))
        elif typing.get_origin(kind) is list:
            made.append(gr.Textbox("3, 1, 4, 1, 5", label=label, info=f"{info} Commas between them."))
        else:
            made.append(gr.Textbox(default or "The quick brown fox jumps over the lazy dog.", label=label, info=info, lines=3 if name == "text" else 1))
    return made


def from_form(function):
    """The function as the form calls it: a list is typed with commas, a mistake becomes a sentence."""
    hints = typing.get_type_hints(function)

    def run(*values):
        try:
            given = [
                [float(part) for part in str(value).replace(";", ",").split(",") if part.strip()] if typing.get_origin(hints[name]) is list else value
                for name, value in zip(inspect.signature(function).parameters, values)
            ]
            return _json(function(*given))
        except (ValueError, TypeError) as error:
            raise gr.Error(str(error)) from None

    return run


def as_tool(function):
    """The function as an agent calls it: JSON text out, a mistake as an object that says so."""

    @functools.wraps(function)
    def tool(*args, **kwargs) -> str:
        try:
            return _json(function(*args, **kwargs))
        except (ValueError, TypeError, OverflowError) as error:
            return json.dumps({"error": str(error)}, ensure_ascii=False)

    hints = typing.get_type_hints(function)
    tool.__annotations__ = {**hints, "return": str}
    tool.__signature__ = inspect.signature(function).replace(
        parameters=[p.replace(annotation=hints[n]) for n, p in inspect.signature(function).parameters.items()], return_annotation=str
    )
    return tool


def _json(value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
