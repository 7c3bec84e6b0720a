import warnings

with warnings.catch_warnings():
    # discord.py imports audioop for voice, which Python 3.11 already calls deprecated; once imported, it warns no more.
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord

assert discord
