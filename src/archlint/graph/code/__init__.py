"""What the code of functions says: calls of the AWS SDK on resources that their environment names."""

from archlint.graph.code.evidence import apply_code

__all__ = ["apply_code"]
