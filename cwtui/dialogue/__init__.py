"""Dialogues with a person, line by line: at a door of the host, or in a terminal without screens.

They show the states of `accounts.sign_in_states`, as the screens do. Import only the rules here.
"""
