"""Schemas under governance: the rules of `lint`, the verdicts of `check`, `plan` and `apply`, and a local registry.

From Python, on the project that the working directory is in:

>>> from tributary import catalog, settings
>>> from tributary.registry.check.baseline import baseline
>>> from tributary.registry.check.verdict import check_all
>>> from tributary.registry.lint.engine import lint

>>> loaded = settings.load()
>>> contracts = catalog.load(loaded)
>>> [finding.message for finding in lint(contracts, loaded.project)]
[]
>>> checked = check_all(contracts.topics, baseline("lock", loaded, contracts.topics), loaded.project)
>>> [(subject.topic.subject, subject.passed) for subject in checked]
[('orders-value', True)]

The baseline is `lock`, `registry` or `git:REF`. `tributary.registry.testing` runs a registry in tests.
"""
