"""What the commands print, in each format."""
