"""Operating system access: files, disk space, trust, environment, crashes and upgrades."""
