"""Icons, fonts and texts that are installed with the program."""
