"""What touches the operating system: files, disk space, trust, environment, crashes, upgrades."""
