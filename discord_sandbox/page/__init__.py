"""The page on which a person looks, types and presses; in ``static/`` its browser side."""
