"""Finds what is allowed in a rule file and is most likely not meant: each kind has a name, a level and an explanation."""
