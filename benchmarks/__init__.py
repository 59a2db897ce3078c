"""Measures alertd beside its peers, in the same run and on the same machine; the results are ratios."""
