"""How large deployment packages are: measured from what lies in the linted folder; nothing is built or fetched."""
