"""The types, blocks, errors, store and statistics that every phase stands on."""

# The only order in which packages of Osler may import each other: a unit imports units named before it.
# tests/style/test_imports.py holds the code to it; docs/decisions.md says why evaluation stands before prompting.
ORDER = (
    "core",
    "privacy",
    "data",
    "tasks",
    "models",
    "knowledge",
    "tools",
    "evaluation",
    "prompting",
    "tuning",
    "deployment",
    "governance",
    "recipes",
    "study",
    "experiments",
    "exchange",
    "bench",
    "web",
    "cli",
)
