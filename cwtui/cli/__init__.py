"""The command line: a contract that scripts depend on.

Data go to standard output, sentences to standard error. Exit status: 0 done, 1 refused or failed,
2 wrong usage, 3 could not be checked (treated as refused).
"""
