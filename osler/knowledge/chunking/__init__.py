"""Passages out of documents: by sentence, section or window, each with the place where it stands."""
