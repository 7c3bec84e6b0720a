"""The files of a newsletter, wherever they live: directory, Git."""
