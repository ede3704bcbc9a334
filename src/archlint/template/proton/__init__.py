"""AWS Proton bundles."""
