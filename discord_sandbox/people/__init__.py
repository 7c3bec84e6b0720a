"""What Discord's clients let a person do with the app: the commands, buttons, selects and modals on offer."""
