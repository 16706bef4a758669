"""What a person proves who they are with: passwords, one-time codes and backup codes."""
