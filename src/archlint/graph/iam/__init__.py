"""Permissions: policy documents as edges and facts, and what they allow the code that runs under them."""
