"""The LDAP directory, behind the Directory port. Its library is loaded on first use."""
