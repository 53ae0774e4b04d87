"""What does happen: the plan, the pods that carry it out, and what they observed."""
