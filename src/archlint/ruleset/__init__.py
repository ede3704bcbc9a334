"""Rules: what one is, where they come from, and the language of the declarative ones."""
