"""A branch of a Git remote as a source, read through the git command line."""
