"""Finds what rule files may say but most likely do not mean; each kind of finding has a name and an explanation."""
