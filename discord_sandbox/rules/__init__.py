"""What Discord refuses: messages, embeds, files, components, modals, commands, events, each field with its limits."""
