"""What is allowed: policies compiled to one rule form, decided flow by flow, with reasons."""
