"""`cwtui serve --radius`: the sign-in for switches, VPNs and others that speak RADIUS.

    socket -> server -> clients    whose secret?
                     -> packets    is it a request of that client?
                     -> replies    has it been answered already?
                     -> door       the sign-in; challenges waits for codes

It is a process of its own, so that what the network sends cannot reach the service that PAM asks.
"""
