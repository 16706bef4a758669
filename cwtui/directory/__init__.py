"""The LDAP directory, behind the Directory port. ldap3 is loaded on first use."""
