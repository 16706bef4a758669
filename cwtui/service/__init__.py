"""`cwtui serve`: the sign-in for the host's own doors, asked over a socket.

PAM's module, `cwtui gate` and `cwtui verify` are its clients; `packets` is what they exchange.
"""
