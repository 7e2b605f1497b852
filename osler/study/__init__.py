"""One study file runs the whole workflow: check, run, score, report, status, show."""
