"""What should happen: from the name that a client uses to the socket that should answer."""
