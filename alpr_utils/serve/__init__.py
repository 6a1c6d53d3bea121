"""Beyond one user at one keyboard: reading as an HTTP service, and archives read by many machines.

May import: `alpr`, `results`, `images`, `errors`.
"""
