"""The configuration of a run: `archlint.toml`, `.archlint.toml` or `[tool.archlint]`, read into one frozen value."""

from archlint.config.load import find_config, load_config
from archlint.config.model import Config, PackSpec, RuleSettings

__all__ = ["Config", "PackSpec", "RuleSettings", "find_config", "load_config"]
