"""The integrations of a receiver: one module for each kind, with its keys and what is wrong with them."""
