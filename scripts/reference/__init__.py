"""The reference in docs/reference, generated: `make reference` writes it, a test holds it current.

Each page is a pure function of what it describes: a schema, the command line, the public names. A
description that is poor is improved where it stands, in the schema or in a docstring.
"""

from trunkline import bindings

bindings.install()  # before any module here imports CDKTF
