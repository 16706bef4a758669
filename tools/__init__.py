"""What writes files of the project from its code: `make man`."""
