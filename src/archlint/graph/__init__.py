"""Templates in, one resource graph out."""
