"""The command line. Scripts depend on its output and exit status.

Data goes to standard output, messages to standard error. Exit status: 0 done, 1 refused or failed,
2 wrong usage, 3 could not be checked (treat as refused), 4 no object has this name, 5 one has it
already.
"""
