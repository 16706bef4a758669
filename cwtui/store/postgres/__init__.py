"""The ports of the store on PostgreSQL, for many hosts that share one account base.

    opening --> accounts, records, audit --> access --> transactions --> connections --> trips
                   |                           |                             |
             queries, rows         glance, attempts, clock           address, problems

Everything is in the schema `cwtui` of one database. Each change is one transaction. Statements are
sent together where they can be, because the server may be far away.

Nothing relies on the state of a database session: poolers such as pgbouncer give each transaction
another one. Statements are prepared only where there is none (see trips).
"""
