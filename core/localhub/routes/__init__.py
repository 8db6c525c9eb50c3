"""The Hub's routes, by group. Each module has `routes(hub) -> list[Route]` and nothing else is public.

`{kind:kind}` in a path stands for models, datasets or spaces.
"""

from starlette.convertors import StringConvertor, register_url_convertor


class KindConvertor(StringConvertor):
    regex = "models|datasets|spaces"


register_url_convertor("kind", KindConvertor())
