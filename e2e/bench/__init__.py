"""What the commands about policies cost on synthetic clusters of growing size."""
