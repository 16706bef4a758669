"""Import many accounts from a file.

    lines --> entries --> plan: new, unchanged or refused --> created in one change

What is in the file came from others, so each part checks what it gets, and bounds it first.
"""
