"""Make accounts and roles as a file declares them.

    lines --> declared accounts and roles --> differences from the store --> carried out, one by one

What the file does not say is left alone. What is interrupted can be repeated.
"""
