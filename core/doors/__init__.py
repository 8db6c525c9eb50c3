"""The doors that are not a page: gate, sessions, REST, health. Starlette only; no rule of the product lives here.

A door finds out who is calling, hands the arguments to `core.registry.invoke` and puts the result, or the
error, into its own shape.
"""
