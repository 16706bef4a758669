"""Do the same with many accounts.

    selection --> plan: which accounts, and who is excepted and why --> carried out, one by one

Each account is changed by the function that also changes a single one, which checks again inside
its change what the person may do. What is interrupted can be repeated: accounts that are so already
are left as they are.
"""
