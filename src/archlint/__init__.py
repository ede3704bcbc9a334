"""archlint: find the architecture mistakes of serverless systems on AWS that no single resource shows."""

__version__ = "0.1.0"
