"""Vocabularies: pieces, whole words, characters and atoms, trained on a corpus or widened by words."""
