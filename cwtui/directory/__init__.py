"""The directory: LDAP, filled in behind the accounts' port. ldap3 is loaded when it is asked."""
