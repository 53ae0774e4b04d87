"""What is: the cluster's objects as typed immutable values, from the API or from files."""
