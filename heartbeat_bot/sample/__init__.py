"""The content repository that ``demo`` posts from: a made-up community's issues (``content/``) and pictures (``static/``)."""
