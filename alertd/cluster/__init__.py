"""Several alertd with a database each that work as one, where Alertmanager's `--cluster.*` flags ask for it.

Members tell each other what they have told whom, and their silences. Everybody gets every alert; who comes first by
name notifies at once, the others wait their turn and find that it is done. With one PostgreSQL as their database,
replicas need none of this.
"""
